//! `undertone backtest` as a person runs it: the real binary and the real model, rules that count turns, so that every
//! figure can be counted by hand.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const BAD_INPUT: i32 = 1;
const USAGE: i32 = 64;

/// A warning with the customer's second turn, critical with the third.
const RULES: &str = r#"version = "new@1"
[[rule]]
name = "Second"
kind = "customer_risk"
severity = "warning"
summary = "The customer came back"
when = "customer_turns >= 2"
critical_when = "customer_turns >= 3"
"#;

/// A warning with the third turn only, and a notice in every conversation that is answered.
const BASELINE: &str = r#"version = "old@1"
[[rule]]
name = "Second"
kind = "customer_risk"
severity = "warning"
summary = "The customer came back"
when = "customer_turns >= 3"
[[rule]]
name = "Answered"
kind = "service"
severity = "info"
summary = "Somebody answered"
when = "agent_turns >= 1"
"#;

/// Who speaks, one letter a turn, and how it went.
const CONVERSATIONS: [(&str, &str, &str, Option<u32>); 5] = [
    ("calm-1", "CA", "calm", None),
    ("calm-2", "CAC", "calm", None),
    ("tense-1", "CAC", "tense", Some(0)),
    ("tense-2", "CA", "tense", Some(0)),
    ("escalated", "CACC", "escalated", Some(2)),
];

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Desk(tempfile::tempdir().unwrap());
        let conversation = |(id, turns, outcome, alert_turn): (&str, &str, &str, Option<u32>)| {
            let turn = |(index, who): (usize, char)| match who {
                'C' => {
                    json!({"role": "customer", "text": format!("Where is my parcel? I ask for the {index}. time.")})
                }
                _ => json!({"role": "agent", "text": "Let me look that up for you."}),
            };
            let turns: Vec<Value> = turns.chars().enumerate().map(turn).collect();
            json!({"conversation_id": id, "outcome": outcome, "alert_turn": alert_turn, "turns": turns})
                .to_string()
        };
        let lines: Vec<String> = CONVERSATIONS.into_iter().map(conversation).collect();
        desk.put("input.jsonl", &lines.join("\n"));
        desk.put("rules.toml", RULES);
        desk.put("baseline.toml", BASELINE);
        desk
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
        command.arg("backtest").args(["--input", "input.jsonl"]).args(arguments).current_dir(self.path());
        command.output().expect("the binary was built")
    }

    fn report(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--format", "json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// That `value` has each of `figures`, by JSON pointer.
fn check(value: &Value, figures: &[(&str, Value)]) {
    for (pointer, expect) in figures {
        assert_eq!(value.pointer(pointer), Some(expect), "{pointer} of {value:#}");
    }
}

#[test]
fn every_figure_is_that_of_a_hand_count() {
    let report =
        Desk::new().report(&["--rules", "rules.toml", "--baseline", "baseline.toml", "--examples", "5"]);
    check(
        &report,
        &[
            ("/input/conversations", json!(5)),
            ("/input/turns", json!(14)),
            ("/rules/alerts/opened", json!({"count": 3, "per_100": 60.0})),
            ("/rules/alerts/raised", json!(1)),
            ("/rules/alerts/resolved/closed", json!(3)),
            ("/rules/by_rule/0/alerts/by_severity/warning/count", json!(2)),
            ("/rules/conversations/by_severity/critical/count", json!(1)),
            ("/rules/labelled/conversations", json!({"calm": 2, "tense": 2, "escalated": 1})),
            ("/rules/labelled/warning/recall/count", json!(2)),
            ("/rules/labelled/warning/recall/of", json!(3)),
            ("/rules/labelled/warning/calm/share", json!(0.5)),
            ("/rules/labelled/warning/precision/share", json!(0.6667)),
            ("/rules/labelled/warning/missed", json!(["tense-2"])),
            ("/rules/labelled/warning/lead/by_customer_turns", json!({"0": 1, "1": 1})),
            ("/rules/labelled/warning/lead/seconds/most", json!(20.0)),
            ("/rules/labelled/warning/lead/in_time_of_all/of", json!(3)),
            ("/rules/labelled/critical/recall/share", json!(1.0)),
            ("/rules/labelled/critical/lead/by_customer_turns", json!({"1": 1})),
            ("/baseline/alerts/opened/count", json!(6)),
            ("/baseline/conversations/by_kind/service/count", json!(5)),
        ],
    );
}

#[test]
fn a_baseline_shows_what_is_gained_and_lost_with_quotes() {
    let desk = Desk::new();
    let arguments = ["--rules", "rules.toml", "--baseline", "baseline.toml", "--examples", "5"];
    let report = desk.report(&arguments);
    check(
        &report["comparison"],
        &[
            ("/same", json!(0)),
            ("/alerts_gained/by_rule", json!({"Second": 2})),
            ("/alerts_gained/outcomes", json!({"calm": 1, "tense": 1, "escalated": 0})),
            ("/alerts_lost/by_rule", json!({"Answered": 5})),
            ("/severity_raised/all/count", json!(1)),
            ("/severity_raised/examples/0/severity_before", json!("warning")),
            ("/severity_raised/examples/0/severity", json!("critical")),
            ("/conversations_gained/all/count", json!(0)),
            ("/conversations_lost/all/count", json!(2)),
        ],
    );
    let quote = |example: &Value| example["reasons"][0]["quote"].as_str().unwrap_or("").to_owned();
    let examples = report["comparison"]["alerts_gained"]["examples"].as_array().unwrap();
    let text = String::from_utf8(desk.run(&arguments).stdout).unwrap();
    let input = std::fs::read_to_string(desk.path().join("input.jsonl")).unwrap();
    let is_shown =
        |quote: String| !quote.is_empty() && input.contains(&quote) && text.contains(&format!("\"{quote}\""));
    assert!(examples.iter().map(quote).all(is_shown), "{examples:#?}\n{text}");
    for sentence in [
        "Of 100 conversations 60.0 raise an alert",
        "Against the baseline 0 conversations are alerted that were not before, and 2 no longer are.",
        "Rules that are gone: Answered",
        "warning → critical Second in escalated",
    ] {
        assert!(text.contains(sentence), "{sentence:?} is not in\n{text}");
    }
}

#[test]
fn the_same_run_twice_gives_the_same_bytes() {
    let desk = Desk::new();
    for format in ["text", "json"] {
        let once = || desk.run(&["--rules", "rules.toml", "--baseline", "baseline.toml", "--format", format]);
        let (first, second) = (once(), once());
        assert!(first.status.success() && !first.stdout.is_empty(), "{}", said(&first));
        assert!(first.stdout == second.stdout, "{format}");
    }
}

#[test]
fn a_bad_line_is_named_and_the_rest_is_counted() {
    let desk = Desk::new();
    let input = std::fs::read_to_string(desk.path().join("input.jsonl")).unwrap();
    desk.put("input.jsonl", &format!("{{\"conversation_id\":\"x\"}}\n{input}"));
    let output = desk.run(&["--rules", "rules.toml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(BAD_INPUT), "{}", said(&output));
    assert!(said(&output).contains("line 1: invalid_frame"), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    check(&report, &[("/input/refused", json!(1)), ("/rules/alerts/opened/count", json!(3))]);
}

#[test]
fn bad_rules_and_bad_labels_name_file_line_and_what_is_allowed() {
    let desk = Desk::new();
    desk.put("bad.toml", &RULES.replace("\"customer_turns >= 2\"", "\"custmer_turns >= 2\""));
    desk.put("labels.jsonl", "{\"conversation_id\":\"calm-1\",\"outcome\":\"angry\"}\n");
    let refused = |arguments: &[&str], code: i32, parts: &[&str]| {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(parts.iter().all(|part| said(&output).contains(part)), "{}", said(&output));
        assert!(output.stdout.is_empty());
    };
    let told = ["bad.toml:7", "custmer_turns", "customer_turns"];
    refused(&["--rules", "bad.toml"], USAGE, &told);
    refused(&["--rules", "rules.toml", "--baseline", "bad.toml"], USAGE, &told);
    refused(&["--rules", "none.toml"], USAGE, &["none.toml"]);
    refused(&["--labels", "labels.jsonl"], BAD_INPUT, &["labels.jsonl, line 1", "calm"]);
    refused(&["--labels", "none.jsonl"], USAGE, &["none.jsonl"]);
}

#[test]
fn labels_and_verdicts_come_from_files_too() {
    let desk = Desk::new();
    desk.put("labels.jsonl", "{\"conversation_id\":\"calm-2\",\"outcome\":\"escalated\",\"alert_turn\":0}\n");
    let verdict = |alert: &str, verdict: &str| {
        format!(
            r#"{{"ts":"2026-01-31T10:00:00Z","alert_id":"{alert}","conversation_id":"c","rule":"Second","rules_version":"new@1","kind":"customer_risk","severity":"warning","verdict":"{verdict}","note":null}}"#
        )
    };
    let lines =
        [("1", "late"), ("1", "useful"), ("2", "false_alarm"), ("3", "late")].map(|(id, v)| verdict(id, v));
    desk.put("verdicts.jsonl", &lines.join("\n"));
    let report =
        desk.report(&["--rules", "rules.toml", "--labels", "labels.jsonl", "--verdicts", "verdicts.jsonl"]);
    check(
        &report,
        &[
            ("/rules/labelled/conversations", json!({"calm": 1, "tense": 2, "escalated": 2})),
            ("/input/labels_disagreeing", json!(1)),
            ("/verdicts/alerts", json!(3)),
            ("/verdicts/by_rule/0/precision/share", json!(0.5)),
            ("/verdicts/by_rule/0/late", json!(1)),
        ],
    );
}

#[test]
fn the_parts_of_a_split_are_the_whole() {
    let desk = Desk::new();
    let conversations = |arguments: &[&str]| {
        let report = desk.report(&[&["--rules", "rules.toml"], arguments].concat());
        report["input"]["conversations"].as_u64().unwrap()
    };
    let (test, tuning) = (conversations(&["--split", "test"]), conversations(&["--split", "tuning"]));
    assert_eq!(test + tuning, CONVERSATIONS.len() as u64);
}
