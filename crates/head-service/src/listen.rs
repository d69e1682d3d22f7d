//! Connections: so many at a time, each with bounds on the time and size of what comes before a handler sees it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::log;
use crate::service::Service;

/// Longest head of a request in bytes, and the most fields in it.
const HEAD: (usize, usize) = (16 << 10, 64);
/// How long requests may take that were begun when the server is asked to stop.
const GRACE: Duration = Duration::from_secs(10);
/// Before the next try where the system gives no connection, since it has no files left.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is asked to stop; what was begun is finished.
pub(crate) async fn run(
    listener: TcpListener,
    tls: TlsAcceptor,
    router: Router,
    service: Arc<Service>,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(service.options.limits.connections));
    let mut connections = JoinSet::new();
    while !*stop.borrow() {
        let accepted = tokio::select! {
            _ = stop.changed() => continue,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &room) => accepted,
        };
        let Some((stream, room)) = accepted else { continue };
        let (tls, router, service, stop) = (tls.clone(), router.clone(), Arc::clone(&service), stop.clone());
        connections.spawn(async move {
            service.metrics.connections.fetch_add(1, Ordering::Relaxed);
            answer(stream, tls, router, &service, stop).await;
            service.metrics.connections.fetch_sub(1, Ordering::Relaxed);
            drop(room);
        });
    }
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        log::event("connections were cut", "server");
    }
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
async fn answer(
    stream: TcpStream,
    tls: TlsAcceptor,
    router: Router,
    service: &Service,
    mut stop: watch::Receiver<bool>,
) {
    let patience = service.options.limits.patience;
    let _ = stream.set_nodelay(true);
    // who does not finish the handshake, or speaks no TLS, is not answered
    let Ok(Ok(stream)) = timeout(patience, tls.accept(stream)).await else { return };
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
