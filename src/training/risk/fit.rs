//! Annotated conversations → the weights of the risk.
//!
//! Weights: the least of `objective` over the training and the development split. Calibration: a scale and an offset
//! (Platt 1999) of the highest logits of development conversations, each by weights fitted without it. Triggers: set
//! afterwards.
//!
//! Holds always: deterministic; nothing of the test split counts. Called by `cli::train` and `leave_out`.

use sha2::{Digest, Sha256};

use super::RiskError;
use super::follow::{Followed, Moment};
use super::gradient::{Minimum, minimise};
use super::measures::{Ranking, mean, ranking};
use super::objective::{Objective, dot};
use super::terms::{TERMS, Term, terms, weights};
use crate::detectors::RiskModel;
use crate::training::calibrate::platt;
use crate::training::split::Split;

/// How much more a development conversation counts: the text model has seen the words of the training split, so that its
/// answers there are surer than they will be.
const DEV_WEIGHT: f64 = 3.0;
/// Parts that the development split is fitted without, one after the other, and in how many ways it is parted.
const FOLDS: usize = 5;
const FOLDINGS: usize = 3;
/// What the calibration aims at, for yes and for no: the logits are of weights that never saw the conversation, so that
/// nothing need be taken off.
const TARGETS: (f64, f64) = (1.0, 0.0);
/// Conversations of either kind that a split must have; fewer say nothing.
const OF_A_KIND_MIN: usize = 5;

/// What was fitted.
#[derive(Clone, Debug)]
pub struct Fitted {
    pub model: RiskModel,
    pub train: usize,
    pub dev: usize,
    /// Steps of the fit.
    pub steps: usize,
    /// Scale and offset of the calibration.
    pub calibration: (f64, f64),
    /// How well weights fitted without a conversation rank it, on the development split; a mean over foldings.
    pub dev_ranking: Ranking,
}

/// Fits the weights; those that annotated texts cannot show, and those of `base` alone, stay. Weights named in `left_out`
/// are 0.
///
/// # Errors
/// [`RiskError::TooFew`].
pub fn fit(followed: &[Followed], base: &RiskModel, left_out: &[String]) -> Result<Fitted, RiskError> {
    let of = |split| followed.iter().filter(move |one| one.split == split && !one.moments.is_empty());
    let (train, dev): (Vec<&Followed>, Vec<&Followed>) =
        (of(Split::Train).collect(), of(Split::Dev).collect());
    enough("training", &train)?;
    enough("development", &dev)?;
    let terms = terms(base, left_out);
    let Minimum { point, steps } = least(&train, &dev, terms);
    let foldings: Vec<Vec<f64>> =
        (0..FOLDINGS).map(|folding| cross_fitted(&train, &dev, terms, folding)).collect();
    let pairs: Vec<(f64, bool)> = foldings
        .iter()
        .flat_map(|highest| highest.iter().zip(&dev).map(|(logit, one)| (*logit, one.is_bad())))
        .collect();
    let calibration = platt(&pairs, TARGETS);
    let rankings: Vec<Ranking> =
        foldings.iter().map(|highest| ranking(highest.iter().copied().zip(dev.iter().copied()))).collect();
    Ok(Fitted {
        model: weights(&point, base, left_out, calibration),
        train: train.len(),
        dev: dev.len(),
        steps,
        calibration,
        dev_ranking: mean(&rankings),
    })
}

fn enough(split: &'static str, conversations: &[&Followed]) -> Result<(), RiskError> {
    let tense = conversations.iter().filter(|one| one.is_bad()).count();
    let calm = conversations.len() - tense;
    if calm.min(tense) < OF_A_KIND_MIN {
        return Err(RiskError::TooFew { split, calm, tense, least: OF_A_KIND_MIN });
    }
    Ok(())
}

fn least(train: &[&Followed], dev: &[&Followed], terms: [Term; TERMS]) -> Minimum {
    let weighed = train.iter().map(|one| (*one, 1.0)).chain(dev.iter().map(|one| (*one, DEV_WEIGHT)));
    let objective = Objective::new(weighed, terms);
    let start = terms.map(|term| term.expected);
    minimise(&start, &terms.map(|term| (term.least, term.most)), |point| objective.at(point))
}

/// The highest logit of each development conversation by weights that were fitted without it.
fn cross_fitted(train: &[&Followed], dev: &[&Followed], terms: [Term; TERMS], folding: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..dev.len()).collect();
    order.sort_by_cached_key(|index| -> [u8; 32] {
        Sha256::new().chain_update(folding.to_be_bytes()).chain_update(&dev[*index].id).finalize().into()
    });
    let mut highest = vec![0.0; dev.len()];
    for fold in 0..FOLDS {
        let (held, kept): (Vec<_>, Vec<_>) =
            order.iter().enumerate().partition(|(place, _)| place % FOLDS == fold);
        let kept: Vec<&Followed> = kept.into_iter().map(|(_, index)| dev[*index]).collect();
        let Minimum { point, .. } = least(train, &kept, terms);
        for (_, index) in held {
            let logits = dev[*index].moments.iter().map(|moment| dot(&moment.row(), &point));
            highest[*index] = logits.fold(f64::NEG_INFINITY, f64::max);
        }
    }
    highest
}

impl Moment {
    /// 1 for the base, then the features.
    pub fn row(&self) -> [f64; TERMS] {
        let mut row = [1.0; TERMS];
        row[1..].copy_from_slice(&self.features.values());
        row
    }
}
