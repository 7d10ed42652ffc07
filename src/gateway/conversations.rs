//! `GET /v1/conversations`, `GET /v1/conversations/{id}` and the page `GET /conversations/{id}`: the live state.
//!
//! Holds always: nothing is cached by anybody; a parameter that is unknown or wrong is refused with what is allowed;
//! looking at conversations runs on blocking threads, at most [`READINGS_MAX`] at once. Called by `routes`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Shared;
use super::reply::Reply;
use super::routes::{json, refusal};
use crate::clock;
use crate::pages::{self, PageOptions};
use crate::pipeline::{Filter, LISTED_MAX, Listed, Pipeline};
use crate::wire::limits::ECHO_CHARS_MAX;
use crate::wire::{Channel, ErrorCode, Level};

/// Conversations of one page of the list.
const LIMIT_MAX: usize = 500;
const LIMIT_DEFAULT: usize = 50;
/// Lists and conversations that are read at once: scoring shares the cores.
pub(super) const READINGS_MAX: usize = 2;

/// The parameters of the list.
#[derive(Debug, PartialEq)]
struct Wanted {
    filter: Filter,
    offset: usize,
    limit: usize,
}

/// `GET /v1/conversations`.
pub(super) async fn list(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let Wanted { filter, offset, limit } = match wanted(query.as_deref().unwrap_or_default()) {
        Ok(wanted) => wanted,
        Err(message) => return refusal(StatusCode::BAD_REQUEST, ErrorCode::InvalidFrame, message),
    };
    let list =
        read(&shared, move |pipeline| to_json(&pipeline.conversations(&filter, offset, limit, clock::now())));
    list.await.map_or_else(bug, live_json)
}

/// `GET /v1/conversations/{id}`.
pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(id)) = id else { return bad_id() };
    let found = read(&shared, move |pipeline| {
        pipeline.conversation(&id, clock::now()).map(|detail| to_json(&detail))
    });
    match found.await {
        Some(Some(body)) => live_json(body),
        Some(None) => {
            let message = "no such conversation is held: it never began, or has left memory";
            refusal(StatusCode::NOT_FOUND, ErrorCode::InvalidFrame, message)
        }
        None => bug(),
    }
}

/// `GET /conversations/{id}`.
pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(id)) = id else { return bad_id() };
    let drawn = read(&shared, move |pipeline| {
        let options = PageOptions { refresh: true, verdicts: true, zone: pipeline.zone().clone() };
        match pipeline.conversation(&id, clock::now()) {
            Some(detail) => (StatusCode::OK, pages::conversation(&detail, &options)),
            None => (StatusCode::NOT_FOUND, pages::missing(&id)),
        }
    });
    match drawn.await {
        Some((status, drawn)) => html(status, drawn),
        None => bug(),
    }
}

/// An id that is not UTF-8.
pub(super) fn bad_id() -> Response {
    let message = "the id in the path is not percent-encoded UTF-8";
    refusal(StatusCode::BAD_REQUEST, ErrorCode::InvalidFrame, message)
}

pub(super) fn bug() -> Response {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "a bug; see the log")
}

/// Looks at the state on a thread that may take its time; none where that failed.
async fn read<R: Send + 'static>(
    shared: &Arc<Shared>,
    look: impl FnOnce(&Pipeline<Reply>) -> R + Send + 'static,
) -> Option<R> {
    let _one_of_few = shared.readings.acquire().await.ok()?;
    let live = Arc::clone(&shared.live);
    tokio::task::spawn_blocking(move || look(live.pipeline())).await.ok()
}

fn to_json(view: &impl Serialize) -> String {
    serde_json::to_string(view).expect("views have string keys and finite figures: this is a bug")
}

fn live_json(body: String) -> Response {
    let mut response = json(StatusCode::OK, body);
    keep_private(&mut response);
    response
}

fn html(status: StatusCode, page: String) -> Response {
    let policy = HeaderValue::from_str(&pages::CONTENT_SECURITY_POLICY);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy.expect("a policy is a header value: this is a bug")),
        // Nobody else hears the id. With `no-referrer` the page's own forms would come with `Origin: null`.
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    let mut response = (status, headers, page).into_response();
    keep_private(&mut response);
    response
}

