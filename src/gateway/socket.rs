//! A websocket as both endpoints use it: what is heard, what is written and how long that may take, and how it ends so
//! that the client learns why.
//!
//! Holds always: writing never takes longer than the client may stall; a write that was given up can be gone on with.
//! Called by `session` and `events::session`.

use std::future::Future;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::{Shared, random_id};
use crate::wire::limits::{FRAME_BYTES_MAX, INFLIGHT_TURNS_MAX, TEXT_CHARS_MAX};
use crate::wire::{CloseCode, ErrorCode, Hello, ServerFrame};

/// The client takes something at least this often, or it does not read.
const WRITE_STALL_SECONDS_MAX: u64 = 10;
/// Intervals without a sign of life after which a socket is taken for dead.
const MISSED_HEARTBEATS_MAX: u32 = 2;
/// How long the client may take to answer a close.
const CLOSE_MS_MAX: u64 = 1_000;
/// How long what a misbehaving client still sends is read and thrown away: closing a connection with unread input
/// resets it, and the client might lose the error and the close frame.
const LINGER_MS_MAX: u64 = 300;
const LINGER_BYTES_MAX: usize = 4 << 20;
const LINGER_BUFFER_BYTES: usize = 16 * 1024;

/// One websocket.
pub(super) struct Socket<S> {
    stream: WebSocketStream<S>,
    /// The process stops now.
    cut: CancellationToken,
}

/// Why a socket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// We close, with a code.
    Close(CloseCode, &'static str),
    /// The client closed or went away.
    Gone,
    /// The client does not read.
    Stalled,
    /// The process stops now.
    Cut,
}

/// What came from the client.
pub(super) enum Heard {
    Text(Utf8Bytes),
    /// A ping, a pong: it is alive.
    Life,
    /// Something that is refused with an error frame, and the end.
    Refused(ErrorCode, &'static str, CloseCode),
    /// It closed; the answer is written by [`Socket::part`].
    Close,
    End(End),
}

/// Asks for signs of life, and counts how often none came.
pub(super) struct Heartbeat {
    beats: Interval,
    silent: u32,
}

// === impl Socket ===

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub(super) fn new(stream: WebSocketStream<S>, cut: CancellationToken) -> Self {
        Socket { stream, cut }
    }

    /// What comes next. Dropping the future loses nothing.
    pub(super) async fn hear(&mut self) -> Heard {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Heard::Text(text),
            Some(Ok(Message::Binary(_))) => {
                let message = "binary messages are not read; send JSON as text";
                Heard::Refused(ErrorCode::InvalidFrame, message, CloseCode::Unsupported)
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Heard::Life,
            Some(Ok(Message::Close(_))) => Heard::Close,
            Some(Err(error)) => broken(&error),
            None => Heard::End(End::Gone),
        }
    }

    /// Writes these, unless the client stalls or `too_slow` says so first.
    pub(super) async fn write(
        &mut self,
        messages: impl IntoIterator<Item = Message>,
        too_slow: impl Future<Output = ()>,
    ) -> Result<(), End> {
        let stream = &mut self.stream;
        let stall = Duration::from_secs(WRITE_STALL_SECONDS_MAX);
        let writing = async move {
            for message in messages {
                in_time(stall, stream.feed(message)).await?;
            }
            in_time(stall, stream.flush()).await
        };
        tokio::select! {
            written = writing => written,
            () = too_slow => Err(End::Stalled),
            () = self.cut.cancelled() => Err(End::Cut),
        }
    }

