//! Conversations put into bars: by when they began, or, where that says nothing, by their order.
//!
//! Holds always: at most [`BINS_MAX`] bars; every conversation is in one. Called by [`super::Recorder`].

use jiff::{SignedDuration, Timestamp};

use crate::pages::{BINS_MAX, Bin, Course};
use crate::wire::Level;

/// When a conversation began, and the worst level that it reached.
pub type Outcome = (Timestamp, Level);

/// Widths of a bar that people can name, in seconds: from a minute to ten years.
const WIDTHS_SECONDS: [i64; 17] = [
    60,
    300,
    600,
    900,
    1_800,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    86_400,
    172_800,
    604_800,
    2_592_000,
    7_776_000,
    31_536_000,
    315_360_000,
];
/// Where one bar would hold more than this part of all conversations, time says nothing.
const ONE_BIN_MAX: f64 = 0.8;

/// The bars of conversations in the order of the input.
pub fn course(outcomes: &[Outcome], has_times: bool) -> Course {
    let by_time = has_times.then(|| by_time(outcomes)).flatten();
    by_time.unwrap_or_else(|| by_order(outcomes))
}

fn by_time(outcomes: &[Outcome]) -> Option<Course> {
    let first = outcomes.iter().map(|(began, _)| began.as_second()).min()?;
    let last = outcomes.iter().map(|(began, _)| began.as_second()).max()?;
    let bins = |width: i64| last.div_euclid(width) - first.div_euclid(width) + 1;
    let width = WIDTHS_SECONDS.into_iter().find(|width| bins(*width) <= BINS_MAX as i64)?;
    let start = first.div_euclid(width) * width;
    let began = Timestamp::from_second(start).ok()?;
    let count = usize::try_from(bins(width)).ok()?;
    let at = |index: usize| began.saturating_add(SignedDuration::from_secs(width * index as i64));
    let mut course = Course { by_time: true, bin_seconds: width as f64, bins: Vec::with_capacity(count) };
    for index in 0..count {
        course.bins.push(Bin { began: at(index).unwrap_or(began), first: 0, reached: [0; 4] });
    }
    for (began, level) in outcomes {
        let index = usize::try_from((began.as_second() - start) / width).ok()?;
        course.bins.get_mut(index)?.reached[*level as usize] += 1;
    }
    let most = course.bins.iter().map(|bin| bin.reached.iter().sum::<u64>()).max()?;
    (outcomes.len() > 1 && most as f64 <= outcomes.len() as f64 * ONE_BIN_MAX).then_some(course)
}

fn by_order(outcomes: &[Outcome]) -> Course {
    let each = outcomes.len().div_ceil(BINS_MAX).max(1);
    let bin = |(index, chunk): (usize, &[Outcome])| {
        let mut reached = [0; 4];
        chunk.iter().for_each(|(_, level)| reached[*level as usize] += 1);
        let began = chunk.first().map_or(Timestamp::UNIX_EPOCH, |(began, _)| *began);
        Bin { began, first: (index * each) as u64 + 1, reached }
    };
    Course { by_time: false, bin_seconds: 0.0, bins: outcomes.chunks(each).enumerate().map(bin).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + 60 * minute).expect("a moment")
    }

    fn all(course: &Course) -> u64 {
        course.bins.iter().flat_map(|bin| bin.reached).sum()
    }

    #[test]
    fn every_conversation_is_in_one_bar_and_there_are_not_too_many() {
        let check = |count: i64, apart_minutes: i64, by_time: bool, bins: usize| {
            let outcomes: Vec<Outcome> =
                (0..count).map(|index| (at(index * apart_minutes), Level::Watch)).collect();
            let course = course(&outcomes, true);
            assert_eq!((course.by_time, course.bins.len()), (by_time, bins), "{count} {apart_minutes}");
            assert_eq!(all(&course), count as u64);
        };
        check(0, 1, false, 0);
        check(1, 1, false, 1);
        check(40, 1, true, 40);
        check(600, 1, true, 60);
        check(200, 0, false, 50);
        check(100, 60 * 24 * 30, true, 34);
    }

    #[test]
    fn times_that_were_made_up_are_not_shown() {
        let outcomes = [(at(0), Level::Calm), (at(60), Level::Critical), (at(120), Level::Calm)];
        assert!(course(&outcomes, true).by_time);
        let by_order = course(&outcomes, false);
        assert!(!by_order.by_time);
        assert_eq!(by_order.bins.iter().map(|bin| bin.first).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
