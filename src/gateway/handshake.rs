//! From an HTTP request to a websocket: the checks of RFC 6455, the subprotocol, and the limits of the connection.
//!
//! Holds always: extensions are never negotiated, so there is nothing to decompress; a client that offers
//! subprotocols must offer ours. Called by `routes`.

use std::io;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::upgrade::{OnUpgrade, Parts, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::Shared;
use super::access::Authenticated;
use super::events::Subscriber;
use super::listener::Permit;
use super::routes::refusal;
use super::session::Session;
use crate::wire::limits::FRAME_BYTES_MAX;
use crate::wire::{ErrorCode, SUBPROTOCOL};

/// Allocated for every socket at once.
const READ_BUFFER_BYTES: usize = 8 * 1024;
/// Written out when this much has gathered; a flush writes the rest.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// The write buffer beyond which writing fails instead of growing: one batch of frames always fits.
const WRITE_BUFFER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the kernel holds for a reader of events that does not read: hundreds of frames, and a bound on what all of them
/// can take. (It allows as much again for its own bookkeeping.)
const EVENTS_SEND_BUFFER_BYTES: usize = 256 * 1024;

/// A request that may become a websocket, and what it brings.
struct Upgrading {
    upgrade: OnUpgrade,
    permit: Option<Permit>,
    authenticated: bool,
    /// Switches protocols.
    answer: Response,
}

/// `GET /v1/ingest`.
pub(super) async fn ingest(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let Upgrading { upgrade, permit, authenticated, answer } = match upgrading(request) {
        Ok(upgrading) => upgrading,
        Err(refused) => return *refused,
    };
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        // Fails only where the client is gone already.
        let Ok(upgraded) = upgrade.await else { return };
        let stream = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(socket_config())).await;
        Session::new(shared, socket, authenticated).run().await;
        drop(permit);
    });
    answer
}

/// `GET /v1/events`.
pub(super) async fn events(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let Upgrading { upgrade, permit, authenticated, answer } = match upgrading(request) {
        Ok(upgrading) => upgrading,
        Err(refused) => return *refused,
    };
    let Some(place) = shared.events.place() else {
        let message = "server.max_subscribers are connected";
        let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::RateLimited, message);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    };
    let of_sockets = shared.clone();
    of_sockets.events.spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        match own(upgraded).await {
            Ok(socket) => Subscriber::new(shared, socket, authenticated).run().await,
            Err(error) => tracing::warn!(error = %error.kind(), "a websocket could not be taken over"),
        }
        drop((place, permit));
    });
    answer
}

/// The connection, watched by the thread that calls this.
async fn own(upgraded: Upgraded) -> io::Result<WebSocketStream<TcpStream>> {
    let Parts { io, read_buf, .. } = upgraded
        .downcast::<TokioIo<TcpStream>>()
        .map_err(|_| io::Error::other("connections are TCP streams: this is a bug"))?;
    let stream = TcpStream::from_std(io.into_inner().into_std()?)?;
    rustix::net::sockopt::set_socket_send_buffer_size(&stream, EVENTS_SEND_BUFFER_BYTES)?;
    let (role, config) = (Role::Server, Some(socket_config()));
    Ok(WebSocketStream::from_partially_read(stream, read_buf.to_vec(), role, config).await)
}

/// The checks that both endpoints have in common.
fn upgrading(mut request: Request) -> Result<Upgrading, Box<Response>> {
    let offers_ours = offered(request.headers())
        .map_err(|message| Box::new(refusal(StatusCode::BAD_REQUEST, ErrorCode::InvalidFrame, message)))?;
    let switching = switching(&request)?;
    let permit = request.extensions().get::<Permit>().cloned();
    let authenticated = request.extensions().get::<Authenticated>() == Some(&Authenticated(true));
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return Err(Box::new(upgrade_required("this connection cannot become a websocket")));
    };
    let (mut parts, ()) = switching.into_parts();
    if offers_ours {
        parts.headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    let answer = Response::from_parts(parts, axum::body::Body::empty());
    Ok(Upgrading { upgrade, permit, authenticated, answer })
}

/// Whether our subprotocol is offered; an offer of others only is refused, no offer is fine.
fn offered(headers: &HeaderMap) -> Result<bool, String> {
    let mut any = false;
    for value in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
        any = true;
        let names = value.to_str().unwrap_or_default();
        if names.split(',').any(|name| name.trim() == SUBPROTOCOL) {
            return Ok(true);
        }
    }
    if any {
        Err(format!("the websocket subprotocol spoken here is {SUBPROTOCOL}; offer it, or none"))
    } else {
        Ok(false)
    }
}

/// The answer that switches protocols, if the request asks for it properly.
fn switching(request: &Request) -> Result<axum::http::Response<()>, Box<Response>> {
    let mut bare = axum::http::Request::new(());
    *bare.method_mut() = request.method().clone();
    *bare.version_mut() = request.version();
    *bare.headers_mut() = request.headers().clone();
    create_response(&bare).map_err(|error| {
        Box::new(match error {
            tungstenite::Error::Protocol(
                ProtocolError::MissingConnectionUpgradeHeader | ProtocolError::MissingUpgradeWebSocketHeader,
            ) => upgrade_required("this path is a websocket: ask for an upgrade"),
            tungstenite::Error::Protocol(ProtocolError::MissingSecWebSocketVersionHeader) => {
                upgrade_required("Sec-WebSocket-Version must be 13")
            }
            _ => refusal(
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidFrame,
                "not a websocket handshake of RFC 6455",
            ),
        })
    })
}

fn upgrade_required(message: &'static str) -> Response {
    let mut response = refusal(StatusCode::UPGRADE_REQUIRED, ErrorCode::InvalidFrame, message);
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX))
        .accept_unmasked_frames(false)
}
