//! The routes of `admin.listen`: metrics and health, for operators.
//!
//! Holds always: needs no token and shows no text; liveness depends on nothing, so that an overloaded server is not
//! restarted into a worse state. Called by `gateway::run`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::live::PRESSURE_HIGH;
use super::{Shared, routes};
use crate::clock;
use crate::wire::ErrorCode;

/// What Prometheus's text format is announced as.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything `admin.listen` answers.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz/live", get(live))
        .route("/healthz/ready", get(ready))
        .route("/healthz/startup", get(live))
        .fallback(unknown_path)
        .with_state(shared)
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    // Looks at every conversation: too long for an async thread when there are many.
    let rendered = tokio::task::spawn_blocking(move || {
        shared.live.pipeline().refresh_gauges(clock::now());
        shared.metrics.render()
    });
    match rendered.await {
        Ok(text) => ([(CONTENT_TYPE, HeaderValue::from_static(METRICS_TYPE))], text).into_response(),
        Err(_) => {
            routes::refusal(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "a bug; see the log")
        }
    }
}

/// Also the startup probe: nothing is bound before the model is loaded.
async fn live() -> Response {
    routes::json(StatusCode::OK, json!({"status": "ok"}).to_string())
}

async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let mut reasons = Vec::new();
    if shared.live.is_draining() {
        reasons.push("draining");
    }
    if shared.live.pressure() >= PRESSURE_HIGH {
        reasons.push("queue_high");
    }
    let (status, word) = match reasons.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
    };
    routes::json(status, json!({"status": word, "reasons": reasons}).to_string())
}

async fn unknown_path() -> Response {
    let message = "no such path; there are /metrics, /healthz/live, /healthz/ready and /healthz/startup";
    routes::refusal(StatusCode::NOT_FOUND, ErrorCode::InvalidFrame, message)
}
