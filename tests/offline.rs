//! `undertone score` and `undertone replay` as a person runs them: the real binary, the real model, the
//! conversations of the demo.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{Server, TOKEN};

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/demo-conversations.jsonl")
}

fn undertone(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_undertone"))
        .args(arguments)
        .arg("--input")
        .arg(demo())
        .current_dir(std::env::temp_dir())
        .env("UNDERTONE_TOKEN", TOKEN)
        .output()
        .expect("the binary was built")
}

fn replay(server: &Server) -> (Option<i32>, String) {
    let (url, metrics_url) = (server.url("ws", "/v1/ingest"), server.metrics_url());
    let more = ["--speed", "1000000", "--limit-conversations", "6"];
    let output = undertone(&[&["replay", "--url", &url, "--metrics-url", &metrics_url], &more[..]].concat());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
fn score_gives_the_same_bytes_every_time() {
    let first = undertone(&["score"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let text = String::from_utf8(first.stdout).expect("UTF-8");
    let turns = text.lines().filter(|line| line.starts_with(r#"{"type":"scored""#)).count();
    assert!(turns >= 600, "{turns} turns");
    assert!(!text.contains("latency_ms"));
    assert!(text == String::from_utf8(undertone(&["score"]).stdout).expect("UTF-8"), "a second run differs");
}

#[test]
fn a_replay_ends_with_every_turn_answered_and_the_books_in_order() {
    // With few answers held: one from memory cannot be told from one that is new.
    let server = Server::start_with(&[("UNDERTONE_CONVERSATION__TIMELINE_TURNS", "0")]);
    let (code, summary) = replay(&server);
    assert_eq!(code, Some(0));
    assert!(summary.contains("6 conversations in"));
    assert!(summary.contains(" 0 unanswered"));
    assert!(summary.contains("in flight 0: holds"));
    assert!(summary.contains("nothing was off"));
    // The same once more: nothing takes effect twice, and the summary says that this was no replay.
    let (code, summary) = replay(&server);
    assert_eq!(code, Some(1));
    assert!(summary.contains("turns were known to the server already"));
    assert!(summary.contains("in flight 0: holds"));
    assert!(server.stop().success());
}

#[test]
fn conversations_that_boil_over_alert_and_calm_ones_do_not() {
    let table = std::fs::read_to_string(demo().with_extension("md")).expect("the table of expected outcomes");
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let expected = |outcome: &str| -> Vec<String> {
        let rows = table.lines().map(cells).filter(|row| row.len() > 4 && row[3].starts_with(outcome));
        rows.map(|row| row[1].clone()).collect()
    };
    let frames = String::from_utf8(undertone(&["score"]).stdout).expect("UTF-8");
    let frames: Vec<serde_json::Value> =
        frames.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let alerted =
        |id: &String| frames.iter().any(|f| f["type"] == "alert.opened" && f["conversation_id"] == **id);
    let recovered =
        |id: &String| frames.iter().any(|f| f["resolution"] == "recovered" && f["conversation_id"] == **id);
    let (calm, escalated) = (expected("calm"), expected("escalated"));
    assert_eq!((calm.len(), escalated.len()), (29, 8), "the table has its rows");
    let silent: Vec<&String> = escalated.iter().filter(|id| !alerted(id)).collect();
    assert!(silent.is_empty(), "boiled over without an alert: {silent:?}");
    let false_alarms: Vec<&String> = calm.iter().filter(|id| alerted(id)).collect();
    assert!(false_alarms.len() <= 2, "alerts about calm conversations: {false_alarms:?}");
    assert!(
        escalated.iter().filter(|id| recovered(id)).count() >= 2,
        "alerts resolve when customers are helped"
    );
}
