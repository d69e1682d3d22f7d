//! The whole studio, from its start to its end.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::commands::Commands;
use crate::links::Links;
use crate::options::Options;
use crate::place::Place;
use crate::service::Service;
use crate::{http, listen, work};

/// Threads that answer requests: what waits for the disk has others.
const THREADS: usize = 2;
/// How long the studio waits for processes that it asked to stop. They end at their checkpoints without it, too.
const GRACE: Duration = Duration::from_secs(10);

/// Why the studio did not start, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another studio has the folder.
    #[error("another studio runs in {0}")]
    Busy(PathBuf),
    /// The folder cannot be used.
    #[error("{0}")]
    Folder(String),
    /// The port cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
}

/// Runs the studio until ^C or SIGTERM. `announce` is called with the link once it listens, and with another one whenever one was used.
///
/// # Errors
/// The folder or the port cannot be used.
pub fn studio(
    options: Options,
    commands: Arc<dyn Commands>,
    announce: impl Fn(&str) + Send + Sync + 'static,
) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("studio")
        .enable_all()
        .build()
        .map_err(|error| Error::Folder(format!("no threads: {error}")))?;
    let result = runtime.block_on(run(options, commands, Box::new(announce)));
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

async fn run(
    options: Options,
    commands: Arc<dyn Commands>,
    announce: Box<dyn Fn(&str) + Send + Sync>,
) -> Result<(), Error> {
    let folder = |error: std::io::Error| Error::Folder(format!("{}: {error}", options.folder.display()));
    head_service::private_folder(&options.folder).map_err(folder)?;
    let lock = std::fs::File::open(&options.folder).map_err(folder)?;
    if let Err(std::fs::TryLockError::WouldBlock) = lock.try_lock() {
        return Err(Error::Busy(options.folder));
    }
    let place = Place::open(&options.folder).map_err(folder)?;
    // this machine alone: there is no flag for another address
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(address).await.map_err(|error| Error::Listen(address, error))?;
    let address = listener.local_addr().map_err(|error| Error::Listen(address, error))?;
    let links = Links::new(address.port()).map_err(folder)?;
    let (asked, stop) = watch::channel(false);
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt()).map_err(folder)?, signal(SignalKind::terminate()).map_err(folder)?);

    let limits = options.limits.clone();
    let service = Arc::new(Service::new(options, place, commands, links, announce, stop.clone()));
    work::take_up(&service).map_err(|problem| Error::Folder(problem.words.message))?;
    (service.announce)(&service.links.url());
    let answering = tokio::spawn(listen::run(listener, http::router(&service), limits, stop));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let _ = asked.send(true);
    let _ = answering.await;
    let since = Instant::now();
    let idle = || service.driven.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
    while !idle() && since.elapsed() < GRACE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
