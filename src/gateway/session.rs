//! One websocket of `/v1/ingest`, from hello to close: what it says, in what order, and when it ends.
//!
//! Holds always: one task reads and writes, so a client that does not read is not read from either; each refused
//! frame gets one error; after each message the cumulative ack; whatever fails ends this session alone.
//! Called by `handshake`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::Shared;
use super::live::Flow;
use super::outbox::Outbox;
use super::producers::Producer;
use super::random_id;
use crate::wire::limits::{FRAME_BYTES_MAX, INFLIGHT_TURNS_MAX, TEXT_CHARS_MAX};
use crate::wire::{Clock, CloseCode, ErrorCode, ErrorFrame, Hello, ServerFrame};

mod closing;
mod frames;

/// Frames written before anything else is looked at.
const WRITE_BATCH_FRAMES_MAX: usize = 64;
/// Writing a batch takes at most this long, or the client does not read.
const WRITE_STALL_SECONDS_MAX: u64 = 10;
/// Intervals without a sign of life after which a socket is taken for dead.
const MISSED_HEARTBEATS_MAX: u32 = 2;
/// The window told to clients that should slow down.
const SLOW_WINDOW_TURNS: usize = 32;

/// The metric label of these sockets.
const ENDPOINT: &str = "ingest";

/// One socket and what is known of it.
pub(super) struct Session<S> {
    shared: Arc<Shared>,
    socket: WebSocketStream<S>,
    outbox: Arc<Outbox>,
    /// Who it belongs to: a producer without a name until it identifies itself.
    producer: Arc<Producer>,
    /// Who it was before it identified itself: what it sent until then is still its own.
    unnamed: Option<Arc<Producer>>,
    flow: watch::Receiver<Flow>,
    /// What the client was last told.
    told: Flow,
    /// The token was shown, or none is needed.
    authenticated: bool,
    identified: bool,
    clock: Clock,
    source: Option<String>,
    /// The highest `seq` seen; each frame must go above it.
    last_seq: Option<u64>,
    acked_seq: Option<u64>,
    draining: bool,
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// We close, with a code.
    Close(CloseCode, &'static str),
    /// The client closed or went away.
    Gone,
    /// The client does not read: there is nobody to say goodbye to.
    Stalled,
    /// The process stops now.
    Cut,
}

// === impl Session ===

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(shared: Arc<Shared>, socket: WebSocketStream<S>, authenticated: bool) -> Self {
        let outbox = Arc::new(Outbox::new());
        Session {
            flow: shared.live.flow(),
            producer: shared.producers.join(None, Clock::Wall, &outbox),
            unnamed: None,
            shared,
            socket,
            outbox,
            told: Flow::Ok,
            authenticated,
            identified: false,
            clock: Clock::Wall,
            source: None,
            last_seq: None,
            acked_seq: None,
            draining: false,
        }
    }

    /// Serves the socket until it ends.
    pub(super) async fn run(mut self) {
        let began = Instant::now();
        self.shared.metrics.connections_add(ENDPOINT, 1);
        self.greet();
        let end = self.serve().await;
        let code = match end {
            End::Close(code, reason) => {
                self.close(code, reason).await;
                Some(code.number())
            }
            End::Gone | End::Stalled | End::Cut => None,
        };
        self.outbox.close();
        self.producer.leave();
        self.unnamed.iter().for_each(|producer| producer.leave());
        self.shared.metrics.connections_add(ENDPOINT, -1);
        let source = self.shared.metrics.source_label(self.source.as_deref());
        let seconds = began.elapsed().as_secs();
        if end == End::Stalled {
            tracing::warn!(
                endpoint = ENDPOINT,
                source,
                seconds,
                "a client did not read its answers and was cut"
            );
        } else {
            tracing::debug!(endpoint = ENDPOINT, source, seconds, close_code = code, "socket ended");
        }
    }

