//! One websocket of `/v1/ingest`, from hello to close: what it says, in what order, and when it ends.
//!
//! Holds always: one task reads and writes, so a client that does not read is not read from either; each refused
//! frame gets one error; after each message the cumulative ack; whatever fails ends this session alone.
//! Called by `handshake`.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::Shared;
use super::live::Flow;
use super::outbox::Outbox;
use super::producers::Producer;
use super::socket::{CLOSE_PATIENCE, End, Heartbeat, READY, Socket, hello};
use crate::wire::limits::INFLIGHT_TURNS_MAX;
use crate::wire::{Clock, CloseCode, ErrorCode, ErrorFrame, ServerFrame};

mod frames;

/// Frames written before anything else is looked at.
const WRITE_BATCH_FRAMES_MAX: usize = 64;
/// The window told to clients that should slow down.
const SLOW_WINDOW_TURNS: usize = 32;

/// The metric label of these sockets.
const ENDPOINT: &str = "ingest";

/// One socket and what is known of it.
pub(super) struct Session<S> {
    shared: Arc<Shared>,
    socket: Socket<S>,
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

// === impl Session ===

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(shared: Arc<Shared>, stream: WebSocketStream<S>, authenticated: bool) -> Self {
        let outbox = Arc::new(Outbox::new());
        Session {
            flow: shared.live.flow(),
            producer: shared.producers.join(None, Clock::Wall, &outbox),
            unnamed: None,
            socket: Socket::new(stream, shared.cut.clone()),
            shared,
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
        self.outbox.push(&hello(&self.shared));
        if self.authenticated {
            self.outbox.push(&READY);
        }
    }

    async fn serve(&mut self) -> End {
        let shared = self.shared.clone();
        let outbox = self.outbox.clone();
        let mut heartbeat = Heartbeat::new(shared.server.heartbeat_interval);
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
                heard = self.socket.hear() => {
                    heartbeat.alive();
                    self.on_heard(heard).await
                }
                () = outbox.pushed() => Ok(()),
                changed = self.flow.changed() => changed.map_err(|_| End::Cut),
                beat = heartbeat.beat() => match beat {
                    Ok(ping) => self.write([ping]).await,
                    Err(end) => Err(end),
                },
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
            self.write(frames.into_iter().map(Message::text)).await?;
        }
    }

    /// Writes a batch, unless that takes too long.
    async fn write(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), End> {
        self.socket.write(messages, self.outbox.overflowed()).await
    }

    /// Writes what waits, then why it ends.
    async fn close(&mut self, code: CloseCode, reason: &'static str) {
        if self.write_out().await.is_ok() {
            self.socket.close(code, reason, CLOSE_PATIENCE).await;
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
