//! `POST /v1/alerts/{alert_id}/verdict`: what somebody who looked says of an alert, as JSON or by a button of the page.
//!
//! Holds always: JSON is taken only as `application/json` and a form only from a page that `access` knows, so that no
//! foreign page can make a browser say anything. Called by `routes`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::access::FromPage;
use super::routes::{json, refusal};
use super::verdicts::NotRecorded;
use super::{Shared, body, conversations};
use crate::alerts::conversation_url;
use crate::clock;
use crate::pages;
use crate::wire::ErrorCode;
use crate::wire::verdicts::{Said, VerdictRecord};

/// One body: a note of 1,000 code points fits however it is escaped.
const VERDICT_BYTES_MAX: usize = 16_384;

/// How a verdict is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Json,
    Form,
}

/// Handles one verdict.
pub(super) async fn post(
    State(shared): State<Arc<Shared>>,
    alert_id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let Ok(Path(alert_id)) = alert_id else { return conversations::bad_id() };
    let Some(way) = way(request.headers()) else {
        let message = "send application/json: {\"verdict\":…,\"note\"?:…}";
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::InvalidFrame, message);
    };
    if way == Way::Form && request.extensions().get::<FromPage>() != Some(&FromPage(true)) {
        let message = "a form is taken from this server's own pages only; send application/json";
        return refusal(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message);
    }
    let body = match body::read(request, VERDICT_BYTES_MAX).await {
        Ok(body) => body,
        Err(refused) => return *refused,
    };
    let said = match way {
        Way::Json => Said::from_json(&body),
        Way::Form => from_form(&body),
    };
    let said = match said {
        Ok(said) => said,
        Err(message) => return refusal(StatusCode::BAD_REQUEST, ErrorCode::InvalidFrame, message),
    };
    // Waits for the disk: nothing for an async thread.
    let verdicts = Arc::clone(&shared.verdicts);
    let recorded = tokio::task::spawn_blocking(move || verdicts.record(&alert_id, said, clock::now())).await;
    match recorded {
        Ok(Ok(record)) => answer(way, &record),
        Ok(Err(error @ NotRecorded::UnknownAlert)) => {
            refusal(StatusCode::NOT_FOUND, ErrorCode::InvalidFrame, error.to_string())
        }
        Ok(Err(error @ NotRecorded::Unwritable(_))) => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Internal, error.to_string())
        }
        Err(_) => conversations::bug(),
    }
}

fn way(headers: &HeaderMap) -> Option<Way> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Some(Way::Json)
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Some(Way::Form)
    } else {
        None
    }
}

fn from_form(body: &[u8]) -> Result<Said, String> {
    let (mut verdict, mut note) = (None, None);
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "verdict" => verdict = Some(value),
            "note" => note = Some(value),
            _ => {}
        }
    }
    Said::new(verdict.as_deref(), note.as_deref())
}

fn answer(way: Way, record: &VerdictRecord) -> Response {
    match way {
        Way::Json => {
            let body = serde_json::to_string(record)
                .expect("records have string keys and no figures: this is a bug");
            let mut response = json(StatusCode::OK, body);
            conversations::keep_private(&mut response);
            response
        }
        Way::Form => {
            let page = conversation_url("", &record.conversation_id) + "#" + pages::RECORDED;
            // Ids are percent-encoded, so this is ASCII.
            let page = HeaderValue::from_str(&page).expect("a URL is a header value: this is a bug");
            (StatusCode::SEE_OTHER, [(LOCATION, page)]).into_response()
        }
    }
}
