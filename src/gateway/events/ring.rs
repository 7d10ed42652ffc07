//! The newest events, and who still has to read which of them: a reader is a filter and the place of the first event
//! that it has not taken.
//!
//! Holds always: at most [`EVENTS_KEPT_MAX`] events and [`BYTES_KEPT_MAX`] bytes, however many readers there are and
//! whatever they do; an event that nobody wants is not kept and costs no JSON; a reader whose next event is gone is
//! cut. A reader that wants little is never behind because of what it does not want. Called by `hub`, under its lock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use super::hub::Slow;
use crate::pipeline::Happening;
use crate::wire::{ServerFrame, Severity, Subscribe};

/// Events kept for readers.
pub const EVENTS_KEPT_MAX: usize = 4_096;
/// Frames are about a kilobyte; ids of the greatest length and many quotes make them longer.
pub const BYTES_KEPT_MAX: usize = 16 << 20;

/// What some reader wants.
pub(super) struct Event {
    /// Not `Debug`: it quotes customers.
    pub(super) json: Utf8Bytes,
    about: About,
}

/// What filters look at.
struct About {
    kind: Kind,
    conversation_id: Arc<str>,
    queue: Option<String>,
    severity: Option<Severity>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scored,
    Finding,
    Alert,
}

/// See the file's head.
#[derive(Default)]
pub(super) struct Ring {
    events: VecDeque<Arc<Event>>,
    /// The number of the oldest event kept.
    first: u64,
    bytes: usize,
    readers: HashMap<u64, Place>,
    next_reader: u64,
}

struct Place {
    /// None until it has subscribed.
    filter: Option<Subscribe>,
    /// The number of the first event that it wants and has not taken.
    next: Option<u64>,
    /// Something came since it was woken last.
    due: bool,
    slow: Option<Slow>,
    wake: Arc<Notify>,
    cut: CancellationToken,
}

// === impl Ring ===

impl Ring {
    pub(super) fn join(&mut self, wake: Arc<Notify>, cut: CancellationToken) -> u64 {
        let id = self.next_reader;
        self.next_reader += 1;
        self.readers.insert(id, Place { filter: None, next: None, due: false, slow: None, wake, cut });
        id
    }

    pub(super) fn leave(&mut self, id: u64) {
        self.readers.remove(&id);
        if self.readers.is_empty() {
            self.first += self.events.len() as u64;
            self.events.clear();
            self.bytes = 0;
        }
    }

    /// What it wanted until now and has not taken, all of it; then it wants `filter`.
    pub(super) fn subscribe(&mut self, id: u64, filter: Subscribe) -> Result<Vec<Arc<Event>>, Slow> {
        let rest = self.take(id, EVENTS_KEPT_MAX)?;
        if let Some(place) = self.readers.get_mut(&id) {
            place.filter = Some(filter);
        }
        Ok(rest)
    }

    /// Keeps the event if anybody wants it. [`Ring::wake`] tells them.
    pub(super) fn publish(&mut self, happening: &Happening) {
        let Happening { conversation_id, queue, severity, frame } = happening;
        let Some(kind) = Kind::of(frame) else { return };
        let (conversation_id, queue) = (Arc::clone(conversation_id), queue.clone());
        let about = About { kind, conversation_id, queue, severity: *severity };
        let number = self.first + self.events.len() as u64;
        let mut wanted = false;
        for place in self.readers.values_mut() {
            if place.slow.is_none() && place.filter.as_ref().is_some_and(|filter| about.passes(filter)) {
                wanted = true;
                place.due = true;
                place.next.get_or_insert(number);
            }
        }
        if !wanted {
            return;
        }
        let json = Utf8Bytes::from(frame.to_json());
        self.bytes += json.len();
        self.events.push_back(Arc::new(Event { json, about }));
        while self.events.len() > EVENTS_KEPT_MAX || self.bytes > BYTES_KEPT_MAX {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.json.len();
            self.first += 1;
        }
    }

    /// Wakes those who have something to read, and cuts those who are behind.
    pub(super) fn wake(&mut self) {
        for place in self.readers.values_mut() {
            if place.next.is_some_and(|next| next < self.first) {
                place.give_up(Slow::Behind);
            }
            if std::mem::take(&mut place.due) {
                place.wake.notify_one();
            }
        }
    }

    /// Cuts everybody who has subscribed.
    pub(super) fn cut_all(&mut self, slow: Slow) {
        for place in self.readers.values_mut().filter(|place| place.filter.is_some()) {
            place.give_up(slow);
        }
    }

    /// What a reader wants and has not taken, oldest first.
    pub(super) fn take(&mut self, id: u64, events_max: usize) -> Result<Vec<Arc<Event>>, Slow> {
        let Ring { events, first, readers, .. } = self;
        let Some(place) = readers.get_mut(&id) else { return Ok(Vec::new()) };
        if let Some(slow) = place.slow {
            return Err(slow);
        }
        let (Some(next), Some(filter)) = (place.next, &place.filter) else { return Ok(Vec::new()) };
        let Some(from) = next.checked_sub(*first) else {
            place.give_up(Slow::Behind);
            return Err(Slow::Behind);
        };
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(events.len());
        let mut taken = Vec::new();
        place.next = None;
        for (at, event) in events.range(from..).enumerate() {
            if !event.about.passes(filter) {
                continue;
            }
            if taken.len() == events_max {
                place.next = Some(*first + (from + at) as u64);
                break;
            }
            taken.push(event.clone());
        }
        Ok(taken)
    }
}

