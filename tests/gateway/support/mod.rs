//! What the tests are made of.

pub mod client;
pub mod scorer;
pub mod server;

pub use client::{Client, Incoming, Request};
pub use scorer::FakeScorer;
pub use server::{Server, settings};

use serde_json::{Value, json};

/// A valid turn with this `seq`; its other fields can be changed afterwards.
pub fn turn(seq: u64, conversation: &str, turn_id: &str, text: &str) -> Value {
    json!({
        "type": "turn", "seq": seq, "turn_id": turn_id, "conversation_id": conversation, "role": "customer",
        "text": text, "ts": "2026-01-31T10:02:11.250Z", "channel": "chat", "queue": "billing",
    })
}

/// The `value` with some fields replaced; null removes one.
pub fn with(mut value: Value, changes: Value) -> Value {
    let fields = value.as_object_mut().expect("an object");
    for (name, change) in changes.as_object().expect("an object") {
        match change {
            Value::Null => fields.remove(name),
            other => fields.insert(name.clone(), other.clone()),
        };
    }
    value
}
