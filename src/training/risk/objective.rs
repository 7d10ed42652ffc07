//! What the fit makes least: how wrong the risk is about conversations and about turns, and how far its weights are from
//! where they are expected.
//!
//! ```text
//! Σ conversations: weight × ( loss(target, softmax-pooled logit) + TURN_SHARE × mean over known turns: loss(needed, logit) )
//!   + Σ terms: pull / 2 × (weight − expected)²
//! ```
//! The pooled logit is τ × ln Σ exp(logit / τ): nearly the highest, but every high moment learns.
//!
//! Holds always: convex but for the pooling; the gradient belongs to the value. Called by `fit`.

use super::follow::Followed;
use super::terms::{TERMS, Term};
use crate::training::calibrate::sigmoid;
use crate::training::data::Outcome;

/// How much the turns of a conversation count beside its outcome.
const TURN_SHARE: f64 = 0.3;
const TEMPERATURE: f64 = 0.5;
/// What the highest risk should be by outcome.
const TARGET_CALM: f64 = 0.02;
const TARGET_TENSE: f64 = 0.80;
const TARGET_ESCALATED: f64 = 0.98;

/// The conversations of a fit, as figures.
pub struct Objective {
    conversations: Vec<Case>,
    terms: [Term; TERMS],
}

struct Case {
    weight: f64,
    target: f64,
    /// 1 and the features after each turn, and whether somebody is needed then.
    rows: Vec<([f64; TERMS], Option<bool>)>,
}

impl Objective {
    /// Conversations with how much they count.
    pub fn new<'a>(weighed: impl Iterator<Item = (&'a Followed, f64)>, terms: [Term; TERMS]) -> Self {
        let conversations = weighed.filter(|(one, _)| !one.moments.is_empty());
        let conversations = conversations.map(|(one, weight)| Case {
            weight,
            target: match one.outcome {
                Outcome::Calm => TARGET_CALM,
                Outcome::Tense => TARGET_TENSE,
                Outcome::Escalated => TARGET_ESCALATED,
            },
            rows: one.moments.iter().map(|moment| (moment.row(), moment.needed)).collect(),
        });
        Objective { conversations: conversations.collect(), terms }
    }

    /// Its value at these weights, and its gradient.
    pub fn at(&self, point: &[f64]) -> (f64, Vec<f64>) {
        let (mut value, mut gradient) = (0.0, vec![0.0; TERMS]);
        for case in &self.conversations {
            value += case.add(point, &mut gradient);
        }
        for ((term, weight), slope) in self.terms.iter().zip(point).zip(&mut gradient) {
            let off = weight - term.expected;
            value += term.pull / 2.0 * off * off;
            *slope += term.pull * off;
        }
        (value, gradient)
    }
}

impl Case {
    /// The case's share of the value; adds to the gradient.
    fn add(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let logits: Vec<f64> = self.rows.iter().map(|(row, _)| dot(row, point)).collect();
        let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = logits.iter().map(|logit| ((logit - highest) / TEMPERATURE).exp()).collect();
        let sum: f64 = powers.iter().sum();
        let pooled = highest + TEMPERATURE * sum.ln();
        let known = self.rows.iter().filter(|(_, needed)| needed.is_some()).count().max(1) as f64;
        let turn_weight = self.weight * TURN_SHARE / known;

        let mut value = self.weight * loss(self.target, pooled);
        let error = self.weight * (sigmoid(pooled) - self.target);
        for (((row, needed), logit), power) in self.rows.iter().zip(logits).zip(powers) {
            let mut slope = error * power / sum;
            if let Some(needed) = needed.map(|needed| f64::from(u8::from(needed))) {
                value += turn_weight * loss(needed, logit);
                slope += turn_weight * (sigmoid(logit) - needed);
            }
            gradient.iter_mut().zip(row).for_each(|(sum, feature)| *sum += slope * feature);
        }
        value
    }
}

/// Cross-entropy of a logit.
fn loss(target: f64, logit: f64) -> f64 {
    logit.max(0.0) + (-logit.abs()).exp().ln_1p() - target * logit
}

/// The logit of a row.
pub fn dot(row: &[f64; TERMS], point: &[f64]) -> f64 {
    row.iter().zip(point).map(|(feature, weight)| feature * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::{Features, RiskModel};
    use crate::training::risk::follow::Moment;
    use crate::training::risk::terms::terms;
    use crate::training::split::Split;
    use crate::wire::Role;

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let moment = |sentiment: f64, needed| {
            let features = Features { sentiment, worst: 1.0 - sentiment, ..Features::default() };
            Moment { index: 0, role: Role::Customer, features, needed }
        };
        let moments = vec![moment(0.9, None), moment(0.4, Some(true)), moment(0.1, Some(false))];
        let one = Followed {
            id: "c".into(),
            set: 0,
            split: Split::Train,
            outcome: Outcome::Tense,
            alert_turn: Some(0),
            moments,
        };
        let objective = Objective::new([(&one, 3.0)].into_iter(), terms(&RiskModel::default(), &[]));
        let point: Vec<f64> = (0..TERMS).map(|i| i as f64 / 10.0 - 1.0).collect();
        let (_, gradient) = objective.at(&point);
        for term in 0..TERMS {
            let value = |by: f64| {
                let mut moved = point.clone();
                moved[term] += by;
                objective.at(&moved).0
            };
            let slope = (value(1e-5) - value(-1e-5)) / 2e-5;
            assert!((slope - gradient[term]).abs() < 1e-5, "{term}: {slope}, not {}", gradient[term]);
        }
    }
}
