//! The one place that reads the wall clock. Everything else is told the time, so that offline runs and tests
//! decide what time it is.
//!
//! Called by `gateway` and `cli`.

use jiff::Timestamp;

/// What the server takes as now.
#[allow(clippy::disallowed_methods, reason = "this is the place that reads it")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// `now` as seconds since 1970, for timestamp metrics.
pub fn unix_seconds(now: Timestamp) -> f64 {
    now.as_millisecond() as f64 / 1e3
}
