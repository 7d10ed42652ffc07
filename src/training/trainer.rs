//! The training loop: batches by length, warm-up and linear decay, checkpoints, a temperature at the end.
//!
//! Holds always: the order of batches is a function of seed and epoch, so that an interrupted run goes on where
//! it stopped; the model folder appears whole (it is written beside its place and renamed).
//! Called by `cli::train`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngCore, SeedableRng};
use rust_bert::bert::BertConfig;
use serde::{Deserialize, Serialize};
use tch::nn::{self, OptimizerConfig};
use tch::{Kind, Reduction, Tensor};

use super::data::Dataset;
use super::measures::{Measures, Prediction, measure};
use super::network::{Network, NetworkError, Padded, rows_of};
use super::recipe::Recipe;
use super::split::Split;
use crate::scoring::{
    CHECKED_FILES, CONFIG_FILE, MANIFEST_FILE, Manifest, ModelError, Text, TextError, Tokens, VOCAB_FILE,
    WEIGHTS_FILE, file_sha256, read_json,
};
use crate::wire::Label;

/// Batches of similar length are drawn from stretches of this many batches.
const SHUFFLE_BATCHES: usize = 50;
/// Rows of one pass when measuring.
const MEASURE_ROWS: usize = 64;
/// Steps between checkpoints, a few minutes of work.
pub const CHECKPOINT_STEPS: usize = 250;
const CHECKPOINT_WEIGHTS: &str = "checkpoint.safetensors";
const CHECKPOINT_STATE: &str = "checkpoint.json";
/// Weight of the newest loss in the shown one.
const LOSS_DECAY: f64 = 0.02;

/// Where to read from and write to.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// A folder with config.json, vocab.txt and model.safetensors: a base encoder or a model folder.
    pub base: PathBuf,
    /// The model folder to be made.
    pub out: PathBuf,
    /// Where checkpoints are kept while training.
    pub checkpoints: PathBuf,
    /// Go on from the checkpoint there, if there is one.
    pub resume: bool,
    /// After training: the weights file of another model of the same shape, and its share of the average.
    pub average_with: Option<(PathBuf, f64)>,
    /// Steps between checkpoints; usually [`CHECKPOINT_STEPS`].
    pub checkpoint_steps: usize,
}

/// How far it is; given to the caller's `progress` after every step.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub epoch: usize,
    pub epochs: usize,
    pub step: usize,
    pub steps: usize,
    pub rows: usize,
    /// Smoothed.
    pub loss: f64,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Trained {
    pub dev: Measures,
    pub temperature: f64,
    pub steps: usize,
}

/// Why training stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error("{path}: {problem}")]
    File { path: String, problem: std::io::Error },
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("{path} {problem}")]
    Vocabulary { path: String, problem: TextError },
    #[error("the {0} split is empty; more labelled rows are needed")]
    EmptySplit(&'static str),
    #[error("the checkpoint in {0} belongs to another recipe or other data; remove it or leave out --resume")]
    ForeignCheckpoint(String),
    #[error("stopped at step {0}; go on with --resume")]
    Interrupted(usize),
    #[error("the loss is not finite any more at step {0}; lower training.learning_rate")]
    Diverged(usize),
}

/// Where an interrupted run stopped.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    step: usize,
    /// Recipe, number of rows: what must be the same to go on.
    fingerprint: String,
}

struct Example {
    ids: Vec<i64>,
    label: i64,
    weight: f32,
}

