//! Arithmetic on moments that cannot overflow: a source may send any year from −9999 to 9999.

use jiff::{SignedDuration, Timestamp};

/// `seconds` after `at`, or the last moment there is.
pub fn later(at: Timestamp, seconds: u32) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(i64::from(seconds)))
        .expect("a duration has no calendar units: this is a bug")
}

/// `seconds` before `at`, or the first moment there is.
pub fn earlier(at: Timestamp, seconds: u32) -> Timestamp {
    at.saturating_sub(SignedDuration::from_secs(i64::from(seconds)))
        .expect("a duration has no calendar units: this is a bug")
}

/// Seconds from `since` to `until`; 0 where `until` is not later.
pub fn seconds_between(since: Timestamp, until: Timestamp) -> f64 {
    until.duration_since(since).as_secs_f64().max(0.0)
}
