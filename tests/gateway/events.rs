//! `/v1/events`: what supervisors' tools hear, and what becomes of those that do not listen.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use undertone::gateway::Drained;

use crate::support::client::{BINARY, CLOSE, TEXT};
use crate::support::server::{assert_conserved, sum};
use crate::support::{Client, FakeScorer, Incoming, Request, Server, settings, turn, with};

const TOKEN: &str = "open-sesame-4711";

fn events() -> Request {
    Request::upgrade().at("/v1/events")
}

/// A reader after hello and ready.
async fn reader(server: &Server) -> Client {
    let (mut client, answer) = Client::upgrade(server.address, &events()).await;
    assert_eq!(answer.status, 101, "{}", answer.body);
    assert_eq!(client.json().await["type"], "hello");
    assert_eq!(client.json().await["type"], "ready");
    client
}

/// A reader of what `wanted` says, once that is in force.
async fn subscribed(server: &Server, wanted: Value) -> Client {
    let mut client = reader(server).await;
    subscribe(&mut client, wanted).await;
    client
}

async fn subscribe(client: &mut Client, wanted: Value) {
    client.send(&with(json!({"type": "subscribe"}), wanted)).await;
    fence(client).await;
}

/// What comes until the server has handled everything that was sent before.
async fn fence(client: &mut Client) -> Vec<Value> {
    client.send(&json!({"type": "ping", "t": "fence"})).await;
    let mut before = Vec::new();
    loop {
        match client.json().await {
            frame if frame["type"] == "pong" => return before,
            frame => before.push(frame),
        }
    }
}

/// All that was published for it before: the second answer comes after what waited at the first.
async fn settled(client: &mut Client) -> Vec<Value> {
    let mut before = fence(client).await;
    before.extend(fence(client).await);
    before
}

/// What comes up to the score of a turn.
async fn until_scored(client: &mut Client, turn_id: &str) -> Vec<Value> {
    let mut before = Vec::new();
    loop {
        let frame = client.json().await;
        if frame["type"] == "scored" && frame["turn_id"] == turn_id {
            return before;
        }
        before.push(frame);
    }
}

/// Three furious turns: an alert opens; then a close: it resolves.
async fn upset(producer: &mut Client, conversation: &str, queue: &str, first_seq: u64) {
    for at in 0..3 {
        let id = format!("{conversation}-{at}");
        producer
            .send(&with(turn(first_seq + at, conversation, &id, "furious"), json!({"queue": queue})))
            .await;
    }
    let closed = json!({"type": "conversation.closed", "seq": first_seq + 3, "conversation_id": conversation,
        "ts": "2026-01-31T10:05:00Z", "closed_by": "agent"});
    producer.send(&closed).await;
    while producer.json_of("alert.resolved").await["conversation_id"] != conversation {}
}

fn names(frames: &[Value]) -> Vec<String> {
    frames
        .iter()
        .map(|frame| {
            let kind = frame["type"].as_str().expect("a type");
            format!("{kind} {}", frame["conversation_id"].as_str().expect("an id"))
        })
        .collect()
}

#[tokio::test]
async fn nothing_is_sent_before_the_first_subscribe() {
    let server = Server::start().await;
    let mut producer = Client::ready(server.address).await;
    let mut silent = reader(&server).await;
    upset(&mut producer, "c", "billing", 1).await;
    assert_eq!(fence(&mut silent).await, Vec::<Value>::new());
    assert!(timeout(Duration::from_millis(300), silent.next()).await.is_err());
}