    /// Says why it ends, waiting at most `patience` for the client to take it, and lets the client answer.
    pub(super) async fn close(&mut self, code: CloseCode, reason: &'static str, patience: Duration) {
        let frame = CloseFrame { code: code.number().into(), reason: reason.into() };
        let stream = &mut self.stream;
        let closing = async move {
            stream.feed(Message::Close(Some(frame))).await?;
            stream.flush().await
        };
        let closed = tokio::select! {
            closed = in_time(patience, closing) => closed,
            () = self.cut.cancelled() => Err(End::Cut),
        };
        if closed.is_err() {
            return;
        }
        match code {
            // What comes after these is not to be parsed: it was not understood.
            CloseCode::Protocol | CloseCode::InvalidUtf8 | CloseCode::TooLarge => self.linger().await,
            _ => self.part().await,
        }
    }

    /// Reads on until the close is answered, whoever began it, so that both sides end cleanly.
    pub(super) async fn part(&mut self) {
        let stream = &mut self.stream;
        let answered = async { while let Some(Ok(_)) = stream.next().await {} };
        // A client that does not answer is left behind.
        let _ = timeout(Duration::from_millis(CLOSE_MS_MAX), answered).await;
    }

    async fn linger(&mut self) {
        let stream = self.stream.get_mut();
        let mut buffer = vec![0_u8; LINGER_BUFFER_BYTES];
        let throw_away = async {
            let mut left = LINGER_BYTES_MAX;
            while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
                left = left.saturating_sub(bytes);
                if left == 0 {
                    return;
                }
            }
        };
        let _ = timeout(Duration::from_millis(LINGER_MS_MAX), throw_away).await;
    }
}

/// How long a client may take to read a close that it has to be told.
pub(super) const CLOSE_PATIENCE: Duration = Duration::from_secs(WRITE_STALL_SECONDS_MAX);

async fn in_time(
    patience: Duration,
    writing: impl Future<Output = Result<(), tungstenite::Error>>,
) -> Result<(), End> {
    match timeout(patience, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Stalled),
    }
}

fn broken(error: &tungstenite::Error) -> Heard {
    use tungstenite::error::ProtocolError;
    match error {
        tungstenite::Error::Capacity(_) => {
            let message = "the message is larger than max_frame_bytes of hello";
            Heard::Refused(ErrorCode::FrameTooLarge, message, CloseCode::TooLarge)
        }
        tungstenite::Error::Utf8(_) => {
            Heard::Refused(ErrorCode::InvalidFrame, "the message is not UTF-8", CloseCode::InvalidUtf8)
        }
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Heard::End(End::Gone),
        tungstenite::Error::Protocol(_) => {
            Heard::End(End::Close(CloseCode::Protocol, "not a websocket frame of RFC 6455"))
        }
        _ => Heard::End(End::Gone),
    }
}

// === impl Heartbeat ===

impl Heartbeat {
    pub(super) fn new(every: Duration) -> Self {
        let mut beats = interval_at(Instant::now() + every, every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Heartbeat { beats, silent: 0 }
    }

    /// Time to ask, or to give up.
    pub(super) async fn beat(&mut self) -> Result<Message, End> {
        self.beats.tick().await;
        self.silent += 1;
        if self.silent > MISSED_HEARTBEATS_MAX {
            return Err(End::Close(CloseCode::TimedOut, "no sign of life"));
        }
        Ok(Message::Ping(Vec::new().into()))
    }

    /// Something came.
    pub(super) fn alive(&mut self) {
        self.silent = 0;
    }
}

// === what both kinds of socket say first ===

/// The first frame.
pub(super) fn hello(shared: &Shared) -> ServerFrame {
    ServerFrame::Hello(Hello {
        session_id: random_id(),
        epoch: shared.epoch.clone(),
        heartbeat_interval_ms: u64::try_from(shared.server.heartbeat_interval.as_millis())
            .unwrap_or(u64::MAX),
        max_inflight: INFLIGHT_TURNS_MAX,
        max_frame_bytes: FRAME_BYTES_MAX,
        max_text_chars: TEXT_CHARS_MAX,
        durable_ack: false,
    })
}

/// Nothing of a session is given up.
pub(super) const READY: ServerFrame = ServerFrame::Ready { resumed: false, last_seq: 0 };
