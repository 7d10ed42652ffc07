//! What the heads are called and how their outputs become probabilities: the part of the manifest that
//! `training` writes and `model` reads.
//!
//! Holds always: the outputs of a head stand in the order of their manifest entries; a probability is
//! `sigmoid(scale · logit + offset)` (Platt 1999), fitted on the development split.

use serde::{Deserialize, Serialize};

use crate::wire::{Act, Label, Mistake, Signal};

/// Every head of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heads {
    pub sentiment: SentimentHead,
    /// Asked of customers: [`Signal::IN_TEXT`] in any order.
    pub signals: Vec<Output<Signal>>,
    /// Asked of agents and bots: [`Mistake::IN_TEXT`] in any order.
    pub mistakes: Vec<Output<Mistake>>,
    /// Asked of agents and bots: [`Act::ALL`] in any order.
    pub acts: Vec<Output<Act>>,
}

/// The head of three classes, of which one is true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentimentHead {
    /// The outputs in order.
    pub labels: Vec<Label>,
    /// Logits are divided by this before the softmax (temperature scaling, Guo et al. 2017), fitted on the
    /// development split.
    pub temperature: f64,
}

/// One yes-or-no output of a head.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output<N> {
    pub name: N,
    pub scale: f64,
    pub offset: f64,
    /// The operating threshold: the class is said from this probability on.
    pub threshold: f64,
    /// The precision on the development split that the threshold was chosen for.
    pub precision: f64,
}

impl<N> Output<N> {
    /// The calibrated probability of a logit.
    pub fn probability(&self, logit: f64) -> f64 {
        1.0 / (1.0 + (-(self.scale * logit + self.offset)).exp())
    }
}