/// What customers said is neither stored on the way nor taken for something else.
pub(super) fn keep_private(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

// === the parameters ===

fn wanted(query: &str) -> Result<Wanted, String> {
    const NAMES: [&str; 7] = ["queue", "level", "channel", "alerts", "state", "limit", "offset"];
    const STATE: usize = 4;
    let mut wanted = Wanted { filter: Filter::default(), offset: 0, limit: LIMIT_DEFAULT };
    let mut given = [false; NAMES.len()];
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(at) = NAMES.iter().position(|known| *known == name) else {
            return Err(format!("no parameter is called {}; there are {}", echo(&name), NAMES.join(", ")));
        };
        if std::mem::replace(&mut given[at], true) {
            return Err(format!("{name} is given twice"));
        }
        wanted.set(&name, &value)?;
    }
    // Some alerts open because a conversation was closed.
    if wanted.filter.with_alerts && !given[STATE] {
        wanted.filter.listed = Listed::All;
    }
    Ok(wanted)
}

impl Wanted {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let refused = |allowed: String| format!("{name} {} is not {allowed}", echo(value));
        let filter = &mut self.filter;
        match name {
            "queue" if value.is_empty() => {
                return Err("queue is empty; leave it out for all queues".to_owned());
            }
            "queue" => filter.queue = Some(value.to_owned()),
            "level" => {
                let level = Level::parse(value).ok_or_else(|| refused(one_of(&Level::allowed())))?;
                filter.level = Some(level);
            }
            "channel" => {
                let channel = Channel::parse(value).ok_or_else(|| refused(one_of(&Channel::allowed())))?;
                filter.channel = Some(channel);
            }
            "alerts" if value == "open" => filter.with_alerts = true,
            "alerts" => return Err(refused("open".to_owned())),
            "state" => {
                let listed = Listed::ALL.iter().find(|(known, _)| *known == value);
                let allowed = || one_of(&Listed::ALL.map(|(known, _)| known).join(", "));
                filter.listed = listed.ok_or_else(|| refused(allowed()))?.1;
            }
            "limit" => self.limit = whole(value, 1, LIMIT_MAX).map_err(refused)?,
            _ => self.offset = whole(value, 0, LISTED_MAX - 1).map_err(refused)?,
        }
        Ok(())
    }
}

fn whole(value: &str, from: usize, to: usize) -> Result<usize, String> {
    let whole = value.parse().ok().filter(|whole| (from..=to).contains(whole));
    whole.ok_or_else(|| format!("a whole number from {from} to {to}"))
}

fn one_of(allowed: &str) -> String {
    format!("one of {allowed}")
}

fn echo(value: &str) -> String {
    format!("{:?}", value.chars().take(ECHO_CHARS_MAX).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_or_refused_with_what_is_allowed() {
        let filter = Filter {
            queue: Some("a&b c".to_owned()),
            level: Some(Level::High),
            channel: Some(Channel::Chat),
            with_alerts: true,
            listed: Listed::All,
        };
        let all = "queue=a%26b+c&level=high&channel=chat&alerts=open&state=all&limit=500&offset=9999";
        assert_eq!(wanted(all), Ok(Wanted { filter, offset: 9_999, limit: 500 }));
        let plain = Wanted { filter: Filter::default(), offset: 0, limit: 50 };
        assert_eq!(wanted(""), Ok(plain));
        let check = |query: &str, expect: &str| assert_eq!(wanted(query), Err(expect.to_owned()), "{query}");
        check(
            "levle=high",
            "no parameter is called \"levle\"; there are queue, level, channel, alerts, state, limit, offset",
        );
        check("level=hihg", "level \"hihg\" is not one of calm, watch, high, critical");
        check("channel=fax", "channel \"fax\" is not one of chat, email, social, sms, voice, other");
        check("alerts=all", "alerts \"all\" is not open");
        check("state=gone", "state \"gone\" is not one of open, closed, all");
        check("limit=0", "limit \"0\" is not a whole number from 1 to 500");
        check("limit=501", "limit \"501\" is not a whole number from 1 to 500");
        check("offset=10000", "offset \"10000\" is not a whole number from 0 to 9999");
        check("offset=-1", "offset \"-1\" is not a whole number from 0 to 9999");
        check("queue=", "queue is empty; leave it out for all queues");
        check("limit=5&limit=6", "limit is given twice");
        check(
            &format!("state={}", "x".repeat(99)),
            &format!("state {:?} is not one of open, closed, all", "x".repeat(40)),
        );
    }
}
