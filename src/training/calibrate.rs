//! From what the heads say of the development split to probabilities and operating thresholds.
//!
//! Sentiment: one temperature (Guo et al. 2017). A class: a scale and an offset (Platt 1999, with his smoothed
//! targets), then the threshold with the best F1 among those that reach the recipe's precision.
//!
//! Holds always: a class that the annotated conversations show often enough is fitted on them alone, since a
//! probability depends on how rare a thing is; the rarer ones on written rows too. Called by `trainer` and `own`.

use super::classes::{self, ACTS, MISTAKES, Marks, SIGNALS};
use super::measures::{Measures, Prediction, measure};
use super::recipe::{Precision, Recipe};
use crate::scoring::{Heads, Output, SentimentHead};
use crate::wire::{Act, Label, Mistake, Signal};

/// So many annotated rows with a class in the development split are enough to fit it on real rows alone.
const REAL_POSITIVES_MIN: usize = 15;
/// Steps of Newton's method; it has converged long before.
const NEWTON_STEPS: usize = 60;
/// Pulls the scale towards 1 where there are few rows.
const SCALE_PRIOR: f64 = 1.0;
/// Thresholds outside are never sensible: a class is not said below, and would never be said above.
const THRESHOLD_MIN: f64 = 0.1;
const THRESHOLD_MAX: f64 = 0.95;
/// Added to the count of false alarms when a precision is estimated, since the best of many thresholds flatters.
const FALSE_ALARMS_PRIOR: f64 = 0.5;

/// What the network says of a row, and the truth.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Index of its set.
    pub set: usize,
    pub label: Option<Label>,
    pub marks: Marks,
    /// Logits in the order of `Label::ALL`.
    pub sentiment: Vec<f64>,
    /// Logits in the order of [`super::classes`].
    pub classes: Vec<f64>,
}

/// How a class's logit becomes an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    pub scale: f64,
    pub offset: f64,
    pub threshold: f64,
}

/// Fits all heads; also gives sentiment's figures on the same rows. What no row speaks of stays as in `previous`.
pub fn heads(
    judged: &[Judged],
    sets: &[String],
    recipe: &Recipe,
    previous: Option<&Heads>,
) -> (Heads, Measures) {
    let labelled: Vec<&Judged> = judged.iter().filter(|one| one.label.is_some()).collect();
    let temperature = match previous {
        Some(previous) if labelled.is_empty() => previous.sentiment.temperature,
        _ => fit_temperature(&labelled),
    };
    let real = |set: usize| {
        recipe.sets.iter().any(|recipe| recipe.name == sets[set] && recipe.annotations.is_some())
    };
    let fit = |column: usize, precision: f64| {
        let pairs = |only_real: bool| -> Vec<(f64, bool)> {
            let rows = judged.iter().filter(|one| !only_real || real(one.set));
            rows.filter_map(|one| Some((one.classes[column], one.marks.get(column)?))).collect()
        };
        let on_real = pairs(true);
        let enough = on_real.iter().filter(|(_, yes)| *yes).count() >= REAL_POSITIVES_MIN;
        let told = if enough { on_real } else { pairs(false) };
        match previous {
            Some(previous) if told.is_empty() => of_column(previous, column),
            _ => class(&told, precision),
        }
    };
    let Precision { signals, mistakes, acts } = recipe.training.precision;
    let heads = Heads {
        sentiment: SentimentHead { labels: Label::ALL.to_vec(), temperature: round(temperature) },
        signals: outputs(&Signal::IN_TEXT, SIGNALS.start, signals, fit),
        mistakes: outputs(&Mistake::IN_TEXT, MISTAKES.start, mistakes, fit),
        acts: outputs(Act::ALL, ACTS.start, acts, fit),
    };
    (heads, measure(&predictions(judged, temperature)))
}

/// How a head reads a column.
pub fn of_column(heads: &Heads, column: usize) -> Calibration {
    fn at<N>(outputs: &[Output<N>], name: fn(&N) -> &'static str, column: usize) -> Option<Calibration> {
        let found = outputs.iter().find(|output| classes::column(name(&output.name)) == Some(column))?;
        Some(Calibration { scale: found.scale, offset: found.offset, threshold: found.threshold })
    }
    at(&heads.signals, |name| name.as_str(), column)
        .or_else(|| at(&heads.mistakes, |name| name.as_str(), column))
        .or_else(|| at(&heads.acts, |name| name.as_str(), column))
        .expect("a manifest names every class: this is a bug")
}

impl Calibration {
    /// The probability of a logit.
    pub fn probability(&self, logit: f64) -> f64 {
        sigmoid(self.scale * logit + self.offset)
    }
}

fn outputs<N: Copy>(
    names: &[N],
    first: usize,
    precision: f64,
    fit: impl Fn(usize, f64) -> Calibration,
) -> Vec<Output<N>> {
    let one = |(index, &name): (usize, &N)| {
        let Calibration { scale, offset, threshold } = fit(first + index, precision);
        let (scale, offset, threshold) = (round(scale), round(offset), round(threshold));
        Output { name, scale, offset, threshold, precision }
    };
    names.iter().enumerate().map(one).collect()
}

/// Fits one class on pairs of logit and truth. Without rows of both kinds the logit is taken as it is.
pub fn class(pairs: &[(f64, bool)], precision: f64) -> Calibration {
    let positives = pairs.iter().filter(|(_, yes)| *yes).count();
    if positives == 0 || positives == pairs.len() {
        return Calibration { scale: 1.0, offset: 0.0, threshold: 0.5 };
    }
    let (scale, offset) = platt(pairs, smoothed(positives, pairs.len()));
    let probabilities: Vec<(f64, bool)> =
        pairs.iter().map(|&(logit, yes)| (sigmoid(scale * logit + offset), yes)).collect();
    Calibration { scale, offset, threshold: threshold(probabilities, positives, precision) }
}