/// Trains and writes the model folder. `progress` hears of every step and may break off: a checkpoint is kept then.
///
/// # Errors
/// [`TrainError`].
pub fn train(
    recipe: &Recipe,
    dataset: &Dataset,
    options: &TrainOptions,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Trained, TrainError> {
    let t = &recipe.training;
    tch::manual_seed(t.seed as i64);
    let config: BertConfig = read_json(&options.base.join(CONFIG_FILE))?;
    let vocab = options.base.join(VOCAB_FILE);
    let text = Text::load(&vocab)
        .map_err(|problem| TrainError::Vocabulary { path: vocab.display().to_string(), problem })?;
    let examples = |split| examples(dataset, split, &text, t.window_tokens);
    let (train, dev) = (examples(Split::Train), examples(Split::Dev));
    if train.is_empty() || dev.is_empty() {
        return Err(TrainError::EmptySplit(if train.is_empty() { "training" } else { "development" }));
    }
    let mut network = Network::new(&config, Label::ALL.len() as i64, t.dropout);
    network.fill(&options.base.join(WEIGHTS_FILE))?;
    let fingerprint =
        format!("{} {} rows {}", recipe.name, serde_json::to_string(&t).unwrap_or_default(), train.len());
    let done = if options.resume { resume(&mut network, &options.checkpoints, &fingerprint)? } else { 0 };
    network.freeze(|name| frozen(name, t.freeze_embeddings, t.freeze_layers));
    let mut optimizer = nn::adamw(0.9, 0.999, t.weight_decay)
        .build(&network.store, t.learning_rate)
        .map_err(NetworkError::from)?;
    let steps_per_epoch = train.len().div_ceil(t.batch_rows);
    let steps = steps_per_epoch * t.epochs;
    let (mut step, mut loss_shown) = (0, f64::NAN);
    for epoch in 0..t.epochs {
        for batch in batches(&train, t.batch_rows, t.seed, epoch) {
            step += 1;
            if step <= done {
                continue;
            }
            optimizer.set_lr(t.learning_rate * schedule(step, steps, t.warmup));
            let loss = batch_loss(&network, &train, &batch, t.label_smoothing)?;
            optimizer.backward_step_clip_norm(&loss, t.gradient_norm_max);
            let loss = loss.double_value(&[]);
            if !loss.is_finite() {
                return Err(TrainError::Diverged(step));
            }
            loss_shown =
                if loss_shown.is_nan() { loss } else { loss_shown + LOSS_DECAY * (loss - loss_shown) };
            let heard = progress(Progress {
                epoch: epoch + 1,
                epochs: t.epochs,
                step,
                steps,
                rows: batch.len(),
                loss: loss_shown,
            });
            if step.is_multiple_of(options.checkpoint_steps) || heard.is_break() {
                let state = Checkpoint { step, fingerprint: fingerprint.clone() };
                checkpoint(&network, &options.checkpoints, &state)?;
            }
            if heard.is_break() {
                return Err(TrainError::Interrupted(step));
            }
        }
    }
    if let Some((weights, share)) = &options.average_with {
        network.average_with(weights, *share)?;
    }
    let logits = predict(&network, &dev)?;
    let temperature = fit_temperature(&logits, &dev);
    write_folder(&network, recipe, options, temperature)?;
    let dev = measure(&predictions(&logits, &dev, temperature));
    let _ = fs::remove_file(options.checkpoints.join(CHECKPOINT_STATE));
    let _ = fs::remove_file(options.checkpoints.join(CHECKPOINT_WEIGHTS));
    Ok(Trained { dev, temperature, steps })
}

fn frozen(name: &str, embeddings: bool, layers: usize) -> bool {
    let layer = name
        .strip_prefix("bert.encoder.layer.")
        .and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    (embeddings && name.starts_with("bert.embeddings.")) || layer.is_some_and(|layer| layer < layers)
}

fn examples(dataset: &Dataset, split: Split, text: &Text, window_tokens: usize) -> Vec<Example> {
    let rows = dataset.rows.iter().filter(|row| row.split == split);
    rows.map(|row| Example {
        ids: window(&text.tokens(&row.text), text.specials(), window_tokens),
        label: row.label as i64,
        weight: row.weight as f32,
    })
    .collect()
}

/// The first window of a text; longer training rows are cut.
fn window(tokens: &Tokens, (cls, sep): (u32, u32), window_tokens: usize) -> Vec<i64> {
    let content = tokens.ids.iter().take(window_tokens - 2);
    std::iter::once(&cls).chain(content).chain(std::iter::once(&sep)).map(|&id| i64::from(id)).collect()
}

/// Batches of rows of similar length, in an order drawn from seed and epoch.
fn batches(examples: &[Example], rows: usize, seed: u64, epoch: usize) -> Vec<Vec<usize>> {
    let mut random = StdRng::seed_from_u64(seed.wrapping_add((epoch as u64) << 32));
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.shuffle(&mut random);
    for stretch in order.chunks_mut(rows * SHUFFLE_BATCHES) {
        // A random tie-break, or rows of one length would always meet the same neighbours.
        stretch.sort_by_cached_key(|&index| (examples[index].ids.len(), random.next_u32()));
    }
    let mut batches: Vec<Vec<usize>> = order.chunks(rows).map(<[usize]>::to_vec).collect();
    batches.shuffle(&mut random);
    batches
}

/// Factor of the learning rate: up over the warm-up, then down to 0.
fn schedule(step: usize, steps: usize, warmup: f64) -> f64 {
    let (step, steps) = (step as f64, steps as f64);
    let rising = (steps * warmup).max(1.0);
    if step < rising { step / rising } else { ((steps - step) / (steps - rising).max(1.0)).max(0.0) }
}

fn batch_loss(
    network: &Network,
    examples: &[Example],
    batch: &[usize],
    smoothing: f64,
) -> Result<Tensor, NetworkError> {
    let ids: Vec<&[i64]> = batch.iter().map(|&index| examples[index].ids.as_slice()).collect();
    let labels: Vec<i64> = batch.iter().map(|&index| examples[index].label).collect();
    let weights: Vec<f32> = batch.iter().map(|&index| examples[index].weight).collect();
    let logits = network.logits(&Padded::new(&ids), true)?;
    let losses = logits.f_cross_entropy_loss(
        &Tensor::from_slice(&labels),
        None::<Tensor>,
        Reduction::None,
        -100,
        smoothing,
    )?;
    let weights = Tensor::from_slice(&weights);
    Ok(losses.f_mul(&weights)?.f_sum(Kind::Float)?.f_div(&weights.f_sum(Kind::Float)?)?)
}

fn predict(network: &Network, examples: &[Example]) -> Result<Vec<Vec<f64>>, NetworkError> {
    let _guard = tch::no_grad_guard();
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|&index| examples[index].ids.len());
    let mut logits = vec![Vec::new(); examples.len()];
    for batch in order.chunks(MEASURE_ROWS) {
        let ids: Vec<&[i64]> = batch.iter().map(|&index| examples[index].ids.as_slice()).collect();
        for (&index, row) in batch.iter().zip(rows_of(&network.logits(&Padded::new(&ids), false)?)) {
            logits[index] = row;
        }
    }
    Ok(logits)
}

