//! One websocket to a server: connect, `hello`, `identify`, `ready`, then frames both ways.
//!
//! Holds always: connecting and sending are bounded in time; the server is read from while it is written to, so
//! that neither side waits for the other with full buffers; whatever ends a connection says whether to come
//! back, as docs/protocol.md tells client authors. Called by [`super::client`].

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::incoming::Incoming;
use crate::offline::clean::cut;
use crate::wire::{CloseCode, ErrorCode, SUBPROTOCOL};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How much of a server's words an error repeats.
const REASON_COLUMNS_MAX: usize = 200;

/// Messages that were read and not looked at yet. More than the largest window, so that answers always fit.
const UNREAD_MESSAGES_MAX: usize = 2_048;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Whom to connect to, and as whom.
#[derive(Clone)]
pub struct Target {
    pub url: String,
    pub token: Option<String>,
    pub source: String,
}

/// An identified connection.
pub struct Connection {
    sending: SplitSink<Socket, Message>,
    received: mpsc::Receiver<Result<Vec<Incoming>, Lost>>,
    reading: JoinHandle<()>,
    pub heartbeat: Duration,
    pub max_inflight: usize,
}

/// The connection ended, or never began.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Lost {
    pub reason: String,
    /// Whether the same client may try again.
    pub come_back: bool,
}

impl Lost {
    fn again(reason: impl Into<String>) -> Self {
        Lost { reason: reason.into(), come_back: true }
    }

    fn forever(reason: impl Into<String>) -> Self {
        Lost { reason: reason.into(), come_back: false }
    }
}

impl Connection {
    /// Connects and identifies; timers run on the recording's clock.
    ///
    /// # Errors
    /// [`Lost`], with what to do about it.
    pub async fn open(target: &Target) -> Result<Self, Lost> {
        match timeout(CONNECT_TIMEOUT, Self::handshake(target)).await {
            Ok(result) => result,
            Err(_) => Err(Lost::again(format!("{} did not answer within {CONNECT_TIMEOUT:?}", target.url))),
        }
    }

