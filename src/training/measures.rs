//! Accuracy, F1, recall, calibration and confusion of three-class predictions; precision, recall, average precision
//! and calibration of yes-or-no ones. Called by `trainer`, `calibrate` and `evaluate`.

use serde::Serialize;

use crate::wire::Label;

/// Bins of the expected calibration error (Guo et al. 2017 use 15).
const CALIBRATION_BINS: usize = 15;
const CLASSES: usize = 3;

/// The figures of one set of predictions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measures {
    pub rows: usize,
    pub accuracy: f64,
    /// Mean over the classes that occur.
    pub macro_f1: f64,
    pub macro_recall: f64,
    /// Expected calibration error of the most probable class; none for predictions without probabilities.
    pub calibration_error: Option<f64>,
    /// `confusion[truth][prediction]`, in the order negative, neutral, positive.
    pub confusion: [[usize; CLASSES]; CLASSES],
}

/// One prediction: the truth, the guess, and how sure it was.
#[derive(Clone, Copy, Debug)]
pub struct Prediction {
    pub truth: Label,
    pub guess: Label,
    pub confidence: Option<f64>,
}

/// The figures of one yes-or-no class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Binary {
    pub rows: usize,
    pub positives: usize,
    /// How often it was said.
    pub said: usize,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    /// The mean of the precisions at each positive, in the order of the probabilities.
    pub average_precision: f64,
    /// Expected calibration error of the probability of yes, in 15 bins.
    pub calibration_error: f64,
}

