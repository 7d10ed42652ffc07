//! What clients send: the schemas and the parser accept and refuse the same, and so does docs/protocol.md.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::contract::{CLIENT_TYPES, assert_agreed, assert_valid, folder, validator};

fn examples() -> [Value; 6] {
    [
        json!({"type": "identify", "source": "acme-chat", "token": "t", "want": ["scored"], "clock": "wall"}),
        json!({
            "type": "turn", "seq": 42, "turn_id": "m-1", "conversation_id": "c-17", "role": "customer", "text": "hi",
            "ts": "2026-01-31T10:02:11.250Z", "channel": "chat", "queue": "billing", "customer_id": "u-5",
            "agent_id": null, "lang": "en", "visibility": "public", "attributes": {"tier": "gold"},
        }),
        json!({
            "type": "conversation.closed", "seq": 43, "conversation_id": "c-17", "ts": "2026-01-31T10:09:00Z",
            "closed_by": "agent",
        }),
        json!({
            "type": "conversation.transferred", "seq": 44, "conversation_id": "c-17",
            "ts": "2026-01-31T10:10:00+01:00", "queue": "retention", "agent_id": "a-8",
        }),
        json!({"type": "ping", "t": 12345}),
        json!({
            "type": "subscribe", "events": ["alerts"], "queue": "billing", "min_severity": "warning",
            "conversation_id": "c-17",
        }),
    ]
}

/// Values that some fields take and others do not.
fn values() -> Vec<Value> {
    let attributes = |count: usize| (0..count).map(|at| (format!("a{at}"), json!(at))).collect::<Value>();
    let mut values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("x".repeat(256)),
        json!("x".repeat(257)),
        json!("ü".repeat(256)),
        json!("x".repeat(8_000)),
        json!("😡".repeat(8_001)),
        json!([]),
        json!([7]),
        json!(["x"]),
        json!({}),
        json!({"deep": {}}),
        json!({"long": "x".repeat(257)}),
        json!({"x".repeat(257): "long"}),
        json!({"nothing": null, "yes": true, "seven": 7}),
        json!("2026-01-31T10:02:11Z"),
        json!("2026-01-31T10:02:11.25+02:00"),
        json!("31.1.2026"),
        attributes(16),
        attributes(17),
    ];
    for name in
        ["customer", "bot", "system", "public", "private", "wall", "event", "critical", "chat", "pigeon"]
    {
        values.push(json!(name));
    }
    for list in [&["scored", "findings", "alerts"][..], &["findings", "findings"], &["scored", "x"]] {
        values.push(json!(list));
    }
    values
}

#[test]
fn the_schemas_and_the_parser_accept_and_refuse_the_same() {
    for example in examples() {
        assert_valid(&format!("schemas/{}.json", example["type"].as_str().expect("a type")), &example);
        assert_agreed(&example);
        let fields: Vec<_> = example.as_object().expect("an object").keys().cloned().collect();
        for field in fields.iter().filter(|field| *field != "type") {
            let mut changed = example.clone();
            changed.as_object_mut().expect("an object").remove(field);
            assert_agreed(&changed);
            for value in values() {
                changed[field] = value;
                assert_agreed(&changed);
            }
        }
        let mut more = example.clone();
        more["unheard_of"] = json!([1]);
        assert_agreed(&more);
    }
}

#[test]
fn the_examples_have_every_field_that_a_client_may_send() {
    let sent: BTreeSet<_> =
        examples().iter().map(|example| example["type"].as_str().expect("a type").to_owned()).collect();
    assert_eq!(sent, CLIENT_TYPES.map(str::to_owned).into());
    for example in examples() {
        let schema =
            crate::contract::document(&format!("schemas/{}.json", example["type"].as_str().expect("a type")));
        let keys =
            |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&schema["properties"]), keys(&example));
    }
}

#[test]
fn every_example_of_the_protocol_page_is_as_its_schema_says() {
    let protocol = std::fs::read_to_string(folder().join("protocol.md")).expect("docs/protocol.md");
    let mut checked = BTreeSet::new();
    for line in protocol.lines() {
        let line = line.strip_prefix("→ ").or(line.strip_prefix("← ")).unwrap_or(line);
        // What is elided is no JSON.
        let Ok(frame) = serde_json::from_str::<Value>(line) else { continue };
        let Some(kind) = frame["type"].as_str() else { continue };
        let place = format!("schemas/{kind}.json");
        if frame["role"] == "custmer" {
            assert!(!validator(&place).is_valid(&frame), "{line}");
            continue;
        }
        assert_valid(&place, &frame);
        checked.insert(kind.to_owned());
    }
    assert!(checked.len() >= 12, "only {checked:?}");
}
