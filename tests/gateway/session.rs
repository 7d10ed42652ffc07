//! What a chat platform says and hears on its socket.

use std::time::Duration;

use serde_json::json;
use undertone::wire::limits::{FRAME_BYTES_MAX, INFLIGHT_TURNS_MAX, TEXT_CHARS_MAX};

use crate::support::server::assert_conserved;
use crate::support::{Client, FakeScorer, Incoming, Server, settings, turn, with};

#[tokio::test]
async fn a_session_from_hello_to_goodbye() {
    let server = Server::start().await;
    let mut client = Client::connect(server.address).await;
    let hello = client.json().await;
    assert_eq!(hello["type"], "hello");
    assert_eq!(hello["heartbeat_interval_ms"], 25_000);
    assert_eq!(hello["max_inflight"], INFLIGHT_TURNS_MAX);
    assert_eq!(hello["max_frame_bytes"], FRAME_BYTES_MAX);
    assert_eq!(hello["max_text_chars"], TEXT_CHARS_MAX);
    assert_eq!(hello["durable_ack"], false);
    assert_eq!(client.json().await, json!({"type": "ready", "resumed": false, "last_seq": 0}));

    client.send(&json!({"type": "identify", "source": "acme-chat", "want": ["scored"]})).await;
    client.send(&turn(42, "c-17", "m-1", "third time I ask, I am furious")).await;
    let (mut scored, mut ack) = (None, None);
    while scored.is_none() || ack.is_none() {
        let frame = client.json().await;
        match frame["type"].as_str() {
            Some("scored") => scored = Some(frame),
            Some("ack") => ack = Some(frame),
            other => panic!("{other:?}"),
        }
    }
    let scored = scored.expect("scored");
    assert_eq!((&scored["seq"], &scored["turn_id"]), (&json!(42), &json!("m-1")));
    assert_eq!(scored["sentiment"]["label"], "negative");
    assert_eq!(scored["model"], "fake@1");
    assert!(scored["latency_ms"].as_f64().is_some_and(|ms| ms >= 0.0));
    assert_eq!(ack, Some(json!({"type": "ack", "seq": 42})));

    client.send(&json!({"type": "ping", "t": 12345})).await;
    assert_eq!(client.json().await, json!({"type": "pong", "t": 12345}));
    client.send_frame(crate::support::client::CLOSE, &1000_u16.to_be_bytes()).await;
    assert_eq!(client.next().await, Incoming::Close(1000));
    assert_eq!(client.next().await, Incoming::End);
}

#[tokio::test]
async fn each_refused_frame_gets_one_error_and_the_socket_goes_on() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    let good = turn(0, "c", "m", "hi");
    let long_id = "x".repeat(257);
    #[rustfmt::skip] // a table
    let table = [
        ("{".to_owned(), "invalid_json"),
        ("\u{1}".to_owned(), "invalid_json"),
        ("".to_owned(), "invalid_json"),
        ("  \n \n".to_owned(), "invalid_json"),
        ("[]".to_owned(), "invalid_frame"),
        ("42".to_owned(), "invalid_frame"),
        ("{}".to_owned(), "invalid_frame"),
        (json!({"type": "trun"}).to_string(), "invalid_frame"),
        (json!({"type": 7}).to_string(), "invalid_frame"),
        (with(good.clone(), json!({"seq": null})).to_string(), "invalid_frame"),
        (with(good.clone(), json!({"seq": "1"})).to_string(), "invalid_frame"),
        (with(good.clone(), json!({"seq": -1})).to_string(), "invalid_frame"),
        (with(good.clone(), json!({"seq": 1, "turn_id": null})).to_string(), "invalid_turn"),
        (with(good.clone(), json!({"seq": 2, "turn_id": ""})).to_string(), "invalid_turn"),
        (with(good.clone(), json!({"seq": 3, "turn_id": long_id})).to_string(), "invalid_turn"),
        (with(good.clone(), json!({"seq": 4, "conversation_id": 17})).to_string(), "invalid_turn"),
        (with(good.clone(), json!({"seq": 5, "role": "custmer"})).to_string(), "invalid_turn"),
        (with(good.clone(), json!({"seq": 6, "text": null})).to_string(), "invalid_turn"),
        (with(good.clone(), json!({"seq": 7, "text": 1})).to_string(), "invalid_turn"),
        (with(good.clone(), json!({"seq": 8, "ts": "yesterday"})).to_string(), "invalid_turn"),
        (with(good.clone(), json!({"seq": 9, "visibility": "hidden"})).to_string(), "invalid_turn"),
        (with(good.clone(), json!({"seq": 10, "text": "x".repeat(TEXT_CHARS_MAX + 1)})).to_string(), "text_too_long"),
        (json!({"type": "conversation.closed", "ts": "2026-01-31T10:00:00Z", "conversation_id": "c"}).to_string(), "invalid_frame"),
        (json!({"type": "conversation.closed", "seq": 11, "conversation_id": "c"}).to_string(), "invalid_frame"),
    ];
    for (message, code) in &table {
        client.send_frame(crate::support::client::TEXT, message.as_bytes()).await;
        let error = client.json_of("error").await;
        assert_eq!(error["code"], *code, "{message:.80}: {error}");
        assert_eq!(error["temporary"], false);
    }
    client.send(&turn(100, "c", "m", "hi")).await;
    assert_eq!(client.json_of("scored").await["seq"], 100);
    let metrics = server.metrics().await;
    assert_conserved(&metrics);
    assert_eq!(crate::support::server::sum(&metrics, "undertone_frames_refused_total"), table.len() as f64);
    assert_eq!(crate::support::server::sum(&metrics, "undertone_turns_received_total"), 1.0);
}