    async fn handshake(target: &Target) -> Result<Self, Lost> {
        let url = &target.url;
        if !url.starts_with("ws://") {
            return Err(Lost::forever(format!(
                "{url} does not begin with ws:// (for wss:// put a TLS proxy between)"
            )));
        }
        let mut request =
            url.into_client_request().map_err(|error| Lost::forever(format!("{url}: {error}")))?;
        let headers = request.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        if let Some(token) = &target.token {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value =
                value.map_err(|_| Lost::forever("the token has characters that no header can carry"))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        let (socket, _) = connect_async(request).await.map_err(|error| refused_handshake(url, &error))?;
        let (sending, stream) = socket.split();
        let (unread, received) = mpsc::channel(UNREAD_MESSAGES_MAX);
        let reading = tokio::spawn(read_all(stream, unread));
        let mut connection =
            Connection { sending, received, reading, heartbeat: CONNECT_TIMEOUT, max_inflight: 1 };
        connection.identify(target).await?;
        Ok(connection)
    }

    async fn identify(&mut self, target: &Target) -> Result<(), Lost> {
        let mut identified = false;
        loop {
            for frame in self.receive().await? {
                match frame {
                    Incoming::Hello { heartbeat_interval_ms, max_inflight } if !identified => {
                        self.heartbeat = Duration::from_millis(heartbeat_interval_ms.max(1_000));
                        self.max_inflight = max_inflight;
                        let identify = json!({"type": "identify", "source": target.source, "clock": "event"});
                        self.send(identify.to_string()).await?;
                        identified = true;
                    }
                    // Without a token the server is ready before it has read `identify`; frames keep their
                    // order, so nothing that follows can overtake it.
                    Incoming::Ready if identified => return Ok(()),
                    Incoming::Error(error) => {
                        let message = cut(&error.message, REASON_COLUMNS_MAX);
                        let advice = match error.code == ErrorCode::Unauthenticated.as_str() {
                            true => " (give it by --token or UNDERTONE_TOKEN)",
                            false => "",
                        };
                        return Err(Lost::forever(format!(
                            "{}: {message}{advice}",
                            cut(&error.code, REASON_COLUMNS_MAX)
                        )));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Sends one frame without waiting for the network.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn feed(&mut self, json: String) -> Result<(), Lost> {
        let sent = timeout(SEND_TIMEOUT, self.sending.feed(Message::text(json))).await;
        sent.map_err(|_| Lost::again("the server does not read"))?.map_err(|error| lost(&error))
    }

    /// Sends what was fed.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn flush(&mut self) -> Result<(), Lost> {
        let sent = timeout(SEND_TIMEOUT, self.sending.flush()).await;
        sent.map_err(|_| Lost::again("the server does not read"))?.map_err(|error| lost(&error))
    }

    /// Sends one frame now.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn send(&mut self, json: String) -> Result<(), Lost> {
        self.feed(json).await?;
        self.flush().await
    }

    /// The next frames. Cancelling it loses nothing.
    ///
    /// # Errors
    /// [`Lost`] when the server closed the connection or broke the protocol.
    pub async fn receive(&mut self) -> Result<Vec<Incoming>, Lost> {
        self.received.recv().await.unwrap_or_else(|| Err(Lost::again("the connection ended")))
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        let goodbye = async {
            let _ = self.sending.close().await;
            while self.received.recv().await.is_some() {}
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Reads until the connection ends; why it did is the last that is passed on.
async fn read_all(mut stream: SplitStream<Socket>, unread: mpsc::Sender<Result<Vec<Incoming>, Lost>>) {
    loop {
        let frames = match stream.next().await {
            None => Err(Lost::again("the connection ended")),
            Some(Err(error)) => Err(lost(&error)),
            Some(Ok(Message::Text(text))) => {
                text.lines().filter(|line| !line.trim().is_empty()).map(read).collect()
            }
            Some(Ok(Message::Close(frame))) => {
                // Reading on answers the close, so that the server need not wait for it.
                let _ = timeout(CLOSE_TIMEOUT, stream.next()).await;
                let code = frame.as_ref().map_or(1005, |frame| u16::from(frame.code));
                let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                Err(closed(code, &reason))
            }
            // Pings are answered by the library.
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                continue;
            }
        };
        let is_last = frames.is_err();
        if unread.send(frames).await.is_err() || is_last {
            return;
        }
    }
}

fn read(line: &str) -> Result<Incoming, Lost> {
    serde_json::from_str(line)
        .map_err(|error| Lost::forever(format!("a frame of the server is not understood: {error}")))
}

fn lost(error: &tungstenite::Error) -> Lost {
    Lost::again(cut(&error.to_string(), REASON_COLUMNS_MAX))
}

fn refused_handshake(url: &str, error: &tungstenite::Error) -> Lost {
    match error {
        tungstenite::Error::Http(response) => match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Lost::forever(format!(
                "{url} wants another token ({}): give it with --token or UNDERTONE_TOKEN",
                response.status().as_u16()
            )),
            status if status.is_server_error() => Lost::again(format!("{url} answered {status}")),
            status => {
                Lost::forever(format!("{url} answered {status}: is it the ingest address of an undertone?"))
            }
        },
        error => Lost::again(format!("{url}: {}", cut(&error.to_string(), REASON_COLUMNS_MAX))),
    }
}

/// What a close code asks of the client; the table of docs/protocol.md.
fn closed(code: u16, reason: &str) -> Lost {
    const FINAL: [CloseCode; 8] = [
        CloseCode::Protocol,
        CloseCode::Unsupported,
        CloseCode::InvalidUtf8,
        CloseCode::TooLarge,
        CloseCode::BadProtocol,
        CloseCode::Unauthenticated,
        CloseCode::Forbidden,
        CloseCode::Replaced,
    ];
    let come_back = !FINAL.iter().any(|known| known.number() == code);
    let reason = cut(reason, REASON_COLUMNS_MAX);
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    Lost { reason: format!("the server closed the connection with {code}{reason}"), come_back }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_close_code_says_whether_to_come_back() {
        for code in [1000, 1001, 1005, 1006, 1011, 1012, 4408, 4429] {
            assert!(closed(code, "").come_back, "{code}");
        }
        for code in [1002, 1003, 1007, 1009, 4400, 4401, 4403, 4409] {
            assert!(!closed(code, "").come_back, "{code}");
        }
        assert_eq!(closed(1001, "bye\u{1b}").reason, "the server closed the connection with 1001 (bye)");
    }
}
