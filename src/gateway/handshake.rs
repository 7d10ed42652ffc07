//! From an HTTP request to a websocket: the checks of RFC 6455, the subprotocol, and the limits of the connection.
//!
//! Holds always: extensions are never negotiated, so there is nothing to decompress; a client that offers
//! subprotocols must offer ours. Called by `routes`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::Shared;
use super::access::Authenticated;
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

/// `GET /v1/ingest`.
pub(super) async fn ingest(State(shared): State<Arc<Shared>>, mut request: Request) -> Response {
    let offers_ours = match offered(request.headers()) {
        Ok(offers_ours) => offers_ours,
        Err(message) => return refusal(StatusCode::BAD_REQUEST, ErrorCode::InvalidFrame, message),
    };
    let switching = match switching(&request) {
        Ok(response) => response,
        Err(refused) => return *refused,
    };
    let permit = request.extensions().get::<Permit>().cloned();
    let authenticated = request.extensions().get::<Authenticated>() == Some(&Authenticated(true));
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return upgrade_required("this connection cannot become a websocket");
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
    let (mut parts, ()) = switching.into_parts();
    if offers_ours {
        parts.headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Response::from_parts(parts, axum::body::Body::empty())
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
