//! A model's figures on the rows of a split, set by set, beside VADER on the same rows.
//!
//! Holds always: it asks the model through the serving path (`scoring::Model`), so that what is measured is what
//! is served. Called by `cli::evaluate`.

use serde::Serialize;
use tch::TchError;
use vader_sentiment::SentimentIntensityAnalyzer;

use super::data::{Dataset, Row};
use super::measures::{Measures, Prediction, measure};
use super::split::Split;
use crate::scoring::{Model, Prepared};
use crate::wire::Label;

/// VADER's own bounds for its compound score.
const VADER_BOUND: f64 = 0.05;
/// Rows asked for at once.
const CHUNK_ROWS: usize = 256;

/// The figures of one set, and of all rows together (`set` is `all`).
#[derive(Clone, Debug, Serialize)]
pub struct SetReport {
    pub set: String,
    pub model: Measures,
    pub vader: Measures,
}

/// The figures of a split.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub model: String,
    pub split: Split,
    pub sets: Vec<SetReport>,
}

/// Measures a model on one split. `progress` hears how many rows are done.
///
/// # Errors
/// [`TchError`] from libtorch.
pub fn evaluate(
    model: &Model,
    dataset: &Dataset,
    split: Split,
    mut progress: impl FnMut(usize),
) -> Result<Report, TchError> {
    let mut rows: Vec<&Row> =
        dataset.rows.iter().filter(|row| row.split == split && row.label.is_some()).collect();
    // Neighbours of one length waste nothing, and the order does not matter to a score.
    rows.sort_by_key(|row| row.text.len());
    let analyzer = SentimentIntensityAnalyzer::new();
    let mut of_model: Vec<Vec<Prediction>> = vec![Vec::new(); dataset.sets.len()];
    let mut of_vader = of_model.clone();
    for (index, chunk) in rows.chunks(CHUNK_ROWS).enumerate() {
        let prepared: Vec<Prepared> =
            chunk.iter().map(|row| model.tokenizing.prepare(&row.text, row.context.as_deref())).collect();
        let scores = model.engine.score(&prepared.iter().collect::<Vec<_>>())?;
        for (row, scores) in chunk.iter().zip(scores) {
            let s = scores.sentiment;
            let confidence = Some(s.negative.max(s.neutral).max(s.positive));
            let Some(truth) = row.label else { continue };
            of_model[row.set].push(Prediction { truth, guess: s.label(), confidence });
            of_vader[row.set].push(Prediction {
                truth,
                guess: vader(&analyzer, &row.text),
                confidence: None,
            });
        }
        progress(index * CHUNK_ROWS + chunk.len());
    }
    let report = |set: &str, model: &[Prediction], vader: &[Prediction]| SetReport {
        set: set.to_owned(),
        model: measure(model),
        vader: measure(vader),
    };
    let mut sets: Vec<SetReport> = dataset
        .sets
        .iter()
        .enumerate()
        .filter(|(index, _)| !of_model[*index].is_empty())
        .map(|(index, name)| report(name, &of_model[index], &of_vader[index]))
        .collect();
    sets.push(report("all", &of_model.concat(), &of_vader.concat()));
    Ok(Report { model: model.label(), split, sets })
}

fn vader(analyzer: &SentimentIntensityAnalyzer<'_>, text: &str) -> Label {
    let compound = analyzer.polarity_scores(text).get("compound").copied().unwrap_or(0.0);
    if compound >= VADER_BOUND {
        Label::Positive
    } else if compound <= -VADER_BOUND {
        Label::Negative
    } else {
        Label::Neutral
    }
}

impl Report {
    /// The table for people.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{} on the {} split (accuracy, macro-F1, macro recall, expected calibration error; VADER on the same rows)\n\n",
            self.model,
            format!("{:?}", self.split).to_lowercase()
        );
        text += "| set | rows | accuracy | macro-F1 | recall | calibration error | VADER accuracy | VADER macro-F1 |\n|---|---|---|---|---|---|---|---|\n";
        for SetReport { set, model, vader } in &self.sets {
            let calibration = model.calibration_error.unwrap_or(f64::NAN);
            text += &format!(
                "| {set} | {} | {:.3} | {:.3} | {:.3} | {calibration:.3} | {:.3} | {:.3} |\n",
                model.rows,
                model.accuracy,
                model.macro_f1,
                model.macro_recall,
                vader.accuracy,
                vader.macro_f1
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
