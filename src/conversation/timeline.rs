//! The last turns of a conversation with their answers: for people to read, and for repeats to be answered from.
//!
//! Holds always: at most `turns_max` entries with a text, none where that is 0; the last [`ANSWERS_MAX`] answers are
//! held in any case; oldest first. Called by [`super::Conversation`], read by `pipeline`.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use crate::wire::Scored;

/// How much of a turn's beginning is kept for people to read, in code points.
pub const TIMELINE_CHARS_MAX: usize = 2_000;
/// Answers held per conversation in any case, for clients that send again what was on its way when they lost the
/// connection; with their contributions they are the bulk of a conversation in memory, about 750 bytes each.
pub const ANSWERS_MAX: usize = 4;

/// A turn that has taken effect.
#[derive(Clone, Debug)]
pub struct Entry {
    /// In the conversation's own time.
    pub ts: Timestamp,
    /// The beginning of it; none where no text is to be kept any more.
    pub text: Option<Text>,
    pub scored: Arc<Scored>,
}

/// What is kept of a turn's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub beginning: Arc<str>,
    /// Whether there was more.
    pub truncated: bool,
}

#[derive(Debug, Default)]
pub struct Timeline {
    entries: VecDeque<Entry>,
}

// === impl Text ===

impl Text {
    /// Short texts are shared, not copied.
    pub fn of(text: &Arc<str>) -> Self {
        match text.char_indices().nth(TIMELINE_CHARS_MAX) {
            Some((end, _)) => Text { beginning: Arc::from(&text[..end]), truncated: true },
            None => Text { beginning: Arc::clone(text), truncated: false },
        }
    }
}

// === impl Timeline ===

impl Timeline {
    /// A turn took effect; `turns_max` is how many may be read.
    pub fn push(&mut self, ts: Timestamp, text: &Arc<str>, scored: Arc<Scored>, turns_max: usize) {
        while self.entries.len() >= turns_max.max(ANSWERS_MAX) {
            self.entries.pop_front();
        }
        let text = (turns_max > 0).then(|| Text::of(text));
        self.entries.push_back(Entry { ts, text, scored });
        // Only where answers outnumber the turns that may be read.
        if let Some(last) = self.entries.len().checked_sub(turns_max + 1) {
            self.entries[last].text = None;
        }
    }

    /// The answer that was given to a turn, if it is still held.
    pub fn answer(&self, turn_id: &str) -> Option<&Arc<Scored>> {
        self.entries.iter().rev().map(|entry| &entry.scored).find(|scored| scored.turn_id == turn_id)
    }

    /// What may be read, oldest first.
    pub fn readable(&self) -> impl Iterator<Item = (&Entry, &Text)> {
        self.entries.iter().filter_map(|entry| Some((entry, entry.text.as_ref()?)))
    }
}
