//! What people say of alerts: who may, what is written down, and what is counted.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::client::{Response, request};
use crate::support::{Client, Request, Server, turn};

const TOKEN: &str = "open-sesame-4711";

struct Floor {
    server: Server,
    alert_id: String,
    file: PathBuf,
    _folder: TempDir,
}

impl Floor {
    /// A server with an open alert, and a file for verdicts.
    async fn start(set: &[&str]) -> Floor {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("verdicts.jsonl");
        let key = format!("alerts.verdicts_file={}", file.display());
        let server = Server::start_set(&[&[key.as_str()], set].concat()).await;
        let mut client = Client::connect(server.address).await;
        client.send(&json!({"type": "identify", "token": TOKEN, "source": "acme"})).await;
        client.send(&turn(1, "c/1", "m-1", "I am raging")).await;
        let alert = client.json_of("alert.opened").await;
        let alert_id = alert["alert_id"].as_str().expect("an id").to_owned();
        Floor { server, alert_id, file, _folder: folder }
    }

    fn path(&self) -> String {
        format!("/v1/alerts/{}/verdict", self.alert_id)
    }

    fn json(&self, body: &Value) -> Request {
        Request::post(&self.path(), body.to_string()).header("Content-Type", "application/json")
    }

    fn form(&self, body: &str) -> Request {
        Request::post(&self.path(), body).header("Content-Type", "application/x-www-form-urlencoded")
    }

    async fn send(&self, asked: Request) -> Response {
        request(self.server.address, &asked).await
    }

    fn lines(&self) -> Vec<Value> {
        lines(&self.file)
    }

    async fn counted(&self) -> [f64; 3] {
        let metrics = self.server.metrics().await;
        ["useful", "false_alarm", "late"].map(|verdict| {
            let series =
                format!("undertone_alert_verdicts_total{{rule=\"CustomerAtRisk\",verdict=\"{verdict}\"}} ");
            let line = metrics.lines().find_map(|line| line.strip_prefix(&series));
            line.unwrap_or_else(|| panic!("{series}")).parse().expect("a figure")
        })
    }
}

fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn a_verdict_is_answered_written_and_counted_once() {
    let floor = Floor::start(&[]).await;
    assert_eq!(floor.counted().await, [0.0; 3], "from the start");
    let said = json!({"verdict": "false_alarm", "note": "they\nlaugh 😡"});
    let answer = floor.send(floor.json(&said)).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let record = answer.json();
    assert_eq!(floor.lines(), std::slice::from_ref(&record));
    assert_eq!(
        (&record["alert_id"], &record["conversation_id"], &record["rule"], &record["note"]),
        (&json!(floor.alert_id), &json!("c/1"), &json!("CustomerAtRisk"), &said["note"])
    );
    assert_eq!((&record["kind"], &record["verdict"]), (&json!("customer_risk"), &json!("false_alarm")));
    assert!(
        record["ts"].is_string() && record["rules_version"].is_string() && record["severity"].is_string()
    );

    let again = floor.send(floor.json(&said)).await.json();
    assert_eq!((again, floor.lines().len()), (record, 1), "said already");
    floor.send(floor.json(&json!({"verdict": "false_alarm"}))).await;
    assert_eq!((floor.lines().len(), floor.counted().await), (2, [0.0, 1.0, 0.0]), "another note");
    floor.send(floor.json(&json!({"verdict": "useful"}))).await;
    assert_eq!((floor.lines().len(), floor.counted().await), (3, [1.0, 1.0, 0.0]), "another mind");
    let counts = undertone::alerts::verdicts::read(&floor.file).expect("a file");
    assert_eq!(
        (counts.by_rule["CustomerAtRisk"].useful, counts.by_rule["CustomerAtRisk"].false_alarm),
        (1, 0)
    );
}

