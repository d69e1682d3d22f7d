//! A session that a server passes on. The session's folder is then this party's own copy: each step delivers what the party made, and fetches
//! what the others have delivered and it needs. Nothing else changes: whose messages they are, their signatures tell.
//!
//! A file of the folder is called by its place, with `_` for `/`: `north_first_public.share`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use head_service::api::{
    CHUNK_BYTES, Delivery, Job, JobKind, JobState, Message, NewJob, Session as OnServer,
};
use head_service::{chunk_digest, file_digest, is_message};
use serde::{Deserialize, Serialize};

use super::Session;
use crate::args::ServerArgs;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::{Access, read_json, write_json, write_with};
use crate::interrupt;
use crate::remote::{Client, failure, push_messages, wait};

const FORMAT: &str = "train-head session on a server 1";
/// Where the folder says which server that is.
const FILE: &str = "server.json";
/// The session itself: what everybody reads first.
const AGREED: [&str; 3] = ["session.json", "plan.json", "plan.safetensors"];

/// `server.json`: of this party alone, never delivered.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Contents {
    format: String,
    /// Name of the server, as `remote add` knows it.
    server: String,
    project: String,
    /// Name of the session there.
    session: String,
}

/// A session on a server.
pub(crate) struct Board {
    client: Client,
    folder: PathBuf,
    name: String,
    /// What was there at the last look, by name.
    there: BTreeMap<String, Message>,
}

impl Board {
    /// Notes in a folder that its session is passed on by a server.
    ///
    /// # Errors
    /// A name that no session has; a server that cannot be reached; a failed write.
    pub(crate) fn note(folder: &Path, flags: &ServerArgs, name: &str) -> Result<Self> {
        expect_name(name)?;
        let client = Client::open(flags)?;
        let contents = Contents {
            format: FORMAT.into(),
            server: flags.server.clone().unwrap_or_default(),
            project: client.project().to_owned(),
            session: name.to_owned(),
        };
        write_json(&folder.join(FILE), Access::Private, &contents)?;
        Ok(Self { client, folder: folder.to_owned(), name: name.to_owned(), there: BTreeMap::new() })
    }

    /// The board of a folder, if its session is passed on by a server.
    ///
    /// # Errors
    /// A server that is not known any more, or cannot be reached.
    pub(crate) fn of(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let contents: Contents = read_json(&path, "the server of a session")?;
        if contents.format != FORMAT {
            let (got, shown) = (&contents.format, path.display());
            return Err(Failure::file(format!("{shown}: format {got:?}; this program reads {FORMAT:?}"))
                .help("join the session again, into another folder"));
        }
        let flags = ServerArgs { server: Some(contents.server), project: Some(contents.project) };
        let (client, name) = (Client::open(&flags)?, contents.session);
        Ok(Some(Self { client, folder: folder.to_owned(), name, there: BTreeMap::new() }))
    }

