//! Frames and answers of the real binary with the real model, held against their schemas as they come.
//!
//! Holds always: the client checks each frame and answer; here is only what makes the server say all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::client::{Client, Incoming, Request, Response, TEXT, request};
use crate::common::{Server, TOKEN};
use crate::contract::{document, frame};

/// What no run here makes the server say.
const NOT_SAID: &[&str] = &[
    // The server restarts by closing; this frame is for a later one that moves its clients.
    "reconnect",
    "reconnect.after_ms",
    "reconnect.type",
];

/// Frames sent before their answers are read: fewer than may be in flight.
const CHUNK_FRAMES: usize = 100;
/// Silence after which a reader of events has everything.
const QUIET: Duration = Duration::from_secs(3);

/// A promise that the customer asks after in the next conversation: evidence of another conversation.
const PROMISE: &str = r#"
{"type":"turn","turn_id":"1","conversation_id":"before","role":"customer","text":"My router is broken, I need a new one.","ts":"2026-03-02T09:00:00Z","channel":"chat","customer_id":"u-1"}
{"type":"turn","turn_id":"2","conversation_id":"before","role":"agent","text":"I will send you a new router by tomorrow.","ts":"2026-03-02T09:01:00Z","channel":"chat","agent_id":"a-1"}
{"type":"conversation.closed","conversation_id":"before","ts":"2026-03-02T09:02:00Z","closed_by":"customer"}
{"type":"turn","turn_id":"1","conversation_id":"after","role":"customer","text":"You promised to send me a new router, and it still has not arrived.","ts":"2026-03-04T12:00:00Z","channel":"chat","customer_id":"u-1"}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_server_says_is_documented_and_whatever_is_documented_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let verdicts = folder.path().join("verdicts.jsonl");
    let verdicts = ("UNDERTONE_ALERTS__VERDICTS_FILE", verdicts.to_str().expect("UTF-8"));
    let server = Server::start_with(std::slice::from_ref(&verdicts));
    let address = address(&server.url("", ""));
    let events = tokio::spawn(events(address));
    let mut frames = conversations(address).await;
    frames.extend(refusals(address).await);
    let seen = events.await.expect("the reader of events holds");
    assert!(seen.iter().any(|frame| frame["type"] == "alert.opened"));
    assert!(seen.iter().all(|frame| frame.get("seq").is_none() && frame.get("latency_ms").is_none()));
    let alert = frames.iter().find(|frame| frame["type"] == "alert.opened").expect("an alert");
    let answered = answers(address, self::address(&server.metrics_url()), alert).await;
    frames.extend(answered);
    frames.extend(pressure().await);
    frames.extend(offline());

    let mut said = BTreeSet::new();
    for frame in &frames {
        let kind = frame["type"].as_str().expect("a type");
        said.insert(kind.to_owned());
        places(frame, kind, &mut said);
    }
    let documented: BTreeSet<_> = documented_places().into_iter().collect();
    let unsaid: Vec<_> = documented.difference(&said).map(String::as_str).collect();
    assert_eq!(unsaid, NOT_SAID, "documented, and never said");
}

/// The address in a URL.
fn address(url: &str) -> SocketAddr {
    let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next());
    authority.and_then(|authority| authority.parse().ok()).unwrap_or_else(|| panic!("{url} has no address"))
}

// === what is said ===

fn demo() -> impl Iterator<Item = Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/demo-conversations.jsonl");
    let text = std::fs::read_to_string(path).expect("the demo");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<_>>().into_iter()
}

/// A socket that has shown the token, and what it was told until then.
async fn identified(address: SocketAddr, path: &str) -> (Client, Vec<Value>) {
    let upgrade = Request::get(path)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Protocol", "undertone.v1.json");
    let (mut client, response) = Client::upgrade(address, &upgrade).await;
    assert_eq!(response.status, 101, "{path}");
    let hello = client.json().await;
    client.send(&json!({"type": "identify", "source": "test", "token": TOKEN, "clock": "event"})).await;
    let ready = client.json_of("ready").await;
    (client, vec![hello, ready])
}

/// System turns and internal notes get an ack alone.
fn is_scored(frame: &Value) -> bool {
    frame["type"] == "turn" && frame["role"] != "system" && frame["visibility"] != "private"
}

