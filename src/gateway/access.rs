//! Who may come in: browsers by their origin, everybody by the token.
//!
//! Holds always: nothing is routed before both are checked; a request with an `Origin` comes from a browser page and
//! is refused unless the page is listed; a wrong token is refused even where none is needed yet. Called by `routes`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::Shared;
use super::routes::{EVENTS, INGEST, refusal};
use crate::config::{ServerConfig, Token};
use crate::wire::ErrorCode;

/// Whether the request has shown the token, or none is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Authenticated(pub(super) bool);

/// The check before every route.
pub(super) async fn check(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    if !is_allowed_origin(&shared.server, request.headers()) {
        let message = "the page's origin is not listed in server.allowed_origins";
        return refusal(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message);
    }
    let shown = match &shared.server.token {
        None => Authenticated(true),
        Some(token) => match bearer(request.headers()) {
            Some(offered) if token_accepts(token, offered) => Authenticated(true),
            Some(_) => return unauthenticated("the token in Authorization is not the server's"),
            // A socket may still show it in its first frame.
            None if [INGEST, EVENTS].contains(&request.uri().path()) => Authenticated(false),
            None => return unauthenticated("a token is needed: Authorization: Bearer …"),
        },
    };
    request.extensions_mut().insert(shown);
    next.run(request).await
}

fn is_allowed_origin(server: &ServerConfig, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter().peekable();
    let listed =
        |origin: &str| server.allowed_origins.iter().any(|listed| listed.eq_ignore_ascii_case(origin));
    origins.all(|origin| origin.to_str().is_ok_and(listed))
}

/// What an `Authorization` offers; an empty offer where it is not `Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let scheme = value.get(..7).unwrap_or_default();
    Some(if scheme.eq_ignore_ascii_case(b"bearer ") { value[7..].trim_ascii() } else { b"" })
}

fn token_accepts(token: &Token, offered: &[u8]) -> bool {
    std::str::from_utf8(offered).is_ok_and(|offered| token.accepts(offered))
}

fn unauthenticated(message: &'static str) -> Response {
    let mut response = refusal(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message);
    let challenge = axum::http::HeaderValue::from_static("Bearer realm=\"undertone\"");
    response.headers_mut().insert(axum::http::header::WWW_AUTHENTICATE, challenge);
    response
}
