//! The training loop: batches by length, warm-up and linear decay, checkpoints, calibration at the end.
//!
//! Holds always: the order of batches is a function of seed and epoch, so that an interrupted run goes on where
//! it stopped; the model folder appears whole (it is written beside its place and renamed).
//! Called by `cli::train`.

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

use super::calibrate::{self, Judged};
use super::classes::{CLASSES, Marks, columns_of};
use super::data::{Dataset, Row};
use super::folder::write_folder;
use super::measures::Measures;
use super::network::{HEADS_GROUP, Network, NetworkError, Outputs, Padded, rows_of};
use super::recipe::{Recipe, Training};
use super::split::Split;
use crate::scoring::{
    CONFIG_FILE, Heads, MANIFEST_FILE, Manifest, ModelError, Text, TextError, VOCAB_FILE, WEIGHTS_FILE,
    Window, context_tail, read_json,
};

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
/// What the loss of sentiment passes over.
const NO_LABEL: i64 = -100;

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
    /// Sentiment on the development split.
    pub dev: Measures,
    pub heads: Heads,
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
    #[error(
        "more than {0} labelled rows; give --train-encoder, which trains from the files and not from memory"
    )]
    TooManyRows(usize),
    #[error("the {0} split is empty; more labelled rows are needed")]
    EmptySplit(&'static str),
    #[error("the checkpoint in {0} belongs to another recipe or other data; remove it or leave out --resume")]
    ForeignCheckpoint(String),
    #[error("stopped at step {0}; go on with --resume")]
    Interrupted(usize),
    #[error("the loss is not finite any more at step {0}; lower training.learning_rate")]
    Diverged(usize),
    #[error(
        "{out} holds another model than {base}; a risk fits the scores it was fitted on: give --base {out}, or another --out"
    )]
    OtherModel { base: String, out: String },
}

/// Where an interrupted run stopped.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    step: usize,
    /// Recipe, number of rows: what must be the same to go on.
    fingerprint: String,
}

/// A row as the network takes it.
pub struct Example {
    pub window: Window,
    /// The same without its context, where it has one.
    bare: Option<Window>,
    /// The number of its label; [`NO_LABEL`] without one.
    label: i64,
    weight: f32,
    marks: Marks,
    class_weight: f32,
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
    let (text, mut network) = open_base(&options.base, t.dropout)?;
    let rows = |split| dataset.rows.iter().filter(|row| row.split == split).collect::<Vec<_>>();
    let dev_rows = rows(Split::Dev);
    let (train, dev) = (examples(&rows(Split::Train), &text, t), examples(&dev_rows, &text, t));
    if train.is_empty() || dev.is_empty() {
        return Err(TrainError::EmptySplit(if train.is_empty() { "training" } else { "development" }));
    }
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
            let share = schedule(step, steps, t.warmup);
            optimizer.set_lr_group(0, t.learning_rate * share);
            optimizer.set_lr_group(HEADS_GROUP, t.heads_learning_rate * share);
            let drops = dropped(&batch, t, epoch);
            let loss = batch_loss(&network, &train, &batch, &drops, t)?;
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
    let judged = predict(&network, &dev_rows, &dev)?;
    let previous = previous_heads(&options.base);
    let (heads, dev) = calibrate::heads(&judged, &dataset.sets, recipe, previous.as_ref());
    write_folder(&network, recipe, &options.base, &options.out, &heads)?;
    forget_checkpoint(&options.checkpoints);
    Ok(Trained { dev, heads, steps })
}

/// The tokeniser and the network of a base encoder or model folder.
///
/// # Errors
/// [`TrainError`] naming the file that cannot be used.
pub fn open_base(base: &Path, dropout: f64) -> Result<(Text, Network), TrainError> {
    let config: BertConfig = read_json(&base.join(CONFIG_FILE))?;
    let vocab = base.join(VOCAB_FILE);
    let text = Text::load(&vocab)
        .map_err(|problem| TrainError::Vocabulary { path: vocab.display().to_string(), problem })?;
    let mut network = Network::new(&config, dropout);
    network.fill(&base.join(WEIGHTS_FILE))?;
    Ok((text, network))
}

/// The calibration of the model that training began from: it stays where no row says anything.
fn previous_heads(base: &Path) -> Option<Heads> {
    read_json::<Manifest>(&base.join(MANIFEST_FILE)).ok().map(|manifest| manifest.heads)
}

fn frozen(name: &str, embeddings: bool, layers: usize) -> bool {
    let layer = name
        .strip_prefix("bert.encoder.layer.")
        .and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    (embeddings && name.starts_with("bert.embeddings.") && !name.contains("token_type"))
        || layer.is_some_and(|layer| layer < layers)
}

/// Rows as the network takes them; longer turns are cut to their first window.
pub fn examples(rows: &[&Row], text: &Text, t: &Training) -> Vec<Example> {
    let one = |row: &&Row| {
        let turn = text.tokens(&row.text);
        let turn = &turn.ids[..turn.ids.len().min(t.window_tokens - 2)];
        let context = row.context.as_deref().map(|context| text.tokens(context));
        let context = context.as_ref().map_or(&[][..], |tokens| context_tail(tokens, t.context_tokens));
        Example {
            window: Window::new(context, turn, text.specials()),
            bare: (!context.is_empty()).then(|| Window::new(&[], turn, text.specials())),
            label: row.label.map_or(NO_LABEL, |label| label as i64),
            weight: row.weight as f32,
            marks: row.marks,
            class_weight: row.class_weight as f32,
        }
    };
    rows.iter().map(one).collect()
}

