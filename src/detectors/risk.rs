//! Risk: an additive function in log-odds of named features, so that every figure shown can be explained by its terms.
//!
//! ```text
//! logit(risk) = base + Σ weight × feature (+ clamp)
//! ```
//! Holds always: the contributions sum to the log-odds of the risk; terms of 0 are left out, but for `base`; no trouble
//! lowers the risk. The weights are fitted (`training::risk`) and part of the model folder. What they must give at
//! least is held by the tests. Called by `pipeline`.

use serde::Deserialize;

use super::course::{Features, SIGNALS, TRIGGERS, sigmoid};
use crate::wire::outbound::round6;
use crate::wire::{Contribution, Level};

/// How many features the risk is made of.
pub const FEATURES: usize = 6 + SIGNALS.len() + TRIGGERS.len() + 11;
/// The log-odds are kept within ±this: a risk of 0.0025 to 0.9975.
pub const LOG_ODDS_MAX: f64 = 6.0;
/// A weight farther from 0 cannot be meant.
const WEIGHT_MAX: f64 = 20.0;

/// The least risk of each level but `calm`.
pub const LEVELS: [(Level, f64); 3] = [(Level::Watch, 0.30), (Level::High, 0.55), (Level::Critical, 0.80)];
/// A level is left downwards only when the risk is this far under its threshold.
pub const HYSTERESIS: f64 = 0.05;

/// The risk of a conversation, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// 0 to 1, to six decimals.
    pub risk: f64,
    /// Terms of the log-odds of `risk`, to six decimals; `base` first.
    pub contributions: Vec<Contribution>,
}

/// The weights, in log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiskModel {
    /// A conversation of which nothing is known.
    pub base: f64,
    /// In the order of [`names`].
    pub weights: [f64; FEATURES],
}

/// The file of a model folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RiskFile {
    base: f64,
    weights: serde_json::Map<String, serde_json::Value>,
}

/// Why a file of weights cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RiskModelError {
    #[error("{0}")]
    Json(String),
    #[error("weights has no \"{0}\"")]
    Missing(String),
    #[error("weights has \"{0}\", which is no feature; those are: {1}")]
    Unknown(String, String),
    #[error("\"{0}\" must be a number from -{WEIGHT_MAX} to {WEIGHT_MAX}")]
    NoWeight(String),
}

