//! A model's figures on the rows of a split, head by head and set by set, beside baselines on the same rows.
//!
//! Holds always: it asks the model through the serving path (`scoring::Model`), so that what is measured is what
//! is served; the baselines learn from the training split and take their thresholds from the development split.
//! Called by `cli::evaluate`.

use tch::TchError;
use vader_sentiment::SentimentIntensityAnalyzer;

use super::baseline::BagOfWords;
use super::calibrate;
use super::classes::{self, CLASSES};
use super::data::{Dataset, Row};
use super::measures::{Prediction, best_f1_threshold, measure, measure_binary};
use super::report::{ClassReport, PairReport, REAL, Report, SetReport};
use super::split::Split;
use crate::scoring::{Heads, Model, Prepared, Scores};
use crate::wire::Label;

/// VADER's own bounds for its compound score.
const VADER_BOUND: f64 = 0.05;
/// Rows asked for at once.
const CHUNK_ROWS: usize = 256;
/// A class with fewer annotated rows in all splits is reported, not aimed at.
const AIMED_POSITIVES_MIN: usize = 20;
/// Classes that somebody with sentiment alone would look for in glad turns.
const GLAD: [&str; 3] = ["thanks_resolved", "empathy", "closing"];

/// What to measure, and how.
#[derive(Clone, Copy, Debug)]
pub struct EvaluateOptions<'a> {
    pub split: Split,
    /// Ask without the turns' contexts, to see what they add.
    pub without_context: bool,
    /// Sets of annotated real conversations, reported together as `real`.
    pub real: &'a [String],
}

/// A row and what everybody says of it.
struct Answered<'a> {
    row: &'a Row,
    scores: Scores,
    /// Probability of each class; 0 where the model abstained.
    classes: [f64; CLASSES],
    bag: Vec<f64>,
    bag_label: Label,
}

/// Measures a model on one split. `progress` hears how many rows are done, of how many.
///
/// # Errors
/// [`TchError`] from libtorch.
pub fn evaluate(
    model: &Model,
    dataset: &Dataset,
    options: EvaluateOptions<'_>,
    mut progress: impl FnMut(usize, usize),
) -> Result<Report, TchError> {
    let bag = BagOfWords::train(dataset);
    let wanted = [options.split, Split::Dev];
    let total = dataset.rows.iter().filter(|row| wanted.contains(&row.split)).count();
    let mut done = 0;
    let mut ask = |split| {
        answers(model, &bag, dataset, split, options.without_context, |rows| {
            done += rows;
            progress(done, total);
        })
    };
    let answered = ask(options.split)?;
    // The thresholds of the baselines are chosen where the model's were.
    let dev = if options.split == Split::Dev { None } else { Some(ask(Split::Dev)?) };
    let dev = dev.as_deref().unwrap_or(&answered);
    let heads = &model.manifest.heads;
    Ok(Report {
        model: model.label(),
        split: options.split,
        sets: set_reports(dataset, &answered),
        classes: class_reports(dataset, heads, &answered, dev, options.real),
        pairs: pair_reports(heads, dataset.sets.len(), &answered),
    })
}

fn answers<'a>(
    model: &Model,
    bag: &BagOfWords,
    dataset: &'a Dataset,
    split: Split,
    without_context: bool,
    mut progress: impl FnMut(usize),
) -> Result<Vec<Answered<'a>>, TchError> {
    let mut rows: Vec<&Row> = dataset.rows.iter().filter(|row| row.split == split).collect();
    // Neighbours of one length waste nothing, and the order does not matter to a score.
    rows.sort_by_key(|row| row.text.len());
    let mut answered = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(CHUNK_ROWS) {
        let context = |row: &'a Row| row.context.as_deref().filter(|_| !without_context);
        let prepared: Vec<Prepared> =
            chunk.iter().map(|row| model.tokenizing.prepare(row.role, &row.text, context(row))).collect();
        let scores = model.engine.score(&prepared.iter().collect::<Vec<_>>())?;
        answered.extend(chunk.iter().zip(scores).map(|(row, scores)| {
            let (bag_label, bag) = bag.answer(row);
            Answered { row, classes: probabilities(&scores), scores, bag, bag_label }
        }));
        progress(chunk.len());
    }
    Ok(answered)
}

fn probabilities(scores: &Scores) -> [f64; CLASSES] {
    let mut classes = [0.0; CLASSES];
    if scores.abstained.is_none() {
        for label in &scores.labels {
            let column =
                classes::column(label.name.as_str()).expect("the model's names are known: this is a bug");
            classes[column] = label.probability;
        }
    }
    classes
}