/// The temperature with the least negative log-likelihood, by golden-section search over 0.25 to 4.
fn fit_temperature(logits: &[Vec<f64>], examples: &[Example]) -> f64 {
    let loss = |temperature: f64| -> f64 {
        logits
            .iter()
            .zip(examples)
            .map(|(row, example)| -softmax(row, temperature)[example.label as usize].max(1e-12).ln())
            .sum()
    };
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.25, 4.0);
    for _ in 0..40 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if loss(a) < loss(b) { high = b } else { low = a }
    }
    f64::midpoint(low, high)
}

fn softmax(row: &[f64], temperature: f64) -> Vec<f64> {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = row.iter().map(|value| ((value - top) / temperature).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

fn predictions(logits: &[Vec<f64>], examples: &[Example], temperature: f64) -> Vec<Prediction> {
    let one = |(row, example): (&Vec<f64>, &Example)| {
        let probabilities = softmax(row, temperature);
        let best = (0..probabilities.len())
            .max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]))
            .unwrap_or(0);
        Prediction {
            truth: Label::ALL[example.label as usize],
            guess: Label::ALL[best],
            confidence: Some(probabilities[best]),
        }
    };
    logits.iter().zip(examples).map(one).collect()
}

fn resume(network: &mut Network, folder: &Path, fingerprint: &str) -> Result<usize, TrainError> {
    let state = folder.join(CHECKPOINT_STATE);
    if !state.exists() {
        return Ok(0);
    }
    let checkpoint: Checkpoint = read_json(&state)?;
    if checkpoint.fingerprint != fingerprint {
        return Err(TrainError::ForeignCheckpoint(folder.display().to_string()));
    }
    network.fill(&folder.join(CHECKPOINT_WEIGHTS))?;
    Ok(checkpoint.step)
}

fn checkpoint(network: &Network, folder: &Path, state: &Checkpoint) -> Result<(), TrainError> {
    let file = |problem| TrainError::File { path: folder.display().to_string(), problem };
    fs::create_dir_all(folder).map_err(file)?;
    // safetensors files are told by their ending.
    let partial = folder.join("partial.safetensors");
    network.save(&partial, false)?;
    fs::rename(&partial, folder.join(CHECKPOINT_WEIGHTS)).map_err(file)?;
    let partial = folder.join("partial.json");
    fs::write(&partial, serde_json::to_string(state).expect("a checkpoint is plain data: this is a bug"))
        .map_err(file)?;
    fs::rename(&partial, folder.join(CHECKPOINT_STATE)).map_err(file)
}

fn write_folder(
    network: &Network,
    recipe: &Recipe,
    options: &TrainOptions,
    temperature: f64,
) -> Result<(), TrainError> {
    let out = &options.out;
    let file = |problem| TrainError::File { path: out.display().to_string(), problem };
    fs::create_dir_all(out).map_err(file)?;
    let partial = out.join("partial.safetensors");
    network.save(&partial, true)?;
    for name in [CONFIG_FILE, VOCAB_FILE] {
        let (from, to) = (options.base.join(name), out.join(name));
        if from != to {
            fs::copy(from, to).map_err(file)?;
        }
    }
    fs::rename(&partial, out.join(WEIGHTS_FILE)).map_err(file)?;
    let sha256: BTreeMap<String, String> = CHECKED_FILES
        .iter()
        .map(|name| Ok(((*name).to_owned(), file_sha256(&out.join(name))?)))
        .collect::<Result<_, ModelError>>()?;
    let manifest = Manifest {
        name: recipe.name.clone(),
        version: recipe.version.clone(),
        precision: "f16".into(),
        labels: Label::ALL.to_vec(),
        window_tokens: recipe.training.window_tokens,
        temperature: (temperature * 1e4).round() / 1e4,
        sha256,
    };
    // Last, so that a folder with a manifest is whole.
    let text = serde_json::to_string_pretty(&manifest).expect("a manifest is plain data: this is a bug");
    fs::write(out.join(MANIFEST_FILE), text + "\n").map_err(file)
}
