//! Every type that crosses a boundary: frames in, frames out, names, codes and limits.
//!
//! Holds always: no I/O here; only types of this room are (de)serialised for users; every text and list
//! that comes from outside has a limit in [`limits`]; a refusal carries a code of [`ErrorCode`] and a
//! message that names the field and what is allowed, never the text of a turn.
//! Called by `gateway`, `offline`, `pipeline`, and by `conversation` and `alerts` for names.

pub mod conversations;
pub mod inbound;
pub mod limits;
pub mod names;
pub mod outbound;
pub mod verdicts;

mod codes;
mod fields;

pub use codes::{CloseCode, ErrorCode};
pub use conversations::{
    AlertState, AlertView, ConversationDetail, ConversationList, ConversationState, ConversationSummary,
    OpenAlertView, PromiseState, PromiseView, TurnView,
};
pub use inbound::{
    ClientFrame, Clock, Closed, FrameError, Identify, Parsed, Subscribe, Transferred, Turn, Wants,
};
pub use names::{
    Act, AlertKind, Channel, FindingKind, FindingState, Found, Label, Level, Mistake, Role, Severity, Signal,
    Visibility,
};
pub use outbound::{
    AlertFrame, Contribution, ConversationView, ErrorFrame, Evidence, Finding, Hello, Reason, Resolution,
    Scored, SentimentView, ServerFrame, Span,
};

/// The websocket subprotocol, the only one spoken.
pub const SUBPROTOCOL: &str = "undertone.v1.json";
