//! One websocket of `/v1/events`, from hello to close.
//!
//! Holds always: one task reads and writes, so a client that does not read is not read from either; nothing is sent
//! before the first `subscribe` but hello, ready and answers; frames of one conversation keep their order; a client
//! that is too slow is held for a bounded time, so that it can still read why it was cut. Called by `handshake`.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::hub::Reader;
use super::ring::Event;
use crate::gateway::Shared;
use crate::gateway::routes::{EVENTS, INGEST};
use crate::gateway::socket::{CLOSE_PATIENCE, End, Heard, Heartbeat, READY, Socket, hello};
use crate::wire::{ClientFrame, CloseCode, ErrorCode, ErrorFrame, Identify, Parsed, ServerFrame, Subscribe};

/// Frames written before anything else is looked at.
const WRITE_BATCH_FRAMES_MAX: usize = 64;
/// On the way down: how long a client that does not read is waited for.
const DRAIN_SECONDS_MAX: u64 = 2;
/// Told where the socket takes nothing, rather than the hub giving up.
const STALLED: &str = "too slow: nothing was read for a while";

/// The metric label of these sockets.
const ENDPOINT: &str = "events";

/// One socket and what is known of it.
pub(in crate::gateway) struct Subscriber<S> {
    shared: Arc<Shared>,
    socket: Socket<S>,
    reader: Reader,
    /// Ready when the reader was given up.
    cut: CancellationToken,
    /// The token was shown, or none is needed.
    authenticated: bool,
    identified: bool,
    draining: bool,
    /// More may wait than was written last.
    more: bool,
}

// === impl Subscriber ===

impl<S: AsyncRead + AsyncWrite + Unpin> Subscriber<S> {
    pub(in crate::gateway) fn new(
        shared: Arc<Shared>,
        stream: WebSocketStream<S>,
        authenticated: bool,
    ) -> Self {
        let reader = shared.events.hub.join();
        Subscriber {
            socket: Socket::new(stream, shared.cut.clone()),
            cut: reader.cut(),
            reader,
            shared,
            authenticated,
            identified: false,
            draining: false,
            more: false,
        }
    }

    /// Serves the socket until it ends.
    pub(in crate::gateway) async fn run(mut self) {
        let began = Instant::now();
        let shared = self.shared.clone();
        shared.metrics.connections_add(ENDPOINT, 1);
        let end = self.serve().await;
        let slow = self.reader.take(0).err();
        let Subscriber { mut socket, reader, .. } = self;
        // What happens while it closes is not for it.
        drop(reader);
        let seconds = began.elapsed().as_secs();
        let close = match end {
            End::Close(code, reason) => Some((code, reason)),
            End::Stalled => {
                let (why, reason) = slow.map_or(("stalled", STALLED), |slow| (slow.as_str(), slow.reason()));
                shared.metrics.subscriber_cut(why);
                tracing::warn!(
                    endpoint = ENDPOINT,
                    why,
                    seconds,
                    "a reader of events was too slow and is cut"
                );
                Some((CloseCode::TimedOut, reason))
            }
            End::Gone | End::Cut => None,
        };
        if let Some((code, reason)) = close {
            tokio::select! {
                () = socket.close(code, reason, CLOSE_PATIENCE) => {}
                () = hurry(shared.events.closing.clone()) => {}
            }
        }
        let code = close.map(|(code, _)| code.number());
        tracing::debug!(endpoint = ENDPOINT, seconds, close_code = code, "socket ended");
        shared.metrics.connections_add(ENDPOINT, -1);
    }

    async fn serve(&mut self) -> End {
        let Err(end) = self.go_on().await;
        end
    }

    async fn go_on(&mut self) -> Result<std::convert::Infallible, End> {
        let shared = self.shared.clone();
        let mut heartbeat = Heartbeat::new(shared.server.heartbeat_interval);
        let identify_until = Instant::now() + shared.server.identify_timeout;
        self.say(&hello(&shared)).await?;
        if self.authenticated {
            self.say(&READY).await?;
        }
        loop {
            self.write_some().await?;
            if self.draining && !self.more {
                return Err(End::Close(CloseCode::GoingAway, "the server is shutting down"));
            }
            tokio::select! {
                heard = self.socket.hear() => {
                    heartbeat.alive();
                    self.on_heard(heard).await?;
                }
                () = std::future::ready(()), if self.more => {}
                () = self.reader.woken() => {}
                () = self.cut.cancelled() => {}
                beat = heartbeat.beat() => self.write([beat?]).await?,
                () = sleep_until(identify_until), if !self.authenticated => {
                    return Err(End::Close(CloseCode::TimedOut, "no identify in time"));
                }
                () = shared.events.closing.cancelled(), if !self.draining => self.draining = true,
                () = shared.cut.cancelled() => return Err(End::Cut),
            }
        }
    }

