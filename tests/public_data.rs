//! What needs the public data sets: their folder is named by UNDERTONE_DATA; without it each test says that it was
//! skipped. The texts are not the project's to ship, so nothing of them is in the checkout.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use undertone::scoring::Model;
use undertone::wire::Role;

fn data_folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("UNDERTONE_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("!!! SKIPPED: {test}: UNDERTONE_DATA does not name the folder of the public data sets");
    }
    folder
}

fn undertone(args: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_undertone")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn real_care_conversations_are_scored_to_the_end_and_twice_to_the_same_bytes() {
    let Some(data) = data_folder("scoring tweetsumm_twcs") else { return };
    let first = tweetsumm_run(&data);
    assert!(*first == tweetsumm_run_anew(&data), "two runs over the same input differ");
    let frames: Vec<Value> = first.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let count = |kind: &str| frames.iter().filter(|frame| frame["type"] == kind).count();
    assert!(
        count("scored") > 4_000 && count("error") == 0,
        "{} scored, {} errors",
        count("scored"),
        count("error")
    );
    assert_eq!(count("alert.opened"), count("alert.resolved"), "every conversation of the file is closed");
}

/// What `score` says of the file, computed once for all tests.
fn tweetsumm_run(data: &Path) -> &'static String {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| tweetsumm_run_anew(data))
}

fn tweetsumm_run_anew(data: &Path) -> String {
    let file = data.join("tweetsumm_twcs.jsonl.gz");
    String::from_utf8(undertone(&["score", "--input", file.to_str().unwrap()]).stdout).unwrap()
}

#[test]
fn every_alert_about_real_conversations_quotes_a_turn_at_its_place() {
    let Some(data) = data_folder("the quotes of alerts") else { return };
    let file = std::fs::File::open(data.join("tweetsumm_twcs.jsonl.gz")).unwrap();
    let lines = BufReader::new(MultiGzDecoder::new(file)).lines();
    let rows = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let turns: BTreeMap<String, Value> =
        rows.map(|row| (row["conversation_id"].as_str().unwrap().to_owned(), row["turns"].clone())).collect();
    let is_quoted = |alert: &Value, reason: &Value| {
        let place: usize = reason["turn_id"].as_str()?.parse().ok()?;
        let text = turns.get(alert["conversation_id"].as_str()?)?.get(place)?["text"].as_str()?;
        let (start, end) = (reason["start"].as_u64()? as usize, reason["end"].as_u64()? as usize);
        let quote = reason["quote"].as_str()?;
        let said: String = text.chars().skip(start).take(end.checked_sub(start)?).collect();
        Some(!quote.is_empty() && said == quote)
    };
    let frames = tweetsumm_run(&data).lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let alerts = frames.filter(|frame| frame["type"].as_str().unwrap().starts_with("alert."));
    let mut counted = 0;
    for alert in alerts {
        counted += 1;
        let reasons = alert["reasons"].as_array().unwrap();
        let name = format!("alert {} of rule {}", alert["alert_id"], alert["rule"]);
        assert!(!reasons.is_empty(), "{name} has no reason");
        let wrong = reasons.iter().filter(|reason| is_quoted(&alert, reason) != Some(true)).count();
        assert_eq!(wrong, 0, "{name} quotes what is not there");
    }
    assert!(counted > 20, "{counted} frames of alerts");
}

#[test]
fn real_english_turns_are_judged() {
    let Some(data) = data_folder("counting abstentions") else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/undertone-en");
    let tokenizing = Model::load(&folder).unwrap().tokenizing;
    for set in ["twitter_us_airline", "tweetsumm_twcs", "maia_raw_chats", "multidogo_customer_turns"] {
        let file = std::fs::File::open(data.join(format!("{set}.jsonl.gz"))).unwrap();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut all = 0;
        for line in BufReader::new(MultiGzDecoder::new(file)).lines() {
            let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let one = [row.clone()];
            for turn in row["turns"].as_array().map_or(&one[..], Vec::as_slice) {
                let Some(text) = turn["text"].as_str().filter(|text| !text.trim().is_empty()) else {
                    continue;
                };
                all += 1;
                if let Some(reason) = tokenizing.tokenize(Role::Customer, text).abstained() {
                    *counts.entry(reason.as_str()).or_default() += 1;
                }
            }
        }
        let abstained: usize = counts.values().sum();
        eprintln!("{set}: {abstained} of {all} turns abstain: {counts:?}");
        assert!(abstained * 200 < all, "{set}: {abstained} of {all}");
    }
}

