//! What a well-behaved client keeps: frames to send, frames that wait for their answer, frames to send again.
//!
//! Holds always: a frame is in one place only; never more frames wait for an answer than the window allows;
//! after a temporary refusal nothing later of that conversation is sent before the refused frame went through,
//! so that its turns take effect in order as far as the client can help it. No I/O, no clock: time is passed
//! in. Called by [`super::client`].

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::incoming::ErrorIn;
use super::outgoing::{is_scorable, place, to_json};
use crate::wire::ClientFrame;

/// How often one frame is sent before it counts as not answered.
pub const ATTEMPTS_MAX: u32 = 50;
/// When a temporary refusal does not say how long to wait.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_millis(500);

/// A frame and how often it was sent.
#[derive(Debug)]
struct Outgoing {
    frame: ClientFrame,
    /// The place in the recording: what was offered first goes first.
    order: u64,
    attempts: u32,
}

#[derive(Debug)]
struct Waiting {
    outgoing: Outgoing,
    sent: Instant,
    acked: bool,
}

/// A conversation with a refused frame: its frames go one at a time until all went through.
#[derive(Debug)]
struct Lane {
    queue: BTreeMap<u64, Outgoing>,
    due: Instant,
    probe: Option<u64>,
}

/// What became of a refused frame.
#[derive(Debug, PartialEq)]
pub enum Refusal {
    /// It will be sent again.
    Again,
    /// The server will never take it.
    Final,
    /// It was sent [`ATTEMPTS_MAX`] times in vain.
    GaveUp,
    /// It is not one of ours.
    Unknown,
}

/// The frames of one replay.
#[derive(Debug)]
pub struct Outbox {
    next_seq: u64,
    next_order: u64,
    window: usize,
    ready: VecDeque<Outgoing>,
    waiting: BTreeMap<u64, Waiting>,
    lanes: BTreeMap<String, Lane>,
}

impl Outbox {
    /// An empty one that lets `window` frames wait for their answers.
    pub fn new(window: usize) -> Self {
        let window = window.max(1);
        Outbox {
            next_seq: 1,
            next_order: 0,
            window,
            ready: VecDeque::new(),
            waiting: BTreeMap::new(),
            lanes: BTreeMap::new(),
        }
    }

    /// The server allows so many frames to wait, from `hello` or `flow`. One is always allowed, or a window of
    /// zero would never end.
    pub fn set_window(&mut self, window: usize) {
        self.window = window.max(1);
    }

    /// A frame is due.
    pub fn offer(&mut self, frame: ClientFrame) {
        let outgoing = Outgoing { frame, order: self.next_order, attempts: 0 };
        self.next_order += 1;
        self.queue(outgoing);
    }

    fn queue(&mut self, outgoing: Outgoing) {
        match self.lanes.get_mut(conversation(&outgoing.frame)) {
            Some(lane) => {
                lane.queue.insert(outgoing.order, outgoing);
            }
            None => self.ready.push_back(outgoing),
        }
    }

    /// The next frame to send now, if the window has room: its JSON.
    pub fn next(&mut self, now: Instant) -> Option<String> {
        if self.waiting.len() >= self.window {
            return None;
        }
        let seq = self.next_seq;
        let mut outgoing = match self.due_lane(now) {
            Some(lane) => {
                lane.probe = Some(seq);
                lane.queue.pop_first()?.1
            }
            None => self.ready.pop_front()?,
        };
        self.next_seq += 1;
        outgoing.attempts += 1;
        let json = to_json(&outgoing.frame, seq);
        self.waiting.insert(seq, Waiting { outgoing, sent: now, acked: false });
        Some(json)
    }

    fn due_lane(&mut self, now: Instant) -> Option<&mut Lane> {
        self.lanes.values_mut().find(|lane| lane.probe.is_none() && lane.due <= now && !lane.queue.is_empty())
    }

    /// The turn `seq` was scored: what it was, and how long it took.
    pub fn scored(&mut self, seq: u64, now: Instant) -> Option<(ClientFrame, Duration)> {
        let Waiting { outgoing, sent, .. } = self.waiting.remove(&seq)?;
        self.went_through(seq, conversation(&outgoing.frame), now);
        Some((outgoing.frame, now.saturating_duration_since(sent)))
    }

    /// Every frame up to `seq` was answered or accepted: those that get no other answer are done. Returns the
    /// turns among them.
    pub fn acked(&mut self, seq: u64, now: Instant) -> u64 {
        let mut turns = 0;
        let done: Vec<u64> = self
            .waiting
            .range_mut(..=seq)
            .filter_map(|(seq, waiting)| {
                waiting.acked = true;
                (!is_scorable(&waiting.outgoing.frame)).then_some(*seq)
            })
            .collect();
        for seq in done {
            if let Some(Waiting { outgoing, .. }) = self.waiting.remove(&seq) {
                turns += u64::from(matches!(outgoing.frame, ClientFrame::Turn { .. }));
                self.went_through(seq, conversation(&outgoing.frame), now);
            }
        }
        turns
    }

