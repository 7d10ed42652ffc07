//! What time finds, as a chat platform hears of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, Server, turn, with};

/// A customer who asks, in conversation `id`.
fn asks(seq: u64, id: &str, ts: &str) -> Value {
    with(turn(seq, id, &format!("m-{seq}"), "where is my refund?"), json!({"ts": ts}))
}

/// A socket of the source `acme`.
async fn acme(server: &Server, clock: &str) -> Client {
    let mut client = Client::ready(server.address).await;
    client.send(&json!({"type": "identify", "source": "acme", "clock": clock})).await;
    client
}

#[tokio::test]
async fn a_replay_hears_of_a_wait_when_its_own_time_has_come() {
    let server = Server::start().await;
    let mut client = acme(&server, "event").await;
    client.send(&asks(1, "c-1", "2026-01-31T10:00:00Z")).await;
    client.json_of("scored").await;
    client.send(&asks(2, "c-2", "2026-01-31T10:05:00Z")).await;
    // Conversations do not wait for each other: either may come first.
    let (mut finding, mut scored) = (Value::Null, Value::Null);
    while finding.is_null() || scored.is_null() {
        let frame = client.json().await;
        match frame["type"].as_str() {
            Some("finding") => finding = frame,
            Some("scored") => scored = frame,
            _ => {}
        }
    }
    assert_eq!((&finding["kind"], &finding["name"]), (&json!("mistake"), &json!("left_waiting")));
    assert_eq!((&finding["state"], &finding["conversation_id"]), (&json!("open"), &json!("c-1")));
    assert_eq!((&finding["turn_id"], &finding["value"]), (&Value::Null, &json!(120.0)));
    assert_eq!(finding["ts"], "2026-01-31T10:02:00.000Z");
    let evidence = json!([{"turn_id": "m-1", "start": 0, "end": 19, "quote": "where is my refund?"}]);
    assert_eq!(finding["evidence"], evidence);
    let answer = with(asks(3, "c-1", "2026-01-31T10:06:00Z"), json!({"role": "agent", "text": "on its way"}));
    client.send(&answer).await;
    let resolved = client.json_of("finding").await;
    assert_eq!((&resolved["state"], &resolved["value"]), (&json!("resolved"), &json!(360.0)));
    assert_eq!(resolved["finding_id"], finding["finding_id"]);
    assert_eq!(server.sum("undertone_mistakes_total").await, 1.0);
}

#[tokio::test]
async fn on_the_servers_clock_a_wait_is_found_within_a_tick() {
    let server = Server::start_set(&["detectors.chat_first_reply_seconds=1"]).await;
    let mut client = acme(&server, "wall").await;
    client.send(&asks(1, "c-1", "2026-01-31T10:00:00Z")).await;
    assert_eq!(client.json_of("finding").await["name"], "left_waiting");
}

#[tokio::test]
async fn who_does_not_want_findings_gets_none() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send(&json!({"type": "identify", "clock": "event", "want": ["scored"]})).await;
    client.send(&asks(1, "c-1", "2026-01-31T10:00:00Z")).await;
    client.json_of("scored").await;
    client.send(&asks(2, "c-2", "2026-01-31T10:05:00Z")).await;
    while server.sum("undertone_mistakes_total").await < 1.0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.send(&json!({"type": "ping", "t": 1})).await;
    loop {
        let frame = client.json().await;
        assert_ne!(frame["type"], "finding");
        if frame["type"] == "pong" {
            return;
        }
    }
}

#[tokio::test]
async fn a_reconnect_pages_nobody() {
    let server = Server::start_set(&["detectors.chat_first_reply_seconds=2"]).await;
    let mut client = acme(&server, "wall").await;
    client.send(&asks(1, "c-1", "2026-01-31T10:00:00Z")).await;
    client.json_of("scored").await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    let mut client = acme(&server, "wall").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(server.sum("undertone_mistakes_total").await, 0.0);
    client.send(&json!({"type": "ping", "t": 1})).await;
    assert_eq!(client.json_of("pong").await["t"], 1);
}