/// Platt's targets for yes and for no, which are the less sure the fewer rows there are.
fn smoothed(positives: usize, rows: usize) -> (f64, f64) {
    let (yes, no) = (positives as f64, (rows - positives) as f64);
    ((yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0))
}

/// Scale and offset with the least negative log-likelihood of the targets for yes and for no, by Newton's method.
pub fn platt(pairs: &[(f64, bool)], (high, low): (f64, f64)) -> (f64, f64) {
    let (mut scale, mut offset) = (1.0, 0.0);
    for _ in 0..NEWTON_STEPS {
        let (mut gs, mut go) = (SCALE_PRIOR * (scale - 1.0), 0.0);
        let (mut hss, mut hso, mut hoo) = (SCALE_PRIOR, 0.0, 1e-6);
        for &(logit, truth) in pairs {
            let p = sigmoid(scale * logit + offset);
            let (error, weight) = (p - if truth { high } else { low }, p * (1.0 - p));
            gs += error * logit;
            go += error;
            hss += weight * logit * logit;
            hso += weight * logit;
            hoo += weight;
        }
        let determinant = hss * hoo - hso * hso;
        let (ds, d_o) = ((hoo * gs - hso * go) / determinant, (hss * go - hso * gs) / determinant);
        // Newton may overshoot far from the optimum.
        scale = (scale - ds.clamp(-0.5, 0.5)).max(0.05);
        offset -= d_o.clamp(-2.0, 2.0);
        if ds.abs() + d_o.abs() < 1e-9 {
            break;
        }
    }
    (scale, offset)
}

/// The threshold with the best F1 among those that reach the precision; if none does, the one with the best precision.
fn threshold(mut probabilities: Vec<(f64, bool)>, positives: usize, precision: f64) -> f64 {
    probabilities.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut found, mut best, mut fallback) = (0_usize, (-1.0, 0.5), (-1.0, 0.5));
    for (index, &(p, yes)) in probabilities.iter().enumerate() {
        found += usize::from(yes);
        let next = probabilities.get(index + 1).map_or(0.0, |next| next.0);
        if next == p || p < THRESHOLD_MIN {
            continue;
        }
        // Between two rows: neither stands on the edge.
        let at = f64::midpoint(p, next).clamp(THRESHOLD_MIN, THRESHOLD_MAX);
        let said = (index + 1) as f64 + FALSE_ALARMS_PRIOR;
        let (reached, f1) = (found as f64 / said, 2.0 * found as f64 / (said + positives as f64));
        if reached >= precision && f1 > best.0 {
            best = (f1, at);
        }
        if reached > fallback.0 {
            fallback = (reached, at);
        }
    }
    if best.0 >= 0.0 { best.1 } else { fallback.1 }
}

/// The temperature with the least negative log-likelihood, by golden-section search over 0.25 to 4.
fn fit_temperature(judged: &[&Judged]) -> f64 {
    let loss = |temperature: f64| -> f64 {
        let one = |one: &&Judged| {
            let label = one.label.map_or(0, |label| label as usize);
            -softmax(&one.sentiment, temperature)[label].max(1e-12).ln()
        };
        judged.iter().map(one).sum()
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

/// What is guessed of the rows that have a label.
pub fn predictions(judged: &[Judged], temperature: f64) -> Vec<Prediction> {
    let one = |one: &Judged| {
        let probabilities = softmax(&one.sentiment, temperature);
        let best = (0..probabilities.len())
            .max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]))
            .unwrap_or(0);
        Some(Prediction { truth: one.label?, guess: Label::ALL[best], confidence: Some(probabilities[best]) })
    };
    judged.iter().filter_map(one).collect()
}

/// From log-odds to a probability.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_of_a_class_are_as_often_right_as_they_say() {
        // Logits twice too sure of themselves, one row in ten a positive.
        let pairs: Vec<(f64, bool)> = (0..4_000)
            .map(|i| {
                let x = f64::from(i % 400) / 50.0 - 6.0;
                (2.0 * x, f64::from((i * 7919) % 1_000) / 1_000.0 < sigmoid(x))
            })
            .collect();
        let fitted = class(&pairs, 0.5);
        assert!((fitted.scale - 0.5).abs() < 0.05 && fitted.offset.abs() < 0.2, "{fitted:?}");
    }

    #[test]
    fn a_threshold_reaches_its_precision_where_one_can() {
        let pairs: Vec<(f64, bool)> =
            (0..200).map(|i| (f64::from(i) / 20.0 - 8.0, i % 4 == 0 || i > 180)).collect();
        let precision_at = |wanted: f64| {
            let Calibration { scale, offset, threshold } = class(&pairs, wanted);
            let said: Vec<bool> = pairs
                .iter()
                .filter(|(x, _)| sigmoid(scale * x + offset) >= threshold)
                .map(|(_, y)| *y)
                .collect();
            said.iter().filter(|yes| **yes).count() as f64 / said.len() as f64
        };
        assert!(precision_at(0.9) >= 0.9);
        assert!(precision_at(0.3) >= 0.3);
    }

    #[test]
    fn a_class_that_never_occurs_is_left_alone() {
        assert_eq!(class(&[(0.0, false)], 0.5), Calibration { scale: 1.0, offset: 0.0, threshold: 0.5 });
    }
}
