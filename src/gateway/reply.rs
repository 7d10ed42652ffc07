//! Where answers go: the outbox of a socket, or a slot of an HTTP answer.
//!
//! Holds always: never blocks, since answers are delivered under the lock of a conversation; `seq` and `latency_ms`
//! of an answer are those of the frame it answers. Made by `session` and `turns`, called by `pipeline`.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::outbox::Outbox;
use super::producers::Producer;
use crate::conversation::Source;
use crate::pipeline::{Answer, Ticket};
use crate::wire::{ErrorFrame, Scored, ServerFrame};

/// The ticket of a live frame.
#[derive(Clone)]
pub enum Reply {
    Socket(Arc<SocketReply>),
    Http(Arc<HttpReply>),
}

/// Answers by a frame with the `seq` of what it answers.
pub struct SocketReply {
    outbox: Arc<Outbox>,
    producer: Arc<Producer>,
    seq: u64,
    /// None on closes and transfers, which are not turns and not counted in flight.
    turn_id: Option<String>,
    received: Instant,
}

/// Answers in its place of the batch.
pub struct HttpReply {
    batch: Arc<HttpBatch>,
    place: usize,
    turn_id: String,
    received: Instant,
}

/// The answers to one HTTP body, in its order.
pub struct HttpBatch {
    answers: Mutex<Answers>,
    all_there: Notify,
}

struct Answers {
    frames: Vec<Option<ServerFrame>>,
    missing: usize,
}

// === impl Reply ===

impl Reply {
    /// For a turn of a socket; it counts as in flight until it is answered.
    pub(super) fn to_turn(
        outbox: &Arc<Outbox>,
        producer: &Arc<Producer>,
        seq: u64,
        turn_id: &str,
        received: Instant,
    ) -> Self {
        outbox.turn_began();
        let turn_id = Some(turn_id.to_owned());
        let (outbox, producer) = (outbox.clone(), producer.clone());
        Reply::Socket(Arc::new(SocketReply { outbox, producer, seq, turn_id, received }))
    }

    /// For a close or a transfer.
    pub(super) fn to_event(
        outbox: &Arc<Outbox>,
        producer: &Arc<Producer>,
        seq: u64,
        received: Instant,
    ) -> Self {
        let (outbox, producer) = (outbox.clone(), producer.clone());
        Reply::Socket(Arc::new(SocketReply { outbox, producer, seq, turn_id: None, received }))
    }

    /// For the turn at `place` of an HTTP body.
    pub(super) fn to_http(batch: &Arc<HttpBatch>, place: usize, turn_id: &str, received: Instant) -> Self {
        Reply::Http(Arc::new(HttpReply {
            batch: batch.clone(),
            place,
            turn_id: turn_id.to_owned(),
            received,
        }))
    }
}

impl Ticket for Reply {
    fn answer(&self, answer: Answer) {
        match self {
            Reply::Socket(reply) => reply.answer(answer),
            Reply::Http(reply) => reply.batch.put(reply.place, reply.frame(answer)),
        }
    }

    fn notify(&self, frame: &ServerFrame) {
        match self {
            Reply::Socket(reply) => reply.producer.notify(&reply.outbox, frame),
            // The answer to an HTTP request is one frame per turn; its senders read alerts elsewhere.
            Reply::Http(_) => {}
        }
    }

    fn source(&self) -> Option<&Arc<Source>> {
        match self {
            Reply::Socket(reply) => Some(reply.producer.source()),
            // A request has no connection that could be lost.
            Reply::Http(_) => None,
        }
    }
}

impl SocketReply {
    fn answer(&self, answer: Answer) {
        match answer {
            Answer::Scored(scored) => self.outbox.push(&of_scored(&scored, Some(self.seq), self.received)),
            // The cumulative ack says it.
            Answer::Taken => {}
            Answer::Refused { code, message, retry_after_ms } => {
                let (seq, turn_id) = (Some(self.seq), self.turn_id.clone());
                let error = ErrorFrame { seq, turn_id, retry_after_ms, ..ErrorFrame::new(code, message) };
                self.outbox.push(&ServerFrame::Error(error));
            }
        }
        if self.turn_id.is_some() {
            self.outbox.turn_ended();
        }
    }
}

impl HttpReply {
    fn frame(&self, answer: Answer) -> ServerFrame {
        let turn_id = Some(self.turn_id.clone());
        match answer {
            Answer::Scored(scored) => of_scored(&scored, None, self.received),
            Answer::Taken => ServerFrame::Ack { seq: None, turn_id },
            Answer::Refused { code, message, retry_after_ms } => {
                ServerFrame::Error(ErrorFrame { turn_id, retry_after_ms, ..ErrorFrame::new(code, message) })
            }
        }
    }
}

impl HttpBatch {
    /// For `turns` answers.
    pub(super) fn new(turns: usize) -> Self {
        let answers = Answers { frames: vec![None; turns], missing: turns };
        HttpBatch { answers: Mutex::new(answers), all_there: Notify::new() }
    }

    pub(super) fn put(&self, place: usize, frame: ServerFrame) {
        let mut answers = self.answers.lock();
        // After the answers were taken (a client that does not wait) there is no place any more.
        let Some(slot) = answers.frames.get_mut(place) else { return };
        debug_assert!(slot.is_none(), "a turn is answered once");
        *slot = Some(frame);
        answers.missing -= 1;
        if answers.missing == 0 {
            self.all_there.notify_one();
        }
    }

    /// Waits for all answers, and takes them.
    pub(super) async fn all(&self) -> Vec<ServerFrame> {
        if self.answers.lock().missing > 0 {
            self.all_there.notified().await;
        }
        self.so_far().into_iter().flatten().collect()
    }

    /// Takes what is there; later answers are dropped.
    pub(super) fn so_far(&self) -> Vec<Option<ServerFrame>> {
        std::mem::take(&mut self.answers.lock().frames)
    }
}

fn of_scored(scored: &Scored, seq: Option<u64>, received: Instant) -> ServerFrame {
    let latency_ms = (received.elapsed().as_secs_f64() * 1e4).round() / 10.0;
    ServerFrame::Scored(Box::new(Scored { seq, latency_ms: Some(latency_ms), ..scored.clone() }))
}
