//! The fields of one inbound frame, read one by one with messages that say what is wrong and what is allowed.
//!
//! Holds always: a message repeats at most [`limits::ECHO_CHARS_MAX`] code points of a short field and never any of
//! `text` or `token`. Called by [`super::inbound`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::inbound::{ClientFrame, Clock, Closed, Identify, Parsed, Subscribe, Transferred, Turn, Wants};
use super::limits::{self, ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, ID_BYTES_MAX, TEXT_CHARS_MAX};
use super::{Channel, ErrorCode, Role, Severity, Visibility};

/// A refusal before the frame's `seq` and `turn_id` are added.
pub(super) struct Refusal {
    pub code: ErrorCode,
    pub message: String,
}

/// The fields of one frame; each is taken out as it is read, what remains is unknown.
pub(super) struct Fields {
    pub map: Map<String, Value>,
}

impl Fields {
    /// Reads the frame that `type` says.
    pub fn frame(mut self) -> Result<Parsed, Refusal> {
        const TYPES: &str = "identify, turn, conversation.closed, conversation.transferred, subscribe, ping";
        let kind = match self.map.remove("type") {
            Some(Value::String(kind)) => kind,
            Some(_) => return Err(invalid_frame(format!("type must be a string, one of {TYPES}"))),
            None => return Err(invalid_frame(format!("type is missing; it is one of {TYPES}"))),
        };
        let frame = match kind.as_str() {
            "identify" => ClientFrame::Identify(self.identify()?),
            "turn" => ClientFrame::Turn {
                seq: self.seq()?,
                turn: self.turn().map_err(|r| r.or_code(ErrorCode::InvalidTurn))?,
            },
            "conversation.closed" => ClientFrame::Closed { seq: self.seq()?, closed: self.closed()? },
            "conversation.transferred" => {
                ClientFrame::Transferred { seq: self.seq()?, transferred: self.transferred()? }
            }
            "subscribe" => ClientFrame::Subscribe(self.subscribe()?),
            "ping" => ClientFrame::Ping { t: self.map.remove("t").unwrap_or(Value::Null) },
            other => return Err(invalid_frame(format!("type {} is not one of {TYPES}", echo(other)))),
        };
        Ok(Parsed { frame, unknown_fields: u32::try_from(self.map.len()).unwrap_or(u32::MAX) })
    }

    fn turn(&mut self) -> Result<Turn, Refusal> {
        Ok(Turn {
            turn_id: self.required_id("turn_id")?,
            conversation_id: self.required_id("conversation_id")?,
            role: self.role()?,
            text: self.text()?,
            ts: self.ts()?,
            channel: match self.optional_text("channel")? {
                Some(name) => Channel::parse(&name).unwrap_or(Channel::Other),
                None => Channel::Other,
            },
            queue: self.optional_text("queue")?,
            customer_id: self.optional_text("customer_id")?,
            agent_id: self.optional_text("agent_id")?,
            lang: self.optional_text("lang")?,
            visibility: match self.optional_text("visibility")? {
                Some(name) => Visibility::parse(&name)
                    .ok_or_else(|| not_one_of("visibility", &name, &Visibility::allowed()))?,
                None => Visibility::Public,
            },
            attributes: self.attributes()?,
        })
    }

    fn closed(&mut self) -> Result<Closed, Refusal> {
        let conversation_id = self.required_id("conversation_id")?;
        let ts = self.ts()?;
        let closed_by = match self.optional_text("closed_by")? {
            Some(name) => {
                Some(Role::parse(&name).ok_or_else(|| not_one_of("closed_by", &name, &Role::allowed()))?)
            }
            None => None,
        };
        Ok(Closed { conversation_id, ts, closed_by })
    }

    fn transferred(&mut self) -> Result<Transferred, Refusal> {
        Ok(Transferred {
            conversation_id: self.required_id("conversation_id")?,
            ts: self.ts()?,
            queue: self.optional_text("queue")?,
            agent_id: self.optional_text("agent_id")?,
        })
    }

    fn identify(&mut self) -> Result<Identify, Refusal> {
        let source = self.optional_text("source")?;
        let token = match self.map.remove("token") {
            None | Some(Value::Null) => None,
            Some(Value::String(token)) => Some(token),
            Some(_) => return Err(invalid_frame("token must be a string".to_owned())),
        };
        let clock = match self.optional_text("clock")? {
            Some(name) => Clock::parse(&name).ok_or_else(|| not_one_of("clock", &name, &Clock::allowed()))?,
            None => Clock::Wall,
        };
        Ok(Identify { source, token, want: self.wants("want")?, clock })
    }

    fn subscribe(&mut self) -> Result<Subscribe, Refusal> {
        let events = self.wants("events")?;
        let queue = self.optional_text("queue")?;
        let min_severity = match self.optional_text("min_severity")? {
            Some(name) => Some(
                Severity::parse(&name)
                    .ok_or_else(|| not_one_of("min_severity", &name, &Severity::allowed()))?,
            ),
            None => None,
        };
        let conversation_id = match self.optional_text("conversation_id")? {
            Some(id) if id.is_empty() => return Err(invalid_frame("conversation_id is empty".to_owned())),
            id => id,
        };
        Ok(Subscribe { events, queue, conversation_id, min_severity })
    }

