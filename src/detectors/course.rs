//! The course of the customer's scores: trend, how much of the worst point still hurts, and negative runs.
//!
//! Holds always: every list of scores is oldest first with values in −1..=1, and results stay in the range
//! that their function states. Called by `risk`.

/// How far from 0 a score must be before it counts as a mood: below that a turn is plain business.
pub const DEAD_ZONE: f64 = 0.2;
/// At most this many of the newest scores are "recent" in a trend.
const TREND_RECENT_TURNS: usize = 3;
/// How much of an old wound is left after a further turn that was not positive.
const WORST_KEPT: f64 = 0.85;
/// The same after a positive turn: a customer who says thanks has mostly got over it.
const WORST_KEPT_POSITIVE: f64 = 0.35;
/// How much less each earlier turn of a negative run weighs than the one after it.
const RUN_FADE: f64 = 0.45;

/// How negative a score is, 0 to 1, beyond the dead zone.
pub fn negativity(score: f64) -> f64 {
    ((-score - DEAD_ZONE) / (1.0 - DEAD_ZONE)).clamp(0.0, 1.0)
}

/// How positive a score is, 0 to 1, beyond the dead zone.
pub fn positivity(score: f64) -> f64 {
    negativity(-score)
}

/// −1 to 1: half the difference between the mean of the recent scores and that of the earlier ones; 0 for
/// fewer than two. Up to half of the scores are recent, at most three.
pub fn trend(scores: &[f64]) -> f64 {
    let recent = (scores.len() / 2).min(TREND_RECENT_TURNS);
    if recent == 0 {
        return 0.0;
    }
    let (earlier, recent) = scores.split_at(scores.len() - recent);
    ((mean(recent) - mean(earlier)) / 2.0).clamp(-1.0, 1.0)
}

/// 0 to 1: the worst point as far as it still hurts; it fades with every turn, faster with positive ones.
pub fn lingering_worst(scores: &[f64]) -> f64 {
    scores.iter().fold(0.0, |hurt: f64, &score| {
        let kept = if positivity(score) > 0.0 { WORST_KEPT_POSITIVE } else { WORST_KEPT };
        (hurt * kept).max(negativity(score))
    })
}

/// 0 to about 1.8: the negative turns in an unbroken row before the newest, which must be negative itself.
pub fn negative_run(scores: &[f64]) -> f64 {
    let mut run = scores.iter().rev().map(|&score| negativity(score)).take_while(|&negative| negative > 0.0);
    if run.next().is_none() {
        return 0.0;
    }
    run.fold((0.0, 1.0), |(sum, weight), negative| (sum + weight * negative, weight * RUN_FADE)).0
}

fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / scores.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, actual: f64, expect: f64) {
        assert!((actual - expect).abs() < 1e-9, "{name}: {actual}, expected {expect}");
    }

    #[test]
    fn trend_compares_recent_turns_with_earlier_ones() {
        check("nothing", trend(&[]), 0.0);
        check("one turn", trend(&[-0.9]), 0.0);
        check("falling", trend(&[0.5, -0.5]), -0.5);
        check("rising", trend(&[-1.0, 1.0]), 1.0);
        check("level", trend(&[-0.4, -0.4, -0.4, -0.4]), 0.0);
        check("three recent ones of eight", trend(&[0.0, 0.0, 0.0, 0.0, 0.0, -0.6, -0.6, -0.6]), -0.3);
    }

    #[test]
    fn the_worst_point_fades_and_positive_turns_speed_it_up() {
        let angry = lingering_worst(&[-1.0]);
        let neutral_after = lingering_worst(&[-1.0, 0.0]);
        let positive_after = lingering_worst(&[-1.0, 0.8]);
        check("at once", angry, 1.0);
        assert!(positive_after < neutral_after && neutral_after < angry);
    }

    #[test]
    fn a_run_needs_two_negative_turns_and_ends_with_a_neutral_one() {
        check("one", negative_run(&[-1.0]), 0.0);
        check("two", negative_run(&[-1.0, -1.0]), 1.0);
        check("three", negative_run(&[-1.0, -1.0, -1.0]), 1.45);
        check("broken", negative_run(&[-1.0, 0.0, -1.0]), 0.0);
        check("over", negative_run(&[-1.0, -1.0, 0.1]), 0.0);
    }
}
