//! A transfer that the risk was not made for: debates that do or do not derail into personal attacks.
//!
//! Conversations Gone Awry, Change My View: the speakers are read alternately as customer and agent, the last one as the
//! customer; whether the comment after the last one derails is the truth.
//!
//! Holds always: the threshold is chosen on one half, drawn by the hash of the id, and measured on the other, both ways, for twenty
//! halvings.
//! Called by `cli::evaluate`.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::conversations::Annotated;
use super::follow::{Followed, Moment};
use super::measures::{auc, mean_of, share};
use super::report::figure;
use crate::detectors::RiskModel;
use crate::detectors::risk::LEVELS;
use crate::training::data::{DataError, Outcome, for_lines, id, spoken};
use crate::training::split::Split;
use crate::wire::Level;

/// How often the debates are halved: where all is near chance one threshold says little.
const HALVINGS: u32 = 20;
/// The file of the data folder, if it is there.
pub const DERAILMENT_FILE: &str = "cga_cmv_valid_context.jsonl.gz";

/// How the highest risk foretells derailment.
#[derive(Clone, Debug, Serialize)]
pub struct Derailment {
    pub conversations: usize,
    pub derailing: usize,
    pub auc: Option<f64>,
    /// With thresholds chosen on the other half; means over all halves.
    pub chosen: AtThreshold,
    /// At the level `high` as it is served.
    pub high: AtThreshold,
}

/// What a threshold gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtThreshold {
    pub accuracy: Option<f64>,
    pub false_positive_rate: Option<f64>,
    pub recall: Option<f64>,
    /// Comments from the first one over the threshold to the one that derails; a mean over those found.
    pub horizon_comments: Option<f64>,
}

/// A debate and the log-odds of its risk after each comment: many reach the ceiling of the risk itself.
struct Debate {
    derails: bool,
    /// In which half it is, one bit a halving.
    halves: u32,
    logits: Vec<f64>,
    highest: f64,
}

/// Reads the debates.
///
/// # Errors
/// [`DataError`] for an unreadable file or a line that is not as described.
pub fn load_derailment(path: &Path) -> Result<Vec<Annotated>, DataError> {
    let mut debates = Vec::new();
    for_lines(path, |line| {
        let Some(derails) = line["labels"]["next_comment_derails"].as_bool() else { return Ok(()) };
        debates.push(Annotated {
            id: id(&line)?.to_owned(),
            set: 0,
            split: Split::Test,
            outcome: if derails { Outcome::Tense } else { Outcome::Calm },
            alert_turn: None,
            turns: spoken(&alternating(&line))?,
            helped: Default::default(),
            upset: Default::default(),
        });
        Ok(())
    })?;
    Ok(debates)
}

/// The same turns, the last one the customer's, the one before the agent's, and so on.
fn alternating(line: &Value) -> Value {
    let turns = line["turns"].as_array().map_or(&[][..], Vec::as_slice);
    let turn = |(index, turn): (usize, &Value)| {
        let customer = (turns.len() - 1 - index).is_multiple_of(2);
        json!({"role": if customer { "customer" } else { "agent" }, "text": turn["text"]})
    };
    json!({"turns": turns.iter().enumerate().map(turn).collect::<Vec<_>>()})
}

/// Measures a risk on debates.
pub fn measure_derailment(model: &RiskModel, followed: &[Followed]) -> Derailment {
    let debate = |one: &Followed| {
        let logit = |moment: &Moment| model.log_odds(&moment.features.values());
        let logits: Vec<f64> = one.moments.iter().map(logit).collect();
        let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bits = Sha256::digest(&one.id)[..4].try_into().expect("a sha256 has 32 bytes: this is a bug");
        Debate { derails: one.is_bad(), halves: u32::from_be_bytes(bits), logits, highest }
    };
    let debates: Vec<Debate> = followed.iter().map(debate).collect();
    let ways = (0..HALVINGS).flat_map(|halving| [(halving, true), (halving, false)]);
    let halves = ways.map(|(halving, first)| {
        let here = |one: &&Debate| (one.halves >> halving & 1 == 0) == first;
        let (here, there): (Vec<&Debate>, Vec<&Debate>) = debates.iter().partition(here);
        at(&there, best_threshold(&here))
    });
    let halves: Vec<AtThreshold> = halves.collect();
    let mean = |of: fn(&AtThreshold) -> Option<f64>| {
        let figures: Option<Vec<f64>> = halves.iter().map(of).collect();
        mean_of(&figures?)
    };
    let highest = |derails| -> Vec<f64> {
        debates.iter().filter(|one| one.derails == derails).map(|one| one.highest).collect()
    };
    let high = LEVELS.iter().find(|(level, _)| *level == Level::High).map_or(0.5, |(_, least)| *least);
    Derailment {
        conversations: debates.len(),
        derailing: debates.iter().filter(|one| one.derails).count(),
        auc: auc(&highest(true), &highest(false)),
        chosen: AtThreshold {
            accuracy: mean(|half| half.accuracy),
            false_positive_rate: mean(|half| half.false_positive_rate),
            recall: mean(|half| half.recall),
            horizon_comments: mean(|half| half.horizon_comments),
        },
        high: at(&debates.iter().collect::<Vec<_>>(), (high / (1.0 - high)).ln()),
    }
}

