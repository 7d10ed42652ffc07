//! A transfer that the risk was not made for: debates that do or do not derail into personal attacks.
//!
//! Conversations Gone Awry, Change My View: the speakers are read alternately as customer and agent, the last one as the
//! customer; whether the comment after the last one derails is the truth.
//!
//! Holds always: the threshold is chosen on one half, drawn by the hash of the id, and measured on the other, both ways.
//! Called by `cli::evaluate`.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::conversations::Annotated;
use super::follow::Followed;
use super::measures::{auc, mean_of, share};
use super::report::figure;
use crate::detectors::RiskModel;
use crate::detectors::risk::LEVELS;
use crate::training::data::{DataError, Outcome, for_lines, id, spoken};
use crate::training::split::Split;
use crate::wire::Level;

/// The file of the data folder, if it is there.
pub const DERAILMENT_FILE: &str = "cga_cmv_valid_context.jsonl.gz";

/// How the highest risk foretells derailment.
#[derive(Clone, Debug, Serialize)]
pub struct Derailment {
    pub conversations: usize,
    pub derailing: usize,
    pub auc: Option<f64>,
    /// Means of the two halves.
    pub accuracy: Option<f64>,
    pub false_positive_rate: Option<f64>,
    pub recall: Option<f64>,
    /// Comments from the first one over the threshold to the one that derails; a mean over those found.
    pub horizon_comments: Option<f64>,
    /// The same at the level `high` as it is served.
    pub at_high: AtLevel,
}

/// What a fixed threshold gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtLevel {
    pub accuracy: Option<f64>,
    pub false_positive_rate: Option<f64>,
    pub recall: Option<f64>,
}

/// A debate and its risk after each comment.
struct Debate {
    derails: bool,
    first_half: bool,
    risks: Vec<f64>,
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
        let risks: Vec<f64> = one.moments.iter().map(|moment| model.assess(&moment.features).risk).collect();
        let highest = risks.iter().copied().fold(0.0, f64::max);
        let first_half = Sha256::digest(&one.id)[0].is_multiple_of(2);
        Debate { derails: one.is_bad(), first_half, risks, highest }
    };
    let debates: Vec<Debate> = followed.iter().map(debate).collect();
    let halves = [true, false].map(|first| {
        let (here, there): (Vec<&Debate>, Vec<&Debate>) =
            debates.iter().partition(|one| one.first_half == first);
        let threshold = best_threshold(&here);
        let horizons: Vec<f64> = there.iter().filter_map(|one| one.horizon(threshold)).collect();
        (at(&there, threshold), mean_of(&horizons))
    });
    let mean = |of: &dyn Fn(&(AtLevel, Option<f64>)) -> Option<f64>| {
        let figures: Option<Vec<f64>> = halves.iter().map(of).collect();
        mean_of(&figures?)
    };
    let highest = |derails| -> Vec<f64> {
        debates.iter().filter(|one| one.derails == derails).map(|one| one.highest).collect()
    };
    let high = LEVELS.iter().find(|(level, _)| *level == Level::High).map_or(1.0, |(_, least)| *least);
    Derailment {
        conversations: debates.len(),
        derailing: debates.iter().filter(|one| one.derails).count(),
        auc: auc(&highest(true), &highest(false)),
        accuracy: mean(&|(at, _)| at.accuracy),
        false_positive_rate: mean(&|(at, _)| at.false_positive_rate),
        recall: mean(&|(at, _)| at.recall),
        horizon_comments: mean(&|(_, horizon)| *horizon),
        at_high: at(&debates.iter().collect::<Vec<_>>(), high),
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

fn at(debates: &[&Debate], threshold: f64) -> AtLevel {
    let said = |derails| {
        let of = debates.iter().filter(|one| one.derails == derails);
        (of.clone().filter(|one| one.highest >= threshold).count(), of.count())
    };
    let ((hits, derailing), (false_alarms, civil)) = (said(true), said(false));
    AtLevel {
        accuracy: share((hits + civil - false_alarms) as f64, debates.len()),
        false_positive_rate: share(false_alarms as f64, civil),
        recall: share(hits as f64, derailing),
    }
}

impl Debate {
    /// Comments from the first one over the threshold to the one that derails.
    fn horizon(&self, threshold: f64) -> Option<f64> {
        let first = self.risks.iter().position(|risk| *risk >= threshold).filter(|_| self.derails)?;
        Some((self.risks.len() - first) as f64)
    }
}

impl Derailment {
    /// As a table.
    pub fn to_text(&self) -> String {
        let row = |name: &str, figures: [Option<f64>; 4]| {
            format!("| {name} | {} |\n", figures.map(figure).join(" | "))
        };
        let AtLevel { accuracy, false_positive_rate, recall } = self.at_high;
        format!(
            "Derailment of debates ({} of {} derail; area under the curve {})\n\n\
             | threshold | accuracy | false positives | recall | comments ahead |\n|---|---|---|---|---|\n",
            self.derailing,
            self.conversations,
            figure(self.auc)
        ) + &row(
            "chosen on the other half",
            [self.accuracy, self.false_positive_rate, self.recall, self.horizon_comments],
        ) + &row("high, as in customer care", [accuracy, false_positive_rate, recall, None])
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
        let debate = |derails, risks: &[f64]| {
            let highest = risks.iter().copied().fold(0.0, f64::max);
            Debate { derails, first_half: true, risks: risks.to_vec(), highest }
        };
        let debates = [
            debate(true, &[0.2, 0.7, 0.6]),
            debate(true, &[0.9]),
            debate(false, &[0.8]),
            debate(false, &[0.1]),
        ];
        let debates: Vec<&Debate> = debates.iter().collect();
        assert_eq!(best_threshold(&debates), 0.7);
        let expect = AtLevel { accuracy: Some(0.75), false_positive_rate: Some(0.5), recall: Some(1.0) };
        assert_eq!(at(&debates, 0.7), expect);
        assert_eq!(debates.iter().filter_map(|one| one.horizon(0.7)).collect::<Vec<_>>(), [2.0, 1.0]);
    }
}
