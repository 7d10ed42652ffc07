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

use super::{Shared, access, conversations, handshake, turns, verdict_route};
use crate::wire::{ErrorCode, ErrorFrame, ServerFrame};

/// The websocket of chat platforms.
pub(super) const INGEST: &str = "/v1/ingest";
/// The websocket of supervisors' tools.
pub(super) const EVENTS: &str = "/v1/events";
/// The same turns by HTTP.
pub(super) const TURNS: &str = "/v1/turns";
/// The live state; a conversation is below it.
pub(super) const CONVERSATIONS: &str = "/v1/conversations";
/// Below it the page of each conversation.
pub(super) const PAGES: &str = "/conversations";
/// Below it each alert.
pub(super) const ALERTS: &str = "/v1/alerts";

/// What there is, for who asks for something else.
const THERE_ARE: &str = "GET /v1/ingest and /v1/events (websockets), POST /v1/turns, GET /v1/conversations, \
    GET /v1/conversations/{id}, GET /conversations/{id} and POST /v1/alerts/{id}/verdict";

/// Everything `server.listen` answers.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(INGEST, get(handshake::ingest))
        .route(EVENTS, get(handshake::events))
        .route(TURNS, post(turns::post))
        .route(CONVERSATIONS, get(conversations::list))
        .route(&format!("{CONVERSATIONS}/{{id}}"), get(conversations::one))
        .route(&format!("{PAGES}/{{id}}"), get(conversations::page))
        .route(&format!("{ALERTS}/{{id}}/verdict"), post(verdict_route::post))
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
    let message = format!("no such path; there are {THERE_ARE}");
    refusal(StatusCode::NOT_FOUND, ErrorCode::InvalidFrame, message)
}

pub(super) async fn wrong_method() -> Response {
    let message = format!("wrong method; there are {THERE_ARE}");
    refusal(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::InvalidFrame, message)
}