    async fn on_heard(&mut self, heard: Heard) -> Result<(), End> {
        match heard {
            Heard::Text(text) => {
                let mut any = false;
                for line in text.split('\n').map(str::trim) {
                    if !line.is_empty() {
                        any = true;
                        self.on_frame(line).await?;
                    }
                }
                if !any {
                    let message = "the message is empty; send one JSON object";
                    self.refuse(ErrorFrame::new(ErrorCode::InvalidJson, message)).await?;
                }
                Ok(())
            }
            Heard::Life => Ok(()),
            Heard::Refused(code, message, close) => Err(self.refuse_and_close(code, message, close).await),
            Heard::Close => {
                self.socket.part().await;
                Err(End::Gone)
            }
            Heard::End(end) => Err(end),
        }
    }

    async fn on_frame(&mut self, line: &str) -> Result<(), End> {
        let Parsed { frame, unknown_fields } = match ClientFrame::parse(line) {
            Ok(parsed) => parsed,
            Err(_) if !self.authenticated => return Err(self.unauthenticated().await),
            Err(error) => return self.refuse(error.into()).await,
        };
        if !self.authenticated && !matches!(frame, ClientFrame::Identify(_)) {
            return Err(self.unauthenticated().await);
        }
        self.shared.metrics.unknown_fields(unknown_fields);
        let (seq, turn_id) = match frame {
            ClientFrame::Identify(identify) => return self.on_identify(&identify).await,
            ClientFrame::Subscribe(wanted) => return self.on_subscribe(wanted).await,
            ClientFrame::Ping { t } => return self.say(&ServerFrame::Pong { t }).await,
            ClientFrame::Turn { seq, turn } => (seq, Some(turn.turn_id)),
            ClientFrame::Closed { seq, .. } | ClientFrame::Transferred { seq, .. } => (seq, None),
        };
        let message = format!("{EVENTS} is for reading; send turns to {INGEST}");
        let error = ErrorFrame::new(ErrorCode::InvalidFrame, message);
        self.refuse(ErrorFrame { seq, turn_id, ..error }).await
    }

    async fn on_identify(&mut self, identify: &Identify) -> Result<(), End> {
        if !self.shared.accepts(identify.token.as_deref(), self.authenticated) {
            return Err(self.unauthenticated().await);
        }
        if std::mem::replace(&mut self.identified, true) {
            let message = "identify is sent once, before anything else";
            return self.refuse(ErrorFrame::new(ErrorCode::InvalidFrame, message)).await;
        }
        if std::mem::replace(&mut self.authenticated, true) { Ok(()) } else { self.say(&READY).await }
    }

    /// What was wanted until now is written before anything else, so that a change loses nothing.
    async fn on_subscribe(&mut self, wanted: Subscribe) -> Result<(), End> {
        let rest = self.reader.subscribe(wanted).map_err(|_| End::Stalled)?;
        self.write_events(rest).await
    }

    /// Writes some of what waits.
    async fn write_some(&mut self) -> Result<(), End> {
        let events = self.reader.take(WRITE_BATCH_FRAMES_MAX).map_err(|_| End::Stalled)?;
        self.more = events.len() == WRITE_BATCH_FRAMES_MAX;
        if events.is_empty() { Ok(()) } else { self.write_events(events).await }
    }

    async fn write_events(&mut self, events: Vec<Arc<Event>>) -> Result<(), End> {
        self.write(events.into_iter().map(|event| Message::Text(event.json()))).await
    }

    async fn say(&mut self, frame: &ServerFrame) -> Result<(), End> {
        self.write([Message::text(frame.to_json())]).await
    }

    async fn write(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), End> {
        let too_slow = too_slow(self.cut.clone(), self.shared.events.closing.clone());
        self.socket.write(messages, too_slow).await
    }

    /// An error frame for a frame that was refused.
    async fn refuse(&mut self, error: ErrorFrame) -> Result<(), End> {
        self.shared.metrics.frame_refused(error.code);
        self.say(&ServerFrame::Error(error)).await
    }

    async fn refuse_and_close(&mut self, code: ErrorCode, message: &'static str, close: CloseCode) -> End {
        match self.refuse(ErrorFrame::new(code, message)).await {
            Ok(()) => End::Close(close, message),
            Err(end) => end,
        }
    }

    async fn unauthenticated(&mut self) -> End {
        let message = "identify with the server's token first";
        self.refuse_and_close(ErrorCode::Unauthenticated, message, CloseCode::Unauthenticated).await
    }
}

/// Ready when there is no point in writing on.
async fn too_slow(cut: CancellationToken, closing: CancellationToken) {
    tokio::select! {
        () = cut.cancelled_owned() => {}
        () = hurry(closing) => {}
    }
}

/// Ready when a drain has taken long enough.
async fn hurry(closing: CancellationToken) {
    closing.cancelled_owned().await;
    sleep(Duration::from_secs(DRAIN_SECONDS_MAX)).await;
}
