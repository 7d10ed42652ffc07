//! No text, no token and no id in logs or metrics.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use undertone::telemetry::logs::{LogFormat, LogLevel, layer};

use crate::support::client::request;
use crate::support::{Client, FakeScorer, Request, Server, settings, turn, with};

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

#[tokio::test]
async fn what_is_planted_in_frames_and_headers_comes_out_of_no_log_and_no_metric() {
    let captured = Captured::default();
    let writer = captured.clone();
    let logs = layer(LogLevel::Trace, LogFormat::Json, move || writer.clone());
    tracing_subscriber::registry().with(logs).try_init().expect("the only test that sets up logs");

    let mut guarded = settings(&["server.token=tok-planted-secret"]);
    guarded.shutdown_grace = Duration::from_secs(5);
    let server = Server::start_with(guarded, FakeScorer::new(100, Duration::ZERO)).await;
    let mut client = Client::connect(server.address).await;
    client.send(&json!({"type": "identify", "token": TOKEN, "source": "acme"})).await;
    let id = |name: &str| format!("{name}-{PLANTED}");
    let planted = with(
        turn(1, &id("c"), &id("m"), "furious planted-secret"),
        json!({"customer_id": id("u"), "agent_id": id("a"), "attributes": {"note": PLANTED}}),
    );
    client.send(&planted).await;
    client.json_of("scored").await;
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
