//! The timer of one conversation, and how its own time runs between its frames.
//!
//! Holds always: one timer at most, for what is due first; between two frames the conversation's own time goes on as
//! fast as its timeline, from where the last effect left it. Called by [`super::Conversation`] and `pipeline`.

use std::sync::Arc;

use jiff::Timestamp;

use super::source::{Quiet, Source};
use super::{Arrival, SERVER_TIMELINE};

/// When a conversation is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    pub timeline: u64,
    pub at: Timestamp,
}

/// What a conversation knows of time.
#[derive(Default)]
pub struct Timing {
    /// What is due next.
    pub timer: Option<Timer>,
    /// The conversation stays in memory until then, so that a timer longer than the idle limit can fire.
    pub kept_until: Option<Timestamp>,
    anchor: Option<Anchor>,
    source: Option<Arc<Source>>,
    /// Added to what the source was gone: what earlier sources of the conversation were gone.
    gone_shift: f64,
}

/// The same moment on both clocks.
#[derive(Clone, Copy)]
struct Anchor {
    own: Timestamp,
    at: Timestamp,
    timeline: u64,
}

impl Timing {
    /// Something took effect at `own` in the conversation's own time.
    pub fn anchor(&mut self, own: Timestamp, arrival: Arrival) {
        self.anchor = Some(Anchor { own, at: arrival.at, timeline: arrival.timeline });
        self.kept_until = None;
    }

    /// The conversation's own time at `at` on its timeline; none before its first effect.
    pub fn own_time(&self, at: Timestamp) -> Option<Timestamp> {
        let anchor = self.anchor?;
        Some(shifted(anchor.own, anchor.at, at))
    }

    /// Sets the timer to a moment of the conversation's own time, or stops it.
    pub fn arm(&mut self, due: Option<Timestamp>) {
        self.timer = due.zip(self.anchor).map(|(due, anchor)| Timer {
            timeline: anchor.timeline,
            at: shifted(anchor.at, anchor.own, due),
        });
        let kept = self.timer.filter(|timer| timer.timeline == SERVER_TIMELINE).map(|timer| timer.at);
        self.kept_until = self.kept_until.max(kept);
    }

    /// Looks again later; while the source is gone this does not keep the conversation in memory.
    pub fn look_again(&mut self, quiet: Quiet) {
        if let Some(timer) = &mut self.timer {
            timer.at = timer.at.max(quiet.until);
            if !quiet.gone && timer.timeline == SERVER_TIMELINE {
                self.kept_until = self.kept_until.max(Some(timer.at));
            }
        }
    }

    /// Frames come from `source` now; `now` is the server's.
    pub fn comes_from(&mut self, source: Option<&Arc<Source>>, now: Timestamp) {
        let same = match (&self.source, source) {
            (None, None) => true,
            (Some(known), Some(told)) => Arc::ptr_eq(known, told),
            _ => false,
        };
        if !same {
            let gone = self.gone_seconds(now);
            self.gone_shift = gone - source.map_or(0.0, |source| source.gone_seconds(now));
            self.source = source.cloned();
        }
    }

    /// How long the sources of this conversation have been gone by `now`, in seconds; never falls.
    pub fn gone_seconds(&self, now: Timestamp) -> f64 {
        self.gone_shift + self.source.as_ref().map_or(0.0, |source| source.gone_seconds(now))
    }

    /// The timer, and the source on whose own time it runs; none on the server's.
    pub fn on_own_time(&self) -> Option<(Timer, Arc<Source>)> {
        let timer = self.timer.filter(|timer| timer.timeline != SERVER_TIMELINE)?;
        Some((timer, Arc::clone(self.source.as_ref()?)))
    }

    /// Whether timers must be silent at `now`.
    pub fn quiet(&self, now: Timestamp) -> Option<Quiet> {
        self.source.as_ref()?.quiet(now)
    }
}

/// `base` + (`at` − `zero`), within what a moment can be.
fn shifted(base: Timestamp, zero: Timestamp, at: Timestamp) -> Timestamp {
    base.saturating_add(at.duration_since(zero)).expect("a duration has no calendar units: this is a bug")
}
