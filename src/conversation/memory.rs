//! Which turns a conversation has had, so that a repeat changes nothing.
//!
//! Holds always: bounded by [`TURN_IDS_MAX`] and [`ANSWERS_MAX`], the oldest leaves first; a turn id is kept as
//! a 64-bit fingerprint by a randomly seeded hasher, so that nobody can choose ids that collide.
//! Called by [`super::Conversation`].

use std::collections::VecDeque;
use std::sync::Arc;

use crate::wire::Scored;

/// Turn ids remembered per conversation: 4 KiB.
pub const TURN_IDS_MAX: usize = 512;
/// Answers held per conversation, for clients that send again what was on its way when they lost the connection;
/// with their contributions they are the bulk of a conversation in memory, about 750 bytes each.
pub const ANSWERS_MAX: usize = 4;

#[derive(Default)]
pub struct Memory {
    fingerprints: VecDeque<u64>,
    answers: VecDeque<Arc<Scored>>,
}

impl Memory {
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    pub fn knows(&self, fingerprint: u64) -> bool {
        self.fingerprints.contains(&fingerprint)
    }

    /// The answer that was given to a turn, if it is still held.
    pub fn answer(&self, turn_id: &str) -> Option<&Arc<Scored>> {
        self.answers.iter().rev().find(|scored| scored.turn_id == turn_id)
    }

    pub fn remember(&mut self, fingerprint: u64) {
        if self.fingerprints.len() == TURN_IDS_MAX {
            self.fingerprints.pop_front();
        }
        self.fingerprints.push_back(fingerprint);
    }

    pub fn hold(&mut self, answer: Arc<Scored>) {
        if self.answers.len() == ANSWERS_MAX {
            self.answers.pop_front();
        }
        self.answers.push_back(answer);
    }
}