/// The one with the best accuracy; the lowest of several.
fn best_threshold(debates: &[&Debate]) -> f64 {
    let mut candidates: Vec<f64> = debates.iter().map(|one| one.highest).collect();
    candidates.sort_by(f64::total_cmp);
    let right =
        |threshold: f64| debates.iter().filter(|one| (one.highest >= threshold) == one.derails).count();
    let better = |best: (usize, f64), threshold: f64| {
        let right = right(threshold);
        if right > best.0 { (right, threshold) } else { best }
    };
    candidates.into_iter().fold((0, f64::INFINITY), better).1
}

fn at(debates: &[&Debate], threshold: f64) -> AtThreshold {
    let said = |derails| {
        let of = debates.iter().filter(|one| one.derails == derails);
        (of.clone().filter(|one| one.highest >= threshold).count(), of.count())
    };
    let ((hits, derailing), (false_alarms, civil)) = (said(true), said(false));
    let horizons: Vec<f64> = debates.iter().filter_map(|one| one.horizon(threshold)).collect();
    AtThreshold {
        accuracy: share((hits + civil - false_alarms) as f64, debates.len()),
        false_positive_rate: share(false_alarms as f64, civil),
        recall: share(hits as f64, derailing),
        horizon_comments: mean_of(&horizons),
    }
}

impl Debate {
    /// Comments from the first one over the threshold to the one that derails.
    fn horizon(&self, threshold: f64) -> Option<f64> {
        let first = self.logits.iter().position(|risk| *risk >= threshold).filter(|_| self.derails)?;
        Some((self.logits.len() - first) as f64)
    }
}

impl Derailment {
    /// As a table.
    pub fn to_text(&self) -> String {
        let row = |name: &str, at: &AtThreshold| {
            let figures = [at.accuracy, at.false_positive_rate, at.recall, at.horizon_comments];
            format!("| {name} | {} |\n", figures.map(figure).join(" | "))
        };
        format!(
            "Derailment of debates ({} of {} derail; area under the curve {})\n\n\
             | threshold | accuracy | false positives | recall | comments ahead |\n|---|---|---|---|---|\n{}{}",
            self.derailing,
            self.conversations,
            figure(self.auc),
            row("chosen on the other half", &self.chosen),
            row("high, as in customer care", &self.high)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_speaker_is_the_customer() {
        let line = json!({"turns": [{"text": "a"}, {"text": "b"}, {"text": "c"}, {"text": "d"}]});
        let turns = spoken(&alternating(&line)).unwrap();
        let roles: Vec<&str> = turns.iter().map(|turn| turn.role.as_str()).collect();
        assert_eq!(roles, ["agent", "customer", "agent", "customer"]);
    }

    #[test]
    fn the_threshold_with_the_best_accuracy_is_taken_and_counted() {
        let debate = |derails, logits: &[f64]| {
            let highest = logits.iter().copied().fold(0.0, f64::max);
            Debate { derails, halves: 0, logits: logits.to_vec(), highest }
        };
        let debates = [
            debate(true, &[0.2, 0.7, 0.6]),
            debate(true, &[0.9]),
            debate(false, &[0.8]),
            debate(false, &[0.1]),
        ];
        let debates: Vec<&Debate> = debates.iter().collect();
        assert_eq!(best_threshold(&debates), 0.7);
        let expect = AtThreshold {
            accuracy: Some(0.75),
            false_positive_rate: Some(0.5),
            recall: Some(1.0),
            horizon_comments: Some(1.5),
        };
        assert_eq!(at(&debates, 0.7), expect);
    }
}