#[tokio::test]
async fn each_filter_lets_through_what_it_names() {
    let server = Server::start().await;
    let mut producer = Client::ready(server.address).await;
    let alerts = ["alert.opened a", "alert.resolved a", "alert.opened b", "alert.resolved b"];
    #[rustfmt::skip] // a table
    let table: [(Value, &[&str]); 9] = [
        (json!({"events": ["scored"]}), &["scored a", "scored a", "scored a", "scored b", "scored b", "scored b", "scored end"]),
        (json!({"events": ["scored"], "queue": "sales"}), &["scored b", "scored b", "scored b"]),
        (json!({"events": ["scored"], "queue": "nobody's"}), &[]),
        (json!({"events": ["scored"], "conversation_id": "b"}), &["scored b", "scored b", "scored b"]),
        (json!({"events": ["scored"], "conversation_id": "b", "queue": "support"}), &[]),
        (json!({"events": ["alerts"]}), &alerts),
        (json!({"events": ["alerts"], "min_severity": "info", "conversation_id": "a"}), &alerts[..2]),
        (json!({"events": ["scored", "alerts"], "min_severity": "critical", "conversation_id": "a"}), &["scored a", "scored a", "scored a"]),
        (json!({"events": []}), &[]),
    ];
    let mut readers = Vec::new();
    for (wanted, _) in &table {
        readers.push(subscribed(&server, wanted.clone()).await);
    }
    let mut all = subscribed(&server, json!({})).await;
    upset(&mut producer, "a", "support", 1).await;
    upset(&mut producer, "b", "sales", 11).await;
    producer.send(&turn(20, "end", "end", "hi")).await;
    // Conversations have no order between them.
    let mut left = vec!["alert.resolved a", "alert.resolved b", "scored end"];
    while !left.is_empty() {
        let heard = names(&[all.json().await]);
        left.retain(|name| *name != heard[0]);
    }
    for (client, (wanted, expect)) in readers.iter_mut().zip(&table) {
        let findings = |frame: &Value| frame["type"] == "finding";
        let got: Vec<Value> = settled(client).await.into_iter().filter(|frame| !findings(frame)).collect();
        let mut got = names(&got);
        got.sort_by_key(|name| name.rsplit(' ').next().map(str::to_owned));
        assert_eq!(got, *expect, "{wanted}");
    }
}

#[tokio::test]
async fn a_reader_hears_what_the_producer_hears_in_its_order_without_what_is_the_producers_own() {
    let server = Server::start().await;
    let mut producer = Client::ready(server.address).await;
    let mut client = subscribed(&server, json!({})).await;
    for at in 1..=3 {
        producer.send(&turn(at, "a", &format!("a-{at}"), "furious")).await;
    }
    let mut told = Vec::new();
    while told.last().is_none_or(|frame: &Value| frame["type"] != "alert.opened") {
        let frame = producer.json().await;
        if frame["type"] != "ack" {
            told.push(with(frame, json!({"seq": null, "latency_ms": null})));
        }
    }
    assert!(told.len() > 2, "scores, then an alert");
    for expect in told {
        assert_eq!(client.json().await, expect);
    }
}

