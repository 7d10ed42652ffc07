//! Everything that a backtest found out, as it is printed as JSON (docs/backtest.md explains each field).
//!
//! Holds always: the same run gives the same bytes. Called by the command line; `text` reads it.

use serde::Serialize;

use super::compare::Comparison;
use super::counts::{Counts, RuleName};
use super::example::Shower;
use super::follow::Followed;
use super::judge::Judgement;
use super::source::{Part, Source};
use super::verdicts::Verdicts;

/// What was run over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Input {
    pub conversations: usize,
    pub turns: usize,
    /// Lines and turns that were refused.
    pub refused: u64,
    /// The part that was asked for.
    pub split: Option<Part>,
    /// Lines of other parts.
    pub lines_left_out: usize,
    /// Conversations without times of their own …
    pub untimed: usize,
    /// … whose turns were taken to be so far apart.
    pub spacing_seconds: u32,
    /// Lines that label a conversation otherwise than an earlier one.
    pub labels_disagreeing: usize,
    /// Lines whose outcome is none of calm, tense and escalated.
    pub labels_unknown: usize,
}

/// A set of rules that is run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rules {
    /// Where they come from, as it was given; none for those of the settings.
    pub file: Option<String>,
    pub version: String,
    #[serde(skip)]
    pub names: Vec<RuleName>,
}

/// What came of a set of rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesReport {
    #[serde(flatten)]
    pub rules: Rules,
    #[serde(flatten)]
    pub counts: Counts,
    /// None without labelled conversations.
    pub labelled: Option<Judgement>,
}

/// The whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub model: String,
    pub input: Input,
    pub rules: RulesReport,
    pub baseline: Option<RulesReport>,
    pub comparison: Option<Comparison>,
    pub verdicts: Option<Verdicts>,
}

/// What a report is made of beside the run itself.
pub struct Context {
    pub model: String,
    pub rules: Rules,
    pub baseline: Option<Rules>,
    pub verdicts: Option<Verdicts>,
    pub split: Option<Part>,
    pub spacing_seconds: u32,
    pub examples_max: usize,
}

impl Report {
    /// `source` has been read to its end, and `refused` lines and turns were not taken.
    pub fn new<R>(followed: &Followed, source: &Source<R>, refused: u64, context: Context) -> Self {
        let labels = &source.labels;
        let shower = Shower { followed, labels, examples_max: context.examples_max };
        let of = |lane: usize, rules: Rules| {
            let alerts = &followed.alerts[lane];
            RulesReport {
                counts: Counts::of(alerts, &rules.names, shower),
                labelled: Judgement::of(alerts, &rules.names, shower),
                rules,
            }
        };
        let compared = |_: &Rules| Comparison::of(&followed.alerts[0], &followed.alerts[1], shower);
        Report {
            model: context.model,
            input: Input {
                conversations: followed.courses.len(),
                turns: followed.turns,
                refused,
                split: context.split,
                lines_left_out: source.lines_left_out,
                untimed: source.untimed,
                spacing_seconds: context.spacing_seconds,
                labels_disagreeing: labels.disagreeing,
                labels_unknown: labels.unknown,
            },
            comparison: context.baseline.as_ref().map(compared),
            rules: of(0, context.rules),
            baseline: context.baseline.map(|rules| of(1, rules)),
            verdicts: context.verdicts,
        }
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a report has string keys and finite figures: this is a bug")
    }
}