    /// Turns that are acked and get no other answer: the server knew them, but no longer holds what it said.
    /// Called when nothing else is to be expected. Returns how many of them we sent twice ourselves, and how
    /// many it knew from somebody else.
    pub fn take_acked_repeats(&mut self, now: Instant) -> (u64, u64) {
        let acked = self.waiting.iter().filter(|(_, waiting)| waiting.acked);
        let seqs: Vec<u64> = acked.map(|(seq, _)| *seq).collect();
        let (mut ours, mut foreign) = (0, 0);
        for seq in seqs {
            if let Some(Waiting { outgoing, .. }) = self.waiting.remove(&seq) {
                *(if outgoing.attempts > 1 { &mut ours } else { &mut foreign }) += 1;
                self.went_through(seq, conversation(&outgoing.frame), now);
            }
        }
        (ours, foreign)
    }

    /// The frame of this error was refused.
    pub fn refused(&mut self, error: &ErrorIn, now: Instant) -> Refusal {
        let Some((seq, Waiting { outgoing, .. })) = error.seq.and_then(|seq| self.waiting.remove_entry(&seq))
        else {
            return Refusal::Unknown;
        };
        if !error.temporary || outgoing.attempts >= ATTEMPTS_MAX {
            self.went_through(seq, conversation(&outgoing.frame), now);
            return if error.temporary { Refusal::GaveUp } else { Refusal::Final };
        }
        let due = now + error.retry_after_ms.map_or(RETRY_AFTER_DEFAULT, Duration::from_millis);
        self.hold(outgoing, due, seq);
        Refusal::Again
    }

    /// Sends nothing more of this conversation until `due`, and then this frame first.
    fn hold(&mut self, outgoing: Outgoing, due: Instant, seq: u64) {
        let id = conversation(&outgoing.frame).to_owned();
        if !self.lanes.contains_key(&id) {
            let ready = std::mem::take(&mut self.ready);
            let (own, others) =
                ready.into_iter().partition::<VecDeque<_>, _>(|o| conversation(&o.frame) == id);
            self.ready = others;
            let queue = own.into_iter().map(|outgoing| (outgoing.order, outgoing)).collect();
            self.lanes.insert(id.clone(), Lane { queue, due, probe: None });
        }
        let lane = self.lanes.get_mut(&id).expect("it was just put there: this is a bug");
        lane.due = lane.due.max(due);
        if lane.probe == Some(seq) {
            lane.probe = None;
        }
        lane.queue.insert(outgoing.order, outgoing);
    }

    fn went_through(&mut self, seq: u64, conversation: &str, now: Instant) {
        let Some(lane) = self.lanes.get_mut(conversation) else { return };
        if lane.probe == Some(seq) {
            lane.probe = None;
            lane.due = now;
        }
        if lane.queue.is_empty() && lane.probe.is_none() {
            self.lanes.remove(conversation);
        }
    }

    /// The connection is gone: whatever waits for an answer is sent again on the next one, in order. Returns
    /// how many frames that are.
    pub fn disconnected(&mut self) -> usize {
        let waiting = std::mem::take(&mut self.waiting);
        let count = waiting.len();
        for lane in self.lanes.values_mut() {
            lane.probe = None;
        }
        for Waiting { outgoing, .. } in waiting.into_values().rev() {
            match self.lanes.get_mut(conversation(&outgoing.frame)) {
                Some(lane) => {
                    lane.queue.insert(outgoing.order, outgoing);
                }
                None => self.ready.push_front(outgoing),
            }
        }
        count
    }

    /// When the next refused frame may go again.
    pub fn next_due(&self) -> Option<Instant> {
        self.lanes.values().filter(|lane| lane.probe.is_none()).map(|lane| lane.due).min()
    }

    /// Frames that wait to be sent.
    pub fn backlog(&self) -> usize {
        self.ready.len() + self.lanes.values().map(|lane| lane.queue.len()).sum::<usize>()
    }

    /// Frames that wait for their answer.
    pub fn in_flight(&self) -> usize {
        self.waiting.len()
    }

    /// Turns that are not answered yet, sent or not.
    pub fn open_turns(&self) -> usize {
        let unsent = self.ready.iter().chain(self.lanes.values().flat_map(|lane| lane.queue.values()));
        let sent = self.waiting.values().map(|waiting| &waiting.outgoing);
        unsent.chain(sent).filter(|outgoing| matches!(outgoing.frame, ClientFrame::Turn { .. })).count()
    }

    /// Whether everything that was offered is answered.
    pub fn is_done(&self) -> bool {
        self.in_flight() == 0 && self.backlog() == 0
    }
}

fn conversation(frame: &ClientFrame) -> &str {
    place(frame).map_or("", |(_, conversation_id)| conversation_id)
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