#[tokio::test]
async fn the_newest_subscription_replaces_the_one_before_and_a_wrong_one_changes_nothing() {
    let server = Server::start().await;
    let mut producer = Client::ready(server.address).await;
    let mut client = subscribed(&server, json!({"events": ["scored"], "conversation_id": "a"})).await;
    let mut witness = subscribed(&server, json!({"events": ["scored"]})).await;
    producer.send(&turn(1, "a", "a-1", "hi")).await;
    until_scored(&mut client, "a-1").await;
    subscribe(&mut client, json!({"events": ["scored"], "conversation_id": "b"})).await;
    for (wrong, named) in [
        (json!({"events": ["scores"]}), "scored, findings, alerts"),
        (json!({"events": "scored"}), "scored, findings, alerts"),
        (json!({"min_severity": "fatal"}), "info, warning, critical"),
        (json!({"conversation_id": ""}), "conversation_id"),
        (json!({"queue": 7}), "queue"),
        (json!({"queue": "q".repeat(257)}), "queue"),
    ] {
        client.send(&with(json!({"type": "subscribe"}), wrong.clone())).await;
        let error = client.json().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("invalid_frame")));
        assert!(error["message"].as_str().expect("text").contains(named), "{wrong}: {error}");
    }
    producer.send(&turn(2, "a", "a-2", "hi")).await;
    until_scored(&mut witness, "a-2").await;
    producer.send(&turn(3, "b", "b-1", "hi")).await;
    assert_eq!(until_scored(&mut client, "b-1").await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_belongs_to_the_other_path_is_refused_with_its_name() {
    let server = Server::start().await;
    let mut producer = Client::ready(server.address).await;
    producer.send(&json!({"type": "subscribe", "events": ["alerts"]})).await;
    let error = producer.json().await;
    assert_eq!(error["code"], "invalid_frame");
    assert!(error["message"].as_str().expect("text").contains("/v1/events"), "{error}");
    let mut client = reader(&server).await;
    client.send(&turn(7, "c", "m", "hi")).await;
    let error = client.json().await;
    assert_eq!(
        (&error["code"], &error["seq"], &error["turn_id"]),
        (&json!("invalid_frame"), &json!(7), &json!("m"))
    );
    assert!(error["message"].as_str().expect("text").contains("/v1/ingest"), "{error}");
    assert_eq!(server.sum("undertone_turns_received_total").await, 0.0);
    assert_eq!(server.sum("undertone_frames_refused_total").await, 2.0);
}

#[tokio::test]
async fn the_token_is_shown_in_the_handshake_or_first() {
    let server = Server::start_set(&["server.token=open-sesame-4711"]).await;
    let bearer = |token: &str| events().header("Authorization", &format!("Bearer {token}"));
    let (_, answer) = Client::upgrade(server.address, &bearer("wrong")).await;
    assert_eq!(answer.status, 401);
    let (mut client, answer) = Client::upgrade(server.address, &bearer(TOKEN)).await;
    assert_eq!(answer.status, 101);
    assert_eq!(client.json().await["type"], "hello");
    assert_eq!(client.json().await["type"], "ready");

    let (mut client, _) = Client::upgrade(server.address, &events()).await;
    assert_eq!(client.json().await["type"], "hello");
    client.send(&json!({"type": "identify", "token": TOKEN, "source": "desk"})).await;
    assert_eq!(client.json().await["type"], "ready");
    subscribe(&mut client, json!({"events": ["scored"]})).await;
    client.send(&json!({"type": "identify", "source": "again"})).await;
    assert_eq!(client.json().await["code"], "invalid_frame");

    for first in [
        json!({"type": "subscribe"}),
        json!({"type": "identify", "token": "wrong"}),
        json!({"type": "identify"}),
        json!({"type": "ping"}),
        json!("not a frame"),
    ] {
        let (mut client, _) = Client::upgrade(server.address, &events()).await;
        assert_eq!(client.json().await["type"], "hello");
        client.send(&first).await;
        assert_eq!(client.json().await["code"], "unauthenticated", "{first}");
        assert_eq!(client.next().await, Incoming::Close(4401));
    }
}

#[tokio::test]
async fn breaches_and_silence_end_as_on_the_other_path() {
    let mut quick = settings(&["server.token=open-sesame-4711"]);
    quick.heartbeat_interval = Duration::from_millis(100);
    quick.identify_timeout = Duration::from_millis(150);
    let server = Server::start_with(quick, FakeScorer::new(10, Duration::ZERO)).await;
    let (mut client, _) = Client::upgrade(server.address, &events()).await;
    assert_eq!(client.close_code().await, 4408, "no identify in time");
    let authenticated = events().header("Authorization", &format!("Bearer {TOKEN}"));
    let (mut client, _) = Client::upgrade(server.address, &authenticated).await;
    client.answers_pings = false;
    assert_eq!(client.close_code().await, 4408, "no sign of life");
    for (first, payload, code) in
        [(BINARY, &b"{}"[..], 1003), (TEXT, b"\xff", 1007), (0x83, b"", 1002), (CLOSE, b"\x03\xe8", 1000)]
    {
        let (mut client, _) = Client::upgrade(server.address, &authenticated).await;
        client.send_frame(first, payload).await;
        assert_eq!(client.close_code().await, code);
    }
    let ended = async {
        while server.sum("undertone_connections").await > 0.0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), ended).await.expect("all are gone");
}

