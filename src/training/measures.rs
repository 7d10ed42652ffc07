//! Accuracy, F1, recall, calibration and confusion of three-class predictions.
//! Called by `trainer` and `evaluate`.

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
    fn a_class_that_does_not_occur_does_not_count() {
        let measures = measure(&[
            prediction(Label::Negative, Label::Negative, 1.0),
            prediction(Label::Positive, Label::Positive, 1.0),
        ]);
        assert_eq!(measures.macro_f1, 1.0);
    }
}