/// The features' names in the file of weights, and the contribution that each is part of.
pub fn names() -> [(String, &'static str); FEATURES] {
    let own = |name: &'static str| (name.to_owned(), name);
    let first = ["sentiment", "positive", "worst", "running_sentiment", "trend", "negative_run"];
    let last = [
        "thanks_resolved",
        "unheard",
        "cold",
        "blocked",
        "waiting",
        "unmet_request",
        "repetition",
        "stuck",
        "must_start_over",
        "broken_promise",
        "contradicts",
    ];
    let signals = SIGNALS.iter().map(|signal| own(signal.as_str()));
    let triggers =
        TRIGGERS.iter().map(|(signal, ..)| (format!("trigger.{}", signal.as_str()), signal.as_str()));
    let mut all = first
        .into_iter()
        .map(|name| (name.to_owned(), if name == "positive" { "sentiment" } else { name }))
        .chain(signals)
        .chain(triggers)
        .chain(last.into_iter().map(own));
    std::array::from_fn(|_| all.next().expect("as many names as features: this is a bug"))
}

/// The level of `risk`, after `previous`: up at once, down with [`HYSTERESIS`].
pub fn level(previous: Level, risk: f64) -> Level {
    let reached = plain_level(risk);
    if reached >= previous { reached } else { plain_level(risk + HYSTERESIS).min(previous) }
}

fn plain_level(risk: f64) -> Level {
    LEVELS.iter().rev().find(|(_, least)| risk >= *least).map_or(Level::Calm, |(level, _)| *level)
}

// === impl Features ===

impl Features {
    /// In the order of [`names`].
    pub fn values(&self) -> [f64; FEATURES] {
        let first = [
            self.sentiment,
            self.positive,
            self.worst,
            self.running_sentiment,
            self.trend,
            self.negative_run,
        ];
        let last = [
            self.thanks_resolved,
            self.unheard,
            self.cold,
            self.blocked,
            self.waiting,
            self.unmet_request,
            self.repetition,
            self.stuck,
            self.must_start_over,
            self.broken_promise,
            self.contradicts,
        ];
        let mut all = first.into_iter().chain(self.signals).chain(self.triggers).chain(last);
        std::array::from_fn(|_| all.next().expect("as many values as features: this is a bug"))
    }
}

// === impl RiskModel ===

impl Default for RiskModel {
    /// The shipped model's.
    fn default() -> Self {
        let shipped = include_str!("../../models/undertone-en/risk.json");
        RiskModel::parse(shipped).expect("the shipped weights: this is a bug")
    }
}

impl RiskModel {
    /// Reads the weights of a model folder.
    ///
    /// # Errors
    /// [`RiskModelError`], naming what is wrong.
    pub fn parse(text: &str) -> Result<Self, RiskModelError> {
        let file: RiskFile =
            serde_json::from_str(text).map_err(|error| RiskModelError::Json(error.to_string()))?;
        let is_weight = |weight: &f64| weight.abs() <= WEIGHT_MAX;
        let names = names();
        if let Some(unknown) = file.weights.keys().find(|key| names.iter().all(|(name, _)| name != *key)) {
            let known: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            return Err(RiskModelError::Unknown(unknown.clone(), known.join(", ")));
        }
        let mut weights = [0.0; FEATURES];
        for (weight, (name, _)) in weights.iter_mut().zip(&names) {
            let told = file.weights.get(name).ok_or_else(|| RiskModelError::Missing(name.clone()))?;
            let told = told.as_f64().filter(is_weight);
            *weight = told.ok_or_else(|| RiskModelError::NoWeight(name.clone()))?;
        }
        let base = Some(file.base).filter(is_weight);
        let base = base.ok_or_else(|| RiskModelError::NoWeight("base".to_owned()))?;
        Ok(RiskModel { base, weights })
    }

    /// The file of a model folder, in the order of [`names`].
    pub fn to_json(&self) -> String {
        let number = |weight: f64| serde_json::Value::from(round6(weight));
        let line = |((name, _), weight): ((String, _), f64)| format!("    \"{name}\": {}", number(weight));
        let weights: Vec<String> = names().into_iter().zip(self.weights).map(line).collect();
        format!(
            "{{\n  \"base\": {},\n  \"weights\": {{\n{}\n  }}\n}}\n",
            number(self.base),
            weights.join(",\n")
        )
    }

    /// The log-odds of the risk, before they are clamped.
    pub fn log_odds(&self, values: &[f64; FEATURES]) -> f64 {
        self.base + self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum::<f64>()
    }

    /// Weighs the features.
    pub fn assess(&self, features: &Features) -> Assessment {
        let mut terms: Vec<(&'static str, f64)> = vec![("base", self.base)];
        for (((_, name), weight), value) in NAMES.iter().zip(self.weights).zip(features.values()) {
            let term = weight * value;
            if term == 0.0 {
                continue;
            }
            match terms.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += term,
                None => terms.push((name, term)),
            }
        }
        // Rounded first and summed then, so that the risk shown belongs to the contributions shown.
        let mut contributions: Vec<Contribution> = terms
            .into_iter()
            .map(|(name, value)| Contribution { name, value: round6(value) })
            .filter(|term| term.name == "base" || term.value != 0.0)
            .collect();
        let sum: f64 = contributions.iter().map(|term| term.value).sum();
        let log_odds = sum.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX);
        if log_odds != sum {
            contributions.push(Contribution { name: "clamp", value: round6(log_odds - sum) });
        }
        Assessment { risk: round6(sigmoid(log_odds)), contributions }
    }
}

/// [`names`], made once.
static NAMES: std::sync::LazyLock<[(String, &'static str); FEATURES]> = std::sync::LazyLock::new(names);

#[cfg(test)]
#[path = "risk_tests.rs"]
mod tests;
