//! Connections from this machine: so many at a time, each with bounds on the time and size of what comes before a handler sees it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::options::Limits;

/// Longest head of a request in bytes, and the most fields in it.
const HEAD: (usize, usize) = (16 << 10, 64);
/// How long requests may take that were begun when the studio is asked to stop. Pages follow a run by answers that do not end.
const GRACE: Duration = Duration::from_secs(2);
/// Before the next try where the system gives no connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is asked to stop.
pub(crate) async fn run(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    while !*stop.borrow() {
        let accepted = tokio::select! {
            _ = stop.changed() => continue,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &room) => accepted,
        };
        let Some((stream, permit)) = accepted else { continue };
        let (router, patience, stop) = (router.clone(), limits.patience, stop.clone());
        connections.spawn(async move {
            answer(stream, router, patience, stop).await;
            drop(permit);
        });
    }
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(GRACE, all).await;
}

/// The next connection, once there is room for one.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(_) => {
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}

/// Answers the requests of a connection.
async fn answer(stream: TcpStream, router: Router, patience: Duration, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience).max_header_size(HEAD.0).max_headers(HEAD.1);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    loop {
        tokio::select! {
            // the client's fault, or its end
            _ = connection.as_mut() => return,
            _ = stop.changed() => connection.as_mut().graceful_shutdown(),
        }
    }
}
