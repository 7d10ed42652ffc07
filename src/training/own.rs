//! A team's own labels: the heads that they speak of are fitted on stored vectors; the encoder stays as it is.
//!
//! Every row is encoded once. Then only the outputs that the rows say something of are moved, from where they are,
//! with a pull back to it (an L2 penalty on the change), and calibrated anew.
//!
//! Holds always: the encoder and every other output are the same to the last bit; what was gained is measured on rows
//! that were not trained on, before and after. Called by `cli::train`.

use std::path::Path;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::Serialize;
use tch::nn::{self, OptimizerConfig};
use tch::{IndexOp, Kind, Tensor};

use super::calibrate::{self, Judged};
use super::classes;
use super::data::{Dataset, Row};
use super::folder::write_folder;
use super::measures::{measure, measure_binary};
use super::network::{Network, Outputs, Padded};
use super::recipe::Recipe;
use super::split::Split;
use super::trainer::{Example, TrainError, class_loss, examples, judge, open_base, sentiment_loss};
use crate::scoring::{Heads, MANIFEST_FILE, Manifest, Output, Text, Window, read_json};
use crate::wire::{Act, Mistake, Signal};

/// Own rows at most: their vectors are kept in memory, about 25 kB a row.
pub const OWN_ROWS_MAX: usize = 100_000;
/// A class with fewer rows of either kind in the training split is left as it is.
pub const OWN_ROWS_OF_A_KIND_MIN: usize = 5;
const EPOCHS: usize = 20;
const BATCH_ROWS: usize = 64;
const ENCODE_ROWS: usize = 64;
const RATE: f64 = 2e-3;
/// Weight of the squared distance from where a head was.
const PULL: f64 = 0.02;

/// What came out.
#[derive(Clone, Debug, Serialize)]
pub struct Tuned {
    pub train_rows: usize,
    pub dev_rows: usize,
    pub test_rows: usize,
    /// One line for each head that was moved.
    pub gains: Vec<Gain>,
    /// Classes that the rows speak of too seldom to learn from.
    pub too_few: Vec<&'static str>,
}

/// One output, measured on the held-out rows.
#[derive(Clone, Debug, Serialize)]
pub struct Gain {
    pub name: &'static str,
    /// Held-out rows that say something of it, and how many of them yes; for sentiment all of them.
    pub rows: usize,
    pub positives: usize,
    /// F1 at the operating threshold; for sentiment macro-F1.
    pub f1: Change,
    /// For sentiment accuracy.
    pub average_precision: Change,
}

/// A figure before and after.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Change {
    pub before: f64,
    pub after: f64,
}

/// Rows with the vectors of all their tokens.
struct Stored<'a> {
    rows: Vec<&'a Row>,
    examples: Vec<Example>,
    /// `[tokens, hidden]`, half precision.
    vectors: Vec<Tensor>,
}

/// Fits the heads that the rows speak of, and writes the model folder.
///
/// # Errors
/// [`TrainError`]; `base` must be a whole model folder.
pub fn tune_heads(
    recipe: &Recipe,
    dataset: &Dataset,
    base: &Path,
    out: &Path,
    mut progress: impl FnMut(usize, usize),
) -> Result<Tuned, TrainError> {
    let manifest: Manifest = read_json(&base.join(MANIFEST_FILE))?;
    let mut recipe = recipe.clone();
    recipe.training.window_tokens = manifest.window_tokens;
    recipe.training.context_tokens = manifest.context_tokens;
    tch::manual_seed(recipe.training.seed as i64);
    if dataset.rows.len() > OWN_ROWS_MAX {
        return Err(TrainError::TooManyRows(OWN_ROWS_MAX));
    }
    let (text, network) = open_base(base, recipe.training.dropout)?;
    let (total, mut done) = (dataset.rows.len(), 0);
    let mut store = |split: Split| {
        Stored::encode(&network, dataset, split, &text, &recipe, &mut |rows| {
            done += rows;
            progress(done, total);
        })
    };
    let (train, dev, test) = (store(Split::Train)?, store(Split::Dev)?, store(Split::Test)?);
    if train.rows.is_empty() || dev.rows.is_empty() {
        return Err(TrainError::EmptySplit(if train.rows.is_empty() { "training" } else { "development" }));
    }
    let (moved, too_few) = columns_to_move(&train.rows);
    let sentiment = train.rows.iter().any(|row| row.label.is_some());
    let before = (network.copy_heads(), test.judge(&network)?);
    fit(&network, &train, &recipe)?;
    network.restore_heads(&before.0, sentiment, &moved)?;
    let (fitted, _) = calibrate::heads(&dev.judge(&network)?, &dataset.sets, &recipe, Some(&manifest.heads));
    let heads = mixed(&manifest.heads, fitted, sentiment, &moved);
    write_folder(&network, &recipe, base, out, &heads)?;
    let after = test.judge(&network)?;
    let gains = gains((&manifest.heads, &before.1), (&heads, &after), sentiment, &moved);
    let (train_rows, dev_rows, test_rows) = (train.rows.len(), dev.rows.len(), test.rows.len());
    Ok(Tuned { train_rows, dev_rows, test_rows, gains, too_few })
}

impl<'a> Stored<'a> {
    fn encode(
        network: &Network,
        dataset: &'a Dataset,
        split: Split,
        text: &Text,
        recipe: &Recipe,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self, TrainError> {
        let _guard = tch::no_grad_guard();
        let rows: Vec<&Row> = dataset.rows.iter().filter(|row| row.split == split).collect();
        let examples = examples(&rows, text, &recipe.training);
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&index| examples[index].window.ids.len());
        let mut vectors: Vec<Option<Tensor>> = (0..rows.len()).map(|_| None).collect();
        for batch in order.chunks(ENCODE_ROWS) {
            let windows: Vec<&Window> = batch.iter().map(|&index| &examples[index].window).collect();
            let hidden = network.encode(&Padded::new(&windows), false)?;
            for (row, &index) in batch.iter().enumerate() {
                let length = examples[index].window.ids.len() as i64;
                vectors[index] = Some(hidden.i((row as i64, 0..length)).to_kind(Kind::Half));
            }
            progress(batch.len());
        }
        Ok(Stored { rows, examples, vectors: vectors.into_iter().flatten().collect() })
    }