/// Batches of rows of similar length, in an order drawn from seed and epoch.
fn batches(examples: &[Example], rows: usize, seed: u64, epoch: usize) -> Vec<Vec<usize>> {
    let mut random = StdRng::seed_from_u64(seed.wrapping_add((epoch as u64) << 32));
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.shuffle(&mut random);
    for stretch in order.chunks_mut(rows * SHUFFLE_BATCHES) {
        // A random tie-break, or rows of one length would always meet the same neighbours.
        stretch.sort_by_cached_key(|&index| (examples[index].window.ids.len(), random.next_u32()));
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

/// Which rows of a batch lose their context: a function of seed, epoch and row.
fn dropped(batch: &[usize], t: &Training, epoch: usize) -> Vec<bool> {
    let drops = |&row: &usize| {
        let seed = t.seed ^ (row as u64) << 20 ^ (epoch as u64) << 56;
        let share = f64::from(StdRng::seed_from_u64(seed).next_u32()) / f64::from(u32::MAX);
        share < t.context_dropout
    };
    batch.iter().map(drops).collect()
}

fn batch_loss(
    network: &Network,
    examples: &[Example],
    batch: &[usize],
    drops: &[bool],
    t: &Training,
) -> Result<Tensor, NetworkError> {
    let rows: Vec<&Example> = batch.iter().map(|&index| &examples[index]).collect();
    let windows: Vec<&Window> = rows
        .iter()
        .zip(drops)
        .map(|(row, drop)| row.bare.as_ref().filter(|_| *drop).unwrap_or(&row.window))
        .collect();
    let outputs = network.outputs(&Padded::new(&windows), true)?;
    let sentiment = sentiment_loss(&outputs.sentiment, &rows, t.label_smoothing)?;
    let classes = class_loss(&outputs.classes, &rows)?;
    Ok(sentiment.f_add(&classes.f_mul_scalar(t.classes_weight)?)?)
}

/// Cross-entropy over the rows that have a label.
///
/// # Errors
/// [`NetworkError::Torch`].
pub fn sentiment_loss(logits: &Tensor, rows: &[&Example], smoothing: f64) -> Result<Tensor, NetworkError> {
    let labels: Vec<i64> = rows.iter().map(|row| row.label).collect();
    let weights: Vec<f32> =
        rows.iter().map(|row| if row.label == NO_LABEL { 0.0 } else { row.weight }).collect();
    let total: f32 = weights.iter().sum();
    let losses = logits.f_cross_entropy_loss(
        &Tensor::from_slice(&labels),
        None::<Tensor>,
        Reduction::None,
        NO_LABEL,
        smoothing,
    )?;
    let sum = losses.f_mul(&Tensor::from_slice(&weights))?.f_sum(Kind::Float)?;
    // Of the whole batch, as if every row had a label: a lone labelled row must not count for 32.
    Ok(sum.f_div_scalar(f64::from(total.max(rows.len() as f32 / 2.0)))?)
}

/// Binary cross-entropy over what the rows say, summed over the classes of a row and averaged over rows.
///
/// # Errors
/// [`NetworkError::Torch`].
pub fn class_loss(logits: &Tensor, rows: &[&Example]) -> Result<Tensor, NetworkError> {
    let (mut truths, mut weights) = (Vec::with_capacity(rows.len() * CLASSES), Vec::new());
    let mut total = 0.0_f32;
    for row in rows {
        for column in 0..CLASSES {
            let mark = row.marks.get(column);
            truths.push(f32::from(u8::from(mark == Some(true))));
            weights.push(if mark.is_some() { row.class_weight } else { 0.0 });
        }
        total += if row.marks.is_empty() { 0.0 } else { row.class_weight };
    }
    let shape = [rows.len() as i64, CLASSES as i64];
    let (truths, weights) =
        (Tensor::from_slice(&truths).view(shape), Tensor::from_slice(&weights).view(shape));
    let losses = logits.f_binary_cross_entropy_with_logits::<Tensor>(&truths, None, None, Reduction::None)?;
    let sum = losses.f_mul(&weights)?.f_sum(Kind::Float)?;
    Ok(sum.f_div_scalar(f64::from(total.max(rows.len() as f32 / 2.0)))?)
}

/// What the network says of rows, before calibration.
fn predict(network: &Network, rows: &[&Row], examples: &[Example]) -> Result<Vec<Judged>, NetworkError> {
    let _guard = tch::no_grad_guard();
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|&index| examples[index].window.ids.len());
    let mut judged: Vec<Option<Judged>> = vec![None; examples.len()];
    for batch in order.chunks(MEASURE_ROWS) {
        let windows: Vec<&Window> = batch.iter().map(|&index| &examples[index].window).collect();
        let outputs = network.outputs(&Padded::new(&windows), false)?;
        let of_batch: Vec<&Row> = batch.iter().map(|&index| rows[index]).collect();
        for (&index, one) in batch.iter().zip(judge(&of_batch, &outputs)) {
            judged[index] = Some(one);
        }
    }
    Ok(judged.into_iter().flatten().collect())
}

/// What the network said of rows, beside what is true.
pub fn judge(rows: &[&Row], outputs: &Outputs) -> Vec<Judged> {
    let answers = rows_of(&outputs.sentiment).into_iter().zip(rows_of(&outputs.classes));
    rows.iter()
        .zip(answers)
        .map(|(row, (sentiment, classes))| Judged {
            set: row.set,
            label: row.label,
            marks: row.marks.within(columns_of(row.role)),
            sentiment,
            classes,
        })
        .collect()
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

/// What was kept for the case of an interruption is not needed any more; if it stays, nothing is lost.
fn forget_checkpoint(folder: &Path) {
    for file in [CHECKPOINT_STATE, CHECKPOINT_WEIGHTS] {
        let _ = fs::remove_file(folder.join(file));
    }
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