#[tokio::test]
async fn errors_carry_the_seq_and_turn_id_of_what_they_refuse() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send(&with(turn(7, "c", "m-9", "hi"), json!({"role": "custmer"}))).await;
    let error = client.json().await;
    assert_eq!(error["message"], "role \"custmer\" is not one of customer, agent, bot, system");
    assert_eq!((&error["seq"], &error["turn_id"]), (&json!(7), &json!("m-9")));
    // It was answered, so it is acknowledged.
    assert_eq!(client.json().await, json!({"type": "ack", "seq": 7}));
    client.send(&with(turn(0, "c", "m-10", "hi"), json!({"seq": null}))).await;
    let error = client.json().await;
    assert_eq!((&error["code"], &error["turn_id"]), (&json!("invalid_frame"), &json!("m-10")));
}

#[tokio::test]
async fn a_seq_that_does_not_rise_is_out_of_order_and_gaps_are_fine() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send(&turn(5, "c", "m-1", "hi")).await;
    client.json_of("scored").await;
    for seq in [5, 4, 0] {
        client.send(&turn(seq, "c", "m-2", "hi")).await;
        let error = client.json_of("error").await;
        assert_eq!(
            (&error["code"], &error["seq"], &error["turn_id"]),
            (&json!("out_of_order"), &json!(seq), &json!("m-2"))
        );
    }
    client.send(&turn(1_000_000, "c", "m-2", "hi")).await;
    assert_eq!(client.json_of("scored").await["turn_id"], "m-2");
}

#[tokio::test]
async fn several_frames_in_one_message_are_taken_in_order_and_acknowledged_once() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    let lines: Vec<_> = (1..=3).map(|seq| turn(seq, "c", &format!("m-{seq}"), "hi").to_string()).collect();
    client.send_frame(crate::support::client::TEXT, lines.join("\r\n\n").as_bytes()).await;
    let (mut scored, mut acks) = (Vec::new(), Vec::new());
    while scored.len() < 3 || acks.is_empty() {
        let frame = client.json().await;
        match frame["type"].as_str() {
            Some("scored") => scored.push(frame["turn_id"].clone()),
            _ => acks.push(frame),
        }
    }
    assert_eq!(scored, ["m-1", "m-2", "m-3"]);
    assert_eq!(acks, [json!({"type": "ack", "seq": 3})]);
}

#[tokio::test]
async fn a_repeated_turn_is_answered_from_memory_and_changes_nothing() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send(&turn(1, "c", "m-1", "I am furious")).await;
    let first = client.json_of("scored").await;
    client.send(&turn(2, "c", "m-1", "I am furious")).await;
    let second = client.json_of("scored").await;
    assert_eq!(second["seq"], 2);
    assert_eq!(first["conversation"], second["conversation"]);
    assert_eq!(server.sum("undertone_turns_duplicate_total").await, 1.0);
    assert_conserved(&server.metrics().await);
}

#[tokio::test]
async fn system_and_private_turns_are_acknowledged_and_never_scored() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send(&with(turn(1, "c", "m-1", "joined"), json!({"role": "system"}))).await;
    assert_eq!(client.json().await, json!({"type": "ack", "seq": 1}));
    client
        .send(&with(turn(2, "c", "m-2", "a note"), json!({"role": "agent", "visibility": "private"})))
        .await;
    assert_eq!(client.json().await, json!({"type": "ack", "seq": 2}));
    assert_eq!(server.sum("undertone_turns_unscored_total").await, 2.0);
}

#[tokio::test]
async fn empty_text_and_the_longest_text_in_four_byte_characters_are_taken() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send(&turn(1, "c", "m-1", "")).await;
    assert_eq!(client.json_of("scored").await["turn_id"], "m-1");
    let longest = "😀".repeat(TEXT_CHARS_MAX);
    client.send(&turn(2, "c", "m-2", &longest)).await;
    assert_eq!(client.json_of("scored").await["turn_id"], "m-2");
    // Escaped it is three times as long, and still fits.
    let escaped =
        turn(3, "c", "m-3", "TEXT").to_string().replace("TEXT", &"\\ud83d\\ude00".repeat(TEXT_CHARS_MAX));
    client.send_frame(crate::support::client::TEXT, escaped.as_bytes()).await;
    assert_eq!(client.json_of("scored").await["turn_id"], "m-3");
    client.send(&turn(4, "c", "m-4", &format!("{longest}😀"))).await;
    assert_eq!(client.json_of("error").await["code"], "text_too_long");
}

