//! What `evaluate` found, as tables for people.

use serde::Serialize;

use super::measures::{Binary, Measures};
use super::split::Split;
use crate::wire::Label;

/// The name of all annotated conversations together.
pub const REAL: &str = "real";

/// The figures of a split.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub model: String,
    pub split: Split,
    pub sets: Vec<SetReport>,
    pub classes: Vec<ClassReport>,
    pub pairs: Vec<PairReport>,
}

/// Sentiment on one set, and on all rows together (`set` is `all`).
#[derive(Clone, Debug, Serialize)]
pub struct SetReport {
    pub set: String,
    pub model: Measures,
    pub vader: Measures,
    pub bag_of_words: Measures,
}

/// One class on one set; `real` is all annotated conversations together.
#[derive(Clone, Debug, Serialize)]
pub struct ClassReport {
    pub set: String,
    pub head: &'static str,
    pub class: &'static str,
    /// Whether there are enough annotated rows with it to aim at.
    pub aimed: bool,
    pub threshold: f64,
    pub model: Binary,
    pub bag_of_words: Binary,
    /// What somebody with sentiment alone would reach.
    pub sentiment_alone: Binary,
}

/// One class against what it is confused with, on written rows.
#[derive(Clone, Debug, Serialize)]
pub struct PairReport {
    pub class: &'static str,
    pub against: &'static str,
    pub positives: usize,
    pub found: usize,
    pub near_misses: usize,
    pub wrongly_said: usize,
}

impl Report {
    /// Every table.
    pub fn to_text(&self) -> String {
        let mut tables = vec![self.sentiment_text()];
        if !self.classes.is_empty() {
            tables.extend([self.macro_text(), self.classes_text()]);
        }
        if !self.pairs.is_empty() {
            tables.push(self.pairs_text());
        }
        tables.join("\n")
    }

    fn sentiment_text(&self) -> String {
        let mut text = format!(
            "{} on the {} split. Sentiment: accuracy, macro-F1, macro recall, expected calibration error; VADER and a bag of words on the same rows\n\n",
            self.model,
            format!("{:?}", self.split).to_lowercase()
        );
        text += "| set | rows | accuracy | macro-F1 | recall | calibration error | VADER accuracy | VADER macro-F1 | words accuracy | words macro-F1 |\n|---|---|---|---|---|---|---|---|---|---|\n";
        for SetReport { set, model, vader, bag_of_words } in &self.sets {
            let calibration = model.calibration_error.unwrap_or(f64::NAN);
            text += &format!(
                "| {set} | {} | {:.3} | {:.3} | {:.3} | {calibration:.3} | {:.3} | {:.3} | {:.3} | {:.3} |\n",
                model.rows,
                model.accuracy,
                model.macro_f1,
                model.macro_recall,
                vader.accuracy,
                vader.macro_f1,
                bag_of_words.accuracy,
                bag_of_words.macro_f1
            );
        }
        text
    }

    /// The mean F1 and calibration error of each head.
    fn macro_text(&self) -> String {
        let mut text = String::from(
            "Heads: mean over classes (in real sets those with 20 annotated rows or more; in others those that occur)\n\n\
             | set | head | classes | macro-F1 | average precision | calibration error | words macro-F1 | sentiment alone macro-F1 |\n|---|---|---|---|---|---|---|---|\n",
        );
        for (set, head) in self.heads() {
            let of: Vec<&ClassReport> = self.counted(set, head).collect();
            let mean = |figure: &dyn Fn(&ClassReport) -> f64| {
                of.iter().map(|one| figure(one)).sum::<f64>() / of.len().max(1) as f64
            };
            text += &format!(
                "| {set} | {head} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |\n",
                of.len(),
                mean(&|one| one.model.f1),
                mean(&|one| one.model.average_precision),
                mean(&|one| one.model.calibration_error),
                mean(&|one| one.bag_of_words.f1),
                mean(&|one| one.sentiment_alone.f1)
            );
        }
        text
    }

    /// Sets and heads in order, each pair once.
    fn heads(&self) -> Vec<(&str, &'static str)> {
        let mut heads: Vec<(&str, &'static str)> = Vec::new();
        for one in &self.classes {
            if !heads.contains(&(&one.set, one.head)) {
                heads.push((&one.set, one.head));
            }
        }
        heads
    }

    /// The classes that the mean of a head is taken over.
    pub fn counted<'a>(&'a self, set: &'a str, head: &'a str) -> impl Iterator<Item = &'a ClassReport> {
        let of = self.classes.iter().filter(move |one| one.set == set && one.head == head);
        of.filter(move |one| if set == REAL { one.aimed } else { one.model.positives > 0 })
    }

    fn classes_text(&self) -> String {
        let mut text = String::from(
            "Classes (* fewer than 20 annotated rows: reported, not aimed at)\n\n\
             | set | class | rows | positives | said | precision | recall | F1 | average precision | calibration error | words F1 | words AP | sentiment alone F1 | AP |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for one in self.classes.iter().filter(|one| one.model.positives > 0) {
            let ClassReport { model, bag_of_words, sentiment_alone, .. } = one;
            text += &format!(
                "| {} | {}{} | {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.3} | {:.2} | {:.2} | {:.2} | {:.2} |\n",
                one.set,
                one.class,
                if one.aimed { "" } else { " *" },
                model.rows,
                model.positives,
                model.said,
                model.precision,
                model.recall,
                model.f1,
                model.average_precision,
                model.calibration_error,
                bag_of_words.f1,
                bag_of_words.average_precision,
                sentiment_alone.f1,
                sentiment_alone.average_precision
            );
        }
        text
    }

    fn pairs_text(&self) -> String {
        let mut text = String::from(
            "Confusable pairs, on rows written for them\n\n\
             | class | against | found, of | wrongly said, of near-misses |\n|---|---|---|---|\n",
        );
        for pair in &self.pairs {
            text += &format!(
                "| {} | {} | {} of {} | {} of {} |\n",
                pair.class, pair.against, pair.found, pair.positives, pair.wrongly_said, pair.near_misses
            );
        }
        text
    }

    /// The confusion of every set: rows are the truth, columns the model's answer.
    pub fn confusion_text(&self) -> String {
        let mut text =
            String::from("| set | truth | as negative | as neutral | as positive |\n|---|---|---|---|---|\n");
        for SetReport { set, model, .. } in &self.sets {
            for (label, row) in Label::ALL.iter().zip(model.confusion) {
                text += &format!("| {set} | {label} | {} | {} | {} |\n", row[0], row[1], row[2]);
            }
        }
        text
    }
}
