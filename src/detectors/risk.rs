//! Risk: an additive function in log-odds, so that every figure shown can be explained by its terms.
//!
//! ```text
//! logit(risk) = base + sentiment + running_sentiment + trend + worst + negative_run + waiting (+ clamp)
//! ```
//! Holds always: the contributions sum to the log-odds of the risk; terms of 0 are left out, but for `base`.
//! One angry turn gives about `high`, two in a row `critical`; a neutral conversation stays under 0.2; three
//! friendly turns bring it down. The tests at the end hold these. Called by `pipeline`.

use std::borrow::Cow;

use super::{Facts, course, waiting};
use crate::wire::outbound::round6;
use crate::wire::{Contribution, Level};

/// A conversation of which nothing is known: a risk of 0.11.
const BASE: f64 = -2.1;
/// A fully negative newest customer turn.
const SENTIMENT_NEGATIVE: f64 = 1.2;
/// A fully positive one.
const SENTIMENT_POSITIVE: f64 = -1.2;
/// A fully negative running sentiment.
const RUNNING_NEGATIVE: f64 = 1.1;
/// A fully positive one.
const RUNNING_POSITIVE: f64 = -0.6;
/// A trend of −1.
const TREND_FALLING: f64 = 0.8;
/// A trend of +1; less than falling, since "better than before" is not yet good.
const TREND_RISING: f64 = -0.3;
/// The worst point, as far as it still hurts.
const WORST: f64 = 1.2;
/// Each full negative turn in the row before the newest one.
const NEGATIVE_RUN: f64 = 1.6;
/// All patience used up. Alone it must not take a neutral conversation beyond 0.2.
const WAITING: f64 = 0.6;
/// How much of a negative score the customer's baseline takes off at most: an always-sharp customer counts by
/// change, but not by change alone.
const BASELINE_MAX: f64 = 0.3;
/// The log-odds are kept within ±this: a risk of 0.0025 to 0.9975.
pub const LOG_ODDS_MAX: f64 = 6.0;

/// The least risk of each level but `calm`.
pub const LEVELS: [(Level, f64); 3] = [(Level::Watch, 0.30), (Level::High, 0.55), (Level::Critical, 0.80)];
/// A level is left downwards only when the risk is this far under its threshold.
pub const HYSTERESIS: f64 = 0.05;

/// The risk of a conversation, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// 0 to 1, to six decimals.
    pub risk: f64,
    /// −1 to 1.
    pub trend: f64,
    /// Terms of the log-odds of `risk`, to six decimals; `base` first.
    pub contributions: Vec<Contribution>,
}

/// Weighs the facts.
pub fn assess(facts: &Facts<'_>) -> Assessment {
    let scores = beside_baseline(facts);
    let sentiment = beside(facts.sentiment, facts.baseline);
    let newest = scores.last().copied().unwrap_or(0.0);
    let trend = course::trend(&scores);
    let terms = [
        ("base", BASE),
        ("sentiment", two_sided(newest, SENTIMENT_NEGATIVE, SENTIMENT_POSITIVE)),
        ("running_sentiment", two_sided(sentiment, RUNNING_NEGATIVE, RUNNING_POSITIVE)),
        ("trend", if trend < 0.0 { TREND_FALLING * -trend } else { TREND_RISING * trend }),
        ("worst", WORST * course::lingering_worst(&scores)),
        ("negative_run", NEGATIVE_RUN * course::negative_run(&scores)),
        ("waiting", WAITING * waiting::pressure(facts.waiting_seconds, facts.channel)),
    ];
    // Rounded first and summed then, so that the risk shown belongs to the contributions shown.
    let mut contributions: Vec<Contribution> = terms
        .into_iter()
        .map(|(name, value)| Contribution { name, value: round6(value) })
        .filter(|term| term.name == "base" || term.value != 0.0)
        .collect();
    let sum: f64 = contributions.iter().map(|term| term.value).sum();
    let log_odds = sum.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX);
    if log_odds != sum {
        contributions.push(Contribution { name: "clamp", value: round6(log_odds - sum) });
    }
    Assessment { risk: round6(1.0 / (1.0 + (-log_odds).exp())), trend, contributions }
}

/// The level of `risk`, after `previous`: up at once, down with [`HYSTERESIS`].
pub fn level(previous: Level, risk: f64) -> Level {
    let reached = plain_level(risk);
    if reached >= previous { reached } else { plain_level(risk + HYSTERESIS).min(previous) }
}

fn plain_level(risk: f64) -> Level {
    LEVELS.iter().rev().find(|(_, least)| risk >= *least).map_or(Level::Calm, |(level, _)| *level)
}

/// The scores less what is usual for the customer.
fn beside_baseline<'a>(facts: &Facts<'a>) -> Cow<'a, [f64]> {
    if facts.baseline < 0.0 {
        facts.scores.iter().map(|score| beside(*score, facts.baseline)).collect()
    } else {
        Cow::Borrowed(facts.scores)
    }
}

/// A negative score less the baseline; it does not become positive by that.
fn beside(score: f64, baseline: f64) -> f64 {
    if score < 0.0 { (score - baseline.clamp(-BASELINE_MAX, 0.0)).min(0.0) } else { score }
}

