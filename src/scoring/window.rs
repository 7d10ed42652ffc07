//! Long turns are scored whole, by windows that end at sentence ends where possible.
//!
//! Holds always: every token is in exactly one window; no window is longer than the model's; a short turn is one
//! window. The windows' answers are combined by [`combine`]. Called by `model`.

use std::ops::Range;

use super::Sentiment;
use super::text::Tokens;

/// One window as the encoder takes it: `[CLS] context [SEP] turn [SEP]`, or `[CLS] turn [SEP]` without context.
/// The context is segment 0, the turn is segment 1, always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub ids: Vec<i64>,
    pub segments: Vec<i64>,
    /// The places of the turn's own tokens; never empty: `[CLS]` stands in for an empty turn.
    pub turn: Range<usize>,
}

impl Window {
    /// Puts context, turn and special tokens (`[CLS]`, `[SEP]`) together.
    pub fn new(context: &[u32], turn: &[u32], (cls, sep): (u32, u32)) -> Self {
        let mut ids = vec![cls];
        if !context.is_empty() {
            ids.extend_from_slice(context);
            ids.push(sep);
        }
        let start = ids.len();
        ids.extend_from_slice(turn);
        ids.push(sep);
        let mut segments = vec![1; ids.len()];
        segments[..start].fill(0);
        let turn = if turn.is_empty() { 0..1 } else { start..start + turn.len() };
        Window { ids: ids.into_iter().map(i64::from).collect(), segments, turn }
    }

    /// Whether the token at a place counts for the turn's vector: `[CLS]`, the turn's own tokens and the last
    /// `[SEP]`, so that without context it is the mean of all, as the base encoder was trained.
    pub fn is_pooled(&self, place: usize) -> bool {
        place == 0 || self.turn.contains(&place) || place + 1 == self.ids.len()
    }
}

/// The end of a context that fits: its last words are what the turn answers.
pub fn context_tail(tokens: &Tokens, context_max: usize) -> &[u32] {
    &tokens.ids[tokens.ids.len().saturating_sub(context_max)..]
}

/// Splits tokens into ranges of at most `window_max` tokens. A window is cut at the last sentence end in its
/// second half; without one, where it is full.
pub fn windows(tokens: &Tokens, window_max: usize) -> Vec<std::ops::Range<usize>> {
    assert!(window_max > 0, "a window holds at least one token: this is a bug");
    let total = tokens.ids.len();
    let mut ranges = Vec::with_capacity(total / window_max + 1);
    let mut start = 0;
    while total - start > window_max {
        let full = start + window_max;
        let earliest = start + window_max.div_ceil(2);
        let position = tokens.sentence_ends.partition_point(|&end| end <= full);
        let end = match position.checked_sub(1).map(|last| tokens.sentence_ends[last]) {
            Some(end) if end >= earliest => end,
            _ => full,
        };
        ranges.push(start..end);
        start = end;
    }
    // An empty turn has one empty window: the model is asked about nothing but its special tokens.
    ranges.push(start..total);
    ranges
}

/// The mean of the windows' probabilities, weighted by their tokens: a page of neutral report with one bitter
/// paragraph is somewhat negative, not as negative as the paragraph. `parts` is not empty.
pub fn combine(parts: &[(usize, Sentiment)]) -> Sentiment {
    if let [(_, only)] = parts {
        return *only;
    }
    let total: f64 = parts.iter().map(|(tokens, _)| *tokens as f64).sum();
    let mean = |of: fn(&Sentiment) -> f64| parts.iter().map(|(n, s)| *n as f64 * of(s)).sum::<f64>() / total;
    Sentiment { negative: mean(|s| s.negative), neutral: mean(|s| s.neutral), positive: mean(|s| s.positive) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(total: usize, sentence_ends: &[usize], window_max: usize, expect: &[(usize, usize)]) {
        let tokens =
            Tokens { ids: vec![7; total], sentence_ends: sentence_ends.to_vec(), places: vec![0..1; total] };
        let found: Vec<(usize, usize)> =
            windows(&tokens, window_max).iter().map(|w| (w.start, w.end)).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn short_turns_are_one_window() {
        check(0, &[], 62, &[(0, 0)]);
        check(1, &[], 62, &[(0, 1)]);
        check(62, &[10, 30], 62, &[(0, 62)]);
    }

    #[test]
    fn long_turns_are_cut_at_sentence_ends() {
        check(63, &[40], 62, &[(0, 40), (40, 63)]);
        check(100, &[10], 62, &[(0, 62), (62, 100)]);
        check(130, &[31, 62, 90], 62, &[(0, 62), (62, 124), (124, 130)]);
    }

    #[test]
    fn windows_share_no_token_and_leave_none_out() {
        for total in [1, 62, 63, 64, 65, 511, 512, 513, 8_000] {
            let sentence_ends = (0..total).step_by(17).skip(1).collect();
            let tokens = Tokens { ids: vec![7; total], sentence_ends, places: vec![0..1; total] };
            let ranges = windows(&tokens, 62);
            assert!(ranges.iter().all(|r| r.len() <= 62 && !r.is_empty()));
            assert_eq!(ranges.iter().map(|r| r.len()).sum::<usize>(), total);
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn combining_weighs_by_length() {
        let part = |negative| Sentiment { negative, neutral: 1.0 - negative, positive: 0.0 };
        let sum = combine(&[(30, part(1.0)), (10, part(0.0))]);
        assert!((sum.negative - 0.75).abs() < 1e-12 && (sum.neutral - 0.25).abs() < 1e-12);
    }
}