/// Sentiment, set by set and over all rows (`all`).
fn set_reports(dataset: &Dataset, answered: &[Answered<'_>]) -> Vec<SetReport> {
    let analyzer = SentimentIntensityAnalyzer::new();
    let mut of_set: Vec<[Vec<Prediction>; 3]> = vec![Default::default(); dataset.sets.len()];
    for one in answered {
        let Some(truth) = one.row.label else { continue };
        let s = one.scores.sentiment;
        let confidence = Some(s.negative.max(s.neutral).max(s.positive));
        let guesses =
            [(s.label(), confidence), (vader(&analyzer, &one.row.text), None), (one.bag_label, None)];
        for (predictions, (guess, confidence)) in of_set[one.row.set].iter_mut().zip(guesses) {
            predictions.push(Prediction { truth, guess, confidence });
        }
    }
    let report = |set: &str, of: [&[Prediction]; 3]| {
        let [model, vader, bag_of_words] = of.map(measure);
        SetReport { set: set.to_owned(), model, vader, bag_of_words }
    };
    let mut sets: Vec<SetReport> = dataset
        .sets
        .iter()
        .zip(&of_set)
        .filter(|(_, [model, ..])| !model.is_empty())
        .map(|(name, [model, vader, bag])| report(name, [model, vader, bag]))
        .collect();
    let all =
        [0, 1, 2].map(|which| of_set.iter().flat_map(|of| of[which].iter().copied()).collect::<Vec<_>>());
    sets.push(report("all", [&all[0], &all[1], &all[2]]));
    sets
}

fn class_reports(
    dataset: &Dataset,
    heads: &Heads,
    answered: &[Answered<'_>],
    dev: &[Answered<'_>],
    real: &[String],
) -> Vec<ClassReport> {
    let is_real = |row: &Row| real.contains(&dataset.sets[row.set]);
    let positives = |column: usize| {
        dataset.rows.iter().filter(|row| is_real(row) && row.marks.get(column) == Some(true)).count()
    };
    let aimed: Vec<bool> = (0..CLASSES).map(|column| positives(column) >= AIMED_POSITIVES_MIN).collect();
    let mut groups: Vec<&str> = vec![REAL];
    groups.extend(dataset.sets.iter().map(String::as_str));
    let within =
        |group: &str, row: &Row| if group == REAL { is_real(row) } else { dataset.sets[row.set] == group };
    let mut reports = Vec::new();
    for group in groups {
        for (column, (name, threshold)) in classes::names().zip(thresholds(heads)).enumerate() {
            let pairs = |rows: &[Answered<'_>], of: &dyn Fn(&Answered<'_>) -> f64| -> Vec<(f64, bool)> {
                let rows = rows.iter().filter(|one| within(group, one.row));
                rows.filter_map(|one| Some((of(one), one.row.marks.get(column)?))).collect()
            };
            let model = pairs(answered, &|one| one.classes[column]);
            if model.is_empty() {
                continue;
            }
            // The best that somebody could do who had only words, or only the sentiment.
            let baseline = |of: &dyn Fn(&Answered<'_>) -> f64| {
                measure_binary(&pairs(answered, of), best_f1_threshold(&pairs(dev, of)))
            };
            // What somebody with sentiment alone would go by.
            let glad = GLAD.contains(&name);
            let mood = |one: &Answered<'_>| {
                let sentiment = one.scores.sentiment;
                if glad { sentiment.positive } else { sentiment.negative }
            };
            reports.push(ClassReport {
                set: group.to_owned(),
                head: classes::head(column),
                class: name,
                aimed: aimed[column],
                threshold,
                model: measure_binary(&model, threshold),
                bag_of_words: baseline(&|one| one.bag[column]),
                sentiment_alone: baseline(&mood),
            });
        }
    }
    reports
}

/// The thresholds in the order of the columns.
fn thresholds(heads: &Heads) -> Vec<f64> {
    (0..CLASSES).map(|column| calibrate::of_column(heads, column).threshold).collect()
}

/// How the classes fare on rows that were written to look like them and are not: the confusable pairs.
fn pair_reports(heads: &Heads, sets: usize, answered: &[Answered<'_>]) -> Vec<PairReport> {
    // Only rows of sets that name near-misses count, or the figures would mix two kinds of text.
    let naming = |set: usize| answered.iter().any(|one| one.row.set == set && one.row.near_miss != 0);
    let naming: Vec<bool> = (0..sets).map(naming).collect();
    let report = |(column, (class, threshold)): (usize, (&'static str, f64))| {
        let said = |one: &&Answered<'_>| one.classes[column] >= threshold;
        let near = |one: &&Answered<'_>| one.row.near_miss >> column & 1 == 1;
        let is = |one: &&Answered<'_>| one.row.marks.get(column) == Some(true);
        let written = || answered.iter().filter(|one| naming[one.row.set]);
        let near_misses = written().filter(near).filter(|one| !is(one)).count();
        (near_misses > 0).then(|| PairReport {
            class,
            against: classes::confused_with(class),
            positives: written().filter(is).count(),
            found: written().filter(is).filter(said).count(),
            near_misses,
            wrongly_said: written().filter(near).filter(|one| !is(one)).filter(said).count(),
        })
    };
    classes::names().zip(thresholds(heads)).enumerate().filter_map(report).collect()
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