fn two_sided(score: f64, negative: f64, positive: f64) -> f64 {
    negative * course::negativity(score) + positive * course::positivity(score)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::Running;
    use crate::wire::Channel;

    fn facts_of(scores: &[f64], waiting_seconds: Option<f64>) -> Assessment {
        let mut running = Running::default();
        scores.iter().for_each(|&score| running.add(score));
        let sentiment = running.value();
        assess(&Facts { scores, sentiment, baseline: 0.0, waiting_seconds, channel: Channel::Chat })
    }

    #[test]
    fn an_always_sharp_customer_counts_by_change() {
        let risk = |score: f64, baseline| {
            let (scores, sentiment) = ([score], score);
            let facts =
                Facts { scores: &scores, sentiment, baseline, waiting_seconds: None, channel: Channel::Chat };
            assess(&facts).risk
        };
        assert!(risk(-0.5, -0.3) < 0.3 && risk(-0.5, -0.3) < risk(-0.5, 0.0));
        assert!(risk(-1.0, -0.3) > 0.4, "more than usual is more than usual");
        assert_eq!(risk(-0.9, -1.0), risk(-0.9, -0.3), "bounded");
        assert_eq!([risk(0.0, -0.3), risk(0.5, -0.3)], [risk(0.0, 0.0), risk(0.5, 0.0)]);
        assert!(risk(-0.2, -0.3) >= risk(0.0, 0.0), "it does not become friendly");
    }

    #[test]
    fn levels_follow_what_a_supervisor_would_say() {
        let check = |scores: &[f64], expect: Level| {
            let risk = facts_of(scores, None).risk;
            assert_eq!(plain_level(risk), expect, "{scores:?} has a risk of {risk}");
        };
        check(&[], Level::Calm);
        check(&[0.0, -0.1, 0.1, -0.2], Level::Calm);
        check(&[-0.5], Level::Watch);
        check(&[-0.9], Level::High);
        check(&[0.0, 0.0, 0.0, -0.9], Level::High);
        check(&[0.8, 0.8, 0.8, -0.9], Level::High);
        check(&[-0.9, -0.9], Level::Critical);
        check(&[0.0, 0.0, -0.9, -0.9], Level::Critical);
        check(&[-0.8, -0.8, -0.8], Level::Critical);
        check(&[-0.9, -0.9, 0.7, 0.7, 0.7], Level::Calm);
        check(&[-0.9, -0.9, -0.9, 0.4, 0.5, 0.6], Level::Calm);
    }

    #[test]
    fn a_neutral_conversation_stays_under_a_fifth_even_while_waiting() {
        for scores in [vec![], vec![0.1], vec![-0.2; 8], vec![0.1, -0.1, 0.2, -0.2]] {
            let risk = facts_of(&scores, Some(3_600.0)).risk;
            assert!(risk < 0.2, "{scores:?}: {risk}");
        }
    }

    #[test]
    fn a_level_is_left_downwards_with_hysteresis_only() {
        let check =
            |previous, risk, expect| assert_eq!(level(previous, risk), expect, "{previous} at {risk}");
        check(Level::Calm, 0.80, Level::Critical);
        check(Level::Critical, 0.76, Level::Critical);
        check(Level::Critical, 0.74, Level::High);
        check(Level::High, 0.26, Level::Watch);
        check(Level::Watch, 0.24, Level::Calm);
        check(Level::Watch, 0.29, Level::Watch);
    }

    proptest! {
        #[test]
        fn contributions_sum_to_the_log_odds_of_the_risk(
            scores in prop::collection::vec(-1.0..=1.0_f64, 0..=8),
            waiting in prop::option::of(0.0..1e5_f64),
        ) {
            let Assessment { risk, contributions, .. } = facts_of(&scores, waiting);
            let sum: f64 = contributions.iter().map(|term| term.value).sum();
            prop_assert!(risk > 0.002 && risk < 0.998);
            prop_assert!((sum - (risk / (1.0 - risk)).ln()).abs() < 1e-3, "{sum} for {risk}");
            prop_assert_eq!(contributions[0].name, "base");
        }

        #[test]
        fn a_risk_that_trembles_changes_its_level_once_at_most(
            centre in 0.0..=1.0_f64,
            trembles in prop::collection::vec(-0.0249..=0.0249_f64, 2..50),
        ) {
            let first = level(Level::Calm, centre + trembles[0]);
            let levels = trembles.iter().scan(first, |previous, tremble| {
                *previous = level(*previous, centre + tremble);
                Some(*previous)
            });
            let mut levels: Vec<Level> = levels.collect();
            levels.dedup();
            prop_assert!(levels.len() <= 2, "{:?}", levels);
        }

        #[test]
        fn a_worse_newest_turn_never_lowers_the_risk(
            mut scores in prop::collection::vec(-1.0..=1.0_f64, 1..=8),
            worse_by in 0.0..=1.0_f64,
        ) {
            let before = facts_of(&scores, None).risk;
            let last = scores.last_mut().expect("not empty");
            *last = (*last - worse_by).max(-1.0);
            prop_assert!(facts_of(&scores, None).risk >= before - 1e-9);
        }
    }
}
