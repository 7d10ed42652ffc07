//! What a model has to beat: a bag of words. Logistic regressions over hashed words and pairs of words of the turn and
//! words of its context, trained on the same rows.
//!
//! Holds always: the same rows in the same order give the same figures. Called by `evaluate`.

use super::calibrate::sigmoid;
use super::classes::CLASSES;
use super::data::{Dataset, Row};
use super::split::{Split, canonical};
use crate::wire::Label;

/// Buckets that words are hashed to.
const BUCKETS: usize = 1 << 18;
/// Passes over the training rows.
const EPOCHS: usize = 6;
/// The first step; AdaGrad makes each weight's own smaller.
const RATE: f32 = 0.3;
/// Pull towards 0 at each step of a weight.
const DECAY: f32 = 1e-5;
/// Outputs: sentiment's three labels, then the classes.
const OUTPUTS: usize = 3 + CLASSES;

/// The trained regressions.
pub struct BagOfWords {
    outputs: Vec<Regression>,
}

struct Regression {
    weights: Vec<f32>,
    squares: Vec<f32>,
}

impl BagOfWords {
    /// Trains on the training split.
    pub fn train(dataset: &Dataset) -> Self {
        let rows: Vec<(&Row, Vec<u32>)> = dataset
            .rows
            .iter()
            .filter(|row| row.split == Split::Train)
            .map(|row| (row, features(row)))
            .collect();
        let outputs = (0..OUTPUTS).map(|output| Regression::train(&rows, output)).collect();
        BagOfWords { outputs }
    }

    /// The most probable label, and the probability of every class.
    pub fn answer(&self, row: &Row) -> (Label, Vec<f64>) {
        let features = features(row);
        let logits: Vec<f32> = self.outputs.iter().map(|output| output.logit(&features)).collect();
        let logit = |label: &&Label| logits[**label as usize];
        let label = Label::ALL.iter().max_by(|a, b| logit(a).total_cmp(&logit(b))).unwrap_or(&Label::Neutral);
        (*label, logits[3..].iter().map(|logit| sigmoid(f64::from(*logit))).collect())
    }
}

impl Regression {
    fn train(rows: &[(&Row, Vec<u32>)], output: usize) -> Self {
        let mut this = Regression { weights: vec![0.0; BUCKETS], squares: vec![1e-2; BUCKETS] };
        let told: Vec<(&[u32], f32, f32)> = rows
            .iter()
            .filter_map(|(row, features)| {
                let (yes, weight) = truth(row, output)?;
                Some((features.as_slice(), f32::from(u8::from(yes)), weight as f32))
            })
            .collect();
        // A stride that shares no factor with the number of rows: a fixed shuffle.
        let stride = (told.len() / 2 + 1..).find(|stride| coprime(*stride, told.len())).unwrap_or(1);
        for at in (0..EPOCHS * told.len()).map(|step| step * stride % told.len().max(1)) {
            let (features, truth, weight) = told[at];
            let error = (sigmoid(f64::from(this.logit(features))) as f32 - truth) * weight;
            for &bucket in features {
                let bucket = bucket as usize;
                let gradient = error + DECAY * this.weights[bucket];
                this.squares[bucket] += gradient * gradient;
                this.weights[bucket] -= RATE * gradient / this.squares[bucket].sqrt();
            }
        }
        this
    }

    fn logit(&self, features: &[u32]) -> f32 {
        features.iter().map(|&bucket| self.weights[bucket as usize]).sum()
    }
}

fn truth(row: &Row, output: usize) -> Option<(bool, f64)> {
    match output.checked_sub(3) {
        None => row.label.map(|label| (label as usize == output, row.weight)),
        Some(column) => row.marks.get(column).map(|yes| (yes, row.class_weight)),
    }
}

/// The buckets of a row's words: a constant, words, pairs of words, words of the context.
fn features(row: &Row) -> Vec<u32> {
    let text = canonical(&row.text);
    let words: Vec<&str> = text.split(' ').collect();
    let mut buckets = vec![bucket("", "")];
    buckets.extend(words.iter().map(|word| bucket("w", word)));
    buckets.extend(words.windows(2).map(|pair| bucket(pair[0], pair[1])));
    let context = row.context.as_deref().map(canonical).unwrap_or_default();
    buckets.extend(context.split(' ').filter(|word| !word.is_empty()).map(|word| bucket("c ", word)));
    buckets.sort_unstable();
    buckets.dedup();
    buckets
}

/// FNV-1a, which stays the same from build to build.
fn bucket(first: &str, second: &str) -> u32 {
    let bytes = first.bytes().chain([b' ']).chain(second.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash % BUCKETS as u64) as u32
}

fn coprime(mut a: usize, mut b: usize) -> bool {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}
