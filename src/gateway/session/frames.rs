//! What a session does with each message and each frame in it.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{self, Message};

use super::{End, Session};
use crate::clock;
use crate::gateway::reply::Reply;
use crate::wire::limits::INFLIGHT_TURNS_MAX;
use crate::wire::{ClientFrame, CloseCode, ErrorCode, ErrorFrame, Identify, Parsed, ServerFrame, Turn};

/// When to send again what was refused because too much was in flight.
const RATE_LIMITED_RETRY_MS: u64 = 100;

/// What reading the socket gave.
type Received = Option<Result<Message, tungstenite::Error>>;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Handles one message, or the end of them.
    pub(super) async fn on_message(&mut self, message: Received) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) => self.on_text(&text).await,
            Some(Ok(Message::Binary(_))) => {
                let message = "binary messages are not read; send JSON as text";
                Err(self.refuse_and_close(ErrorCode::InvalidFrame, message, CloseCode::Unsupported))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Close(_))) => {
                // The answer to it is written as it is read on.
                self.await_answer().await;
                Err(End::Gone)
            }
            Some(Err(error)) => Err(self.on_broken(&error)),
            None => Err(End::Gone),
        }
    }

    fn on_broken(&mut self, error: &tungstenite::Error) -> End {
        use tungstenite::error::ProtocolError;
        match error {
            tungstenite::Error::Capacity(_) => {
                let message = "the message is larger than max_frame_bytes of hello";
                self.refuse_and_close(ErrorCode::FrameTooLarge, message, CloseCode::TooLarge)
            }
            tungstenite::Error::Utf8(_) => self.refuse_and_close(
                ErrorCode::InvalidFrame,
                "the message is not UTF-8",
                CloseCode::InvalidUtf8,
            ),
            tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
            tungstenite::Error::Protocol(_) => {
                End::Close(CloseCode::Protocol, "not a websocket frame of RFC 6455")
            }
            _ => End::Gone,
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
        let accepted = match (&self.shared.server.token, &token) {
            (None, _) => true,
            (Some(expected), Some(offered)) => expected.accepts(offered),
            // Shown in the handshake already, or not at all.
            (Some(_), None) => self.authenticated,
        };
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
            self.outbox.push(&ServerFrame::Ready { resumed: false, last_seq: 0 });
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
