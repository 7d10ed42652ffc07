//! Which turns a conversation has had, so that a repeat changes nothing.
//!
//! Holds always: bounded by [`TURN_IDS_MAX`], the oldest leaves first; a turn id is kept as a 64-bit fingerprint by
//! a randomly seeded hasher, so that nobody can choose ids that collide.
//! Called by [`super::Conversation`].

use std::collections::VecDeque;

/// Turn ids remembered per conversation: 4 KiB.
pub const TURN_IDS_MAX: usize = 512;

#[derive(Default)]
pub struct Memory {
    fingerprints: VecDeque<u64>,
}

impl Memory {
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    pub fn knows(&self, fingerprint: u64) -> bool {
        self.fingerprints.contains(&fingerprint)
    }

    pub fn remember(&mut self, fingerprint: u64) {
        if self.fingerprints.len() == TURN_IDS_MAX {
            self.fingerprints.pop_front();
        }
        self.fingerprints.push_back(fingerprint);
    }
}
