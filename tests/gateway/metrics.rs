//! What operators scrape.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::client::request;
use crate::support::{Client, Request, Server, turn, with};

/// Of the contract.
const SERIES_MAX: usize = 3_000;

/// Traffic of many queues and all roles, with alerts.
async fn busy() -> (Server, String) {
    let server = Server::start().await;
    let mut client = Client::ready(server.address).await;
    client.send(&json!({"type": "identify", "source": "acme \"chat\"\n"})).await;
    for seq in 1..=400_u64 {
        let role = ["customer", "agent", "bot", "system"][seq as usize % 4];
        let queue = format!("queue-{}", seq % 100);
        let frame = turn(seq, &format!("c-{}", seq % 100), &format!("m-{seq}"), "I am furious");
        client.send(&with(frame, json!({"role": role, "queue": queue}))).await;
    }
    client.send(&json!({"type": "ping", "t": 1})).await;
    client.json_of("pong").await;
    while server.sum("undertone_turns_in_flight").await > 0.0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let metrics = server.metrics().await;
    (server, metrics)
}

#[tokio::test]
async fn a_hundred_queues_stay_within_the_budget_of_series() {
    let (_server, metrics) = busy().await;
    let series = metrics.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series < SERIES_MAX, "{series} series");
    assert!(metrics.contains("queue=\"other\""));
}

#[tokio::test]
async fn every_metric_of_the_contract_is_there() {
    let (_server, metrics) = busy().await;
    #[rustfmt::skip]
    let names = [
        "turns_received_total", "turns_scored_total", "turns_unscored_total", "turns_refused_total",
        "turns_duplicate_total", "turns_in_flight", "frames_refused_total", "turn_latency_seconds_bucket",
        "stage_duration_seconds_bucket", "queue_pushed_total", "queue_popped_total", "batch_tokens_bucket",
        "batch_turns_bucket", "connections", "source_last_turn_timestamp_seconds", "conversations_active",
        "conversations", "conversations_evicted_total", "customer_turns_total", "agent_turns_total",
        "customer_sentiment_score_bucket", "abstained_turns_total", "customer_wait_seconds_bucket",
        "longest_wait_seconds", "alerts_opened_total", "alerts_resolved_total", "alert_verdicts_total", "model_info", "build_info",
    ];
    for name in names {
        let is_there = |line: &str| {
            line.strip_prefix("undertone_")
                .and_then(|l| l.strip_prefix(name))
                .is_some_and(|l| l.starts_with(['{', ' ']))
        };
        assert!(metrics.lines().any(is_there), "{name}");
    }
    assert!(metrics.contains("process_resident_memory_bytes"));
}

#[tokio::test]
async fn the_exposition_is_announced_as_text() {
    let server = Server::start().await;
    let answer = request(server.admin, &Request::get("/metrics")).await;
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
}

#[tokio::test]
async fn promtool_has_nothing_to_complain_about() {
    let Some(promtool) = std::env::var_os("UNDERTONE_PROMTOOL") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "UNDERTONE_PROMTOOL must be set where CI=true");
        eprintln!("SKIPPED: UNDERTONE_PROMTOOL does not name promtool; /metrics was not checked with it");
        return;
    };
    let (_server, metrics) = busy().await;
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("UNDERTONE_PROMTOOL runs");
    check.stdin.take().expect("piped").write_all(metrics.as_bytes()).expect("promtool reads");
    let output = check.wait_with_output().expect("promtool ends");
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}
