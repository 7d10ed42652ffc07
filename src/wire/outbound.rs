//! Frames to clients. Figures are rounded here and nowhere else: probabilities and scores to four
//! decimals, risk and its contributions to six (they must still sum to the log-odds), so that two runs
//! over the same input give the same bytes.
//! Made by `pipeline`, `gateway` and `offline`; sent by `gateway`, printed by `offline`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::names::names;
use super::{AlertKind, ErrorCode, FindingKind, FindingState, FrameError, Label, Level, Role, Severity};
use serde::Deserialize;

names! {
    /// How an alert ended.
    Resolution { Recovered = "recovered", Closed = "closed", Expired = "expired" }
}

/// One frame to a client; `type` comes first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum ServerFrame {
    #[serde(rename = "hello")]
    Hello(Hello),
    #[serde(rename = "ready")]
    Ready { resumed: bool, last_seq: u64 },
    #[serde(rename = "ack")]
    Ack {
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        /// Given only where there is no `seq`: in answers to `POST /v1/turns`.
        #[serde(skip_serializing_if = "Option::is_none")]
        turn_id: Option<String>,
    },
    #[serde(rename = "pong")]
    Pong { t: Value },
    #[serde(rename = "scored")]
    Scored(Box<Scored>),
    #[serde(rename = "finding")]
    Finding(Box<Finding>),
    #[serde(rename = "alert.opened")]
    AlertOpened(Box<AlertFrame>),
    #[serde(rename = "alert.updated")]
    AlertUpdated(Box<AlertFrame>),
    #[serde(rename = "alert.resolved")]
    AlertResolved(Box<AlertFrame>),
    #[serde(rename = "error")]
    Error(ErrorFrame),
    #[serde(rename = "flow")]
    Flow { state: &'static str, window: usize },
    #[serde(rename = "reconnect")]
    Reconnect { after_ms: u64 },
}

/// The first frame of a socket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hello {
    pub session_id: String,
    pub epoch: String,
    pub heartbeat_interval_ms: u64,
    pub max_inflight: usize,
    pub max_frame_bytes: usize,
    pub max_text_chars: usize,
    pub durable_ack: bool,
}

/// What was read off one turn, and the state of its conversation after it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    pub turn_id: String,
    pub conversation_id: String,
    pub role: Role,
    pub sentiment: SentimentView,
    pub signals: Vec<Span>,
    pub mistakes: Vec<Span>,
    pub acts: Vec<Span>,
    pub conversation: ConversationView,
    pub contributions: Vec<Contribution>,
    /// Why the turn was not judged: `language`, `too_short` or `garbage`.
    pub abstained: Option<&'static str>,
    pub model: String,
    /// Offline only, on demand: the probability of every name of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<BTreeMap<&'static str, f64>>,
    /// Received to scored; left out offline, where the output must not depend on the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
}

/// The three probabilities of a turn; `score` = positive − negative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SentimentView {
    pub label: Label,
    pub score: f64,
    pub negative: f64,
    pub neutral: f64,
    pub positive: f64,
}

/// Something named that was found in a turn, and where (code points, end exclusive).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    pub name: &'static str,
    pub probability: f64,
    pub start: usize,
    pub end: usize,
}

/// The conversation after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ConversationView {
    /// 0 to 1.
    pub risk: f64,
    pub level: Level,
    /// −1 to 1, of customer turns alone, recent ones weighing more.
    pub sentiment: f64,
    /// −1 to 1: recent customer turns against earlier ones.
    pub trend: f64,
    /// The lowest score of a customer turn so far.
    pub worst: f64,
    pub customer_turns: u32,
    pub agent_turns: u32,
    /// How long the oldest unanswered customer turn has waited; null when nobody waits.
    pub waiting_seconds: Option<f64>,
}

/// One named term of the log-odds of `risk`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contribution {
    pub name: &'static str,
    pub value: f64,
}

/// A quoted place in a turn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    pub turn_id: String,
    /// Where the turn is of another conversation of the same customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    pub start: usize,
    pub end: usize,
    pub quote: String,
}

/// Something found by time, repetition or comparison; the same id comes back when it is resolved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub finding_id: String,
    pub kind: FindingKind,
    pub name: &'static str,
    pub state: FindingState,
    pub conversation_id: String,
    /// The turn in which it shows; null where only time passed.
    pub turn_id: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    pub ts: Timestamp,
    pub evidence: Vec<Evidence>,
    pub value: Option<f64>,
}

/// One reason of an alert, with its quote.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    pub name: &'static str,
    pub turn_id: String,
    pub start: usize,
    pub end: usize,
    pub quote: String,
}

/// An alert: opened, updated or resolved by the frame's `type`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertFrame {
    pub alert_id: String,
    pub kind: AlertKind,
    pub rule: String,
    pub severity: Severity,
    pub conversation_id: String,
    pub queue: Option<String>,
    /// When this changed.
    #[serde(serialize_with = "rfc3339")]
    pub ts: Timestamp,
    /// Since when it is open; both in the conversation's own time.
    #[serde(serialize_with = "rfc3339")]
    pub opened_at: Timestamp,
    pub summary: String,
    pub reasons: Vec<Reason>,
    pub contributions: Vec<Contribution>,
    pub risk: f64,
    pub url: String,
    pub rules_version: String,
    pub model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

/// Why a frame was refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErrorFrame {
    pub code: ErrorCode,
    pub message: String,
    pub temporary: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<String>,
    /// Offline: the line of the input, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl ServerFrame {
    /// The alert of an `alert.*`.
    pub fn alert(&self) -> Option<&AlertFrame> {
        match self {
            ServerFrame::AlertOpened(alert)
            | ServerFrame::AlertUpdated(alert)
            | ServerFrame::AlertResolved(alert) => Some(alert),
            _ => None,
        }
    }

    /// One line of JSON, without a line break.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("frames have string keys and finite figures: this is a bug")
    }
}

impl ErrorFrame {
    /// A refusal with what every code says of itself.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ErrorFrame {
            code,
            message: message.into(),
            temporary: code.is_temporary(),
            retry_after_ms: None,
            seq: None,
            turn_id: None,
            line: None,
        }
    }
}

impl From<FrameError> for ErrorFrame {
    fn from(error: FrameError) -> Self {
        let FrameError { code, message, seq, turn_id } = error;
        ErrorFrame { seq, turn_id, ..ErrorFrame::new(code, message) }
    }
}

/// To four decimals; −0 becomes 0.
pub fn round4(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}

/// To six decimals; −0 becomes 0.
pub fn round6(value: f64) -> f64 {
    (value * 1e6).round() / 1e6 + 0.0
}

/// Milliseconds and `Z`.
pub(super) fn rfc3339<S: serde::Serializer>(ts: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{ts:.3}"))
}
