//! No text, no token and no id in logs or metrics.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use undertone::telemetry::logs::{LogFormat, LogLevel, layer};

use crate::support::client::request;
use crate::support::{Client, Request, Server, turn, with};

const TOKEN: &str = "tok-planted-secret";
const PLANTED: &str = "planted-secret";

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What people do: read the conversation, and say what they think of its alert.
async fn look_and_judge(server: &Server, alert: &Value) {
    let bearer = format!("Bearer {TOKEN}");
    for path in ["/v1/conversations", "/v1/conversations/c-planted-secret", "/conversations/c-planted-secret"]
    {
        let asked = Request::get(path).header("Authorization", &bearer);
        let answer = request(server.address, &asked).await;
        assert_eq!((answer.status, answer.body.contains(PLANTED)), (200, true), "{path}");
    }
    let path = format!("/v1/alerts/{}/verdict", alert["alert_id"].as_str().expect("an id"));
    let said = json!({"verdict": "late", "note": PLANTED}).to_string();
    let asked = Request::post(&path, said).header("Authorization", &bearer);
    assert_eq!(request(server.address, &asked.header("Content-Type", "application/json")).await.status, 503);
}

#[tokio::test]
async fn what_is_planted_in_frames_and_headers_comes_out_of_no_log_and_no_metric() {
    let captured = Captured::default();
    let writer = captured.clone();
    let logs = layer(LogLevel::Trace, LogFormat::Json, move || writer.clone());
    tracing_subscriber::registry().with(logs).try_init().expect("the only test that sets up logs");

    let set = ["server.token=tok-planted-secret", "alerts.verdicts_file=/nowhere/planted-secret.jsonl"];
    let server = Server::start_set(&set).await;
    let mut client = Client::connect(server.address).await;
    client.send(&json!({"type": "identify", "token": TOKEN, "source": "acme"})).await;
    let id = |name: &str| format!("{name}-{PLANTED}");
    let planted = with(
        turn(1, &id("c"), &id("m"), "raging planted-secret"),
        json!({"customer_id": id("u"), "agent_id": id("a"), "attributes": {"note": PLANTED}}),
    );
    client.send(&planted).await;
    client.json_of("scored").await;
    let alert = client.json_of("alert.opened").await;
    client.send(&with(planted.clone(), json!({"seq": 2, "role": PLANTED}))).await;
    client.json_of("error").await;
    client.send_frame(crate::support::client::TEXT, b"{\"type\":\"planted-secret").await;
    client.json_of("error").await;
    for (path, bearer) in
        [("/v1/turns", TOKEN), ("/v1/turns", "wrong-planted-secret"), ("/planted-secret", TOKEN)]
    {
        let asked =
            Request::post(path, planted.to_string()).header("Authorization", &format!("Bearer {bearer}"));
        request(server.address, &asked).await;
    }
    look_and_judge(&server, &alert).await;
    client.send_frame(crate::support::client::BINARY, b"planted-secret").await;
    client.close_code().await;
    let metrics = server.metrics().await;
    server.stop().await;

    let logged = String::from_utf8(captured.0.lock().clone()).expect("UTF-8");
    assert!(logged.contains("socket ended"), "the capture works: {logged}");
    assert!(!logged.contains(PLANTED), "{logged}");
    let shown: Vec<_> = metrics.lines().filter(|line| line.contains(PLANTED)).collect();
    // The one exception: an open alert names its conversation.
    assert!(shown.iter().all(|line| line.starts_with("undertone_alert_info{")), "{shown:?}");
}
