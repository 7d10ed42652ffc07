//! What a session does with each message and each frame in it.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::Session;
use crate::clock;
use crate::gateway::reply::Reply;
use crate::gateway::routes::EVENTS;
use crate::gateway::socket::{End, Heard, READY};
use crate::wire::limits::INFLIGHT_TURNS_MAX;
use crate::wire::{ClientFrame, CloseCode, ErrorCode, ErrorFrame, Identify, Parsed, ServerFrame, Turn};

/// When to send again what was refused because too much was in flight.
const RATE_LIMITED_RETRY_MS: u64 = 100;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Handles one message, or the end of them.
    pub(super) async fn on_heard(&mut self, heard: Heard) -> Result<(), End> {
        match heard {
            Heard::Text(text) => self.on_text(&text).await,
            Heard::Life => Ok(()),
            Heard::Refused(code, message, close) => Err(self.refuse_and_close(code, message, close)),
            Heard::Close => {
                self.socket.part().await;
                Err(End::Gone)
            }
            Heard::End(end) => Err(end),
        }
    }

    /// Each line is a frame; then everything up to the highest `seq` is acknowledged.
    async fn on_text(&mut self, text: &str) -> Result<(), End> {
        let mut any = false;
        for line in text.split('\n').map(str::trim).filter(|line| !line.is_empty()) {
            any = true;
            let done = self.on_frame(line);
            self.announce_flow();
            done?;
            if self.outbox.is_half_full() {
                self.acknowledge();
                self.write_out().await?;
            }
        }
        if !any {
            self.refuse_frame(ErrorFrame::new(
                ErrorCode::InvalidJson,
                "the message is empty; send one JSON object",
            ));
        }
        self.acknowledge();
        Ok(())
    }

    fn acknowledge(&mut self) {
        if self.last_seq > self.acked_seq {
            self.acked_seq = self.last_seq;
            self.outbox.push(&ServerFrame::Ack { seq: self.last_seq, turn_id: None });
        }
    }

    fn on_frame(&mut self, line: &str) -> Result<(), End> {
        let received = Instant::now();
        let Parsed { frame, unknown_fields } = match ClientFrame::parse(line) {
            Ok(parsed) => parsed,
            Err(_) if !self.authenticated => return Err(self.unauthenticated()),
            Err(error) => {
                // It is answered by its error, so it counts as seen where its place is known.
                self.last_seq = self.last_seq.max(error.seq);
                self.refuse_frame(ErrorFrame::from(error));
                return Ok(());
            }
        };
        if !self.authenticated && !matches!(frame, ClientFrame::Identify(_)) {
            return Err(self.unauthenticated());
        }
        self.shared.metrics.unknown_fields(unknown_fields);
        match frame {
            ClientFrame::Identify(identify) => return self.on_identify(identify),
            ClientFrame::Ping { t } => self.outbox.push(&ServerFrame::Pong { t }),
            ClientFrame::Subscribe(_) => {
                let message = format!("turns are sent here; subscribe at {EVENTS}");
                self.refuse_frame(ErrorFrame::new(ErrorCode::InvalidFrame, message));
            }
            ClientFrame::Turn { seq, turn } => {
                if let Some(seq) = self.next_seq(seq, Some(&turn.turn_id)) {
                    self.on_turn(seq, turn, received);
                }
            }
            ClientFrame::Closed { seq, closed } => {
                if let Some(seq) = self.next_event_seq(seq) {
                    let reply = Reply::to_event(&self.outbox, &self.producer, seq, received);
                    self.shared.live.closed(closed, self.clock, reply);
                }
            }
            ClientFrame::Transferred { seq, transferred } => {
                if let Some(seq) = self.next_event_seq(seq) {
                    let reply = Reply::to_event(&self.outbox, &self.producer, seq, received);
                    self.shared.live.transferred(transferred, self.clock, reply);
                }
            }
        }
        Ok(())
    }

    fn on_turn(&mut self, seq: u64, turn: Turn, received: Instant) {
        let metrics = &self.shared.metrics;
        metrics.source_last_turn(self.source.as_deref(), clock::unix_seconds(clock::now()));
        if self.outbox.in_flight() >= INFLIGHT_TURNS_MAX {
            self.shared.live.count_refused(&turn, ErrorCode::RateLimited);
            let message = format!("{INFLIGHT_TURNS_MAX} turns of this socket wait for their answers already");
            let (seq, turn_id, retry_after_ms) = (Some(seq), Some(turn.turn_id), Some(RATE_LIMITED_RETRY_MS));
            let error = ErrorFrame {
                seq,
                turn_id,
                retry_after_ms,
                ..ErrorFrame::new(ErrorCode::RateLimited, message)
            };
            self.outbox.push(&ServerFrame::Error(error));
            return;
        }
        let reply = Reply::to_turn(&self.outbox, &self.producer, seq, &turn.turn_id, received);
        self.shared.live.turn(turn, self.clock, received, reply);
    }

    fn on_identify(&mut self, identify: Identify) -> Result<(), End> {
        let Identify { source, token, want, clock } = identify;
        let accepted = self.shared.accepts(token.as_deref(), self.authenticated);
        if !accepted {
            return Err(self.unauthenticated());
        }
        if self.identified {
            self.refuse_frame(ErrorFrame::new(
                ErrorCode::InvalidFrame,
                "identify is sent once, before anything else",
            ));
            return Ok(());
        }
        self.identified = true;
        let named = self.shared.producers.join(source.as_deref(), clock, &self.outbox);
        self.unnamed = Some(std::mem::replace(&mut self.producer, named));
        self.source = source;
        self.clock = clock;
        self.outbox.set_wants(want);
        if !self.authenticated {
            self.authenticated = true;
            self.outbox.push(&READY);
        }
        Ok(())
    }

    fn unauthenticated(&self) -> End {
        let message = "identify with the server's token first";
        self.refuse_and_close(ErrorCode::Unauthenticated, message, CloseCode::Unauthenticated)
    }

    /// The `seq` of a close or a transfer, which a server on its way down does not take any more.
    fn next_event_seq(&mut self, seq: Option<u64>) -> Option<u64> {
        let seq = self.next_seq(seq, None)?;
        if self.shared.live.is_draining() {
            let message = "the server is shutting down; send it to another instance or later";
            let error = ErrorFrame::new(ErrorCode::ShuttingDown, message);
            self.refuse_frame(ErrorFrame { seq: Some(seq), ..error });
            return None;
        }
        Some(seq)
    }

    /// The frame's `seq`, if it has one above all before.
    fn next_seq(&mut self, seq: Option<u64>, turn_id: Option<&str>) -> Option<u64> {
        let (code, message) = match (seq, self.last_seq) {
            (None, _) => (
                ErrorCode::InvalidFrame,
                "seq is missing; on a socket every frame has one, rising".to_owned(),
            ),
            (Some(seq), Some(last)) if seq <= last => {
                (ErrorCode::OutOfOrder, format!("seq {seq} does not go above {last}, the highest one seen"))
            }
            (Some(seq), _) => {
                self.last_seq = Some(seq);
                return Some(seq);
            }
        };
        self.refuse_frame(ErrorFrame {
            seq,
            turn_id: turn_id.map(str::to_owned),
            ..ErrorFrame::new(code, message)
        });
        None
    }
}
