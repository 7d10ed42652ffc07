//! The routes of `server.listen`, and what a refused request is answered with: the same JSON as an error frame.
//!
//! Called by `gateway::run`.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::{Shared, access, handshake, turns};
use crate::wire::{ErrorCode, ErrorFrame, ServerFrame};

/// The websocket of chat platforms.
pub(super) const INGEST: &str = "/v1/ingest";
/// The websocket of supervisors' tools.
pub(super) const EVENTS: &str = "/v1/events";
/// The same turns by HTTP.
pub(super) const TURNS: &str = "/v1/turns";

/// Everything `server.listen` answers.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(INGEST, get(handshake::ingest))
        .route(EVENTS, get(handshake::events))
        .route(TURNS, post(turns::post))
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown_path)
        .layer(from_fn_with_state(shared.clone(), access::check))
        .with_state(shared)
}

/// An error frame as the answer to a request.
pub(super) fn refusal(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Response {
    json(status, ServerFrame::Error(ErrorFrame::new(code, message)).to_json())
}

/// JSON with a line break, so that it is readable in a terminal.
pub(super) fn json(status: StatusCode, mut body: String) -> Response {
    body.push('\n');
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status, headers, body).into_response()
}

pub(super) async fn unknown_path() -> Response {
    let message = format!("no such path; there are GET {INGEST} and {EVENTS} (websockets) and POST {TURNS}");
    refusal(StatusCode::NOT_FOUND, ErrorCode::InvalidFrame, message)
}

pub(super) async fn wrong_method() -> Response {
    let message = format!("wrong method; there are GET {INGEST} and {EVENTS} (websockets) and POST {TURNS}");
    refusal(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::InvalidFrame, message)
}
