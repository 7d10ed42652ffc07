//! Where the frames of a conversation come from: whether its producer is connected, and which time it lives in.
//!
//! Holds always: time in which a producer was gone is added up, and never goes down; a producer that comes back is
//! left in peace for [`RETURN_GRACE_SECONDS`], so that it can send what it held back. Made by `gateway`; asked by
//! `pipeline` through the tickets.

use jiff::Timestamp;
use parking_lot::Mutex;

use super::moments;

/// The timeline of the server's clock; offline that of the input.
pub const SERVER_TIMELINE: u64 = 0;
/// After a producer has come back no timer of its conversations fires for so long, in seconds.
pub const RETURN_GRACE_SECONDS: u32 = 30;
/// How often a timer that is due looks whether the producer has come back, in seconds.
pub const GONE_RECHECK_SECONDS: u32 = 30;

/// One producer.
pub struct Source {
    timeline: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: u32,
    gone_since: Option<Timestamp>,
    gone_seconds: f64,
    returned: Option<Timestamp>,
    newest: Option<Timestamp>,
}

/// When timers may fire, where they may not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    pub until: Timestamp,
    /// Whether the producer is gone, and nobody knows for how long.
    pub gone: bool,
}

impl Source {
    /// A producer whose timers follow the server's clock.
    pub fn on_server_time() -> Self {
        Source { timeline: SERVER_TIMELINE, state: Mutex::default() }
    }

    /// A producer whose time is the `ts` of its own frames; `timeline` is its number, not 0. Time stands still
    /// while it is gone, so that this needs no thought.
    pub fn on_its_own_time(timeline: u64) -> Self {
        debug_assert!(timeline != SERVER_TIMELINE, "0 is the server's");
        Source { timeline, state: Mutex::default() }
    }

    pub const fn timeline(&self) -> u64 {
        self.timeline
    }

    /// A session of this producer began.
    pub fn joined(&self, now: Timestamp) {
        let mut state = self.state.lock();
        state.sessions += 1;
        if let Some(since) = state.gone_since.take() {
            state.gone_seconds += moments::seconds_between(since, now);
            state.returned = Some(now);
        }
    }

    /// A session of this producer ended.
    pub fn left(&self, now: Timestamp) {
        let mut state = self.state.lock();
        state.sessions = state.sessions.saturating_sub(1);
        if state.sessions == 0 {
            state.gone_since.get_or_insert(now);
        }
    }

    /// How long it has been gone by `now`, all in all, in seconds.
    pub fn gone_seconds(&self, now: Timestamp) -> f64 {
        if self.timeline != SERVER_TIMELINE {
            return 0.0;
        }
        let state = self.state.lock();
        state.gone_seconds + state.gone_since.map_or(0.0, |since| moments::seconds_between(since, now))
    }

    /// Whether its timers must be silent at `now`.
    pub fn quiet(&self, now: Timestamp) -> Option<Quiet> {
        if self.timeline != SERVER_TIMELINE {
            return None;
        }
        let state = self.state.lock();
        if state.gone_since.is_some() {
            return Some(Quiet { until: moments::later(now, GONE_RECHECK_SECONDS), gone: true });
        }
        let until = moments::later(state.returned?, RETURN_GRACE_SECONDS);
        (until > now).then_some(Quiet { until, gone: false })
    }

    /// Moves its own time to `ts`, never back; answers what it is now.
    pub fn advance(&self, ts: Timestamp) -> Timestamp {
        let mut state = self.state.lock();
        let newest = state.newest.map_or(ts, |newest| newest.max(ts));
        *state.newest.insert(newest)
    }

    /// What its own time is now; none before its first frame.
    pub fn newest(&self) -> Option<Timestamp> {
        self.state.lock().newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a moment")
    }

    #[test]
    fn absences_add_up_and_a_return_is_followed_by_peace() {
        let source = Source::on_server_time();
        source.joined(at(0));
        source.joined(at(1));
        source.left(at(10));
        assert_eq!((source.gone_seconds(at(20)), source.quiet(at(20))), (0.0, None), "one session is left");
        source.left(at(30));
        assert_eq!(source.gone_seconds(at(40)), 10.0);
        let quiet = Quiet { until: at(40 + i64::from(GONE_RECHECK_SECONDS)), gone: true };
        assert_eq!(source.quiet(at(40)), Some(quiet));
        source.joined(at(50));
        assert_eq!(source.gone_seconds(at(99)), 20.0);
        let until = at(50 + i64::from(RETURN_GRACE_SECONDS));
        assert_eq!(source.quiet(at(50)), Some(Quiet { until, gone: false }));
        assert_eq!(source.quiet(until), None);
        source.left(at(100));
        assert_eq!(source.gone_seconds(at(101)), 21.0);
    }

    #[test]
    fn the_own_time_of_a_source_never_goes_back_and_knows_no_absence() {
        let source = Source::on_its_own_time(1);
        assert_eq!([5, 3, 9].map(|ts| source.advance(at(ts))), [5, 5, 9].map(at));
        source.joined(at(0));
        source.left(at(1));
        assert_eq!((source.gone_seconds(at(99)), source.quiet(at(99))), (0.0, None));
    }
}