/// Measures yes-or-no predictions: pairs of probability and truth, said from `threshold` on.
pub fn measure_binary(pairs: &[(f64, bool)], threshold: f64) -> Binary {
    let positives = pairs.iter().filter(|(_, yes)| *yes).count();
    let said = pairs.iter().filter(|(p, _)| *p >= threshold).count();
    let right = pairs.iter().filter(|(p, yes)| *yes && *p >= threshold).count();
    let mut bins = [(0.0, 0_usize); CALIBRATION_BINS];
    for (p, yes) in pairs {
        let bin = ((p * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1);
        bins[bin].0 += p;
        bins[bin].1 += usize::from(*yes);
    }
    let gap: f64 = bins.iter().map(|(sum, yes)| (sum - *yes as f64).abs()).sum();
    Binary {
        rows: pairs.len(),
        positives,
        said,
        precision: ratio(right as f64, said as f64),
        recall: ratio(right as f64, positives as f64),
        f1: ratio(2.0 * right as f64, (said + positives) as f64),
        average_precision: average_precision(pairs, positives),
        calibration_error: ratio(gap, pairs.len() as f64),
    }
}

/// The threshold with the best F1; infinite where there is no positive.
pub fn best_f1_threshold(pairs: &[(f64, bool)]) -> f64 {
    let mut candidates: Vec<f64> = pairs.iter().filter(|(_, yes)| *yes).map(|(p, _)| *p).collect();
    candidates.sort_by(f64::total_cmp);
    candidates.dedup();
    let f1 = |threshold: &f64| measure_f1(pairs, *threshold);
    candidates.into_iter().max_by(|a, b| f1(a).total_cmp(&f1(b))).unwrap_or(f64::INFINITY)
}

fn measure_f1(pairs: &[(f64, bool)], threshold: f64) -> f64 {
    let (mut right, mut sum) = (0_usize, 0_usize);
    for (p, yes) in pairs {
        right += usize::from(*yes && *p >= threshold);
        sum += usize::from(*yes) + usize::from(*p >= threshold);
    }
    ratio(2.0 * right as f64, sum as f64)
}

fn average_precision(pairs: &[(f64, bool)], positives: usize) -> f64 {
    let mut order: Vec<(f64, bool)> = pairs.to_vec();
    // Of equal probabilities the misses come first: no credit for an undecided order.
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut found = 0;
    let mut sum = 0.0;
    for (index, (_, yes)) in order.iter().enumerate() {
        if *yes {
            found += 1;
            sum += f64::from(found) / (index + 1) as f64;
        }
    }
    ratio(sum, positives as f64)
}

/// Measures predictions.
pub fn measure(predictions: &[Prediction]) -> Measures {
    let mut confusion = [[0; CLASSES]; CLASSES];
    for prediction in predictions {
        confusion[prediction.truth as usize][prediction.guess as usize] += 1;
    }
    let right: usize = (0..CLASSES).map(|class| confusion[class][class]).sum();
    let occurring: Vec<usize> =
        (0..CLASSES).filter(|&class| confusion[class].iter().sum::<usize>() > 0).collect();
    let mean = |of: &dyn Fn(usize) -> f64| {
        ratio(occurring.iter().map(|&class| of(class)).sum(), occurring.len() as f64)
    };
    let recall =
        |class: usize| ratio(confusion[class][class] as f64, confusion[class].iter().sum::<usize>() as f64);
    let f1 = |class: usize| {
        let predicted: usize = confusion.iter().map(|row| row[class]).sum();
        ratio(
            2.0 * confusion[class][class] as f64,
            (predicted + confusion[class].iter().sum::<usize>()) as f64,
        )
    };
    Measures {
        rows: predictions.len(),
        accuracy: ratio(right as f64, predictions.len() as f64),
        macro_f1: mean(&f1),
        macro_recall: mean(&recall),
        calibration_error: calibration_error(predictions),
        confusion,
    }
}

fn calibration_error(predictions: &[Prediction]) -> Option<f64> {
    let mut bins = [(0_usize, 0.0, 0_usize); CALIBRATION_BINS];
    for prediction in predictions {
        let confidence = prediction.confidence?;
        let bin = ((confidence * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1);
        bins[bin].0 += 1;
        bins[bin].1 += confidence;
        bins[bin].2 += usize::from(prediction.truth == prediction.guess);
    }
    let gap: f64 = bins.iter().map(|(_, confidence, right)| (confidence - *right as f64).abs()).sum();
    Some(ratio(gap, predictions.len() as f64))
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(truth: Label, guess: Label, confidence: f64) -> Prediction {
        Prediction { truth, guess, confidence: Some(confidence) }
    }

    #[test]
    fn figures_match_a_hand_count() {
        use Label::{Negative, Neutral, Positive};
        let measures = measure(&[
            prediction(Negative, Negative, 0.9),
            prediction(Negative, Neutral, 0.6),
            prediction(Neutral, Neutral, 0.6),
            prediction(Positive, Positive, 0.9),
        ]);
        assert_eq!(measures.accuracy, 0.75);
        assert!((measures.macro_recall - (0.5 + 1.0 + 1.0) / 3.0).abs() < 1e-12);
        assert!((measures.macro_f1 - (2.0 / 3.0 + 2.0 / 3.0 + 1.0) / 3.0).abs() < 1e-12);
        // Two at 0.9, both right (gap 0.2 in sum); two at 0.6, one right (gap 0.2 in sum).
        assert!((measures.calibration_error.unwrap() - 0.1).abs() < 1e-9);
    }

    #[test]
    fn yes_or_no_figures_match_a_hand_count() {
        let binary =
            measure_binary(&[(0.9, true), (0.8, false), (0.7, true), (0.1, false), (0.1, true)], 0.5);
        assert_eq!((binary.positives, binary.said), (3, 3));
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(binary.precision, 2.0 / 3.0);
        near(binary.recall, 2.0 / 3.0);
        // Hits at places 1, 3 and 5.
        near(binary.average_precision, (1.0 + 2.0 / 3.0 + 3.0 / 5.0) / 3.0);
        near(best_f1_threshold(&[(0.9, true), (0.8, false), (0.7, true), (0.1, false)]), 0.7);
    }

    #[test]
    fn a_class_that_does_not_occur_does_not_count() {
        let measures = measure(&[
            prediction(Label::Negative, Label::Negative, 1.0),
            prediction(Label::Positive, Label::Positive, 1.0),
        ]);
        assert_eq!(measures.macro_f1, 1.0);
    }
}