    /// Makes the folder of a party that is about to join: the session and its plan.
    ///
    /// # Errors
    /// No such session; several, and none named; a server that cannot be reached; a failed write.
    pub(crate) fn join(
        folder: &Path,
        flags: &ServerArgs,
        name: Option<&str>,
        console: &Console,
    ) -> Result<Self> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => only(&Client::open(flags)?)?,
        };
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
        let mut board = Self::note(folder, flags, &name)?;
        board.fetch(&|name| AGREED.contains(&name), console)?;
        Ok(board)
    }

    /// Address of the server.
    pub(crate) fn url(&self) -> &str {
        self.client.url()
    }

    /// Name of the session there.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether a file of the folder was on the server at the last look.
    pub(crate) fn has(&self, path: &Path) -> bool {
        path.strip_prefix(&self.folder)
            .is_ok_and(|place| name_of(place).is_some_and(|name| self.there.contains_key(&name)))
    }

    /// Delivers what the party made, and fetches what it wants of the others.
    ///
    /// # Errors
    /// The server refuses or cannot be reached; a file that is not what the server says; a failed write; ^C.
    pub(crate) fn exchange(&mut self, wanted: &dyn Fn(&str) -> bool, console: &Console) -> Result<()> {
        self.look()?;
        self.deliver(console)?;
        self.fetch_listed(wanted, console)
    }

    /// Fetches what it wants of the others.
    ///
    /// # Errors
    /// As [`Self::exchange`]; there is no such session.
    pub(crate) fn fetch(&mut self, wanted: &dyn Fn(&str) -> bool, console: &Console) -> Result<()> {
        self.look()?;
        if self.there.is_empty() {
            return Err(Failure::usage(format!("{} has no session {}", self.client.url(), self.name))
                .help("`train-head remote status` lists those of the project"));
        }
        self.fetch_listed(wanted, console)
    }

    /// Asks what is there.
    fn look(&mut self) -> Result<()> {
        let all: Vec<OnServer> = self.client.get("sessions")?;
        let session = all.into_iter().find(|session| session.name == self.name);
        let messages = session.map_or_else(Vec::new, |session| session.messages);
        // what has another kind of name is none of ours, whoever delivered it
        let plain = messages.into_iter().filter(|message| is_message(&message.name) && message.name != FILE);
        self.there = plain.map(|message| (message.name.clone(), message)).collect();
        Ok(())
    }

    /// Delivers the files of the folder that the server lacks: those that this party made.
    fn deliver(&mut self, console: &Console) -> Result<()> {
        let mut new = Vec::new();
        files(&self.folder, &self.folder, &mut |place, path| {
            if let Some(name) = name_of(place)
                && name != FILE
                && !self.there.contains_key(&name)
            {
                new.push((name, path.to_owned()));
            }
        })?;
        if new.is_empty() {
            return Ok(());
        }
        let upload = push_messages(&self.client, &new, console)?.id;
        let session: OnServer = self.client.post(&format!("sessions/{}", self.name), &Delivery { upload })?;
        self.there = session.messages.into_iter().map(|message| (message.name.clone(), message)).collect();
        Ok(())
    }

    fn fetch_listed(&self, wanted: &dyn Fn(&str) -> bool, console: &Console) -> Result<()> {
        let lacks = |message: &&Message| wanted(&message.name) && !self.path(&message.name).exists();
        let all: Vec<&Message> = self.there.values().filter(lacks).collect();
        let bytes: u64 = all.iter().map(|message| message.bytes).sum();
        if all.is_empty() {
            return Ok(());
        }
        let progress = console.bytes_phase("fetch", bytes);
        for message in all {
            self.fetch_one(message, &|bytes| progress.advance(bytes))?;
        }
        progress.done();
        Ok(())
    }

    /// Fetches a file, chunk by chunk, and compares it with its digest. It appears whole or not at all.
    fn fetch_one(&self, message: &Message, progress: &dyn Fn(usize)) -> Result<()> {
        let path = self.path(&message.name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
        }
        let mut answer = self.client.bytes(&format!("sessions/{}/messages/{}", self.name, message.name))?;
        let mut body = answer.body_mut().with_config().limit(u64::MAX).reader().take(message.bytes + 1);
        let url = self.client.url();
        let cut = |error: std::io::Error| {
            Failure::unexpected(format!("{url} ended in the middle of {}", message.name))
                .because(error)
                .help("run the same command again")
        };
        write_with(&path, Access::Shared, |file| {
            let (mut bytes, mut chunks) = (0, Vec::new());
            loop {
                interrupt::check()?;
                let mut chunk = Vec::new();
                (&mut body).take(CHUNK_BYTES).read_to_end(&mut chunk).map_err(cut)?;
                if chunk.is_empty() {
                    break;
                }
                bytes += chunk.len() as u64;
                chunks.push(chunk_digest(&chunk));
                file.write_all(&chunk)
                    .map_err(|error| Failure::io("write", &path, Kind::Unexpected, error))?;
                progress(chunk.len());
            }
            match file_digest(bytes, &chunks) == message.digest && bytes == message.bytes {
                true => Ok(()),
                false => {
                    Err(Failure::unexpected(format!("{url} sent another file than its {}", message.name))
                        .help("run the same command again; if it happens again, ask the operator"))
                }
            }
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name.replace('_', "/"))
    }

    /// The training on the server, asked for if it was not, and once the data of all are there; `None` before that, or if another than the
    /// server trains.
    ///
    /// # Errors
    /// The server refuses or cannot be reached.
    pub(crate) fn job(&self, session: &Session) -> Result<Option<Job>> {
        let data = (0..session.terms.parties()).map(|party| session.place.data(session.party(party).0));
        if !data.into_iter().all(|path| path.exists() || self.has(&path)) || !self.trains(session)? {
            return Ok(None);
        }
        let new = NewJob { kind: JobKind::Joint, data: self.name.clone(), ..NewJob::default() };
        self.client.post("jobs", &new).map(Some)
    }

    /// Whether the server is the compute party that trains.
    fn trains(&self, session: &Session) -> Result<bool> {
        Ok(self.client.server()?.identity == session.computes().1.to_string())
    }

    /// Waits for the training on the server.
    ///
    /// # Errors
    /// It failed, or was cancelled; the server cannot be reached; ^C.
    pub(crate) fn wait(&self, job: &Job, console: &Console) -> Result<Job> {
        wait(&self.client, &job.id, console)
    }

    /// Refuses to wait for a training that has failed.
    ///
    /// # Errors
    /// It failed, or was cancelled; the server cannot be reached.
    pub(crate) fn expect_alive(&self, job: &Job) -> Result<()> {
        let job: Job = self.client.get(&format!("jobs/{}", job.id))?;
        match job.state {
            JobState::Failed | JobState::Cancelled => Err(failure(&job)),
            _ => Ok(()),
        }
    }
}

