//! `undertone train` and `evaluate` on a tiny set written for the project, from a tiny untrained encoder: the
//! whole way from labelled lines to a model folder that the serving path loads.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rust_bert::bert::BertConfig;
use undertone::scoring::{CONFIG_FILE, Model, VOCAB_FILE, WEIGHTS_FILE, read_json};
use undertone::training::{self, EvaluateOptions, Network, Recipe, Split, TrainError, TrainOptions};

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tiny_set() -> PathBuf {
    checkout().join("tests/data/tiny-sentiment.jsonl")
}

/// An untrained encoder of one narrow layer with the shipped vocabulary.
fn tiny_base(folder: &Path) {
    let shipped = checkout().join("models/undertone-en");
    let config = fs::read_to_string(shipped.join(CONFIG_FILE)).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
    for (key, value) in
        [("hidden_size", 32), ("intermediate_size", 64), ("num_attention_heads", 4), ("num_hidden_layers", 1)]
    {
        config[key] = value.into();
    }
    fs::write(folder.join(CONFIG_FILE), config.to_string()).unwrap();
    fs::copy(shipped.join(VOCAB_FILE), folder.join(VOCAB_FILE)).unwrap();
    tch::manual_seed(5);
    let config: BertConfig = read_json(&folder.join(CONFIG_FILE)).unwrap();
    Network::new(&config, 0.0).save(&folder.join(WEIGHTS_FILE), false).unwrap();
}

fn tiny_recipe() -> Recipe {
    let mut recipe = Recipe::for_own_labels("tiny", &[tiny_set()]);
    recipe.training.epochs = 40;
    recipe.training.batch_rows = 8;
    recipe.training.learning_rate = 5e-3;
    recipe.training.freeze_embeddings = false;
    recipe
}

fn options(base: &Path, out: &Path, resume: bool) -> TrainOptions {
    let (base, out) = (base.to_owned(), out.to_owned());
    TrainOptions {
        base,
        checkpoints: out.join("checkpoints"),
        out,
        resume,
        average_with: None,
        checkpoint_steps: 20,
    }
}

