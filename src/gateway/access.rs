//! Who may come in: browsers by their origin, everybody by the token.
//!
//! Holds always: nothing is routed before both are checked; a request with an `Origin` comes from a browser page and
//! is refused unless the page is listed, or is one of our own where those post; a wrong token is refused even where
//! none is needed yet; what people read is never shown to a name that somebody else may have pointed at us (DNS
//! rebinding). Called by `routes`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Shared;
use super::routes::{ALERTS, CONVERSATIONS, EVENTS, INGEST, PAGES, refusal};
use crate::config::{ServerConfig, Token};
use crate::wire::ErrorCode;

/// What a browser is told so that it asks for the token, and what a program is told.
const CHALLENGE_BASIC: &str = "Basic realm=\"undertone\", charset=\"UTF-8\"";
const CHALLENGE_BEARER: &str = "Bearer realm=\"undertone\"";

/// Whether the request has shown the token, or none is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Authenticated(pub(super) bool);

/// Whether the request says which page it comes from, one that may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FromPage(pub(super) bool);

/// Who uses a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// The token as Bearer.
    Programs,
    /// And as the password of HTTP Basic, which browsers ask for and send by themselves.
    Both,
    /// Pages.
    People,
}

/// The check before every route.
pub(super) async fn check(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let server = &shared.server;
    let audience = Audience::of(request.uri().path());
    if audience != Audience::Programs && server.token.is_none() && !is_our_name(server, request.headers()) {
        let message = "without server.token this is shown under an address, localhost or the host of \
                       server.public_url only: set one of them";
        return refusal(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message);
    }
    if !is_allowed_origin(server, audience, request.headers()) {
        let message = "the page's origin is not listed in server.allowed_origins";
        return refusal(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message);
    }
    let shown = match &server.token {
        None => Authenticated(true),
        Some(token) => match offered(request.headers(), audience) {
            Some(offered) if token_accepts(token, &offered) => Authenticated(true),
            Some(_) => return unauthenticated(audience, "the token in Authorization is not the server's"),
            // A socket may still show it in its first frame.
            None if [INGEST, EVENTS].contains(&request.uri().path()) => Authenticated(false),
            None => return unauthenticated(audience, "a token is needed: Authorization: Bearer …"),
        },
    };
    let from_page = FromPage(request.headers().contains_key(ORIGIN));
    request.extensions_mut().insert(shown);
    request.extensions_mut().insert(from_page);
    next.run(request).await
}

// === names and origins ===

fn is_allowed_origin(server: &ServerConfig, audience: Audience, headers: &HeaderMap) -> bool {
    let listed =
        |origin: &str| server.allowed_origins.iter().any(|listed| listed.eq_ignore_ascii_case(origin));
    let allowed = |origin: &str| {
        listed(origin) || audience != Audience::Programs && is_own_origin(server, headers, origin)
    };
    headers.get_all(ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(allowed))
}

/// Whether a page of this server has sent the request: its origin is `server.public_url`, or the name by which this
/// very request reached us. Where that name could be anybody's, `is_our_name` or the token has been asked before.
fn is_own_origin(server: &ServerConfig, headers: &HeaderMap, origin: &str) -> bool {
    let public = origin_of(&server.public_url);
    if origin.eq_ignore_ascii_case(public) {
        return true;
    }
    let (Some(host), Some((_, origin_host))) = (host(headers), origin.split_once("://")) else {
        return false;
    };
    // A page of the same name without TLS is not ours where we are known by https.
    let is_public_host =
        public.split_once("://").is_some_and(|(_, public)| public.eq_ignore_ascii_case(host));
    let is_web = origin.starts_with("http://") || origin.starts_with("https://");
    is_web && !is_public_host && origin_host.eq_ignore_ascii_case(host)
}

/// Whether the request was sent to a name that is ours for sure: nobody can point those elsewhere.
fn is_our_name(server: &ServerConfig, headers: &HeaderMap) -> bool {
    let Some(host) = host(headers) else { return false };
    let name = name_of(host);
    let public = origin_of(&server.public_url).split_once("://").map(|(_, host)| name_of(host));
    name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || public.is_some_and(|public| public.eq_ignore_ascii_case(name))
}

/// The one host that a request names.
fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    hosts.next().filter(|_| hosts.next().is_none())?.to_str().ok()
}

