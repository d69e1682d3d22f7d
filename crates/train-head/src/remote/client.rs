//! Requests to a server. One that cannot be reached, or is busy, is asked again for two minutes: it may be starting.

use std::time::{Duration, Instant};

use head_service::api::{Account, Refusal, ServerFacts};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Method, Request, Response, StatusCode};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, TcpConnector};
use ureq::{Agent, Body};

use super::book::{Book, Remote};
use super::pin::PinnedConnector;
use super::token::Token;
use crate::args::ServerArgs;
use crate::exit::{Failure, Result};
use crate::interrupt;

/// How long a server that cannot be reached is asked again.
const PATIENCE: Duration = Duration::from_secs(120);
/// Before the first of these times, and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(5)];
/// How long the head of an answer may take.
const ANSWER: Duration = Duration::from_secs(300);
/// Longest answer in JSON that is read.
const LONGEST: u64 = 64 << 20;

/// An account's requests about one project.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
    token: Token,
    project: String,
}

impl Client {
    /// The client of the server and project that the flags name.
    ///
    /// # Errors
    /// No such server or project; no token, or one that the server refuses; it cannot be reached.
    pub(crate) fn open(flags: &ServerArgs) -> Result<Self> {
        let (_, remote) = Book::read()?.find(flags.server.as_deref())?;
        let token = remote.token()?;
        let client = Self::of(&remote, token)?;
        let projects = client.account()?.projects;
        let wanted = flags.project.as_deref();
        let project = projects.iter().find(|project| wanted.is_none_or(|wanted| project.name == wanted));
        let Some(project) = project else {
            let names = projects.iter().map(|project| project.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Failure::usage(format!(
                "--project {}: the account has no such project",
                wanted.unwrap_or_default()
            ))
            .help(format!("it has {names}")));
        };
        let project = project.name.clone();
        Ok(Self { project, ..client })
    }

