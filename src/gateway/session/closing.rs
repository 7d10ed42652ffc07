//! Ending a session so that the client learns why.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::Session;
use crate::wire::CloseCode;

/// How long the client may take to answer a close.
const CLOSE_MS_MAX: u64 = 1_000;
/// How long what a misbehaving client still sends is read and thrown away: closing a connection with unread input
/// resets it, and the client might lose the error and the close frame.
const LINGER_MS_MAX: u64 = 300;
const LINGER_BYTES_MAX: usize = 4 << 20;
const LINGER_BUFFER_BYTES: usize = 16 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Writes what waits and the close frame, then lets the client answer.
    pub(super) async fn close(&mut self, code: CloseCode, reason: &'static str) {
        if self.write_out().await.is_err() {
            return;
        }
        let frame = CloseFrame { code: code.number().into(), reason: reason.into() };
        if self.write(vec![Message::Close(Some(frame))]).await.is_err() {
            return;
        }
        match code {
            // What comes after these is not to be parsed: it was not understood.
            CloseCode::Protocol | CloseCode::InvalidUtf8 | CloseCode::TooLarge => self.linger().await,
            _ => self.await_answer().await,
        }
    }

    /// Reads on until the client has answered the close, so that both sides end cleanly.
    pub(super) async fn await_answer(&mut self) {
        let socket = &mut self.socket;
        let answered = async { while let Some(Ok(_)) = socket.next().await {} };
        // A client that does not answer is left behind.
        let _ = timeout(Duration::from_millis(CLOSE_MS_MAX), answered).await;
    }

    async fn linger(&mut self) {
        let stream = self.socket.get_mut();
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