    fn outputs(&self, network: &Network, batch: &[usize], train: bool) -> Result<Outputs, TrainError> {
        let windows: Vec<&Window> = batch.iter().map(|&index| &self.examples[index].window).collect();
        let vectors: Vec<Tensor> =
            batch.iter().map(|&index| self.vectors[index].to_kind(Kind::Float)).collect();
        let hidden = Tensor::pad_sequence(&vectors, true, 0.0);
        Ok(network.heads(&hidden, &Padded::new(&windows), train)?)
    }

    fn judge(&self, network: &Network) -> Result<Vec<Judged>, TrainError> {
        let _guard = tch::no_grad_guard();
        let mut judged = Vec::with_capacity(self.rows.len());
        for batch in (0..self.rows.len()).collect::<Vec<_>>().chunks(ENCODE_ROWS) {
            let rows: Vec<&Row> = batch.iter().map(|&index| self.rows[index]).collect();
            judged.extend(judge(&rows, &self.outputs(network, batch, false)?));
        }
        Ok(judged)
    }
}

/// The classes with enough rows of both kinds, and the names of those that have some but too few.
fn columns_to_move(rows: &[&Row]) -> (Vec<usize>, Vec<&'static str>) {
    let (mut moved, mut too_few) = (Vec::new(), Vec::new());
    for (column, name) in classes::names().enumerate() {
        let count = |yes| rows.iter().filter(|row| row.marks.get(column) == Some(yes)).count();
        match (count(true), count(false)) {
            (0, 0) => {}
            (yes, no) if yes.min(no) >= OWN_ROWS_OF_A_KIND_MIN => moved.push(column),
            _ => too_few.push(name),
        }
    }
    (moved, too_few)
}

fn fit(network: &Network, train: &Stored<'_>, recipe: &Recipe) -> Result<(), TrainError> {
    network.freeze(|name| !name.starts_with("heads."));
    let origin = network.copy_heads();
    let mut optimizer =
        nn::Adam::default().build(&network.store, RATE).map_err(super::network::NetworkError::from)?;
    let mut random = StdRng::seed_from_u64(recipe.training.seed);
    let mut order: Vec<usize> = (0..train.rows.len()).collect();
    for _ in 0..EPOCHS {
        order.shuffle(&mut random);
        for batch in order.chunks(BATCH_ROWS) {
            let outputs = train.outputs(network, batch, true)?;
            let rows: Vec<&Example> = batch.iter().map(|&index| &train.examples[index]).collect();
            let loss = sentiment_loss(&outputs.sentiment, &rows, recipe.training.label_smoothing)?
                + class_loss(&outputs.classes, &rows)?
                + network.distance_of_heads(&origin)? * PULL;
            optimizer.backward_step(&loss);
        }
    }
    Ok(())
}

/// The new calibration for what was moved, the old one for the rest.
fn mixed(old: &Heads, new: Heads, sentiment: bool, moved: &[usize]) -> Heads {
    fn pick<N: Copy>(
        old: &[Output<N>],
        new: &[Output<N>],
        name: fn(N) -> &'static str,
        moved: &[usize],
    ) -> Vec<Output<N>> {
        let one = |old: &Output<N>| {
            let is_moved = classes::column(name(old.name)).is_some_and(|column| moved.contains(&column));
            let new = new.iter().find(|new| name(new.name) == name(old.name));
            new.filter(|_| is_moved).copied().unwrap_or(*old)
        };
        old.iter().map(one).collect()
    }
    Heads {
        sentiment: if sentiment { new.sentiment } else { old.sentiment.clone() },
        signals: pick(&old.signals, &new.signals, Signal::as_str, moved),
        mistakes: pick(&old.mistakes, &new.mistakes, Mistake::as_str, moved),
        acts: pick(&old.acts, &new.acts, Act::as_str, moved),
    }
}

fn gains(
    before: (&Heads, &[Judged]),
    after: (&Heads, &[Judged]),
    sentiment: bool,
    moved: &[usize],
) -> Vec<Gain> {
    let mut gains = Vec::new();
    if sentiment {
        let of = |(heads, judged): (&Heads, &[Judged])| {
            measure(&calibrate::predictions(judged, heads.sentiment.temperature))
        };
        let (before, after) = (of(before), of(after));
        gains.push(Gain {
            name: "sentiment",
            rows: after.rows,
            positives: after.rows,
            f1: Change { before: before.macro_f1, after: after.macro_f1 },
            average_precision: Change { before: before.accuracy, after: after.accuracy },
        });
    }
    for (column, name) in classes::names().enumerate().filter(|(column, _)| moved.contains(column)) {
        let of = |(heads, judged): (&Heads, &[Judged])| {
            let reading = calibrate::of_column(heads, column);
            let pairs: Vec<(f64, bool)> = judged
                .iter()
                .filter_map(|one| Some((reading.probability(one.classes[column]), one.marks.get(column)?)))
                .collect();
            measure_binary(&pairs, reading.threshold)
        };
        let (before, after) = (of(before), of(after));
        gains.push(Gain {
            name,
            rows: after.rows,
            positives: after.positives,
            f1: Change { before: before.f1, after: after.f1 },
            average_precision: Change { before: before.average_precision, after: after.average_precision },
        });
    }
    gains
}