#[test]
fn a_tiny_set_is_learned_and_served() {
    let folder = tempfile::tempdir().unwrap();
    tiny_base(folder.path());
    let (recipe, out) = (tiny_recipe(), folder.path().join("out"));
    let dataset = training::load(&recipe, Path::new("/"), checkout()).unwrap();
    let mut losses = Vec::new();
    training::train(&recipe, &dataset, &options(folder.path(), &out, false), |progress| {
        losses.push(progress.loss);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(losses[losses.len() - 1] < losses[0] / 2.0, "from {} to {}", losses[0], losses[losses.len() - 1]);
    let model = Model::load(&out).unwrap();
    assert_eq!(model.label(), "tiny@1");
    let options = EvaluateOptions { split: Split::Train, without_context: false, real: &[] };
    let report = training::evaluate(&model, &dataset, options, |_, _| {}).unwrap();
    let all = &report.sets.last().unwrap().model;
    assert!(all.accuracy > 0.9, "accuracy {} on what it was trained on", all.accuracy);
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    tiny_base(folder.path());
    let (mut recipe, out) = (tiny_recipe(), folder.path().join("out"));
    recipe.training.epochs = 8;
    let dataset = training::load(&recipe, Path::new("/"), checkout()).unwrap();
    let first = training::train(&recipe, &dataset, &options(folder.path(), &out, false), |progress| {
        if progress.step == 25 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(first, Err(TrainError::Interrupted(25))));
    assert!(Model::load(&out).is_err(), "half a run must not look like a model");
    let mut steps = Vec::new();
    let go_on = |progress: training::Progress, steps: &mut Vec<usize>| {
        steps.push(progress.step);
        ControlFlow::Continue(())
    };
    training::train(&recipe, &dataset, &options(folder.path(), &out, true), |p| go_on(p, &mut steps))
        .unwrap();
    assert_eq!(steps.first(), Some(&26));
    assert!(Model::load(&out).is_ok());
}

#[test]
fn averaging_without_training_gives_the_mean_of_two_models() {
    let folder = tempfile::tempdir().unwrap();
    tiny_base(folder.path());
    let (mut recipe, other) = (tiny_recipe(), folder.path().join("other"));
    recipe.training.epochs = 0;
    let dataset = training::load(&recipe, Path::new("/"), checkout()).unwrap();
    let go_on = |_: training::Progress| ControlFlow::Continue(());
    fs::create_dir(&other).unwrap();
    let config: BertConfig = read_json(&folder.path().join(CONFIG_FILE)).unwrap();
    Network::new(&config, 0.0).save(&other.join(WEIGHTS_FILE), false).unwrap();
    let mut options = options(folder.path(), &folder.path().join("out"), false);
    options.average_with = Some((other.join(WEIGHTS_FILE), 0.25));
    training::train(&recipe, &dataset, &options, go_on).unwrap();
    let bias = |folder: &Path| {
        let tensors = tch::Tensor::read_safetensors(folder.join(WEIGHTS_FILE)).unwrap();
        let bias = tensors.into_iter().find(|(name, _)| name == "heads.sentiment.bias").unwrap().1;
        Vec::<f64>::try_from(bias.to_kind(tch::Kind::Double)).unwrap()
    };
    let (base, other, out) = (bias(folder.path()), bias(&other), bias(&folder.path().join("out")));
    for ((base, other), out) in base.iter().zip(other).zip(out) {
        assert!((out - (0.75 * base + 0.25 * other)).abs() < 1e-3);
    }
}

#[test]
fn a_checkpoint_of_another_recipe_is_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    tiny_base(folder.path());
    let (mut recipe, out) = (tiny_recipe(), folder.path().join("out"));
    let dataset = training::load(&recipe, Path::new("/"), checkout()).unwrap();
    let stop = |_: training::Progress| ControlFlow::Break(());
    assert!(training::train(&recipe, &dataset, &options(folder.path(), &out, false), stop).is_err());
    recipe.training.learning_rate /= 2.0;
    let again = training::train(&recipe, &dataset, &options(folder.path(), &out, true), stop);
    assert!(matches!(again, Err(TrainError::ForeignCheckpoint(_))));
}

#[test]
fn one_text_is_in_one_split_only_and_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl"));
    let lines = fs::read_to_string(tiny_set()).unwrap();
    fs::write(&a, &lines).unwrap();
    // The same texts, as somebody else might have copied them.
    fs::write(&b, lines.replace("\"text\": \"", "\"text\": \"RT @someone: ").replace(" the ", " THE "))
        .unwrap();
    let dataset =
        training::load(&Recipe::for_own_labels("own", &[a, b]), Path::new("/"), checkout()).unwrap();
    assert_eq!((dataset.rows.len(), dataset.duplicates), (60, 60));
}

fn undertone(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_undertone")).args(args).output().unwrap()
}

#[test]
fn a_team_trains_the_whole_model_on_its_own_labels_with_one_command() {
    let folder = tempfile::tempdir().unwrap();
    tiny_base(folder.path());
    let (base, out) = (folder.path().to_str().unwrap(), folder.path().join("mine"));
    let (data, out) = (tiny_set(), out.to_str().unwrap().to_owned());
    let data = data.to_str().unwrap();
    let args = ["train", "--data", data, "--base", base, "--out", &out, "--epochs", "1", "--train-encoder"];
    let trained = undertone(&args);
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let measured =
        undertone(&["evaluate", "--data", data, "--model", &out, "--split", "train", "--confusion"]);
    let text = String::from_utf8(measured.stdout).unwrap();
    assert!(
        measured.status.success() && text.contains("| tiny-sentiment.jsonl |") && text.contains("VADER"),
        "{text}"
    );
}

/// Turns that threaten to leave and turns that do not, with words that tell them apart; too short to be near-duplicates.
fn own_classes(folder: &Path) -> PathBuf {
    let things =
        ["contract", "line", "account", "plan", "number", "box", "card", "parcel", "invoice", "order"];
    let names =
        ["anna", "bob", "carol", "dave", "eve", "frank", "grace", "henry", "irene", "jack", "kim", "lou"];
    let mut lines = String::new();
    for (thing, name) in things.iter().flat_map(|thing| names.iter().map(move |name| (thing, name))) {
        let threat = format!("leaving you cancel {thing} {name}");
        let none = format!("when comes {thing} dear {name}");
        lines += &serde_json::json!({"text": threat, "classes": {"churn_threat": true}}).to_string();
        lines += "\n";
        lines += &serde_json::json!({"text": none, "classes": {"churn_threat": false}}).to_string();
        lines += "\n";
    }
    let file = folder.join("own.jsonl");
    fs::write(&file, lines).unwrap();
    file
}

/// The variables of a model folder by name, as bytes of their file's precision.
fn variables(folder: &Path) -> std::collections::BTreeMap<String, Vec<f32>> {
    let tensors = tch::Tensor::read_safetensors(folder.join(WEIGHTS_FILE)).unwrap();
    let floats =
        |tensor: tch::Tensor| Vec::<f32>::try_from(tensor.to_kind(tch::Kind::Float).flatten(0, -1)).unwrap();
    tensors.into_iter().map(|(name, tensor)| (name, floats(tensor))).collect()
}

#[test]
fn own_labels_move_their_class_and_nothing_else_and_the_gain_is_told() {
    let folder = tempfile::tempdir().unwrap();
    tiny_base(folder.path());
    let base = folder.path().join("base");
    let mut recipe = tiny_recipe();
    recipe.training.epochs = 2;
    let dataset = training::load(&recipe, Path::new("/"), checkout()).unwrap();
    let go_on = |_: training::Progress| ControlFlow::Continue(());
    training::train(&recipe, &dataset, &options(folder.path(), &base, false), go_on).unwrap();
    let (data, out) = (own_classes(folder.path()), folder.path().join("mine"));
    let args = [data.to_str().unwrap(), "--base", base.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let trained = undertone(&[&["train", "--data"][..], &args].concat());
    let text = String::from_utf8_lossy(&trained.stdout).into_owned();
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let line = text.lines().find(|line| line.starts_with("| churn_threat |")).expect(&text);
    let figures: Vec<f64> = line.split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
    // An untrained encoder and 200 rows: better than before is what can be promised.
    let [.., f1_before, f1_after, ap_before, ap_after] = figures[..] else { panic!("{line}") };
    assert!(f1_after > f1_before && ap_after > ap_before && ap_after > 0.8, "{text}");
    // churn_threat is the third of the signals.
    for ((name, before), (_, after)) in variables(&base).into_iter().zip(variables(&out)) {
        let width = before.len() / 9;
        let same: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a.to_bits() == b.to_bits()).collect();
        match name.as_str() {
            "heads.signals.weight" | "heads.signals.bias" => {
                assert!(same[..2 * width].iter().chain(&same[3 * width..]).all(|same| *same), "{name}");
                assert!(same[2 * width..3 * width].iter().any(|same| !same), "{name} did not move");
            }
            _ => assert!(same.iter().all(|same| *same), "{name} moved"),
        }
    }
    let heads = |folder: &Path| Model::load(folder).unwrap().manifest.heads;
    let (before, after) = (heads(&base), heads(&out));
    assert_eq!(
        (&before.mistakes, &before.acts, &before.sentiment),
        (&after.mistakes, &after.acts, &after.sentiment)
    );
    assert_ne!(before.signals[2], after.signals[2]);
}

#[test]
fn a_class_that_is_none_is_refused_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("mine.jsonl");
    fs::write(&data, "{\"text\":\"so slow\",\"classes\":{\"frustated\":true}}\n").unwrap();
    let recipe = Recipe::for_own_labels("own", &[data]);
    let refusal = training::load(&recipe, Path::new("/"), checkout()).unwrap_err().to_string();
    assert!(
        refusal.contains("line 1") && refusal.contains("frustated") && refusal.contains("frustration"),
        "{refusal}"
    );
}

#[test]
fn the_open_recipe_is_the_default_one_without_the_sets_that_may_not_be_used_freely() {
    let recipes = checkout().join("models/recipes");
    let whole = Recipe::load(&recipes.join("undertone-en.toml")).unwrap();
    let open = Recipe::load(&recipes.join("undertone-en-open.toml")).unwrap();
    assert!(open.sets.len() > 4 && open.sets.len() < whole.sets.len());
    assert!(open.sets.iter().all(|set| ["permissive", "share-alike"].contains(&set.licence.as_str())));
    assert_eq!(open.split_salt, whole.split_salt, "a row is in the same split of both");
}

#[test]
fn a_bad_line_is_named_with_file_and_number() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("mine.jsonl");
    fs::write(&data, "{\"text\":\"fine\",\"label\":\"positive\"}\n{\"text\":\"no label\"}\n").unwrap();
    let out = folder.path().join("out");
    let base = checkout().join("models/undertone-en");
    let args = [
        "train",
        "--data",
        data.to_str().unwrap(),
        "--base",
        base.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let refused = undertone(&args);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && text.contains("mine.jsonl, line 2: label is missing"), "{text}");
}
