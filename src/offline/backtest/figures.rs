//! The figures of a backtest: rates, shares with their interval, and how values spread.
//!
//! Holds always: pure; a share of nothing has no value; every quantile is a value that occurred. Called by the rest of
//! `backtest`.

use serde::Serialize;

/// The standard normal quantile of a 95 % interval.
const Z: f64 = 1.96;

/// A count, and the same for each 100 conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rate {
    pub count: usize,
    pub per_100: f64,
}

/// A part of a whole, and the 95 % interval (Wilson 1927) of the share that it is a sample of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    pub count: usize,
    pub of: usize,
    /// None of nothing.
    pub share: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// How values spread. Quantiles by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub n: usize,
    pub least: f64,
    pub median: f64,
    pub p90: f64,
    pub most: f64,
}

impl Rate {
    pub fn of(count: usize, conversations: usize) -> Self {
        let per_100 =
            if conversations == 0 { 0.0 } else { round(100.0 * count as f64 / conversations as f64, 2) };
        Rate { count, per_100 }
    }
}

impl Share {
    pub fn of(count: usize, of: usize) -> Self {
        if of == 0 {
            return Share { count, of, share: None, low: None, high: None };
        }
        let (n, share) = (of as f64, count as f64 / of as f64);
        let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / (1.0 + Z * Z / n);
        let figure = |value: f64| Some(round(value.clamp(0.0, 1.0), 4));
        Share { count, of, share: figure(share), low: figure(middle - reach), high: figure(middle + reach) }
    }
}

impl Spread {
    /// None of nothing.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let quantile = |share: f64| sorted[((share * sorted.len() as f64).ceil() as usize).max(1) - 1];
        Some(Spread { n: sorted.len(), least, median: quantile(0.5), p90: quantile(0.9), most })
    }
}

fn round(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_book() {
        let check = |count, of, expect: [f64; 3]| {
            let Share { share, low, high, .. } = Share::of(count, of);
            assert_eq!([share, low, high], expect.map(Some), "{count} of {of}");
        };
        check(8, 10, [0.8, 0.4902, 0.9433]);
        check(0, 10, [0.0, 0.0, 0.2775]);
        check(10, 10, [1.0, 0.7225, 1.0]);
        check(50, 100, [0.5, 0.4038, 0.5962]);
        assert_eq!(Share::of(0, 0).share, None);
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        let check = |values: &[f64], expect: Option<[f64; 4]>| {
            let spread = Spread::of(values.iter().copied());
            assert_eq!(spread.map(|s| [s.least, s.median, s.p90, s.most]), expect, "{values:?}");
        };
        check(&[], None);
        check(&[3.0], Some([3.0; 4]));
        check(&[4.0, 1.0, 3.0, 2.0], Some([1.0, 2.0, 4.0, 4.0]));
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        check(&ten, Some([1.0, 5.0, 9.0, 10.0]));
    }

    #[test]
    fn a_rate_is_for_each_hundred_conversations() {
        assert_eq!(Rate::of(3, 40).per_100, 7.5);
        assert_eq!(Rate::of(1, 3).per_100, 33.33);
        assert_eq!(Rate::of(0, 0).per_100, 0.0);
    }
}
