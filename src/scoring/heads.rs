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

    /// Figures that mean something: a negative scale would turn the head around.
    fn is_sound(&self) -> bool {
        self.scale.is_finite()
            && self.scale > 0.0
            && self.offset.is_finite()
            && (0.0..=1.0).contains(&self.threshold)
            && (0.0..=1.0).contains(&self.precision)
    }
}

impl Heads {
    /// Whether every output is there once, and its figures make sense.
    ///
    /// # Errors
    /// What is wrong, by the names of head and output.
    pub fn check(&self) -> Result<(), String> {
        let SentimentHead { labels, temperature } = &self.sentiment;
        check_names("sentiment", labels, Label::ALL)?;
        if !(temperature.is_finite() && *temperature > 0.0) {
            return Err("heads.sentiment.temperature must be above 0".to_owned());
        }
        check_outputs("signals", &self.signals, &Signal::IN_TEXT)?;
        check_outputs("mistakes", &self.mistakes, &Mistake::IN_TEXT)?;
        check_outputs("acts", &self.acts, Act::ALL)
    }
}

fn check_outputs<N: Copy + PartialEq + std::fmt::Display>(
    head: &str,
    outputs: &[Output<N>],
    expected: &[N],
) -> Result<(), String> {
    let names: Vec<N> = outputs.iter().map(|output| output.name).collect();
    check_names(head, &names, expected)?;
    match outputs.iter().find(|output| !output.is_sound()) {
        Some(Output { name, .. }) => Err(format!(
            "heads.{head}: {name} needs a scale above 0, an offset, and threshold and precision from 0 to 1"
        )),
        None => Ok(()),
    }
}

/// Whether `names` are the expected ones, in any order.
fn check_names<N: PartialEq + std::fmt::Display>(
    head: &str,
    names: &[N],
    expected: &[N],
) -> Result<(), String> {
    for (at, name) in names.iter().enumerate() {
        if !expected.contains(name) {
            return Err(format!("heads.{head}: {name} cannot be read off a turn"));
        }
        if names[..at].contains(name) {
            return Err(format!("heads.{head}: {name} is there twice"));
        }
    }
    match expected.iter().find(|name| !names.contains(name)) {
        Some(name) => Err(format!("heads.{head}: {name} is missing")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs<N: Copy>(names: &[N]) -> Vec<Output<N>> {
        names
            .iter()
            .rev()
            .map(|&name| Output { name, scale: 1.0, offset: 0.0, threshold: 0.5, precision: 0.8 })
            .collect()
    }

    fn heads() -> Heads {
        Heads {
            sentiment: SentimentHead { labels: Label::ALL.to_vec(), temperature: 1.0 },
            signals: outputs(&Signal::IN_TEXT),
            mistakes: outputs(&Mistake::IN_TEXT),
            acts: outputs(Act::ALL),
        }
    }

    fn check(change: impl Fn(&mut Heads), expect: &str) {
        let mut heads = heads();
        change(&mut heads);
        let problem = heads.check().expect_err(expect);
        assert!(problem.contains(expect), "{problem}");
    }

    #[test]
    fn outputs_in_any_order_are_welcome_and_wrong_ones_are_named() {
        assert_eq!(heads().check(), Ok(()));
        check(|heads| drop(heads.signals.pop()), "heads.signals: frustration is missing");
        check(|heads| heads.acts[1] = heads.acts[0], "heads.acts: closing is there twice");
        check(
            |heads| heads.mistakes[0].name = Mistake::LeftWaiting,
            "left_waiting cannot be read off a turn",
        );
        check(|heads| heads.signals[0].name = Signal::Stuck, "stuck cannot be read off a turn");
        check(|heads| heads.acts[0].scale = -1.0, "heads.acts: closing needs a scale above 0");
        check(|heads| heads.acts[0].threshold = f64::NAN, "heads.acts: closing needs");
        check(|heads| heads.sentiment.temperature = 0.0, "heads.sentiment.temperature");
        check(|heads| drop(heads.sentiment.labels.pop()), "heads.sentiment: positive is missing");
    }

    #[test]
    fn a_probability_is_the_scaled_logit_through_a_sigmoid() {
        let output = Output { name: Act::Apology, scale: 2.0, offset: -1.0, threshold: 0.5, precision: 0.8 };
        assert!((output.probability(0.5) - 0.5).abs() < 1e-12);
        assert!(output.probability(1e9) <= 1.0 && output.probability(-1e9) >= 0.0);
    }
}