/// The key that signs what a server trains.
///
/// # Errors
/// A server that cannot be reached, or names no key.
pub(crate) fn identity(flags: &ServerArgs) -> Result<crate::identity::PublicKey> {
    let client = Client::open(flags)?;
    client.server()?.identity.parse().map_err(|what: String| {
        Failure::unexpected(format!("{} names no key that signs heads: {what}", client.url()))
    })
}

/// The only session of a project.
fn only(client: &Client) -> Result<String> {
    let mut all: Vec<OnServer> = client.get("sessions")?;
    match (all.pop(), all.len()) {
        (Some(only), 0) => Ok(only.name),
        (None, _) => Err(Failure::usage(format!("the project {} has no session", client.project()))
            .help("one party makes it: `train-head joint create --server`")),
        (Some(last), _) => {
            let names: Vec<String> = all.into_iter().map(|session| session.name).chain([last.name]).collect();
            Err(Failure::usage(format!("the project {} has several sessions", client.project()))
                .help(format!("name one with --session-name: {}", names.join(", "))))
        }
    }
}

/// Refuses a name that no session on a server has.
fn expect_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match !name.is_empty() && name.len() <= 64 && name.chars().all(plain) {
        true => Ok(()),
        false => Err(Failure::usage(format!(
            "--session-name {name:?}: 1 to 64 of the characters a-z, 0-9 and - are expected"
        ))),
    }
}

/// What a file of the folder is called on the server; `None` of one that is no message.
fn name_of(place: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = place.iter().map(|part| part.to_str()).collect();
    let parts = parts?;
    let name = parts.join("_");
    (parts.iter().all(|part| !part.contains('_')) && is_message(&name)).then_some(name)
}

/// Visits the files below a folder with their places in it.
fn files(root: &Path, folder: &Path, visit: &mut dyn FnMut(&Path, &Path)) -> Result<()> {
    let failed = |error| Failure::io("read", folder, Kind::File, error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            files(root, &path, visit)?;
        } else if let Ok(place) = path.strip_prefix(root) {
            visit(place, &path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_are_called_by_their_places() {
        let name = |place: &str| name_of(Path::new(place));
        assert_eq!(name("north/first/galois-5-3.share").unwrap(), "north_first_galois-5-3.share");
        assert_eq!(name("session.json").unwrap(), "session.json");
        // temporary files, and what no session has
        for other in ["north/.data.enc.tmp", "a_b/join.json", "a/b/c/d.json", "north/notes.csv"] {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