#[tokio::test]
async fn what_is_no_verdict_is_refused_and_nothing_is_written() {
    let floor = Floor::start(&[]).await;
    let own = |asked: Request| asked.header("Origin", "http://127.0.0.1");
    let kind = |body: &str, kind: &str| Request::post(&floor.path(), body).header("Content-Type", kind);
    const GOOD: &str = r#"{"verdict":"useful"}"#;
    for (asked, status) in [
        (floor.json(&json!({"verdict": "nice"})), 400),
        (floor.json(&json!({})), 400),
        (floor.json(&json!({"verdict": "late", "note": "x".repeat(1_001)})), 400),
        (floor.json(&json!({"verdict": "late", "note": "x".repeat(20_000)})), 413),
        (own(floor.form("verdict=nice")), 400),
        (own(floor.form("")), 400),
        (Request::post(&floor.path(), GOOD), 415),
        (kind(GOOD, "text/plain"), 415),
        (kind(GOOD, "multipart/form-data"), 415),
        (Request::post("/v1/alerts/nobody/verdict", GOOD).header("Content-Type", "application/json"), 404),
        (Request::post("/v1/alerts/%FF/verdict", GOOD).header("Content-Type", "application/json"), 400),
        (Request::get(&floor.path()), 405),
    ] {
        let answer = floor.send(asked).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.json()["message"].is_string());
    }
    assert!(!floor.file.exists());
    assert_eq!(floor.counted().await, [0.0; 3]);
}

#[tokio::test]
async fn a_button_of_the_page_leads_back_to_it() {
    let floor = Floor::start(&[]).await;
    let asked = floor.form("verdict=useful&note=a+b%26c").header("Origin", "http://127.0.0.1");
    let answer = floor.send(asked).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), Some("/conversations/c%2F1#verdict-recorded"));
    assert_eq!(floor.lines()[0]["note"], "a b&c");
}

#[tokio::test]
async fn a_foreign_page_cannot_say_anything_even_with_the_browsers_password() {
    let set = [
        "server.token=open-sesame-4711",
        "server.public_url=https://undertone.example.com",
        "server.allowed_origins=https://desk.example.com",
    ];
    let floor = Floor::start(&set).await;
    let basic = format!("Basic {}", STANDARD.encode(format!("anybody:{TOKEN}")));
    for (origin, host, status) in [
        (Some("https://evil.example"), "undertone.example.com", 403),
        (Some("null"), "undertone.example.com", 403),
        (Some("http://undertone.example.com"), "undertone.example.com", 403),
        (None, "undertone.example.com", 403),
        (Some("https://undertone.example.com"), "10.0.0.7:8787", 303),
        (Some("http://10.0.0.7:8787"), "10.0.0.7:8787", 303),
        (Some("https://desk.example.com"), "10.0.0.7:8787", 303),
    ] {
        let mut asked = floor.form("verdict=late").header("Authorization", &basic).header("Host", host);
        if let Some(origin) = origin {
            asked = asked.header("Origin", origin);
        }
        assert_eq!(floor.send(asked).await.status, status, "{origin:?} {host}");
    }
    let bare = floor.form("verdict=late").header("Origin", "https://undertone.example.com");
    assert_eq!(floor.send(bare).await.status, 401);
    // Only where pages of ours post are they let in.
    let turns = Request::post("/v1/turns", "[]").header("Origin", "https://undertone.example.com");
    let turns = turns.header("Authorization", &format!("Bearer {TOKEN}"));
    assert_eq!(floor.send(turns).await.status, 403);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_said_with_its_key_and_can_be_mended() {
    let floor = Floor::start(&[]).await;
    std::fs::create_dir(&floor.file).expect("a folder in its place");
    let said = json!({"verdict": "useful"});
    let answer = floor.send(floor.json(&said)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("internal")));
    assert!(answer.json()["message"].as_str().expect("text").contains("alerts.verdicts_file"));
    assert_eq!(floor.counted().await, [0.0; 3]);
    std::fs::remove_dir(&floor.file).expect("removed");
    assert_eq!(floor.send(floor.json(&said)).await.status, 200);
    assert_eq!((floor.lines().len(), floor.counted().await), (1, [1.0, 0.0, 0.0]));
}
