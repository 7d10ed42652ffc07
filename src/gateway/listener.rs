//! The accept loop and one HTTP connection, the same for both listeners.
//!
//! Holds always: a connection holds a permit until it, or the websocket it became, is gone; a request head that does
//! not arrive in time ends its connection. Called by `gateway::run`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A request head takes at most this long, also the next one of a connection that is kept open.
const HEAD_SECONDS_MAX: u64 = 10;
const HEAD_BYTES_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 64;
/// Without a free descriptor accepting fails at once, over and over; it is tried again this late.
const ACCEPT_PAUSE_MS: u64 = 50;

/// The body of the answer when there are more connections than permits.
const TOO_MANY: &str = "{\"type\":\"error\",\"code\":\"rate_limited\",\"message\":\"server.max_connections are \
    open\",\"temporary\":true,\"retry_after_ms\":1000}";

/// A connection's right to be there; a websocket keeps it beyond its HTTP connection.
#[derive(Clone)]
pub(super) struct Permit(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

/// What ends a listener and its connections.
pub(super) struct Ends {
    pub(super) tasks: TaskTracker,
    pub(super) stopping: CancellationToken,
    pub(super) cut: CancellationToken,
    pub(super) permits: Arc<Semaphore>,
}

/// Accepts until stopped.
pub(super) async fn serve(listener: TcpListener, router: Router, ends: Ends) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ends.stopping.cancelled() => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(error = %error.kind(), "accepting a connection failed; trying again");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                continue;
            }
        };
        let Ok(permit) = ends.permits.clone().try_acquire_owned() else {
            refuse(&stream);
            continue;
        };
        let permit = Permit(Arc::new(permit));
        let (stopping, cut) = (ends.stopping.clone(), ends.cut.clone());
        ends.tasks.spawn(connection(stream, router.clone(), permit, stopping, cut));
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    permit: Permit,
    stopping: CancellationToken,
    cut: CancellationToken,
) {
    // Answers are small and awaited: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(permit.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_SECONDS_MAX))
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let mut told = false;
    loop {
        tokio::select! {
            // Errors are the peer's doing (gone, malformed, too slow); hyper has answered where it could.
            _ = connection.as_mut() => return,
            () = stopping.cancelled(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            () = cut.cancelled() => return,
        }
    }
}

/// Says why in one write, without reading the request or waiting for anything: this is the accept loop.
fn refuse(stream: &TcpStream) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{TOO_MANY}",
        TOO_MANY.len()
    );
    let _ = stream.try_write(answer.as_bytes());
}