#[tokio::test]
async fn more_readers_than_allowed_are_told_so_and_producers_still_come_in() {
    let server = Server::start_set(&["server.max_subscribers=2"]).await;
    let first = reader(&server).await;
    let _second = reader(&server).await;
    let connected = server.metrics().await;
    assert!(connected.contains("undertone_connections{endpoint=\"events\"} 2"), "counted by endpoint");
    let (_, answer) = Client::upgrade(server.address, &events()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    Client::ready(server.address).await;
    drop(first);
    let room_again = async {
        while Client::upgrade(server.address, &events()).await.1.status != 101 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), room_again).await.expect("room when one has left");
}

/// Frames of about a kilobyte over some conversations, as fast as they are answered and read: the turns of these
/// numbers.
async fn flood(server: &Server, reading: &mut Client, turns: std::ops::Range<u64>) {
    let mut producer = Client::ready(server.address).await;
    let long = "x".repeat(200);
    for hundred in turns.collect::<Vec<_>>().chunks(100) {
        for at in hundred {
            let (conversation, turn_id) = (format!("{long}{}", at % 50), format!("{long}{at}"));
            producer.send(&turn(at + 1, &conversation, &turn_id, "hi")).await;
        }
        for _ in hundred {
            let scored = timeout(Duration::from_secs(5), producer.json_of("scored"));
            scored.await.expect("in time, whatever readers do");
        }
        for _ in hundred {
            reading.json_of("scored").await;
        }
    }
}

/// The memory of this process that is in use, in bytes.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).expect("a figure")
        * 1_024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_never_read_are_cut_with_4408_that_they_can_still_read_and_cost_bounded_memory() {
    /// Twice the ring, and what sockets hold.
    const GROWTH_BYTES_MAX: u64 = 100 << 20;
    let server = Server::start().await;
    let mut neighbour = subscribed(&server, json!({"events": ["scored"], "conversation_id": "end"})).await;
    let mut reading = subscribed(&server, json!({"events": ["scored"]})).await;
    let mut deaf = Vec::new();
    for _ in 0..10 {
        deaf.push(subscribed(&server, json!({"events": ["scored"]})).await);
    }
    flood(&server, &mut reading, 0..1_000).await;
    let before = resident_bytes();
    let cut = "undertone_subscribers_cut_total";
    let mut flooded = 1_000;
    while server.sum(cut).await < 10.0 && flooded < 61_000 {
        flood(&server, &mut reading, flooded..flooded + 2_000).await;
        flooded += 2_000;
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < GROWTH_BYTES_MAX, "{grown} bytes more after {flooded} turns");
        if flooded == 13_000 {
            // By now all are far behind; the first may begin to read again.
            assert_eq!(deaf.pop().expect("ten").close_code().await, 4408);
        }
    }
    let metrics = server.metrics().await;
    assert_eq!(sum(&metrics, cut), 10.0, "after {flooded} turns");
    assert_eq!(sum(&metrics, "undertone_events_dropped_total"), 0.0);
    assert_conserved(&metrics);
    let mut producer = Client::ready(server.address).await;
    producer.send(&turn(1, "end", "end", "hi")).await;
    until_scored(&mut neighbour, "end").await;
}

#[tokio::test]
async fn readers_hear_what_the_last_turns_meant_and_then_1001() {
    let server = Server::start().await;
    let mut client = subscribed(&server, json!({"events": ["scored"]})).await;
    let mut deaf = subscribed(&server, json!({})).await;
    deaf.answers_pings = false;
    server.scorer.hold();
    let mut producer = Client::ready(server.address).await;
    for seq in 1..=20 {
        producer.send(&turn(seq, "c", &format!("m-{seq}"), "hi")).await;
    }
    while producer.json_of("ack").await["seq"] != 20 {}
    server.begin_shutdown();
    sleep(Duration::from_millis(50)).await;
    server.scorer.release();
    for at in 1..=20 {
        assert_eq!(client.json_of("scored").await["turn_id"], format!("m-{at}"));
    }
    assert_eq!(client.next().await, Incoming::Close(1001));
    client.send_frame(CLOSE, &1001_u16.to_be_bytes()).await;
    let began = Instant::now();
    assert_eq!(server.stop().await, Drained::Clean);
    assert!(began.elapsed() < Duration::from_secs(5));
}
