//! What is known of one conversation: counts, mood, waiting, the last turns, and its own time.
//!
//! Holds always: pure and synchronous; changed only by turns, closes and transfers that take effect, one after
//! the other; its time never goes back; every list is bounded by a named limit. Called by `pipeline`.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::findings::Findings;
use super::history::{History, Mark};
use super::moments;
use crate::detectors::Shown;
use crate::scoring::Name;
use crate::wire::limits::ATTRIBUTES_MAX;
use crate::wire::{Channel, Found, Role, Turn};

/// The last turns kept, of both sides: quotes come from them.
pub const RECENT_TURNS_MAX: usize = 12;
/// How much of a turn's beginning is kept, in code points.
pub const EXCERPT_CHARS_MAX: usize = 320;
/// How much of a turn's end the other side's next turn gets as context, in code points: more than a model takes of
/// it, whose limit is in tokens.
pub const CONTEXT_CHARS_MAX: usize = 512;
/// Scores of customer turns kept for the course of the conversation.
pub const SCORES_MAX: usize = 8;
/// How much less each earlier customer turn weighs in the running sentiment.
const RUNNING_KEPT: f64 = 0.7;

/// An exponentially weighted mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    sum: f64,
    weight: f64,
}

/// What is kept of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The first [`EXCERPT_CHARS_MAX`] code points.
    pub excerpt: Arc<str>,
    /// The last [`CONTEXT_CHARS_MAX`] code points: what an answer answers.
    pub tail: Arc<str>,
}

/// A turn that has taken effect.
#[derive(Clone, Debug, PartialEq)]
pub struct RecentTurn {
    pub turn_id: String,
    pub role: Role,
    /// The first [`EXCERPT_CHARS_MAX`] code points of the text.
    pub excerpt: Arc<str>,
    /// Positive − negative; none where the turn was not judged.
    pub score: Option<f64>,
    /// What it shows; nothing where it was not judged.
    pub shown: Shown,
    /// Where it shows what it shows.
    pub places: Places,
}

/// What a turn shows, and where, in code points.
pub type Places = Box<[(Name, Range<u32>)]>;

/// A customer's wait that a turn of the business side has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndedWait {
    pub seconds: f64,
    /// Whether it was the wait for the first answer of the conversation.
    pub first: bool,
}

/// What a turn did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TurnEffect {
    /// When it took effect in the time of the conversation.
    pub at: Timestamp,
    pub ended_wait: Option<EndedWait>,
}

/// The state of one conversation.
#[derive(Clone, Debug)]
pub struct State {
    pub channel: Channel,
    pub queue: Option<String>,
    pub customer_id: Option<String>,
    pub agent_id: Option<String>,
    pub customer_turns: u32,
    pub agent_turns: u32,
    pub bot_turns: u32,
    pub running: Running,
    /// The lowest score of a customer turn; none before the first judged one.
    pub worst: Option<f64>,
    /// Scores of the last judged customer turns, oldest first; at most [`SCORES_MAX`].
    pub scores: Vec<f64>,
    /// At most [`RECENT_TURNS_MAX`], oldest first.
    pub recent: VecDeque<RecentTurn>,
    /// Which names were shown when.
    pub history: History,
    /// What was found by time, repetition or comparison.
    pub findings: Findings,
    /// Small facts that the source told, the newest of each key; at most `ATTRIBUTES_MAX`.
    pub attributes: BTreeMap<String, String>,
    /// The end of the last turn of each side, beyond `recent` too: the context of the other side's next turn must
    /// not depend on how many turns came between.
    pub last_customer: Option<Arc<str>>,
    pub last_business: Option<Arc<str>>,
    /// When the oldest unanswered customer turn was said.
    pub waiting_since: Option<Timestamp>,
    /// Whether a customer turn has been answered yet: a greeting is no answer.
    pub answered: bool,
    /// The first moment and the newest; none before the first effect.
    pub began: Option<Timestamp>,
    pub now: Option<Timestamp>,
    pub closed: bool,
}

// === impl Running ===

impl Running {
    /// Adds the newest value.
    pub fn add(&mut self, value: f64) {
        self.sum = self.sum * RUNNING_KEPT + value;
        self.weight = self.weight * RUNNING_KEPT + 1.0;
    }

    /// The mean, recent values weighing more; 0 before the first.
    pub fn value(&self) -> f64 {
        if self.weight > 0.0 { self.sum / self.weight } else { 0.0 }
    }
}

// === impl State ===

impl Default for State {
    fn default() -> Self {
        State {
            channel: Channel::Other,
            queue: None,
            customer_id: None,
            agent_id: None,
            customer_turns: 0,
            agent_turns: 0,
            bot_turns: 0,
            running: Running::default(),
            worst: None,
            scores: Vec::new(),
            recent: VecDeque::new(),
            history: History::default(),
            findings: Findings::default(),
            attributes: BTreeMap::new(),
            last_customer: None,
            last_business: None,
            waiting_since: None,
            answered: false,
            began: None,
            now: None,
            closed: false,
        }
    }
}

