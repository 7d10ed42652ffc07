//! `undertone train --risk` and `evaluate --risk` on conversations written for the project: the whole way from annotated
//! lines to a model folder that weighs the risk as they teach.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use undertone::detectors::RiskModel;
use undertone::scoring::{MANIFEST_FILE, Model, RISK_FILE};

/// Conversations of each kind.
const OF_A_KIND: usize = 60;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/undertone-en")
}

fn undertone(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_undertone")).args(args).output().unwrap()
}

fn succeeds(args: &[&str]) -> String {
    let output = undertone(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Conversations that stay calm and conversations that do not, about different things.
fn conversations(folder: &Path) -> PathBuf {
    let things = ["parcel", "invoice", "router", "booking", "refund", "card"];
    let turn = |role: &str, text: String| json!({"role": role, "text": text});
    let mut lines = String::new();
    for number in 0..OF_A_KIND {
        let thing = things[number % things.len()];
        let calm = json!({
            "conversation_id": format!("calm-{number}"),
            "turns": [
                turn("customer", format!("hello, could you tell me when the {thing} is ready? it is number {number}")),
                turn("agent", format!("Of course. The {thing} will be ready on Friday.")),
                turn("customer", "that answers it, thank you very much!".into()),
            ],
            "outcome": "calm",
            "sentiment": {"0": "neutral", "2": "positive"},
        });
        let tense = json!({
            "conversation_id": format!("tense-{number}"),
            "turns": [
                turn("customer", format!("hello, I ask about the {thing}, number {number}")),
                turn("system", "Anna has joined".into()),
                turn("agent", "Please wait.".into()),
                turn("customer", format!("this is ridiculous, the {thing} is still broken and nobody cares. worst service ever!")),
                turn("agent", "There is nothing I can do.".into()),
                turn("customer", "then get me your manager, now".into()),
            ],
            "outcome": if number % 3 == 0 { "escalated" } else { "tense" },
            "alert_turn": 3,
            "sentiment": {"0": "neutral", "3": "negative", "5": "negative"},
        });
        lines += &format!("{calm}\n{tense}\n");
    }
    let file = folder.join("own.jsonl");
    fs::write(&file, lines).unwrap();
    file
}

#[test]
fn a_team_fits_and_measures_the_risk_on_its_own_conversations() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (conversations(folder.path()), folder.path().join("mine"));
    let (data, out_name, base) = (data.to_str().unwrap(), out.to_str().unwrap(), shipped());
    let train = ["train", "--risk", "--data", data, "--base", base.to_str().unwrap(), "--out", out_name];
    let said = succeeds(&train);
    assert!(said.contains("| worst | ") && said.contains("area under the curve"), "{said}");

    assert!(Model::load(&out).is_ok(), "the folder is whole and its checksums fit");
    let read =
        |folder: &Path| RiskModel::parse(&fs::read_to_string(folder.join(RISK_FILE)).unwrap()).unwrap();
    let (mine, before) = (read(&out), read(&base));
    assert!((-8.0..-2.0).contains(&mine.base), "base {}", mine.base);
    assert_ne!(mine.weights, before.weights);
    assert_eq!(mine.weights[23..], before.weights[23..], "what texts do not show stays");

    let args = ["evaluate", "--risk", "--data", data, "--model", out_name, "--format", "json"];
    let report: Value = serde_json::from_str(&succeeds(&args)).unwrap();
    let all = &report["sets"][0];
    let figure = |value: &Value| value.as_f64().unwrap();
    assert_eq!((&all["set"], &report["split"]), (&json!("all"), &json!("test")));
    assert!(figure(&all["highest"]["auc"]) > 0.95 && figure(&all["auc_to_alert"]) > 0.95, "{all}");
    assert!(
        figure(&all["reached"][1]["escalated"]) > 0.9 && figure(&all["reached"][1]["calm"]) < 0.1,
        "{all}"
    );
    assert!(report["derailment"].is_null());
    let args = ["evaluate", "--risk", "--data", data, "--model", out_name, "--split", "dev"];
    assert!(succeeds(&args).contains("on the dev split"));
}

#[test]
fn a_risk_is_not_written_into_another_models_folder_nor_fitted_on_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (conversations(folder.path()), folder.path().join("other"));
    fs::create_dir(&out).unwrap();
    let manifest = fs::read_to_string(shipped().join(MANIFEST_FILE)).unwrap();
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    manifest["sha256"]["model.safetensors"] = json!("0".repeat(64));
    fs::write(out.join(MANIFEST_FILE), manifest.to_string()).unwrap();

    let few = folder.path().join("few.jsonl");
    let lines = fs::read_to_string(&data).unwrap();
    fs::write(&few, lines.lines().take(10).collect::<Vec<_>>().join("\n")).unwrap();
    let nameless = folder.path().join("nameless.jsonl");
    fs::write(&nameless, lines.replacen("\"outcome\":\"calm\",", "", 1)).unwrap();

    let check = |data: &Path, out: &Path, expect: &str| {
        let (base, data, out) = (shipped(), data.to_str().unwrap(), out.to_str().unwrap());
        let args = ["train", "--risk", "--data", data, "--base", base.to_str().unwrap(), "--out", out];
        let output = undertone(&args);
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && problem.contains(expect), "{problem}");
    };
    check(&data, &out, "holds another model");
    check(&few, &folder.path().join("few.json"), "conversations; 5 of each are needed");
    check(&nameless, &folder.path().join("none.json"), "line 1: outcome is missing");
    assert!(!folder.path().join("few.json").exists());
}