impl Place {
    fn give_up(&mut self, slow: Slow) {
        if self.slow.is_none() {
            self.slow = Some(slow);
            self.next = None;
            self.cut.cancel();
        }
    }
}

impl About {
    fn passes(&self, filter: &Subscribe) -> bool {
        let wanted = match self.kind {
            Kind::Scored => filter.events.scored,
            Kind::Finding => filter.events.findings,
            Kind::Alert => filter.events.alerts,
        };
        wanted
            && filter.min_severity.is_none_or(|least| self.severity.is_none_or(|severity| severity >= least))
            && filter.queue.as_ref().is_none_or(|queue| self.queue.as_ref() == Some(queue))
            && filter.conversation_id.as_deref().is_none_or(|id| *self.conversation_id == *id)
    }
}

impl Kind {
    fn of(frame: &ServerFrame) -> Option<Kind> {
        match frame {
            ServerFrame::Scored(_) => Some(Kind::Scored),
            ServerFrame::Finding(_) => Some(Kind::Finding),
            ServerFrame::AlertOpened(_) | ServerFrame::AlertUpdated(_) | ServerFrame::AlertResolved(_) => {
                Some(Kind::Alert)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Finding, FindingKind, FindingState, Wants};

    fn happening(conversation: &str, bytes: usize) -> Happening {
        let finding = Finding {
            finding_id: "x".repeat(bytes),
            kind: FindingKind::Mistake,
            name: "stuck",
            state: FindingState::Open,
            conversation_id: conversation.to_owned(),
            turn_id: None,
            ts: jiff::Timestamp::UNIX_EPOCH,
            evidence: Vec::new(),
            value: None,
        };
        let frame = ServerFrame::Finding(Box::new(finding));
        Happening { conversation_id: conversation.into(), queue: None, severity: None, frame }
    }

    fn wanting(conversation: Option<&str>) -> Subscribe {
        let conversation_id = conversation.map(str::to_owned);
        Subscribe { events: Wants::default(), queue: None, conversation_id, min_severity: None }
    }

    fn joined(ring: &mut Ring, wanted: Option<Subscribe>) -> (u64, CancellationToken) {
        let cut = CancellationToken::new();
        let id = ring.join(Arc::default(), cut.clone());
        if let Some(wanted) = wanted {
            assert!(ring.subscribe(id, wanted).is_ok_and(|rest| rest.is_empty()));
        }
        (id, cut)
    }

    #[test]
    fn a_reader_may_be_a_whole_ring_behind_and_one_event_more_cuts_it() {
        let mut ring = Ring::default();
        let (slow, cut) = joined(&mut ring, Some(wanting(None)));
        let (narrow, _) = joined(&mut ring, Some(wanting(Some("rare"))));
        ring.publish(happening("rare", 1));
        assert_eq!(ring.take(narrow, 9).map(|events| events.len()), Ok(1));
        for _ in 1..EVENTS_KEPT_MAX {
            ring.publish(happening("c", 1));
        }
        ring.wake();
        assert!(!cut.is_cancelled());
        ring.publish(happening("c", 1));
        ring.wake();
        assert!(cut.is_cancelled());
        assert_eq!(ring.take(slow, 9).map(|events| events.len()), Err(Slow::Behind));
        ring.publish(happening("rare", 1));
        ring.wake();
        assert_eq!(
            ring.take(narrow, 9).map(|events| events.len()),
            Ok(1),
            "what it does not want counts for nothing"
        );
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes_and_what_nobody_wants_is_not_kept() {
        let mut ring = Ring::default();
        joined(&mut ring, None);
        joined(&mut ring, Some(wanting(Some("rare"))));
        ring.publish(happening("c", 1));
        assert_eq!((ring.events.len(), ring.bytes), (0, 0));
        joined(&mut ring, Some(wanting(None)));
        for _ in 0..20 {
            ring.publish(happening("c", BYTES_KEPT_MAX / 10));
            assert!(ring.bytes <= BYTES_KEPT_MAX);
        }
        assert_eq!(ring.events.len(), 9);
        for id in 0..3 {
            ring.leave(id);
        }
        assert_eq!((ring.events.len(), ring.bytes), (0, 0));
    }

    #[test]
    fn a_changed_subscription_gives_what_the_old_one_still_wanted() {
        let mut ring = Ring::default();
        let (id, _) = joined(&mut ring, Some(wanting(Some("a"))));
        joined(&mut ring, Some(wanting(None)));
        for conversation in ["a", "b", "a", "a"] {
            ring.publish(happening(conversation, 1));
        }
        assert_eq!(ring.take(id, 1).map(|events| events.len()), Ok(1));
        assert_eq!(ring.subscribe(id, wanting(Some("b"))).map(|events| events.len()), Ok(2));
        assert_eq!(ring.take(id, 9).map(|events| events.len()), Ok(0), "what was before is not told");
        ring.publish(happening("b", 1));
        assert_eq!(ring.take(id, 9).map(|events| events.len()), Ok(1));
    }
}
