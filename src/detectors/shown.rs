//! Which names a turn shows, small enough to be kept with every turn that is remembered.
//!
//! Holds always: a turn that was not judged shows nothing. Made by `pipeline`, read by the detectors.

use crate::scoring::{Name, Scores};
use crate::wire::{Act, Mistake, Signal};

/// The signals, mistakes and acts at or above their operating thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    signals: u16,
    mistakes: u16,
    acts: u16,
}

impl Shown {
    /// What a judged turn shows.
    pub fn of(scores: &Scores) -> Self {
        scores.raised().fold(Shown::default(), |shown, (label, _)| shown.with(label.name))
    }

    /// With this name too.
    #[must_use]
    pub const fn with(mut self, name: Name) -> Self {
        match name {
            Name::Signal(signal) => self.signals |= 1 << signal as u16,
            Name::Mistake(mistake) => self.mistakes |= 1 << mistake as u16,
            Name::Act(act) => self.acts |= 1 << act as u16,
        }
        self
    }

    /// Whether the turn shows this.
    pub const fn name(self, name: Name) -> bool {
        match name {
            Name::Signal(signal) => self.signal(signal),
            Name::Mistake(mistake) => self.mistake(mistake),
            Name::Act(act) => self.act(act),
        }
    }

    pub const fn signal(self, signal: Signal) -> bool {
        self.signals & (1 << signal as u16) != 0
    }

    pub const fn mistake(self, mistake: Mistake) -> bool {
        self.mistakes & (1 << mistake as u16) != 0
    }

    pub const fn act(self, act: Act) -> bool {
        self.acts & (1 << act as u16) != 0
    }

    /// How many mistakes it shows.
    pub const fn mistakes(self) -> u32 {
        self.mistakes.count_ones()
    }

    pub const fn any_mistake(self) -> bool {
        self.mistakes != 0
    }

    /// Whether this act is the only one.
    pub const fn only_act(self, act: Act) -> bool {
        self.acts == 1 << act as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_place_of_its_own() {
        let names: Vec<Name> = Name::all().collect();
        for (at, name) in names.iter().enumerate() {
            let shown = Shown::default().with(*name);
            for (other_at, other) in names.iter().enumerate() {
                assert_eq!(shown.name(*other), at == other_at, "{name:?} and {other:?}");
            }
        }
    }
}
