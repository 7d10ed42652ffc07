//! Request bodies, read within limits of size and time.
//!
//! Called by `turns` and `verdict_route`.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::routes::refusal;
use crate::wire::ErrorCode;

/// A body takes at most this long to arrive.
const BODY_SECONDS_MAX: u64 = 30;

/// The whole body, or the refusal of one that has more than `bytes_max`, is too slow or breaks off.
pub(super) async fn read(request: Request, bytes_max: usize) -> Result<Vec<u8>, Box<Response>> {
    let refused = |status, code, message: &str| Err(Box::new(refusal(status, code, message)));
    let too_large = || {
        let message = format!("a body has at most {bytes_max} bytes");
        refused(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::FrameTooLarge, &message)
    };
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > bytes_max) {
        return too_large();
    }
    match timeout(Duration::from_secs(BODY_SECONDS_MAX), gather(request.into_body(), bytes_max)).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => too_large(),
        Ok(Err(())) => refused(StatusCode::BAD_REQUEST, ErrorCode::InvalidFrame, "the body broke off"),
        Err(_) => refused(StatusCode::REQUEST_TIMEOUT, ErrorCode::InvalidFrame, "the body took too long"),
    }
}

/// The whole body; none where it is too large.
async fn gather(body: Body, bytes_max: usize) -> Result<Option<Vec<u8>>, ()> {
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ())?;
        if whole.len() + chunk.len() > bytes_max {
            return Ok(None);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(Some(whole))
}
