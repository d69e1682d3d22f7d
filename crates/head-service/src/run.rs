//! The whole service, from its start to its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::oidc::Verifier;
use crate::options::{Options, Worker};
use crate::place::Place;
use crate::problem::Problem;
use crate::service::{Parts, Service, blocking, new_id};
use crate::traces::Traces;
use crate::{http, listen, log, operator, tls, work};

/// Threads that answer requests: what waits for the disk has others.
const THREADS: usize = 2;
/// Threads that wait for the disk, and as many again if a bucket is waited for as well.
const DISK_THREADS: usize = 32;
/// How long the folder may be another service's: a process of a job that one killed just now was starting has its lock until it has started.
const HANDOVER: Duration = Duration::from_secs(2);
/// Between two looks for what is to be removed.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(3600);

/// Why the service did not start, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another service has the folder.
    #[error("another service runs in {0}")]
    Busy(PathBuf),
    /// The folder, or a file in it, cannot be used.
    #[error("{0}")]
    Folder(String),
    /// The issuer of tokens has no address, or its keys cannot be used.
    #[error("the issuer of tokens: {0}")]
    Issuer(String),
    /// The bucket of the files is another service's, does not answer, or is nothing that this program knows.
    #[error("the bucket of the files: {0}")]
    Bucket(String),
    /// The collector of spans has no address, or is nothing that this program knows.
    #[error("the collector of traces: {0}")]
    Traces(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
}

/// A service that has started.
#[derive(Clone, Debug)]
pub struct Started {
    /// Where it listens.
    pub address: std::net::SocketAddr,
    /// What clients pin.
    pub fingerprint: String,
    /// Token of the first account, at the first start alone. Nobody can read it again.
    pub token: Option<String>,
}

/// Runs the service until ^C or SIGTERM. `started` is called once it listens.
///
/// # Errors
/// The folder or the address cannot be used.
pub fn serve(options: Options, worker: Arc<dyn Worker>, started: impl FnOnce(&Started)) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(DISK_THREADS * (1 + usize::from(options.bucket.is_some())))
        .thread_name("service")
        .enable_all()
        .build()
        .map_err(|error| Error::Folder(format!("no threads: {error}")))?;
    let result = runtime.block_on(run(options, worker, started));
    runtime.shutdown_timeout(Duration::from_secs(5));
    result
}

async fn run(options: Options, worker: Arc<dyn Worker>, started: impl FnOnce(&Started)) -> Result<(), Error> {
    let folder = |error: std::io::Error| Error::Folder(format!("{}: {error}", options.folder.display()));
    let place = Place::open(&options.folder).map_err(folder)?;
    let lock = std::fs::File::open(place.root()).map_err(folder)?;
    let begun = Instant::now();
    while let Err(std::fs::TryLockError::WouldBlock) = lock.try_lock() {
        if begun.elapsed() > HANDOVER {
            return Err(Error::Busy(options.folder));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let settings = options.oidc.clone();
    // it may be asked for its keys
    let issuer = tokio::task::spawn_blocking(move || settings.as_ref().map(Verifier::open).transpose()).await;
    let issuer = issuer.map_err(|error| Error::Issuer(error.to_string()))?.map_err(Error::Issuer)?;
    let identity = tls::identity(&options, &place).map_err(Error::Folder)?;
    let address = options.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| Error::Listen(address, error))?;
    let address = listener.local_addr().map_err(|error| Error::Listen(address, error))?;
    let blobs = Blobs::open(&place, options.bucket.as_ref()).map_err(Error::Bucket)?;
    let traces = Traces::open(options.traces.as_deref()).map_err(Error::Traces)?;
    let parts = Parts { oidc: issuer, blobs, traces };
    let service = Arc::new(Service::open(options, place, parts).map_err(Error::Folder)?);
    let claim = |service: &Service| service.blobs.claim(&service.store, &new_id()?);
    blocking(&service, claim).await.map_err(|problem| Error::Bucket(problem.words()))?;
    let words = |problem: Problem| Error::Folder(problem.words());
    let token = blocking(&service, begin).await.map_err(words)?;
    let (asked, stop) = watch::channel(false);
    let signals = watch_signals().map_err(|error| Error::Folder(format!("signals: {error}")))?;

    started(&Started { address, fingerprint: identity.fingerprint, token });
    let queue = tokio::spawn(work::run(Arc::clone(&service), worker, stop.clone()));
    let sweeper = tokio::spawn(sweep(Arc::clone(&service)));
    let tls = TlsAcceptor::from(identity.config);
    let answering =
        tokio::spawn(listen::run(listener, tls, http::router(&service), Arc::clone(&service), stop));
    signals.await;
    let _ = asked.send(true);
    sweeper.abort();
    let _ = (answering.await, queue.await);
    let last = |service: &Service| {
        service.traces.end();
        Ok(())
    };
    blocking(&service, last).await.map_err(words)?;
    let end = |service: &Service| {
        service.note_commands()?;
        service.note("server", "stopped", "-")
    };
    blocking(&service, end).await.map_err(words)
}

/// The first things after a start.
fn begin(service: &Service) -> Result<Option<String>, Problem> {
    let token = operator::first_account(service)?;
    let known = service.store.blob_names()?;
    service.blobs.remove_strays(|project, name| known.contains(&(project, name.to_owned())))?;
    let known = service.store.job_names()?;
    service.blobs.remove_stray_jobs(|project, id| known.contains(&(project, id.to_owned())))?;
    service.note("server", "started", "-")?;
    Ok(token)
}

/// Ends with the first of ^C and SIGTERM.
fn watch_signals() -> std::io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Removes uploads that were given up, and what has been kept long enough, from time to time.
async fn sweep(service: Arc<Service>) {
    let clock = Clock::start();
    loop {
        let now = clock.now();
        if let Err(problem) = blocking(&service, move |service| sweep_once(service, now)).await {
            log::failure("what has been kept long enough was not removed", &problem.words());
        }
        tokio::time::sleep(BETWEEN_SWEEPS).await;
    }
}

fn sweep_once(service: &Service, now: i64) -> Result<(), Problem> {
    let ago = |time: Duration| now - i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let limits = &service.options.limits;
    service.remove_blobs(&service.store.remove_abandoned(ago(limits.arriving))?);
    service.blobs.trim(0)?;
    let Some(keep) = limits.keep else { return Ok(()) };
    let expired = service.store.remove_expired(ago(keep))?;
    service.remove_blobs(&expired.blobs);
    for (project, id) in &expired.jobs {
        // a folder that stays belongs to no job any more
        if let Err(problem) = service.remove_job_files(*project, id) {
            log::failure("the files of a job were not removed", &problem.words());
        }
        service.note("server", "job expired", &format!("{}/{id}", service.store.project_name(*project)?))?;
    }
    for (project, id) in &expired.uploads {
        service.note(
            "server",
            "upload expired",
            &format!("{}/{id}", service.store.project_name(*project)?),
        )?;
    }
    Ok(())
}
