//! What waits to be written to one socket: a bounded queue that anyone may push to without ever waiting.
//!
//! Holds always: at most [`OUTBOUND_FRAMES_MAX`] frames and [`OUTBOUND_BYTES_MAX`] bytes; pushing beyond that cuts
//! the connection instead of waiting for its reader, since answers are pushed under the lock of a conversation.
//! Pushed to by `reply` and `session`; emptied by `session`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::wire::{ServerFrame, Wants};

/// Four times the turns that may be in flight: room for their answers and for alerts about other conversations.
pub const OUTBOUND_FRAMES_MAX: usize = 1_024;
/// Frames are about a kilobyte.
pub const OUTBOUND_BYTES_MAX: usize = 2 << 20;

/// The outbound side of one socket.
pub struct Outbox {
    queue: Mutex<Queue>,
    wake: Notify,
    /// Turns whose answer has not been pushed yet.
    in_flight: AtomicUsize,
    wants: AtomicU8,
    overflowed: CancellationToken,
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<String>,
    bytes: usize,
    closed: bool,
}

const WANT_SCORED: u8 = 1;
const WANT_FINDINGS: u8 = 2;
const WANT_ALERTS: u8 = 4;

// === impl Outbox ===

impl Outbox {
    pub fn new() -> Self {
        Outbox {
            queue: Mutex::default(),
            wake: Notify::new(),
            in_flight: AtomicUsize::new(0),
            wants: AtomicU8::new(WANT_SCORED | WANT_FINDINGS | WANT_ALERTS),
            overflowed: CancellationToken::new(),
        }
    }

    /// Queues a frame, unless the client did not ask for its kind or the socket is gone.
    pub fn push(&self, frame: &ServerFrame) {
        if self.is_wanted(frame) {
            self.push_json(frame.to_json());
        }
    }

    /// The frames to write next, oldest first; at most `frames_max`.
    pub fn take(&self, frames_max: usize) -> Vec<String> {
        let mut queue = self.queue.lock();
        let count = frames_max.min(queue.frames.len());
        let taken: Vec<_> = queue.frames.drain(..count).collect();
        queue.bytes -= taken.iter().map(String::len).sum::<usize>();
        taken
    }

    /// Ready when something was pushed since the last call.
    pub async fn pushed(&self) {
        self.wake.notified().await;
    }

    /// Ready when the reader was too slow.
    pub async fn overflowed(&self) {
        self.overflowed.cancelled().await;
    }

    /// Whether pushing on without writing would soon cut the connection.
    pub fn is_half_full(&self) -> bool {
        let queue = self.queue.lock();
        queue.frames.len() * 2 >= OUTBOUND_FRAMES_MAX || queue.bytes * 2 >= OUTBOUND_BYTES_MAX
    }

    /// Nothing waits, and nothing will come of what was taken.
    pub fn is_done(&self) -> bool {
        // In this order: an answer is pushed before its turn stops being in flight.
        self.in_flight() == 0 && self.queue.lock().frames.is_empty()
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    pub fn turn_began(&self) {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
    }

    /// The turn's answer has been pushed.
    pub fn turn_ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
        // A drain waits for this even when there was nothing to push.
        self.wake.notify_one();
    }

    pub fn set_wants(&self, wants: Wants) {
        let bit = |wanted: bool, bit: u8| if wanted { bit } else { 0 };
        let bits = bit(wants.scored, WANT_SCORED)
            | bit(wants.findings, WANT_FINDINGS)
            | bit(wants.alerts, WANT_ALERTS);
        self.wants.store(bits, Ordering::Release);
    }

    /// The socket is gone: what waits is dropped, and so is what comes.
    pub fn close(&self) {
        *self.queue.lock() = Queue { closed: true, ..Queue::default() };
    }

    /// Whether the socket is gone.
    pub fn is_closed(&self) -> bool {
        self.queue.lock().closed
    }

    fn push_json(&self, json: String) {
        let mut queue = self.queue.lock();
        if queue.closed {
            return;
        }
        if queue.frames.len() >= OUTBOUND_FRAMES_MAX || queue.bytes + json.len() > OUTBOUND_BYTES_MAX {
            *queue = Queue { closed: true, ..Queue::default() };
            drop(queue);
            self.overflowed.cancel();
            return;
        }
        queue.bytes += json.len();
        queue.frames.push_back(json);
        drop(queue);
        self.wake.notify_one();
    }

    fn is_wanted(&self, frame: &ServerFrame) -> bool {
        let bit = match frame {
            ServerFrame::Scored(_) => WANT_SCORED,
            ServerFrame::Finding(_) => WANT_FINDINGS,
            ServerFrame::AlertOpened(_) | ServerFrame::AlertUpdated(_) | ServerFrame::AlertResolved(_) => {
                WANT_ALERTS
            }
            _ => return true,
        };
        self.wants.load(Ordering::Acquire) & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::sync::CancellationToken;

    fn pong() -> ServerFrame {
        ServerFrame::Pong { t: serde_json::Value::Null }
    }

    fn is_cut(overflowed: &CancellationToken) -> bool {
        overflowed.is_cancelled()
    }

    #[test]
    fn at_the_limit_frames_wait_and_one_past_it_cuts_the_connection() {
        let outbox = Outbox::new();
        for _ in 0..OUTBOUND_FRAMES_MAX {
            outbox.push(&pong());
        }
        assert!(!is_cut(&outbox.overflowed));
        outbox.push(&pong());
        assert!(is_cut(&outbox.overflowed));
        assert!(outbox.take(usize::MAX).is_empty());
    }

    #[test]
    fn the_limit_in_bytes_cuts_too() {
        let outbox = Outbox::new();
        let large = ServerFrame::Pong { t: "x".repeat(OUTBOUND_BYTES_MAX / 2).into() };
        outbox.push(&large);
        assert!(outbox.is_half_full() && !is_cut(&outbox.overflowed));
        outbox.push(&large);
        assert!(is_cut(&outbox.overflowed));
    }

    #[test]
    fn taking_makes_room_again() {
        let outbox = Outbox::new();
        for _ in 0..3 * OUTBOUND_FRAMES_MAX {
            outbox.push(&pong());
            assert_eq!(outbox.take(64).len(), 1);
        }
        assert!(outbox.is_done() && !is_cut(&outbox.overflowed));
    }
}
