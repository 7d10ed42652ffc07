//! What `GET /v1/conversations` and `GET /v1/conversations/{id}` answer: conversations as people look at them.
//!
//! Holds always: the same shapes are what the pages and the report are drawn from; no customer id and no agent id is in
//! them. Made by `pipeline` and `offline`; sent by `gateway`, drawn by `pages`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::names::names;
use super::outbound::rfc3339;
use super::{
    AlertFrame, AlertKind, Channel, Contribution, ConversationView, Finding, Role, SentimentView, Severity,
    Span,
};

names! {
    /// Whether a conversation goes on.
    ConversationState { Open = "open", Closed = "closed" }
}

names! {
    /// Whether an alert is open.
    AlertState { Open = "open", Resolved = "resolved" }
}

names! {
    /// What has become of a promise.
    PromiseState { Open = "open", Overdue = "overdue", Broken = "broken" }
}

/// One page of conversations, most at risk first.
#[derive(Clone, PartialEq, Serialize)]
pub struct ConversationList {
    pub conversations: Vec<ConversationSummary>,
    /// How many match the filter.
    pub total: usize,
    /// The `offset` of the next page; null on the last.
    pub next_offset: Option<usize>,
}

/// One conversation in a list.
#[derive(Clone, PartialEq, Serialize)]
pub struct ConversationSummary {
    pub conversation_id: String,
    pub state: ConversationState,
    pub channel: Channel,
    pub queue: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    pub started_at: Timestamp,
    /// The newest moment in the conversation's own time.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: Timestamp,
    pub conversation: ConversationView,
    /// Open ones, most severe first.
    pub alerts: Vec<OpenAlertView>,
    /// Findings that are open.
    pub findings_open: usize,
    /// The readable page.
    pub url: String,
}

/// How a summary is shown as part of a [`ConversationDetail`].
#[derive(Serialize)]
#[serde(remote = "ConversationSummary")]
struct WithoutAlerts {
    conversation_id: String,
    state: ConversationState,
    channel: Channel,
    queue: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    started_at: Timestamp,
    #[serde(serialize_with = "rfc3339")]
    updated_at: Timestamp,
    conversation: ConversationView,
    #[serde(skip)]
    alerts: Vec<OpenAlertView>,
    findings_open: usize,
    url: String,
}

/// An open alert in a list.
#[derive(Clone, PartialEq, Serialize)]
pub struct OpenAlertView {
    pub alert_id: String,
    pub rule: String,
    pub kind: AlertKind,
    pub severity: Severity,
    #[serde(serialize_with = "rfc3339")]
    pub opened_at: Timestamp,
}

/// One conversation with all that is held of it.
#[derive(Clone, PartialEq, Serialize)]
pub struct ConversationDetail {
    /// But for its `alerts`: those below say more, and a name may come once only.
    #[serde(flatten, with = "WithoutAlerts")]
    pub summary: ConversationSummary,
    pub model: String,
    pub rules_version: String,
    /// What the risk is made of now.
    pub contributions: Vec<Contribution>,
    /// Oldest first; the last ones only, where there were more than are kept.
    pub turns: Vec<TurnView>,
    /// Scored turns before those, whose text is no longer held.
    pub earlier_turns: u64,
    pub findings: Vec<Finding>,
    pub promises: Vec<PromiseView>,
    /// Oldest first.
    pub alerts: Vec<AlertView>,
}

/// One turn: what was said, what was read off it, and what the conversation was after it.
#[derive(Clone, PartialEq, Serialize)]
pub struct TurnView {
    pub turn_id: String,
    pub role: Role,
    #[serde(serialize_with = "rfc3339")]
    pub ts: Timestamp,
    /// The beginning of the text, where it is longer than what is kept.
    pub text: String,
    pub truncated: bool,
    pub sentiment: SentimentView,
    pub signals: Vec<Span>,
    pub mistakes: Vec<Span>,
    pub acts: Vec<Span>,
    pub abstained: Option<&'static str>,
    pub conversation: ConversationView,
    pub contributions: Vec<Contribution>,
}

/// A promise of the business side that is not known to be kept.
#[derive(Clone, PartialEq, Serialize)]
pub struct PromiseView {
    pub state: PromiseState,
    /// Where it was made in another conversation of the same customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    pub turn_id: String,
    pub start: usize,
    pub end: usize,
    pub quote: String,
    #[serde(serialize_with = "rfc3339")]
    pub made_at: Timestamp,
    #[serde(serialize_with = "rfc3339")]
    pub due_at: Timestamp,
}

/// An alert of the conversation: its newest frame.
#[derive(Clone, PartialEq, Serialize)]
pub struct AlertView {
    pub state: AlertState,
    /// Its `ts` is when it last changed, so of a resolved one when it resolved.
    #[serde(flatten)]
    pub alert: AlertFrame,
}

impl From<AlertFrame> for AlertView {
    fn from(alert: AlertFrame) -> Self {
        let state = if alert.resolution.is_some() { AlertState::Resolved } else { AlertState::Open };
        AlertView { state, alert }
    }
}