/// Without the port.
fn name_of(host: &str) -> &str {
    let port = host.rfind(':').filter(|at| host[at + 1..].bytes().all(|byte| byte.is_ascii_digit()));
    port.map_or(host, |at| &host[..at])
}

/// Scheme and host of a URL, as browsers send them: without the scheme's own port.
fn origin_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    let origin = &url[..end];
    let own_port = if origin.starts_with("https:") { ":443" } else { ":80" };
    origin.strip_suffix(own_port).unwrap_or(origin)
}

// === the token ===

impl Audience {
    fn of(path: &str) -> Self {
        let is_below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
        if is_below(PAGES) {
            Audience::People
        } else if path == CONVERSATIONS || is_below(CONVERSATIONS) || is_below(ALERTS) {
            Audience::Both
        } else {
            Audience::Programs
        }
    }

    fn challenges(self) -> &'static [&'static str] {
        match self {
            Audience::Programs => &[CHALLENGE_BEARER],
            Audience::Both => &[CHALLENGE_BEARER, CHALLENGE_BASIC],
            Audience::People => &[CHALLENGE_BASIC],
        }
    }
}

/// What an `Authorization` offers; an empty offer where it is of no kind that counts here.
fn offered(headers: &HeaderMap, audience: Audience) -> Option<Vec<u8>> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let after = |scheme: &[u8]| {
        let (given, rest) = value.split_at_checked(scheme.len())?;
        given.eq_ignore_ascii_case(scheme).then(|| rest.trim_ascii())
    };
    let password = || {
        let decoded = STANDARD.decode(after(b"basic ")?).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        Some(decoded[colon + 1..].to_vec())
    };
    let offered = match after(b"bearer ") {
        Some(token) => Some(token.to_vec()),
        None if audience != Audience::Programs => password(),
        None => None,
    };
    Some(offered.unwrap_or_default())
}

fn token_accepts(token: &Token, offered: &[u8]) -> bool {
    std::str::from_utf8(offered).is_ok_and(|offered| token.accepts(offered))
}

fn unauthenticated(audience: Audience, message: &'static str) -> Response {
    let mut response = refusal(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message);
    for challenge in audience.challenges() {
        response.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn server(public_url: &str) -> ServerConfig {
        let flags = vec![format!("server.public_url={public_url}")];
        Config::load(&Sources { flags, ..Sources::default() }).expect("valid").server
    }

    fn headers(host: &str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).expect("ASCII"))])
    }

    #[test]
    fn a_page_is_our_own_by_the_public_url_or_the_host_that_was_asked() {
        let check = |public_url: &str, host: &str, origin: &str, expect: bool| {
            let own = is_own_origin(&server(public_url), &headers(host), origin);
            assert_eq!(own, expect, "{public_url} {host} {origin}");
        };
        const PUBLIC: &str = "https://undertone.example.com";
        check(PUBLIC, "10.0.0.7:8787", PUBLIC, true);
        check(PUBLIC, "10.0.0.7:8787", "http://10.0.0.7:8787", true);
        check(PUBLIC, "10.0.0.7:8787", "http://10.0.0.7", false);
        check(PUBLIC, "10.0.0.7:8787", "https://10.0.0.7:8787", true);
        check(PUBLIC, "10.0.0.7:8787", "https://evil.example", false);
        check(PUBLIC, "10.0.0.7:8787", "null", false);
        check(PUBLIC, "undertone.example.com", "http://undertone.example.com", false);
        check("https://u.example:443/", "10.0.0.7", "https://u.example", true);
        check("https://u.example:8443", "10.0.0.7", "https://u.example", false);
        check(PUBLIC, "a", "file://a", false);
    }

    #[test]
    fn only_names_that_nobody_else_can_point_at_us_are_ours() {
        let check = |host: &str, expect: bool| {
            assert_eq!(is_our_name(&server("https://u.example"), &headers(host)), expect, "{host}");
        };
        check("127.0.0.1:8787", true);
        check("[::1]:8787", true);
        check("[::1]", true);
        check("LOCALHOST:1", true);
        check("u.example", true);
        check("u.example:8443", true);
        check("evil.example:8787", false);
        check("127.0.0.1.evil.example", false);
        check("", false);
        let mut two = headers("127.0.0.1");
        two.append(HOST, HeaderValue::from_static("127.0.0.1"));
        assert!(!is_our_name(&server("https://u.example"), &two), "which one was meant?");
    }
}