/// The conversations of the demo, and what comes back.
async fn conversations(address: SocketAddr) -> Vec<Value> {
    let (mut client, mut frames) = identified(address, "/v1/ingest").await;
    client.send(&json!({"type": "ping", "t": [1, {"any": "thing"}]})).await;
    frames.push(client.json_of("pong").await);
    let all: Vec<_> = demo().collect();
    let mut seq = 0;
    for chunk in all.chunks(CHUNK_FRAMES) {
        let mut unanswered = 0;
        for frame in chunk {
            seq += 1;
            let mut frame = frame.clone();
            frame["seq"] = json!(seq);
            unanswered += usize::from(is_scored(&frame));
            client.send(&frame).await;
        }
        let mut acked = 0;
        while unanswered > 0 || acked < seq {
            let frame = client.json().await;
            match frame["type"].as_str() {
                Some("scored") => unanswered -= 1,
                Some("ack") => acked = frame["seq"].as_u64().expect("a seq"),
                Some("error") => panic!("{frame}"),
                _ => {}
            }
            frames.push(frame);
        }
    }
    frames
}

/// Everything that a reader of events is told until it is quiet.
async fn events(address: SocketAddr) -> Vec<Value> {
    let (mut client, mut frames) = identified(address, "/v1/events").await;
    client.send(&json!({"type": "subscribe", "events": ["scored", "findings", "alerts"]})).await;
    frames.push(client.json().await);
    while let Ok(incoming) = timeout(QUIET, client.next()).await {
        match incoming {
            Incoming::Json(frame) => frames.push(frame),
            Incoming::Ping | Incoming::Pong => {}
            other => panic!("{other:?}"),
        }
    }
    frames
}

/// Errors by each code that a client can bring about alone.
async fn refusals(address: SocketAddr) -> Vec<Value> {
    let turn = json!({
        "type": "turn", "seq": 7, "turn_id": "m", "conversation_id": "c", "role": "customer", "text": "hi",
        "ts": "2026-01-31T10:02:11Z",
    });
    let with = |name: &str, value: Value| {
        let mut turn = turn.clone();
        turn[name] = value;
        turn.to_string()
    };
    let table = [
        ("{broken".to_owned(), "invalid_json"),
        (json!({"type": "turns"}).to_string(), "invalid_frame"),
        (with("role", json!("custmer")), "invalid_turn"),
        (with("text", json!("x".repeat(8_001))), "text_too_long"),
        (with("seq", json!(1)), "out_of_order"),
        (with("text", json!("x".repeat(140_000))), "frame_too_large"),
    ];
    let (mut client, mut frames) = identified(address, "/v1/ingest").await;
    for (text, code) in table {
        client.send_frame(TEXT, text.as_bytes()).await;
        frames.push(client.json_of("error").await);
        assert_eq!(frames.last().expect("one")["code"], code);
    }
    let mut stranger = Client::connect(address).await;
    stranger.send(&json!({"type": "identify", "token": "wrong"})).await;
    frames.push(stranger.json_of("error").await);
    assert_eq!(frames.last().expect("one")["code"], "unauthenticated");
    frames
}

/// A server that takes four turns at once is asked for more.
async fn pressure() -> Vec<Value> {
    let server = Server::start_with(&[("UNDERTONE_SCORING__QUEUE_TURNS", "4")]);
    let (mut client, mut frames) = identified(address(&server.url("", "")), "/v1/ingest").await;
    let turns = demo().filter(|frame| frame["type"] == "turn").take(60).enumerate().map(|(at, mut turn)| {
        turn["seq"] = json!(at + 1);
        turn.to_string()
    });
    client.send_frame(TEXT, turns.collect::<Vec<_>>().join("\n").as_bytes()).await;
    while frames.last().expect("some")["state"] != "ok" {
        frames.push(client.json().await);
    }
    let count = |name: &str, value: &str| frames.iter().filter(|frame| frame[name] == value).count();
    assert!(count("code", "overloaded") > 0 && count("state", "slow") > 0);
    frames
}

/// What `undertone score` prints of the demo, of a promise, and of a line that is no frame.
fn offline() -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let promise = folder.path().join("promise.jsonl");
    std::fs::write(&promise, format!("{}{{broken\n", PROMISE.trim_start())).expect("written");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/demo-conversations.jsonl");
    let mut frames = Vec::new();
    for (input, code) in [(&demo, 0), (&promise, 1)] {
        let output = Command::new(env!("CARGO_BIN_EXE_undertone"))
            .args(["score", "--probabilities", "--input"])
            .arg(input)
            .current_dir(folder.path())
            .output()
            .expect("the binary was built");
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        frames.extend(output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(frame));
    }
    frames
}

// === what is answered ===

async fn ask(address: SocketAddr, asked: Request) -> Response {
    request(address, &asked.header("Authorization", &format!("Bearer {TOKEN}"))).await
}