    /// A client with a token that was not tried yet, about no project.
    ///
    /// # Errors
    /// None in practice.
    pub(crate) fn of(remote: &Remote, token: Token) -> Result<Self> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(true)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_recv_response(Some(ANSWER))
            .user_agent(concat!("train-head/", env!("CARGO_PKG_VERSION")));
        let agent = match &remote.fingerprint {
            Some(fingerprint) => {
                let connector =
                    ().chain(TcpConnector::default())
                        .chain(PinnedConnector::new(fingerprint, remote.client.as_ref())?);
                // a proxy would speak TLS in the server's place
                Agent::with_parts(config.proxy(None).build(), connector, DefaultResolver::default())
            }
            None => {
                let tls = ureq::tls::TlsConfig::builder()
                    .root_certs(ureq::tls::RootCerts::PlatformVerifier)
                    .build();
                Agent::new_with_config(config.tls_config(tls).build())
            }
        };
        Ok(Self { agent, url: remote.url.clone(), token, project: String::new() })
    }

    /// Address of the server.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Name of the project.
    pub(crate) fn project(&self) -> &str {
        &self.project
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn account(&self) -> Result<Account> {
        self.json(&self.send(&Method::GET, "/v1/account", &[])?)
    }

    /// What the server is.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn server(&self) -> Result<ServerFacts> {
        self.json(&self.send(&Method::GET, "/v1/server", &[])?)
    }

    /// Asks for something of the project.
    ///
    /// # Errors
    /// The server refuses, cannot be reached, or answers something else; ^C.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.json(&self.send(&Method::GET, &self.of_project(path), &[])?)
    }

    /// Posts something to the project.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, value: &impl Serialize) -> Result<T> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Failure::unexpected("cannot write JSON").because(error))?;
        self.json(&self.send(&Method::POST, &self.of_project(path), &body)?)
    }

    /// Puts bytes into the project.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.send(&Method::PUT, &self.of_project(path), bytes).map(|_| ())
    }

    /// Removes something of the project. Returns whether it was there.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn delete(&self, path: &str) -> Result<bool> {
        let mut answer = self.answered(&Method::DELETE, &self.of_project(path), &[])?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(refusal(&mut answer, &self.url)),
        }
    }

    /// Bytes of the project, as they come.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn bytes(&self, path: &str) -> Result<Response<Body>> {
        let mut answer = self.answered(&Method::GET, &self.of_project(path), &[])?;
        if answer.status().is_success() { Ok(answer) } else { Err(refusal(&mut answer, &self.url)) }
    }

    fn of_project(&self, path: &str) -> String {
        format!("/v1/projects/{}/{path}", self.project)
    }

    fn json<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| {
            Failure::unexpected(format!("{} answers something else than expected", self.url))
                .because(error)
                .help("are server and client of one version? `train-head --version`")
        })
    }

    /// The body of a good answer.
    fn send(&self, method: &Method, path: &str, body: &[u8]) -> Result<Vec<u8>> {
        let mut answer = self.answered(method, path, body)?;
        if !answer.status().is_success() {
            return Err(refusal(&mut answer, &self.url));
        }
        answer.body_mut().with_config().limit(LONGEST).read_to_vec().map_err(|error| self.unreachable(error))
    }

    /// An answer, good or bad. A server that cannot be reached or is busy is asked again.
    fn answered(&self, method: &Method, path: &str, body: &[u8]) -> Result<Response<Body>> {
        let (begun, mut pause) = (Instant::now(), PAUSES[0]);
        let mut renewed = false;
        loop {
            interrupt::check()?;
            let token = self.token.now();
            let answer = self.once((method, path, body), &token);
            // one of single sign-on expires
            if let Ok(refused) = &answer
                && refused.status() == StatusCode::UNAUTHORIZED
                && !renewed
                && self.token.renew(&token)?
            {
                renewed = true;
                continue;
            }
            let again = match &answer {
                Ok(answer) => matches!(answer.status().as_u16(), 502..=504),
                Err(error) => tls_refusal(error).is_none(),
            };
            if !again || begun.elapsed() > PATIENCE {
                return answer.map_err(|error| self.unreachable(error));
            }
            std::thread::sleep(pause);
            pause = PAUSES[1].min(pause * 2);
        }
    }

    fn once(
        &self,
        (method, path, body): (&Method, &str, &[u8]),
        token: &str,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {token}"));
        match *method {
            Method::GET | Method::DELETE => self.agent.run(request.body(())?),
            _ => self.agent.run(request.body(body)?),
        }
    }

    fn unreachable(&self, error: ureq::Error) -> Failure {
        match tls_refusal(&error) {
            Some(TlsRefusal::OfServer) => {
                return Failure::file(format!("{} shows another certificate than the one that was pinned", self.url))
                    .because(error)
                    .help("somebody may stand between; if the server has a new one, compare it with what `serve` prints and `remote add --overwrite`");
            }
            Some(TlsRefusal::OfClient) => {
                return Failure::usage(format!("{} refuses this client's certificate, or asks for one", self.url))
                    .because(error)
                    .help("its operator says who signs certificates of clients; `remote add --overwrite --client-certificate FILE --client-key FILE` names one");
            }
            None => {}
        }
        Failure::unexpected(format!("cannot reach {}", self.url))
            .because(error)
            .help("nothing is lost: the same command goes on")
    }
}

/// Whose certificate ended a connection.
enum TlsRefusal {
    /// The server has another than it must.
    OfServer,
    /// The server does not accept this client's, or asks for one.
    OfClient,
}

/// Whether a connection ended for good: another try would end the same.
fn tls_refusal(error: &ureq::Error) -> Option<TlsRefusal> {
    let of_tls = |error: &rustls::Error| match error {
        rustls::Error::InvalidCertificate(_) => Some(TlsRefusal::OfServer),
        rustls::Error::AlertReceived(_) => Some(TlsRefusal::OfClient),
        _ => None,
    };
    match error {
        ureq::Error::Rustls(error) => of_tls(error),
        ureq::Error::Io(error) => of_tls(error.get_ref()?.downcast_ref()?),
        _ => None,
    }
}

/// What the server said, as a failure.
fn refusal(answer: &mut Response<Body>, url: &str) -> Failure {
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(1 << 20).read_to_vec().unwrap_or_default();
    let told: Option<Refusal> = serde_json::from_slice(&body).ok();
    let title = told.as_ref().map_or_else(|| format!("status {status}"), |told| told.title.clone());
    let message = format!("{url} refuses: {title}");
    let failure = match status.as_u16() {
        422 => Failure::file(message),
        400..=499 => Failure::usage(message),
        _ => Failure::unexpected(message),
    };
    match told.and_then(|told| told.help) {
        Some(help) => failure.help(help),
        None => failure,
    }
}
