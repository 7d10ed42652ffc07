//! How well figures rank conversations that went wrong over calm ones.
//!
//! Holds always: ties count half; figures that nothing speaks of are none. Called by `fit`, `evaluate` and `derailment`.

use serde::Serialize;

use super::follow::Followed;
use crate::training::data::Outcome;

/// Shares of the calm conversations that may be alerted wrongly.
pub const CALM_SHARES: [f64; 4] = [0.02, 0.05, 0.10, 0.20];

/// How the highest figure of a conversation ranks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranking {
    /// Area under the curve of tense and escalated over calm.
    pub auc: Option<f64>,
    /// Of escalated over calm.
    pub auc_escalated: Option<f64>,
    /// Share of tense and escalated ones found where so many of the calm are alerted: in the order of [`CALM_SHARES`].
    pub recall: [Option<f64>; CALM_SHARES.len()],
}

/// Ranks conversations by their figures.
pub fn ranking<'a>(figures: impl Iterator<Item = (f64, &'a Followed)>) -> Ranking {
    let (mut calm, mut bad, mut escalated) = (Vec::new(), Vec::new(), Vec::new());
    for (figure, one) in figures {
        if one.is_bad() { &mut bad } else { &mut calm }.push(figure);
        if one.outcome == Outcome::Escalated {
            escalated.push(figure);
        }
    }
    Ranking {
        auc: auc(&bad, &calm),
        auc_escalated: auc(&escalated, &calm),
        recall: CALM_SHARES.map(|share| recall(&bad, &calm, share)),
    }
}

/// The mean of rankings of the same conversations.
pub fn mean(rankings: &[Ranking]) -> Ranking {
    let mean = |of: &dyn Fn(&Ranking) -> Option<f64>| {
        let figures: Option<Vec<f64>> = rankings.iter().map(of).collect();
        mean_of(&figures?)
    };
    Ranking {
        auc: mean(&|one| one.auc),
        auc_escalated: mean(&|one| one.auc_escalated),
        recall: std::array::from_fn(|index| mean(&|one| one.recall[index])),
    }
}

/// None of nothing.
pub fn mean_of(figures: &[f64]) -> Option<f64> {
    share(figures.iter().sum(), figures.len())
}

/// None of nothing.
pub fn share(part: f64, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part / whole as f64)
}

/// How likely a figure of `above` is the higher one of two; a tie counts half.
pub fn auc(above: &[f64], below: &[f64]) -> Option<f64> {
    let mut sorted = below.to_vec();
    sorted.sort_by(f64::total_cmp);
    let lower = |figure: &f64| {
        let under = sorted.partition_point(|other| other < figure);
        let not_over = sorted.partition_point(|other| other <= figure);
        f64::midpoint(under as f64, not_over as f64)
    };
    share(above.iter().map(lower).sum(), above.len() * below.len())
}

/// Share of `bad` over the figure that at most `calm_share` of `calm` are over.
fn recall(bad: &[f64], calm: &[f64], calm_share: f64) -> Option<f64> {
    let mut sorted = calm.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let least = sorted.get((calm_share * calm.len() as f64) as usize)?;
    share(bad.iter().filter(|figure| *figure > least).count() as f64, bad.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_under_the_curve_matches_a_hand_count() {
        let check = |above: &[f64], below: &[f64], expect| assert_eq!(auc(above, below), expect, "{above:?}");
        check(&[0.9, 0.8], &[0.1, 0.2], Some(1.0));
        check(&[0.1], &[0.1, 0.2], Some(0.25));
        // Of six pairs 0.5 is over one, tied with one; 0.9 is over all three.
        check(&[0.5, 0.9], &[0.5, 0.7, 0.1], Some((1.5 + 3.0) / 6.0));
        check(&[], &[0.5], None);
        check(&[0.5], &[], None);
    }

    #[test]
    fn recall_counts_those_over_what_the_allowed_calm_ones_reach() {
        let calm: Vec<f64> = (0..10).map(|i| f64::from(i) / 10.0).collect();
        let check = |share, expect| assert_eq!(recall(&[0.95, 0.85, 0.75, 0.3], &calm, share), Some(expect));
        check(0.0, 0.25);
        check(0.10, 0.5);
        check(0.20, 0.75);
    }
}