/// Each documented status that a client can bring about alone; the client checks head and body. Returns the frames of
/// the answers to turns.
async fn answers(address: SocketAddr, admin: SocketAddr, alert: &Value) -> Vec<Value> {
    let turn = |id: &str, role: &str| {
        json!({
            "turn_id": id, "conversation_id": "by http", "role": role, "text": "hi", "ts": "2026-01-31T10:02:11Z",
        })
        .to_string()
    };
    let lines = format!("{}\n{}\n{}", turn("2", "agent"), turn("3", "system"), turn("4", "custmer"));
    let id = alert["conversation_id"].as_str().expect("an id");
    let post = |path: &str, body: &str| Request::post(path, body).header("Content-Type", "application/json");
    let verdict = format!("/v1/alerts/{}/verdict", alert["alert_id"].as_str().expect("an id"));
    #[rustfmt::skip] // a table
    let table = [
        (Request::post("/v1/turns", turn("1", "customer")), 200),
        (Request::post("/v1/turns", lines), 200),
        (Request::post("/v1/turns?wait=false", turn("5", "bot")), 202),
        (Request::post("/v1/turns", "hello"), 400),
        (Request::post("/v1/turns", vec![b' '; 2_000_000]), 413),
        (Request::post("/v1/turns", "x").header("Content-Encoding", "gzip"), 415),
        (Request::get("/v1/turns"), 405),
        (Request::post("/v1/turns", "").header("Origin", "https://elsewhere.example"), 403),
        (Request::get("/v1/ingest"), 426),
        (Request::get("/v1/events"), 426),
        (Request::get("/v1/conversations"), 200),
        (Request::get("/v1/conversations?limit=2&level=high&alerts=open&state=all"), 200),
        (Request::get("/v1/conversations?level=bad"), 400),
        (Request::get(&format!("/v1/conversations/{id}")), 200),
        (Request::get("/v1/conversations/unheard-of"), 404),
        (Request::get(&format!("/conversations/{id}")), 200),
        (Request::get("/conversations/unheard-of"), 404),
        (post(&verdict, r#"{"verdict":"late","note":"by an hour"}"#), 200),
        (post(&verdict, r#"{"verdict":"bad"}"#), 400),
        (post("/v1/alerts/unheard-of/verdict", r#"{"verdict":"late"}"#), 404),
    ];
    let mut frames = Vec::new();
    for (at, (asked, status)) in table.into_iter().enumerate() {
        let answer = ask(address, asked).await;
        assert_eq!(answer.status, status, "row {at}: {}", answer.body);
        if let Ok(Value::Array(answers)) = serde_json::from_str(&answer.body) {
            frames.extend(answers);
        }
    }
    assert_eq!(request(address, &Request::post("/v1/turns", "")).await.status, 401);
    for path in ["/metrics", "/healthz/live", "/healthz/ready", "/healthz/startup"] {
        assert_eq!(request(admin, &Request::get(path)).await.status, 200, "{path}");
    }
    frames
}

// === what is documented ===

/// The names in a value with the way to them: `scored.signals[].name`.
fn places(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let at = format!("{at}.{name}");
                places(value, &at, found);
                found.insert(at);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| places(item, &format!("{at}[]"), found)),
        _ => {}
    }
}

/// The same of every frame that the server sends, by the schemas.
fn documented_places() -> Vec<String> {
    let asyncapi = document("asyncapi.yaml");
    let mut kinds = BTreeMap::new();
    for operation in asyncapi["operations"].as_object().expect("operations").values() {
        for message in
            operation["messages"].as_array().filter(|_| operation["action"] == "send").into_iter().flatten()
        {
            let kind = message["$ref"].as_str().and_then(|target| target.rsplit('/').next()).expect("a type");
            kinds.insert(kind.to_owned(), document(&format!("schemas/{kind}.json")));
        }
    }
    let mut found = Vec::new();
    for (kind, schema) in kinds {
        documented(&schema, &kind, &mut found);
        found.push(kind);
    }
    found
}

fn documented(schema: &Value, at: &str, found: &mut Vec<String>) {
    if let Some((file, place)) = schema["$ref"].as_str().and_then(|target| target.split_once('#')) {
        let target = document(&format!("schemas/{file}"));
        documented(target.pointer(place).expect("it is there"), at, found);
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        documented(schema, &at, found);
        found.push(at);
    }
    if let Some(items) = schema.get("items") {
        documented(items, &format!("{at}[]"), found);
    }
    for schema in schema["anyOf"].as_array().into_iter().flatten() {
        documented(schema, at, found);
    }
}
