//! When which names were last shown: what the conditions of rules count in.
//!
//! Holds always: the last [`HISTORY_TURNS_MAX`] turns, oldest first, and how often each name was shown in all; a turn
//! that was not judged shows nothing, but counts as a turn. Held by [`super::State`]; read by `alerts`.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::detectors::Shown;
use crate::scoring::Name;
use crate::wire::{Act, Mistake, Role, Signal};

/// Turns that rules can look back on.
pub const HISTORY_TURNS_MAX: usize = 32;
/// Signals, mistakes and acts.
const NAMES: usize = Signal::ALL.len() + Mistake::ALL.len() + Act::ALL.len();

/// One turn of the past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// In the time of the conversation.
    pub at: Timestamp,
    pub role: Role,
    pub shown: Shown,
}

/// What was shown when.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    marks: VecDeque<Mark>,
    totals: [u16; NAMES],
}

impl Default for History {
    fn default() -> Self {
        History { marks: VecDeque::new(), totals: [0; NAMES] }
    }
}

impl History {
    /// A turn takes effect.
    pub fn add(&mut self, mark: Mark) {
        for (total, name) in self.totals.iter_mut().zip(Name::all()) {
            *total = total.saturating_add(u16::from(mark.shown.name(name)));
        }
        if self.marks.len() == HISTORY_TURNS_MAX {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
    }

    /// Turns of the whole conversation that showed the name.
    pub fn total(&self, name: Name) -> usize {
        self.totals
            .iter()
            .zip(Name::all())
            .find(|(_, known)| *known == name)
            .map_or(0, |(total, _)| usize::from(*total))
    }

    /// The last turns, newest first.
    pub fn newest_first(&self) -> impl DoubleEndedIterator<Item = &Mark> {
        self.marks.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_go_on_where_the_turns_themselves_are_forgotten() {
        let mut history = History::default();
        let apology = Name::Act(Act::Apology);
        for _ in 0..HISTORY_TURNS_MAX + 5 {
            let shown = Shown::default().with(apology);
            history.add(Mark { at: Timestamp::UNIX_EPOCH, role: Role::Agent, shown });
        }
        assert_eq!(history.total(apology), HISTORY_TURNS_MAX + 5);
        assert_eq!(history.total(Name::Signal(Signal::Confused)), 0);
        assert_eq!(history.newest_first().count(), HISTORY_TURNS_MAX);
    }
}
