//! Frames as a client receives them. It reads what it needs and ignores the rest, so that a newer server is
//! no trouble: fields may be added, and types it does not know are skipped.
//!
//! Called by the rest of `replay`.

use serde::Deserialize;

use crate::wire::{Level, Role, Severity};

/// One frame of the server.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type")]
pub enum Incoming {
    #[serde(rename = "hello")]
    Hello { heartbeat_interval_ms: u64, max_inflight: usize },
    #[serde(rename = "ready")]
    Ready,
    #[serde(rename = "ack")]
    Ack { seq: u64 },
    #[serde(rename = "pong")]
    Pong,
    #[serde(rename = "scored")]
    Scored(ScoredIn),
    #[serde(rename = "finding")]
    Finding(FindingIn),
    #[serde(rename = "alert.opened")]
    AlertOpened(AlertIn),
    #[serde(rename = "alert.updated")]
    AlertUpdated(AlertIn),
    #[serde(rename = "alert.resolved")]
    AlertResolved(AlertIn),
    #[serde(rename = "error")]
    Error(ErrorIn),
    #[serde(rename = "flow")]
    Flow { window: usize },
    #[serde(rename = "reconnect")]
    Reconnect { after_ms: u64 },
    #[serde(other)]
    Unknown,
}

/// The answer to a turn.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ScoredIn {
    pub seq: u64,
    pub conversation_id: String,
    pub role: Role,
    pub sentiment: SentimentIn,
    pub conversation: ConversationIn,
}

/// −1 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct SentimentIn {
    pub score: f64,
}

/// The conversation after the turn.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct ConversationIn {
    pub risk: f64,
    pub level: Level,
}

/// An alert that opened, changed or ended.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct AlertIn {
    pub alert_id: String,
    pub rule: String,
    pub severity: Severity,
    pub conversation_id: String,
    #[serde(default)]
    pub queue: Option<String>,
    pub ts: String,
    pub summary: String,
    #[serde(default)]
    pub reasons: Vec<ReasonIn>,
    pub risk: f64,
    #[serde(default)]
    pub resolution: Option<String>,
}

/// Something found over time, or settled.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FindingIn {
    pub finding_id: String,
    pub name: String,
    pub state: String,
    pub conversation_id: String,
    pub ts: String,
    #[serde(default)]
    pub value: Option<f64>,
    #[serde(default)]
    pub evidence: Vec<EvidenceIn>,
}

/// A quoted place.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct EvidenceIn {
    #[serde(default)]
    pub quote: String,
}

/// Why, in the customer's words.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ReasonIn {
    pub name: String,
    #[serde(default)]
    pub quote: String,
}

/// A refusal. `code` is a string here: a newer server may know more of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ErrorIn {
    pub code: String,
    pub message: String,
    #[serde(default)]
    pub temporary: bool,
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    #[serde(default)]
    pub seq: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ErrorCode, ErrorFrame, ServerFrame};

    #[test]
    fn the_frames_of_this_server_are_read() {
        let hello = r#"{"type":"hello","session_id":"s","epoch":"e","heartbeat_interval_ms":25000,"max_inflight":256,"max_frame_bytes":131072,"max_text_chars":8000,"durable_ack":false}"#;
        let table = [
            (hello.to_owned(), Incoming::Hello { heartbeat_interval_ms: 25_000, max_inflight: 256 }),
            (ServerFrame::Ready { resumed: false, last_seq: 0 }.to_json(), Incoming::Ready),
            (ServerFrame::Ack { seq: Some(3), turn_id: None }.to_json(), Incoming::Ack { seq: 3 }),
            (ServerFrame::Flow { state: "slow", window: 32 }.to_json(), Incoming::Flow { window: 32 }),
            (ServerFrame::Reconnect { after_ms: 5 }.to_json(), Incoming::Reconnect { after_ms: 5 }),
            (r#"{"type":"from the future","x":1}"#.to_owned(), Incoming::Unknown),
        ];
        for (line, expected) in table {
            assert_eq!(serde_json::from_str::<Incoming>(&line).expect("reads"), expected);
        }
        let error =
            ServerFrame::Error(ErrorFrame { seq: Some(9), ..ErrorFrame::new(ErrorCode::Overloaded, "m") });
        let Incoming::Error(error) = serde_json::from_str(&error.to_json()).expect("reads") else {
            panic!("an error")
        };
        assert!(error.temporary);
        assert_eq!((error.code.as_str(), error.seq), ("overloaded", Some(9)));
    }
}
