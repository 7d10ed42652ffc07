//! What single scores of a customer mean: negative, positive, rising, falling.
//!
//! Holds always: every list of scores is oldest first with values in −1..=1, and results stay in the range
//! that their function states. Called by `stuck`, by `pipeline` for what is shown, and by `alerts` for what is quoted.

/// How far from 0 a score must be before it counts as a mood: below that a turn is plain business.
pub const DEAD_ZONE: f64 = 0.2;
/// At most this many of the newest scores are "recent" in a trend.
const TREND_RECENT_TURNS: usize = 3;

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

fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / scores.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trend_compares_recent_turns_with_earlier_ones() {
        let check = |name: &str, scores: &[f64], expect: f64| {
            let actual = trend(scores);
            assert!((actual - expect).abs() < 1e-9, "{name}: {actual}, expected {expect}");
        };
        check("nothing", &[], 0.0);
        check("one turn", &[-0.9], 0.0);
        check("falling", &[0.5, -0.5], -0.5);
        check("rising", &[-1.0, 1.0], 1.0);
        check("level", &[-0.4, -0.4, -0.4, -0.4], 0.0);
        check("three recent ones of eight", &[0.0, 0.0, 0.0, 0.0, 0.0, -0.6, -0.6, -0.6], -0.3);
    }

    #[test]
    fn plain_business_is_no_mood() {
        assert_eq!((negativity(-0.2), positivity(0.2)), (0.0, 0.0));
        assert_eq!((negativity(-1.0), positivity(1.0)), (1.0, 1.0));
        assert_eq!((negativity(0.9), positivity(-0.9)), (0.0, 0.0));
    }
}
