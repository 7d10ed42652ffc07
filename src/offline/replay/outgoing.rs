//! Frames as a client sends them: the counterpart of [`crate::wire::inbound`].
//!
//! Holds always: what is written here reads back as the same frame. Called by the rest of `replay`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::wire::{ClientFrame, Role, Turn, Visibility};

/// The time of a frame and the conversation it belongs to; none for frames about the session.
pub fn place(frame: &ClientFrame) -> Option<(Timestamp, &str)> {
    match frame {
        ClientFrame::Turn { turn, .. } => Some((turn.ts, &turn.conversation_id)),
        ClientFrame::Closed { closed, .. } => Some((closed.ts, &closed.conversation_id)),
        ClientFrame::Transferred { transferred, .. } => Some((transferred.ts, &transferred.conversation_id)),
        ClientFrame::Identify(_) | ClientFrame::Subscribe(_) | ClientFrame::Ping { .. } => None,
    }
}

/// Whether the server answers with `scored`; other frames are only acked.
pub fn is_scorable(frame: &ClientFrame) -> bool {
    matches!(frame, ClientFrame::Turn { turn, .. } if turn.role != Role::System && turn.visibility == Visibility::Public)
}

/// One line of JSON with this `seq`.
pub fn to_json(frame: &ClientFrame, seq: u64) -> String {
    let value = match frame {
        ClientFrame::Turn { turn, .. } => turn_to_json(turn, seq),
        ClientFrame::Closed { closed, .. } => json!({
            "type": "conversation.closed",
            "seq": seq,
            "conversation_id": closed.conversation_id,
            "ts": closed.ts.to_string(),
            "closed_by": closed.closed_by.map(Role::as_str),
        }),
        ClientFrame::Transferred { transferred, .. } => json!({
            "type": "conversation.transferred",
            "seq": seq,
            "conversation_id": transferred.conversation_id,
            "ts": transferred.ts.to_string(),
            "queue": transferred.queue,
            "agent_id": transferred.agent_id,
        }),
        // Recordings hold none: the reader passes over them.
        ClientFrame::Subscribe(_) => json!({"type": "subscribe"}),
        ClientFrame::Identify(_) => json!({"type": "identify"}),
        ClientFrame::Ping { t } => json!({"type": "ping", "t": t}),
    };
    value.to_string()
}

fn turn_to_json(turn: &Turn, seq: u64) -> Value {
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    put("type", json!("turn"));
    put("seq", json!(seq));
    put("turn_id", json!(turn.turn_id));
    put("conversation_id", json!(turn.conversation_id));
    put("role", json!(turn.role));
    put("text", json!(turn.text));
    put("ts", json!(turn.ts.to_string()));
    put("channel", json!(turn.channel));
    put("visibility", json!(turn.visibility));
    let optional = [
        ("queue", &turn.queue),
        ("customer_id", &turn.customer_id),
        ("agent_id", &turn.agent_id),
        ("lang", &turn.lang),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            put(name, json!(value));
        }
    }
    if !turn.attributes.is_empty() {
        put("attributes", json!(turn.attributes));
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_reads_back_as_the_same_frame() {
        let lines = [
            r#"{"type":"turn","turn_id":"m","conversation_id":"c","role":"customer","text":"ä\n\"","ts":"2026-01-31T10:02:11.25Z","channel":"chat","queue":"q","customer_id":"u","agent_id":"a","lang":"en","visibility":"private","attributes":{"tier":"gold"}}"#,
            r#"{"type":"turn","turn_id":"m","conversation_id":"c","role":"system","text":"","ts":"2026-01-31T10:02:11Z"}"#,
            r#"{"type":"conversation.closed","conversation_id":"c","ts":"2026-01-31T10:09:00Z","closed_by":"agent"}"#,
            r#"{"type":"conversation.closed","conversation_id":"c","ts":"2026-01-31T10:09:00Z"}"#,
            r#"{"type":"conversation.transferred","conversation_id":"c","ts":"2026-01-31T10:09:00Z","queue":"r","agent_id":"a"}"#,
        ];
        for line in lines {
            let frame = ClientFrame::parse(line).expect("valid").frame;
            let sent = ClientFrame::parse(&to_json(&frame, 7)).expect("valid");
            assert_eq!(sent.unknown_fields, 0);
            let mut expected = frame;
            match &mut expected {
                ClientFrame::Turn { seq, .. }
                | ClientFrame::Closed { seq, .. }
                | ClientFrame::Transferred { seq, .. } => *seq = Some(7),
                ClientFrame::Identify(_) | ClientFrame::Subscribe(_) | ClientFrame::Ping { .. } => {}
            }
            assert_eq!(sent.frame, expected);
        }
    }
}
