//! `POST /v1/turns`: the turns of a body, in its order, each with one answer.
//!
//! Holds always: at most [`BODY_BYTES_MAX`] bytes and [`BODY_TURNS_MAX`] turns; the answer has one frame per turn,
//! in the order of the body. Called by `routes`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;
use tokio::time::Instant;

use super::reply::{HttpBatch, Reply};
use super::routes::{json, refusal};
use super::{Shared, body};
use crate::clock;
use crate::wire::inbound::turn_from_value;
use crate::wire::limits::{BODY_BYTES_MAX, BODY_TURNS_MAX};
use crate::wire::{Clock, ErrorCode, ErrorFrame, FrameError, ServerFrame};

/// Told to clients where the refusal named no time.
const RETRY_AFTER_SECONDS: u64 = 1;

/// One element of a body: a JSON value, or why it is none.
type Element = Result<Value, FrameError>;

/// Handles one body.
pub(super) async fn post(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let received = Instant::now();
    if let Err(refused) = is_readable(request.headers()) {
        return *refused;
    }
    let waits = !request.uri().query().unwrap_or_default().split('&').any(|part| part == "wait=false");
    let body = match body::read(request, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(refused) => return *refused,
    };
    let elements = match elements(&body) {
        Ok(elements) if elements.len() <= BODY_TURNS_MAX => elements,
        Ok(elements) => {
            let message = format!("{} turns; a body has at most {BODY_TURNS_MAX}", elements.len());
            return refuse(&shared, StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::FrameTooLarge, message);
        }
        Err(message) => return refuse(&shared, StatusCode::BAD_REQUEST, ErrorCode::InvalidJson, message),
    };
    let batch = Arc::new(HttpBatch::new(elements.len()));
    let mut acks = Vec::with_capacity(elements.len());
    for (place, element) in elements.into_iter().enumerate() {
        acks.push(take(&shared, &batch, place, element, received));
    }
    if waits {
        return answer(StatusCode::OK, &batch.all().await);
    }
    // What was refused at once is said; for the rest the client does not wait.
    let answers = batch.so_far().into_iter().zip(acks);
    let frames: Vec<_> = answers.map(|(so_far, ack)| so_far.filter(is_error).unwrap_or(ack)).collect();
    answer(StatusCode::ACCEPTED, &frames)
}

/// Takes one element; returns what to say where the client does not wait.
fn take(
    shared: &Arc<Shared>,
    batch: &Arc<HttpBatch>,
    place: usize,
    element: Element,
    received: Instant,
) -> ServerFrame {
    let (turn, unknown_fields) = match element.and_then(turn_from_value) {
        Ok(read) => read,
        Err(error) => {
            shared.metrics.frame_refused(error.code);
            let frame = ServerFrame::Error(ErrorFrame { seq: None, ..ErrorFrame::from(error) });
            batch.put(place, frame.clone());
            return frame;
        }
    };
    shared.metrics.unknown_fields(unknown_fields);
    shared.metrics.source_last_turn(None, clock::unix_seconds(clock::now()));
    let ack = ServerFrame::Ack { seq: None, turn_id: Some(turn.turn_id.clone()) };
    let reply = Reply::to_http(batch, place, &turn.turn_id, received);
    shared.live.turn(turn, Clock::Wall, received, reply);
    ack
}

/// The frames as a JSON array; 503 where the server could take none of the turns.
fn answer(status: StatusCode, frames: &[ServerFrame]) -> Response {
    let lines: Vec<_> = frames.iter().map(ServerFrame::to_json).collect();
    let body = format!("[{}]", lines.join(",\n"));
    let refusals: Vec<_> = frames.iter().filter_map(unavailable).collect();
    if frames.is_empty() || refusals.len() < frames.len() {
        return json(status, body);
    }
    let milliseconds = refusals.into_iter().flatten().max();
    let seconds = milliseconds.map_or(RETRY_AFTER_SECONDS, |ms| ms.div_ceil(1_000).max(1));
    let mut response = json(StatusCode::SERVICE_UNAVAILABLE, body);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// The time after which to try again, if the frame says that the server is overloaded or going away.
fn unavailable(frame: &ServerFrame) -> Option<Option<u64>> {
    match frame {
        ServerFrame::Error(error)
            if matches!(error.code, ErrorCode::Overloaded | ErrorCode::ShuttingDown) =>
        {
            Some(error.retry_after_ms)
        }
        _ => None,
    }
}

fn is_error(frame: &ServerFrame) -> bool {
    matches!(frame, ServerFrame::Error(_))
}

// === the body ===

/// JSON is read whatever it is announced as, but for what it surely is not.
fn is_readable(headers: &HeaderMap) -> Result<(), Box<Response>> {
    let text =
        |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let kind = text(CONTENT_TYPE).to_ascii_lowercase();
    let encoding = text(CONTENT_ENCODING);
    let is_other = kind.starts_with("multipart/") || kind.starts_with("image/") || kind.contains("xml");
    if is_other || !(encoding.is_empty() || encoding.eq_ignore_ascii_case("identity")) {
        let message = "send application/json or application/x-ndjson, not compressed";
        return Err(Box::new(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::InvalidFrame, message)));
    }
    Ok(())
}

/// The elements of a body: of an array, of lines, or the one object it is.
fn elements(body: &[u8]) -> Result<Vec<Element>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_owned())?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err("the body is empty; send a turn, an array of turns, or one turn per line".to_owned());
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(values)) => Ok(values.into_iter().map(Ok).collect()),
        Ok(value) => Ok(vec![Ok(value)]),
        Err(error) => lines(text).ok_or_else(|| {
            format!("the body is not JSON: error at line {} column {}", error.line(), error.column())
        }),
    }
}

/// One turn per line; none where no line is JSON.
fn lines(text: &str) -> Option<Vec<Element>> {
    let parse = |(at, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| FrameError {
            code: ErrorCode::InvalidJson,
            message: format!("not JSON: error at line {} column {}", at + 1, error.column()),
            seq: None,
            turn_id: None,
        })
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let elements: Vec<Element> = lines.map(parse).collect();
    elements.iter().any(Result::is_ok).then_some(elements)
}

fn refuse(shared: &Shared, status: StatusCode, code: ErrorCode, message: String) -> Response {
    shared.metrics.frame_refused(code);
    refusal(status, code, message)
}