#[test]
fn the_shipped_model_keeps_the_figures_of_its_card() {
    let Some(data) = data_folder("measuring the model") else { return };
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/recipes/undertone-en.toml");
    let args = [
        "evaluate",
        "--recipe",
        recipe.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
        "--format",
        "json",
    ];
    let report: Value = serde_json::from_slice(&undertone(&args).stdout).unwrap();
    let set = |name: &str| {
        report["sets"].as_array().unwrap().iter().find(|set| set["set"] == name).unwrap().clone()
    };
    // A point below the card: rounding differs between processors, the figures must not.
    for (name, macro_f1) in FLOORS {
        let set = set(name);
        let (model, vader) =
            (set["model"]["macro_f1"].as_f64().unwrap(), set["vader"]["macro_f1"].as_f64().unwrap());
        assert!(model >= macro_f1, "{name}: macro-F1 {model}, the card says {macro_f1} or better");
        assert!(model > vader, "{name}: macro-F1 {model} against VADER's {vader}");
    }
    for (class, f1) in CLASS_FLOORS {
        let of_class = |one: &&Value| one["set"] == "real" && one["class"] == class;
        let found = report["classes"].as_array().unwrap().iter().find(of_class).unwrap();
        let figure = |who: &str| found[who]["f1"].as_f64().unwrap();
        assert!(figure("model") >= f1, "{class}: F1 {}, the card says {f1} or better", figure("model"));
        assert!(figure("model") > figure("bag_of_words"), "{class}: no better than a bag of words");
        assert!(found["model"]["calibration_error"].as_f64().unwrap() < 0.05, "{class} is not calibrated");
    }
    let calibration = set("all")["model"]["calibration_error"].as_f64().unwrap();
    assert!(calibration < 0.05, "calibration error {calibration}");
}

#[test]
fn the_shipped_risk_keeps_the_figures_of_its_card() {
    let Some(data) = data_folder("measuring the risk") else { return };
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/recipes/undertone-en.toml");
    let (recipe, data) = (recipe.to_str().unwrap(), data.to_str().unwrap());
    let args = ["evaluate", "--risk", "--recipe", recipe, "--data", data, "--format", "json"];
    let report: Value = serde_json::from_slice(&undertone(&args).stdout).unwrap();
    for (set, highest, to_alert) in RISK_AUCS {
        let found = report["sets"].as_array().unwrap().iter().find(|one| one["set"] == set).unwrap();
        let check = |figure: &Value, expect: f64| {
            let figure = figure.as_f64().unwrap();
            assert!((figure - expect).abs() <= 0.005, "{set}: {figure}, the card says {expect}");
        };
        check(&found["highest"]["auc"], highest);
        check(&found["auc_to_alert"], to_alert);
    }
}

/// Area under the curve of the highest risk, and of the highest up to the annotated turn.
const RISK_AUCS: [(&str, f64, f64); 4] = [
    ("all", 0.915, 0.889),
    ("tweetsumm_twcs", 0.916, 0.822),
    ("maia_raw_chats", 0.880, 0.864),
    ("ibm_twitter_customer_care", 0.914, 0.908),
];

/// Least macro-F1 of the sets that matter most.
const FLOORS: [(&str, f64); 3] =
    [("tweetsumm_twcs", 0.77), ("twitter_us_airline", 0.78), ("vader_tweets", 0.70)];

/// Least F1 on the annotated conversations of the classes that occur most.
const CLASS_FLOORS: [(&str, f64); 5] = [
    ("frustration", 0.69),
    ("thanks_resolved", 0.67),
    ("apology", 0.84),
    ("question", 0.92),
    ("holding", 0.83),
];
