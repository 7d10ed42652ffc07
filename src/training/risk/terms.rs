//! What each weight of the risk may be: where the fit is pulled to and which values it may take.
//!
//! Holds always: what cannot be read off annotated texts stays as it is in the base; no trouble may lower the risk and no
//! relief may raise it. The figures are choices, made on the development split (docs/training.md). Called by `fit`.

use crate::detectors::RiskModel;
use crate::detectors::risk::{FEATURES, names};

/// The base and every feature's weight: the coordinates of the fit.
pub const TERMS: usize = 1 + FEATURES;
/// How hard weights are pulled to where they are expected, and the base, which is hardly expected anywhere.
const PULL: f64 = 3.0;
const PULL_OF_BASE: f64 = 1e-3;
/// A trigger while the others are fitted: too rare to be fitted itself.
const TRIGGER_WEIGHT: f64 = 4.3;
/// The log-odds that a trigger reaches alone: a risk of 0.56, just `high`.
const TRIGGER_LOG_ODDS: f64 = 0.25;
/// What begins the name of a trigger's weight.
const TRIGGER: &str = "trigger.";

/// What a weight may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    pub expected: f64,
    pub pull: f64,
    pub least: f64,
    pub most: f64,
}

/// How a weight comes about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Origin {
    Fitted(Term),
    /// Set when the others are known.
    Trigger,
    /// Annotated texts say nothing of it: it is weighed by judgement.
    Kept,
}

impl Term {
    fn at_least(least: f64) -> Self {
        Term { expected: least, pull: PULL, least, most: f64::INFINITY }
    }

    fn at_most(most: f64) -> Self {
        Term { expected: most, pull: PULL, least: f64::NEG_INFINITY, most }
    }

    fn between(least: f64, most: f64) -> Self {
        Term { expected: least, pull: PULL, least, most }
    }

    fn fixed(weight: f64) -> Self {
        Term::between(weight, weight)
    }
}

impl Origin {
    /// By the name of a feature.
    fn of(name: &str) -> Self {
        let term = match name {
            // Bounded so that one bad turn shows at once, a second one more, and help takes it back.
            "sentiment" => Term::at_least(0.9),
            "worst" => Term::at_least(1.0),
            "running_sentiment" => Term::at_least(0.5),
            "trend" => Term::at_least(0.4),
            "negative_run" => Term::at_least(0.8),
            "positive" => Term::at_most(-1.0),
            "thanks_resolved" => Term::at_most(-0.8),
            // Unbounded it takes over what sentiment says, and is wrong all alone.
            "frustration" => Term::between(0.0, 1.8),
            "escalation_request"
            | "churn_threat"
            | "public_or_legal_threat"
            | "distress"
            | "agent_abused"
            | "repeats_self" => Term::at_least(0.2),
            "confused" => Term::at_least(0.1),
            // The model's view of mistakes is doubtful: it tips the scales, no more.
            "unheard" | "cold" | "blocked" => Term::between(0.3, 0.5),
            _ if name.starts_with(TRIGGER) => return Origin::Trigger,
            _ => return Origin::Kept,
        };
        Origin::Fitted(term)
    }
}

/// All terms, the base first; weights named in `left_out` are kept at 0.
pub fn terms(base: &RiskModel, left_out: &[String]) -> [Term; TERMS] {
    let free = Term { expected: 0.0, pull: PULL_OF_BASE, least: f64::NEG_INFINITY, most: f64::INFINITY };
    let mut terms = [free; TERMS];
    for ((term, (name, _)), weight) in terms[1..].iter_mut().zip(names()).zip(base.weights) {
        *term = match Origin::of(&name) {
            _ if left_out.contains(&name) => Term::fixed(0.0),
            Origin::Fitted(term) => term,
            Origin::Trigger => Term::fixed(TRIGGER_WEIGHT),
            Origin::Kept => Term::fixed(weight),
        };
    }
    terms
}

/// The weights at a point of the fit whose logits are calibrated by `scale` and `offset`. A trigger gets the weight at
/// which it alone, everything else at rest, is just enough for `high`.
pub fn weights(
    point: &[f64],
    base: &RiskModel,
    left_out: &[String],
    (scale, offset): (f64, f64),
) -> RiskModel {
    let names = names().map(|(name, _)| name);
    let mut model = RiskModel { base: round(scale * point[0] + offset), weights: base.weights };
    for (index, name) in names.iter().enumerate() {
        if left_out.contains(name) {
            model.weights[index] = 0.0;
        } else if let Origin::Fitted(_) = Origin::of(name) {
            model.weights[index] = round(scale * point[1 + index]);
        }
    }
    for (index, name) in names.iter().enumerate() {
        let Some(signal) = name.strip_prefix(TRIGGER).filter(|_| !left_out.contains(name)) else { continue };
        let soft = names.iter().position(|name| name == signal);
        let soft = soft.expect("every trigger is a signal with a weight of its own: this is a bug");
        model.weights[index] = round((TRIGGER_LOG_ODDS - model.base - model.weights[soft]).max(0.0));
    }
    model
}

/// So many decimals as the file of weights shows; more would say nothing.
fn round(weight: f64) -> f64 {
    (weight * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(model: &RiskModel, wanted: &str) -> f64 {
        model.weights[names().iter().position(|(name, _)| name == wanted).unwrap()]
    }

    #[test]
    fn what_texts_cannot_show_stays_and_triggers_are_set_afterwards() {
        let mut base = RiskModel::default();
        base.weights[FEATURES - 1] = 0.77;
        let point: Vec<f64> = terms(&base, &[]).iter().map(|term| term.expected - 1.0).collect();
        let model = weights(&point, &base, &[], (2.0, -1.5));
        assert_eq!((model.base, weight(&model, "contradicts")), (-3.5, 0.77));
        assert_eq!((weight(&model, "trend"), weight(&model, "distress")), (-1.2, -1.6));
        assert_eq!(weight(&model, "trigger.distress"), 0.25 + 3.5 + 1.6);
        for name in ["waiting", "unmet_request", "repetition", "stuck", "must_start_over", "broken_promise"] {
            assert_eq!(weight(&model, name), weight(&base, name), "{name}");
        }
    }

    #[test]
    fn what_is_left_out_weighs_nothing() {
        let base = RiskModel::default();
        let left_out = ["worst", "trigger.distress"].map(str::to_owned);
        let point: Vec<f64> = terms(&base, &left_out).iter().map(|term| term.expected).collect();
        let model = weights(&point, &base, &left_out, (1.0, 0.0));
        assert_eq!((weight(&model, "worst"), weight(&model, "trigger.distress")), (0.0, 0.0));
        assert!(weight(&model, "trigger.churn_threat") > 0.0);
    }
}