#[tokio::test]
async fn clients_hear_only_what_they_asked_for() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send(&json!({"type": "identify", "want": ["alerts"]})).await;
    for seq in 1..=3 {
        client.send(&turn(seq, "c", &format!("m-{seq}"), "I am furious")).await;
    }
    let mut kinds = Vec::new();
    while !kinds.iter().any(|kind: &String| kind.starts_with("alert.")) {
        kinds.push(client.json().await["type"].as_str().expect("a type").to_owned());
    }
    assert!(!kinds.contains(&"scored".to_owned()), "{kinds:?}");
}

#[tokio::test]
async fn closes_and_transfers_are_acknowledged() {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    let ts = "2026-01-31T10:09:00Z";
    client.send(&turn(1, "c", "m-1", "hi")).await;
    client.json_of("scored").await;
    client.send(&json!({"type": "conversation.transferred", "seq": 2, "conversation_id": "c", "ts": ts, "queue": "sales"})).await;
    client.send(&json!({"type": "conversation.closed", "seq": 3, "conversation_id": "c", "ts": ts, "closed_by": "agent"})).await;
    while client.json_of("ack").await["seq"] != 3 {}
}

#[tokio::test]
async fn more_turns_in_flight_than_announced_are_rate_limited() {
    let server = Server::start().await;
    server.scorer.hold();
    let mut client = Client::ready(server.address).await;
    let past = INFLIGHT_TURNS_MAX as u64 + 1;
    for seq in 1..=past {
        client.send(&turn(seq, &format!("c-{seq}"), "m", "hi")).await;
    }
    let error = client.json_of("error").await;
    assert_eq!(
        (&error["code"], &error["seq"], &error["temporary"]),
        (&json!("rate_limited"), &json!(past), &json!(true))
    );
    assert!(error["retry_after_ms"].as_u64().is_some());
    server.scorer.release();
    for _ in 0..INFLIGHT_TURNS_MAX {
        client.json_of("scored").await;
    }
    client.send(&turn(past + 1, &format!("c-{past}"), "m", "hi")).await;
    client.json_of("scored").await;
    assert_conserved(&server.metrics().await);
}

#[tokio::test]
async fn a_turn_the_scorer_forgets_is_answered_as_failed() {
    let server = Server::start().await;
    server.scorer.forget();
    let mut client = Client::ready(server.address).await;
    client.send(&turn(1, "c", "m-1", "hi")).await;
    let error = client.json_of("error").await;
    assert_eq!((&error["code"], &error["turn_id"]), (&json!("internal"), &json!("m-1")));
    assert_conserved(&server.metrics().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sockets_with_twenty_turns_each_get_one_answer_to_each() {
    const SOCKETS: usize = 200;
    const TURNS: usize = 20;
    let server = Server::start_with(settings(&[]), FakeScorer::new(10_000, Duration::from_micros(100))).await;
    let sessions: Vec<_> = (0..SOCKETS)
        .map(|socket| {
            let address = server.address;
            tokio::spawn(async move {
                let mut client = Client::ready(address).await;
                for at in 0..TURNS {
                    // Some conversations are shared by several sockets.
                    let conversation = format!("c-{}", (socket + at) % 50);
                    client.send(&turn(at as u64 + 1, &conversation, &format!("m-{socket}-{at}"), "hi")).await;
                }
                let mut answered = std::collections::HashMap::new();
                while answered.values().sum::<usize>() < TURNS {
                    let frame = client.json().await;
                    if ["scored", "error"].iter().any(|kind| frame["type"] == *kind) {
                        *answered.entry(frame["seq"].as_u64().expect("a seq")).or_insert(0_usize) += 1;
                    }
                }
                // Anything more would be before this.
                client.send(&json!({"type": "ping", "t": "last"})).await;
                while let frame = client.json().await
                    && frame["type"] != "pong"
                {
                    assert!(
                        frame["type"] != "scored" && frame["type"] != "error",
                        "a second answer: {frame}"
                    );
                }
                assert_eq!(answered.len(), TURNS);
                assert!(answered.values().all(|count| *count == 1));
            })
        })
        .collect();
    for session in sessions {
        session.await.expect("a session holds");
    }
    let metrics = server.metrics().await;
    assert_conserved(&metrics);
    assert_eq!(
        crate::support::server::sum(&metrics, "undertone_turns_received_total"),
        (SOCKETS * TURNS) as f64
    );
    assert_eq!(crate::support::server::sum(&metrics, "undertone_turns_in_flight"), 0.0);
}
