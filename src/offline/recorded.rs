//! Whole recorded conversations, one per line, and how they become the frames a live source would have sent.
//!
//! Holds always: a line is taken whole or refused whole; turns keep their order; the conversation is closed
//! at its last turn's `ts` by nobody in particular. Called by [`super::reader`] and [`super::replay`].

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::wire::limits::{ECHO_CHARS_MAX, ID_BYTES_MAX, TEXT_CHARS_MAX};
use crate::wire::{Channel, ClientFrame, Closed, ErrorCode, ErrorFrame, Role, Turn, Visibility};

/// The `ts` of the first turn of an input that has none. A fixed date, so that every run gives the same bytes.
pub const START: &str = "2026-01-01T00:00:00Z";
/// Between two turns that have no `ts`, unless `--spacing-seconds` says otherwise.
pub const SPACING_SECONDS_DEFAULT: u32 = 10;

/// One conversation as it was recorded. `Debug` shows no text and no id.
#[derive(Clone, PartialEq)]
pub struct Recorded {
    pub conversation_id: String,
    pub turns: Vec<RecordedTurn>,
    /// How it went, where the line says so; `backtest` knows which words it may be.
    pub outcome: Option<String>,
    /// The place of the turn at which somebody should have been told, where the line says so.
    pub alert_turn: Option<u64>,
}

/// One of its turns; `turn_id` will be its index.
#[derive(Clone, PartialEq)]
pub struct RecordedTurn {
    pub role: Role,
    pub text: String,
    pub ts: Option<Timestamp>,
}

/// Hands out the times of turns that were recorded without one: one every `step`, conversations one after
/// the other.
#[derive(Clone, Debug)]
pub struct Spacing {
    next: Timestamp,
    step: SignedDuration,
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recorded({} turns)", self.turns.len())
    }
}

impl Spacing {
    /// Times from `start` on, `seconds` apart.
    pub fn new(start: Timestamp, seconds: u32) -> Self {
        Spacing { next: start, step: SignedDuration::from_secs(i64::from(seconds)) }
    }

    /// Times from the fixed [`START`] on.
    pub fn from_fixed_start(seconds: u32) -> Self {
        Self::new(START.parse().expect("START is RFC 3339: this is a bug"), seconds)
    }

    /// The next time.
    pub fn take(&mut self) -> Timestamp {
        let ts = self.next;
        self.next = after(ts, self.step);
        ts
    }
}

/// `ts + step`, or the last moment there is.
pub fn after(ts: Timestamp, step: SignedDuration) -> Timestamp {
    ts.checked_add(step).unwrap_or(Timestamp::MAX)
}

impl Recorded {
    /// Reads the object of one line.
    ///
    /// # Errors
    /// An error frame (without its line) that names the turn and what is wrong with it.
    pub fn from_map(mut map: Map<String, Value>) -> Result<Self, ErrorFrame> {
        let conversation_id = match map.remove("conversation_id") {
            Some(Value::String(id)) if !id.is_empty() && id.len() <= ID_BYTES_MAX => id,
            Some(Value::String(_)) => {
                return Err(refused(format!("conversation_id must have 1 to {ID_BYTES_MAX} bytes")));
            }
            Some(_) => return Err(refused("conversation_id must be a string".to_owned())),
            None => return Err(refused("conversation_id is missing".to_owned())),
        };
        let Some(Value::Array(list)) = map.remove("turns") else {
            return Err(refused("turns must be a list of turns".to_owned()));
        };
        let outcome = map.get("outcome").and_then(Value::as_str).map(str::to_owned);
        let alert_turn = map.get("alert_turn").and_then(Value::as_u64);
        let turns = list.into_iter().enumerate().map(|(index, turn)| {
            RecordedTurn::from_value(turn).map_err(|(code, message)| ErrorFrame {
                turn_id: Some(index.to_string()),
                ..ErrorFrame::new(code, format!("turn {index}: {message}"))
            })
        });
        let turns = turns.collect::<Result<_, _>>()?;
        Ok(Recorded { conversation_id, turns, outcome, alert_turn })
    }