    /// The kinds of frames listed in a field; all of them without it.
    fn wants(&mut self, field: &'static str) -> Result<Wants, Refusal> {
        const ALLOWED: &str = "scored, findings, alerts";
        let list = match self.map.remove(field) {
            None | Some(Value::Null) => return Ok(Wants::default()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(invalid_frame(format!("{field} must be a list of {ALLOWED}"))),
        };
        let mut wants = Wants { scored: false, findings: false, alerts: false };
        for item in &list {
            match item.as_str() {
                Some("scored") => wants.scored = true,
                Some("findings") => wants.findings = true,
                Some("alerts") => wants.alerts = true,
                Some(other) => return Err(not_one_of(field, other, ALLOWED)),
                None => return Err(invalid_frame(format!("{field} must be a list of {ALLOWED}"))),
            }
        }
        Ok(wants)
    }

    fn seq(&mut self) -> Result<Option<u64>, Refusal> {
        match self.map.remove("seq") {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(seq) => Ok(Some(seq)),
                None => {
                    Err(invalid_frame("seq must be a whole number from 0 to 18446744073709551615".to_owned()))
                }
            },
        }
    }

    fn role(&mut self) -> Result<Role, Refusal> {
        let name = self.required_text("role")?;
        Role::parse(&name).ok_or_else(|| not_one_of("role", &name, &Role::allowed()))
    }

    fn text(&mut self) -> Result<String, Refusal> {
        let text = match self.map.remove("text") {
            Some(Value::String(text)) => text,
            Some(_) => return Err(invalid_frame("text must be a string".to_owned())),
            None => return Err(missing("text")),
        };
        let chars = text.chars().count();
        if chars > TEXT_CHARS_MAX {
            let message = format!("text has {chars} code points; at most {TEXT_CHARS_MAX} are taken");
            return Err(Refusal { code: ErrorCode::TextTooLong, message });
        }
        Ok(text)
    }

    fn ts(&mut self) -> Result<Timestamp, Refusal> {
        let text = self.required_text("ts")?;
        text.parse().map_err(|_| {
            invalid_frame(format!("ts {} is not RFC 3339, for example 2026-01-31T10:02:11.250Z", echo(&text)))
        })
    }

    fn required_id(&mut self, name: &'static str) -> Result<String, Refusal> {
        let id = self.required_text(name)?;
        if id.is_empty() { Err(invalid_frame(format!("{name} is empty"))) } else { Ok(id) }
    }

    fn required_text(&mut self, name: &'static str) -> Result<String, Refusal> {
        self.optional_text(name)?.ok_or_else(|| missing(name))
    }

    fn optional_text(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        match self.map.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() <= ID_BYTES_MAX => Ok(Some(text)),
            Some(Value::String(text)) => Err(invalid_frame(format!(
                "{name} has {} bytes; at most {ID_BYTES_MAX} are taken",
                text.len()
            ))),
            Some(_) => Err(invalid_frame(format!("{name} must be a string"))),
        }
    }

    fn attributes(&mut self) -> Result<BTreeMap<String, String>, Refusal> {
        let map = match self.map.remove("attributes") {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(Value::Object(map)) => map,
            Some(_) => return Err(invalid_frame("attributes must be an object".to_owned())),
        };
        if map.len() > ATTRIBUTES_MAX {
            return Err(invalid_frame(format!(
                "attributes has {} entries; at most {ATTRIBUTES_MAX} are taken",
                map.len()
            )));
        }
        let mut attributes = BTreeMap::new();
        for (key, value) in map {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    return Err(invalid_frame(
                        "the values of attributes are strings, numbers or booleans".to_owned(),
                    ));
                }
            };
            if key.len() > ATTRIBUTE_BYTES_MAX || text.len() > ATTRIBUTE_BYTES_MAX {
                return Err(invalid_frame(format!(
                    "an attribute is longer than {ATTRIBUTE_BYTES_MAX} bytes"
                )));
            }
            attributes.insert(key, text);
        }
        Ok(attributes)
    }
}

impl Refusal {
    /// The general code becomes the turn's own; `text_too_long` stays.
    fn or_code(mut self, code: ErrorCode) -> Self {
        if self.code == ErrorCode::InvalidFrame {
            self.code = code;
        }
        self
    }
}

fn invalid_frame(message: String) -> Refusal {
    Refusal { code: ErrorCode::InvalidFrame, message }
}

fn missing(name: &str) -> Refusal {
    invalid_frame(format!("{name} is missing"))
}

fn not_one_of(field: &str, value: &str, allowed: &str) -> Refusal {
    invalid_frame(format!("{field} {} is not one of {allowed}", echo(value)))
}

/// A refused value, quoted and cut.
fn echo(value: &str) -> String {
    let mut cut: String = value.chars().take(limits::ECHO_CHARS_MAX).collect();
    if cut.len() < value.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}