    /// Hello at once; ready too where nothing has to be shown first.
    fn greet(&mut self) {
        self.outbox.push(&ServerFrame::Hello(Hello {
            session_id: random_id(),
            epoch: self.shared.epoch.clone(),
            heartbeat_interval_ms: u64::try_from(self.shared.server.heartbeat_interval.as_millis())
                .unwrap_or(u64::MAX),
            max_inflight: INFLIGHT_TURNS_MAX,
            max_frame_bytes: FRAME_BYTES_MAX,
            max_text_chars: TEXT_CHARS_MAX,
            durable_ack: false,
        }));
        if self.authenticated {
            self.outbox.push(&ServerFrame::Ready { resumed: false, last_seq: 0 });
        }
    }

    async fn serve(&mut self) -> End {
        let shared = self.shared.clone();
        let outbox = self.outbox.clone();
        let heartbeat = shared.server.heartbeat_interval;
        let mut beats = interval_at(Instant::now() + heartbeat, heartbeat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_beats = 0;
        let identify_until = Instant::now() + shared.server.identify_timeout;
        loop {
            self.announce_flow();
            if let Err(end) = self.write_out().await {
                return end;
            }
            if self.draining && self.outbox.is_done() {
                return End::Close(CloseCode::GoingAway, "the server is shutting down");
            }
            let step = tokio::select! {
                message = self.socket.next() => {
                    silent_beats = 0;
                    self.on_message(message).await
                }
                () = outbox.pushed() => Ok(()),
                changed = self.flow.changed() => changed.map_err(|_| End::Cut),
                _ = beats.tick() => {
                    silent_beats += 1;
                    self.beat(silent_beats).await
                }
                () = sleep_until(identify_until), if !self.authenticated => {
                    Err(End::Close(CloseCode::TimedOut, "no identify in time"))
                }
                () = shared.stopping.cancelled(), if !self.draining => {
                    self.draining = true;
                    Ok(())
                }
                () = shared.cut.cancelled() => Err(End::Cut),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Asks for a sign of life, or gives up waiting for one.
    async fn beat(&mut self, silent_beats: u32) -> Result<(), End> {
        if silent_beats > MISSED_HEARTBEATS_MAX {
            return Err(End::Close(CloseCode::TimedOut, "no sign of life"));
        }
        self.write(vec![Message::Ping(Vec::new().into())]).await
    }

    /// Tells a changed flow state, before the refusals it warns of.
    fn announce_flow(&mut self) {
        let now = *self.flow.borrow_and_update();
        if now == self.told || !self.authenticated {
            return;
        }
        self.told = now;
        self.outbox.push(&match now {
            Flow::Slow => ServerFrame::Flow { state: "slow", window: SLOW_WINDOW_TURNS },
            Flow::Ok => ServerFrame::Flow { state: "ok", window: INFLIGHT_TURNS_MAX },
        });
    }

    /// Writes all that waits.
    async fn write_out(&mut self) -> Result<(), End> {
        loop {
            let frames = self.outbox.take(WRITE_BATCH_FRAMES_MAX);
            if frames.is_empty() {
                return Ok(());
            }
            self.write(frames.into_iter().map(Message::text).collect()).await?;
        }
    }

    /// Writes a batch, unless that takes too long.
    async fn write(&mut self, messages: Vec<Message>) -> Result<(), End> {
        let (outbox, shared) = (self.outbox.clone(), self.shared.clone());
        let socket = &mut self.socket;
        let writing = async move {
            for message in messages {
                socket.feed(message).await?;
            }
            socket.flush().await
        };
        tokio::select! {
            written = timeout(Duration::from_secs(WRITE_STALL_SECONDS_MAX), writing) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(End::Gone),
                Err(_) => Err(End::Stalled),
            },
            () = outbox.overflowed() => Err(End::Stalled),
            () = shared.cut.cancelled() => Err(End::Cut),
        }
    }

    /// Queues an error frame for a frame that never became a turn.
    fn refuse_frame(&self, error: ErrorFrame) {
        self.shared.metrics.frame_refused(error.code);
        self.outbox.push(&ServerFrame::Error(error));
    }

    /// A refusal of what has no `seq`, and the end of the session.
    fn refuse_and_close(&self, code: ErrorCode, message: &'static str, close: CloseCode) -> End {
        self.refuse_frame(ErrorFrame::new(code, message));
        End::Close(close, message)
    }
}
