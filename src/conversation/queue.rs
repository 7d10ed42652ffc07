//! What was admitted to a conversation and has not taken effect yet, in the order of admission.
//!
//! Holds always: scores come back in any order, effects leave in the order of admission; at most [`SLOTS_MAX`]
//! slots and [`WAITERS_MAX`] waiters each. Called by [`super::Conversation`].

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::Arrival;
use super::state::Said;
use crate::scoring::Scores;
use crate::wire::{Role, Turn};

/// Turns, closes and transfers of one conversation that may be under way at once.
pub const SLOTS_MAX: usize = 256;
/// Tickets that may wait for the same turn: the original's and its repeats'.
pub const WAITERS_MAX: usize = 8;

/// A turn under way.
pub struct PendingTurn<T> {
    /// Its `text` is empty here.
    pub turn: Turn,
    /// Shared with scoring; let go of when the turn has taken effect.
    pub text: Arc<str>,
    pub said: Said,
    /// Whether the whole text is blank: it says nothing, whatever a model makes of it.
    pub blank: bool,
    pub fingerprint: u64,
    pub arrival: Arrival,
    /// Who gets the answer; never empty.
    pub waiters: Vec<T>,
}

/// The end of a conversation, under way.
pub struct PendingClose<T> {
    pub ts: Timestamp,
    pub closed_by: Option<Role>,
    pub arrival: Arrival,
    pub ticket: T,
}

/// A move, under way.
pub struct PendingTransfer<T> {
    pub ts: Timestamp,
    pub queue: Option<String>,
    pub agent_id: Option<String>,
    pub arrival: Arrival,
    pub ticket: T,
}

/// What may take effect now.
pub enum Ready<T> {
    Turn(Box<PendingTurn<T>>, Scores),
    Close(PendingClose<T>),
    Transfer(PendingTransfer<T>),
}

enum Work<T> {
    Turn { pending: Box<PendingTurn<T>>, scores: Option<Scores> },
    Close(PendingClose<T>),
    Transfer(PendingTransfer<T>),
}

struct Slot<T> {
    place: u64,
    work: Work<T>,
}

/// The slots, oldest first; their places only grow.
pub struct Queue<T> {
    slots: VecDeque<Slot<T>>,
    next_place: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue { slots: VecDeque::new(), next_place: 0 }
    }
}

impl<T> Queue<T> {
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.slots.len() >= SLOTS_MAX
    }

    /// Takes the next place for a turn that is to be scored.
    pub fn push_turn(&mut self, pending: PendingTurn<T>) -> u64 {
        self.push(Work::Turn { pending: Box::new(pending), scores: None })
    }

    pub fn push_close(&mut self, close: PendingClose<T>) {
        self.push(Work::Close(close));
    }

    pub fn push_transfer(&mut self, transfer: PendingTransfer<T>) {
        self.push(Work::Transfer(transfer));
    }

    /// The turn under way that `turn_id` repeats.
    pub fn find(&mut self, fingerprint: u64, turn_id: &str) -> Option<&mut PendingTurn<T>> {
        self.slots.iter_mut().find_map(|slot| match &mut slot.work {
            Work::Turn { pending, .. } => (pending.fingerprint == fingerprint
                && pending.turn.turn_id == turn_id)
                .then_some(&mut **pending),
            Work::Close(_) | Work::Transfer(_) => None,
        })
    }

    /// The last words under way of the side that `role` talks to.
    pub fn context_for(&self, role: Role) -> Option<&Arc<str>> {
        self.slots.iter().rev().find_map(|slot| match &slot.work {
            Work::Turn { pending, .. } => {
                let other_side = pending.turn.role.is_business() != role.is_business();
                other_side.then_some(&pending.said.tail)
            }
            Work::Close(_) | Work::Transfer(_) => None,
        })
    }

    /// Puts the scores of the turn at `place`; false where no turn waits there for any.
    pub fn fill(&mut self, place: u64, result: Scores) -> bool {
        let Some(index) = self.index_of(place) else { return false };
        match &mut self.slots[index].work {
            Work::Turn { scores, .. } if scores.is_none() => {
                *scores = Some(result);
                true
            }
            Work::Turn { .. } | Work::Close(_) | Work::Transfer(_) => false,
        }
    }

    /// Takes a turn out that will have no effect.
    pub fn withdraw(&mut self, place: u64) -> Option<Box<PendingTurn<T>>> {
        let index = self.index_of(place)?;
        match self.slots.remove(index)?.work {
            Work::Turn { pending, .. } => Some(pending),
            Work::Close(_) | Work::Transfer(_) => None,
        }
    }

    /// The front, if it is complete.
    pub fn pop_ready(&mut self) -> Option<Ready<T>> {
        if matches!(self.slots.front()?.work, Work::Turn { scores: None, .. }) {
            return None;
        }
        match self.slots.pop_front()?.work {
            Work::Turn { pending, scores } => Some(Ready::Turn(pending, scores?)),
            Work::Close(close) => Some(Ready::Close(close)),
            Work::Transfer(transfer) => Some(Ready::Transfer(transfer)),
        }
    }

    fn push(&mut self, work: Work<T>) -> u64 {
        let place = self.next_place;
        self.next_place += 1;
        self.slots.push_back(Slot { place, work });
        place
    }

    fn index_of(&self, place: u64) -> Option<usize> {
        self.slots.binary_search_by_key(&place, |slot| slot.place).ok()
    }
}