impl State {
    /// A turn takes effect; `score` is positive − negative, none where the turn was not judged, and `shown` what
    /// it shows, in these `places`.
    pub fn apply(
        &mut self,
        turn: &Turn,
        said: &Said,
        score: Option<f64>,
        shown: Shown,
        places: Places,
    ) -> TurnEffect {
        let at = self.advance(turn.ts);
        self.learn(turn);
        let mut ended_wait = None;
        if turn.role == Role::Customer {
            self.closed = false;
            self.customer_turns += 1;
            self.waiting_since.get_or_insert(at);
            self.last_customer = Some(Arc::clone(&said.tail));
            score.into_iter().for_each(|score| self.feel(score));
        } else {
            *(if turn.role == Role::Bot { &mut self.bot_turns } else { &mut self.agent_turns }) += 1;
            ended_wait = self.waiting_since.take().map(|since| {
                let first = !std::mem::replace(&mut self.answered, true);
                EndedWait { seconds: moments::seconds_between(since, at), first }
            });
            self.last_business = Some(Arc::clone(&said.tail));
        }
        if self.recent.len() == RECENT_TURNS_MAX {
            self.recent.pop_front();
        }
        let excerpt = Arc::clone(&said.excerpt);
        let turn_id = turn.turn_id.clone();
        self.recent.push_back(RecentTurn { turn_id, role: turn.role, excerpt, score, shown, places });
        self.history.add(Mark { at, role: turn.role, shown });
        TurnEffect { at, ended_wait }
    }

    /// The conversation ends; nobody waits any more. A customer turn opens it again.
    pub fn close(&mut self, ts: Timestamp) -> Timestamp {
        self.closed = true;
        self.waiting_since = None;
        self.advance(ts)
    }

    /// The conversation moves to another queue or agent; what is not named stays.
    pub fn transfer(&mut self, ts: Timestamp, queue: Option<String>, agent_id: Option<String>) -> Timestamp {
        self.queue = queue.or(self.queue.take());
        self.agent_id = agent_id.or(self.agent_id.take());
        self.advance(ts)
    }

    /// Whether a turn that is remembered shows the name itself.
    pub fn shows(&self, turn_id: &str, found: Found) -> bool {
        let turn = self.recent.iter().rev().find(|turn| turn.turn_id == turn_id);
        turn.is_some_and(|turn| match found {
            Found::Mistake(mistake) => turn.shown.mistake(mistake),
            Found::Signal(signal) => turn.shown.signal(signal),
        })
    }

    /// How long the oldest unanswered customer turn has waited by `at`, in seconds.
    pub fn waiting_seconds(&self, at: Timestamp) -> Option<f64> {
        self.waiting_since.map(|since| moments::seconds_between(since, at))
    }

    /// The other side's last words.
    pub fn context_for(&self, role: Role) -> Option<&Arc<str>> {
        if role == Role::Customer { self.last_business.as_ref() } else { self.last_customer.as_ref() }
    }

    /// Moves the time of the conversation to `ts`, never back; answers what it is now.
    fn advance(&mut self, ts: Timestamp) -> Timestamp {
        self.began.get_or_insert(ts);
        *self.now.insert(self.now.map_or(ts, |now| now.max(ts)))
    }

    fn learn(&mut self, turn: &Turn) {
        // `other` is also what a turn has that does not name its channel.
        if turn.channel != Channel::Other {
            self.channel = turn.channel;
        }
        let known = [
            (&mut self.queue, &turn.queue),
            (&mut self.customer_id, &turn.customer_id),
            (&mut self.agent_id, &turn.agent_id),
        ];
        for (field, told) in known {
            if told.is_some() && field != told {
                field.clone_from(told);
            }
        }
        for (key, value) in &turn.attributes {
            if self.attributes.len() < ATTRIBUTES_MAX || self.attributes.contains_key(key) {
                self.attributes.insert(key.clone(), value.clone());
            }
        }
    }

    fn feel(&mut self, score: f64) {
        self.running.add(score);
        self.worst = Some(self.worst.map_or(score, |worst| worst.min(score)));
        if self.scores.len() == SCORES_MAX {
            self.scores.remove(0);
        }
        self.scores.push(score);
    }
}

impl Said {
    /// Short texts are shared, not copied.
    pub fn of(text: &Arc<str>) -> Self {
        let excerpt = match text.char_indices().nth(EXCERPT_CHARS_MAX) {
            Some((end, _)) => Arc::from(&text[..end]),
            None => Arc::clone(text),
        };
        let tail = match text.char_indices().rev().nth(CONTEXT_CHARS_MAX) {
            Some((last_out, sign)) => Arc::from(&text[last_out + sign.len_utf8()..]),
            None => Arc::clone(text),
        };
        Said { excerpt, tail }
    }
}
