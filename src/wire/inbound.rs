//! Frames from clients: parsing with messages that say which field is wrong and what is allowed.
//!
//! Holds always: a value returned here is within every limit of [`super::limits`]; unknown fields are
//! ignored and counted; an error repeats at most [`limits::ECHO_CHARS_MAX`] code points of a short field
//! and never any of `text` or `token`. Called by `gateway` and `offline`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::fields::{Fields, Refusal};
use super::limits::{self, ID_BYTES_MAX};
use super::names::names;
use super::{Channel, ErrorCode, Role, Severity, Visibility};
use serde::{Deserialize, Serialize};

names! {
    /// Which clock a source's timers follow: the server's, or the `ts` of its own frames (replays).
    Clock { Wall = "wall", Event = "event" }
}

/// One turn of a conversation. `Debug` shows no text and no id.
#[derive(Clone, PartialEq)]
pub struct Turn {
    pub turn_id: String,
    pub conversation_id: String,
    pub role: Role,
    /// At most [`limits::TEXT_CHARS_MAX`] code points; may be empty.
    pub text: String,
    pub ts: Timestamp,
    pub channel: Channel,
    pub queue: Option<String>,
    pub customer_id: Option<String>,
    pub agent_id: Option<String>,
    /// A BCP 47 tag as the source gave it, unchecked.
    pub lang: Option<String>,
    pub visibility: Visibility,
    /// Small facts for rules; numbers and booleans are kept as their JSON text.
    pub attributes: BTreeMap<String, String>,
}

/// The source closed a conversation.
#[derive(Clone, PartialEq)]
pub struct Closed {
    pub conversation_id: String,
    pub ts: Timestamp,
    pub closed_by: Option<Role>,
}

/// A conversation moved to another queue or agent.
#[derive(Clone, PartialEq)]
pub struct Transferred {
    pub conversation_id: String,
    pub ts: Timestamp,
    pub queue: Option<String>,
    pub agent_id: Option<String>,
}

/// Who connects, with what right, and what it wants to hear.
#[derive(Clone, PartialEq)]
pub struct Identify {
    pub source: Option<String>,
    pub token: Option<String>,
    pub want: Wants,
    pub clock: Clock,
}

/// What a reader of `/v1/events` wants to hear; what it says last replaces what it said before.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscribe {
    pub events: Wants,
    /// Only of conversations that are in this queue then.
    pub queue: Option<String>,
    /// Only of this conversation.
    pub conversation_id: Option<String>,
    /// No alerts below this; scores and findings have no severity and come all the same.
    pub min_severity: Option<Severity>,
}

/// Which frames a client wants. All by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    pub scored: bool,
    pub findings: bool,
    pub alerts: bool,
}

/// One valid frame of a client. `seq` is present where the frame had one; sockets require it.
#[derive(Clone, PartialEq, Debug)]
pub enum ClientFrame {
    Identify(Identify),
    Turn { seq: Option<u64>, turn: Turn },
    Closed { seq: Option<u64>, closed: Closed },
    Transferred { seq: Option<u64>, transferred: Transferred },
    Subscribe(Subscribe),
    Ping { t: Value },
}

/// A frame and how many of its fields were unknown.
#[derive(Clone, PartialEq, Debug)]
pub struct Parsed {
    pub frame: ClientFrame,
    pub unknown_fields: u32,
}

/// Why a frame was refused, with what could be read of it for the answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct FrameError {
    pub code: ErrorCode,
    pub message: String,
    pub seq: Option<u64>,
    pub turn_id: Option<String>,
}

impl Default for Wants {
    fn default() -> Self {
        Wants { scored: true, findings: true, alerts: true }
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Turn({}, {}, {} bytes)", self.role, self.channel, self.text.len())
    }
}

impl std::fmt::Debug for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Closed(by {:?})", self.closed_by)
    }
}

impl std::fmt::Debug for Transferred {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transferred")
    }
}

impl std::fmt::Debug for Identify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identify(token: {}, {:?}, {})", self.token.is_some(), self.want, self.clock)
    }
}

impl std::fmt::Debug for Subscribe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (queue, conversation) = (self.queue.is_some(), self.conversation_id.is_some());
        write!(
            f,
            "Subscribe({:?}, queue: {queue}, conversation: {conversation}, {:?})",
            self.events, self.min_severity
        )
    }
}

impl ClientFrame {
    /// Reads one JSON object.
    ///
    /// # Errors
    /// [`FrameError`] with `frame_too_large`, `invalid_json`, `invalid_frame`, `invalid_turn` or
    /// `text_too_long`.
    pub fn parse(line: &str) -> Result<Parsed, FrameError> {
        if line.len() > limits::FRAME_BYTES_MAX {
            let message = format!("{} bytes; a frame has at most {}", line.len(), limits::FRAME_BYTES_MAX);
            return Err(FrameError { code: ErrorCode::FrameTooLarge, message, seq: None, turn_id: None });
        }
        let value: Value = serde_json::from_str(line).map_err(|error| FrameError {
            code: ErrorCode::InvalidJson,
            // serde_json's own message may quote the input; its place is enough.
            message: format!("not JSON: error at line {} column {}", error.line(), error.column()),
            seq: None,
            turn_id: None,
        })?;
        Self::from_value(value)
    }

    /// Reads one JSON value that was parsed already (an element of an HTTP body).
    ///
    /// # Errors
    /// As [`ClientFrame::parse`].
    pub fn from_value(value: Value) -> Result<Parsed, FrameError> {
        let Value::Object(map) = value else {
            let message = "a frame is one JSON object".to_owned();
            return Err(FrameError { code: ErrorCode::InvalidFrame, message, seq: None, turn_id: None });
        };
        let seq = map.get("seq").and_then(Value::as_u64);
        let turn_id = map.get("turn_id").and_then(Value::as_str).filter(|id| id.len() <= ID_BYTES_MAX);
        let turn_id = turn_id.map(str::to_owned);
        Fields { map }.frame().map_err(|Refusal { code, message }| FrameError { code, message, seq, turn_id })
    }
}

/// Reads one turn from an HTTP body, where `type` may be left out.
///
/// # Errors
/// As [`ClientFrame::parse`]; a frame of another type is `invalid_frame`.
pub fn turn_from_value(mut value: Value) -> Result<(Turn, u32), FrameError> {
    if let Value::Object(map) = &mut value {
        map.entry("type").or_insert_with(|| Value::from("turn"));
    }
    let Parsed { frame, unknown_fields } = ClientFrame::from_value(value)?;
    match frame {
        ClientFrame::Turn { turn, .. } => Ok((turn, unknown_fields)),
        _ => Err(FrameError {
            code: ErrorCode::InvalidFrame,
            message: "only turns can be sent here".to_owned(),
            seq: None,
            turn_id: None,
        }),
    }
}