    /// Whether the recording says when it took place.
    pub fn is_timed(&self) -> bool {
        self.turns.first().is_some_and(|turn| turn.ts.is_some())
    }

    /// The frames a live source would have sent: every turn, then the end. Turns without `ts` take one from
    /// `spacing`, or follow the timed turn before them at the same distance.
    pub fn into_frames(self, spacing: &mut Spacing) -> Vec<ClientFrame> {
        let Recorded { conversation_id, turns, .. } = self;
        let mut frames = Vec::with_capacity(turns.len() + 1);
        let mut last_timed = None;
        let mut last = None;
        for (index, RecordedTurn { role, text, ts }) in turns.into_iter().enumerate() {
            let ts = match (ts, last_timed) {
                (Some(ts), _) => {
                    last_timed = Some(ts);
                    ts
                }
                (None, Some(before)) => {
                    let ts = after(before, spacing.step);
                    last_timed = Some(ts);
                    ts
                }
                (None, None) => spacing.take(),
            };
            last = Some(ts);
            frames.push(ClientFrame::Turn {
                seq: None,
                turn: plain_turn(&conversation_id, index, role, text, ts),
            });
        }
        if let Some(ts) = last {
            frames.push(ClientFrame::Closed {
                seq: None,
                closed: Closed { conversation_id, ts, closed_by: None },
            });
        }
        frames
    }
}

impl RecordedTurn {
    fn from_value(value: Value) -> Result<Self, (ErrorCode, String)> {
        let invalid = |message: String| (ErrorCode::InvalidTurn, message);
        let Value::Object(mut map) = value else {
            return Err(invalid("a turn is one JSON object".to_owned()));
        };
        let role = match map.remove("role") {
            Some(Value::String(name)) => role(&name).ok_or_else(|| {
                let cut: String = name.chars().take(ECHO_CHARS_MAX).collect();
                invalid(format!("role {cut:?} is not one of {}, other", Role::allowed()))
            })?,
            Some(_) => return Err(invalid("role must be a string".to_owned())),
            None => return Err(invalid("role is missing".to_owned())),
        };
        let text = match map.remove("text") {
            Some(Value::String(text)) => text,
            Some(_) => return Err(invalid("text must be a string".to_owned())),
            None => return Err(invalid("text is missing".to_owned())),
        };
        let chars = text.chars().count();
        if chars > TEXT_CHARS_MAX {
            let message = format!("text has {chars} code points; at most {TEXT_CHARS_MAX} are taken");
            return Err((ErrorCode::TextTooLong, message));
        }
        let ts = match map.remove("ts") {
            None | Some(Value::Null) => None,
            Some(Value::String(ts)) => Some(ts.parse().map_err(|_| {
                invalid("ts is not RFC 3339, for example 2026-01-31T10:02:11.250Z".to_owned())
            })?),
            Some(_) => return Err(invalid("ts must be a string".to_owned())),
        };
        Ok(RecordedTurn { role, text, ts })
    }
}

/// Data sets call whoever is not the customer `other`: here that is the agent.
fn role(name: &str) -> Option<Role> {
    if name == "other" { Some(Role::Agent) } else { Role::parse(name) }
}

fn refused(message: String) -> ErrorFrame {
    ErrorFrame::new(ErrorCode::InvalidFrame, message)
}

fn plain_turn(conversation_id: &str, index: usize, role: Role, text: String, ts: Timestamp) -> Turn {
    Turn {
        turn_id: index.to_string(),
        conversation_id: conversation_id.to_owned(),
        role,
        text,
        ts,
        channel: Channel::Other,
        queue: None,
        customer_id: None,
        agent_id: None,
        lang: None,
        visibility: Visibility::Public,
        attributes: BTreeMap::new(),
    }
}
