//! HTTP and websockets by hand, so that they can be wrong on purpose.
//!
//! Holds always: what the server says is as docs/ says, and on what is sent its schema and the parser agree.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::contract;

/// Anything that takes longer than this is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;

/// What the server sent.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    Json(Value),
    Ping,
    Pong,
    Close(u16),
    /// The connection ended.
    End,
}

pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Whether pings of the server are answered.
    pub answers_pings: bool,
}

pub struct Request {
    method: &'static str,
    pub path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Request {
    pub fn get(path: &str) -> Self {
        Request { method: "GET", path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Request { method: "POST", body: body.into(), ..Request::get(path) }
    }

    /// The handshake of a websocket.
    pub fn upgrade() -> Self {
        Request::get("/v1/ingest")
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// The same at another path.
    pub fn at(self, path: &str) -> Self {
        Request { path: path.to_owned(), ..self }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !self.headers.iter().any(|(name, _)| name == "Host") {
            head += "Host: 127.0.0.1\r\n";
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.method == "POST" {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let line =
            self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim())
    }
}

/// One request on a connection of its own.
pub async fn request(address: SocketAddr, asked: &Request) -> Response {
    let whole = async {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        // A body that is too large is refused before it is read to its end.
        let _ = stream.write_all(&asked.bytes()).await;
        let mut buffer = Vec::new();
        let head = read_head(&mut stream, &mut buffer).await;
        let length = head
            .to_ascii_lowercase()
            .lines()
            .find_map(|line| {
                line.strip_prefix("content-length:").map(|value| value.trim().parse::<usize>().unwrap())
            })
            .unwrap_or(0);
        while buffer.len() < length {
            assert!(stream.read_buf(&mut buffer).await.expect("an answer") > 0, "the answer broke off");
        }
        response(head, &buffer[..length])
    };
    let answer = timeout(PATIENCE, whole).await.expect("an answer in time");
    let asked = (asked.method, asked.path.as_str());
    contract::assert_answer(asked, answer.status, |name| answer.header(name), &answer.body);
    answer
}

async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> String {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(buffer.drain(..end + 4).collect()).expect("ASCII");
            return head;
        }
        assert!(stream.read_buf(buffer).await.expect("an answer") > 0, "no answer");
    }
}

fn response(head: String, body: &[u8]) -> Response {
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Response { status, head, body: String::from_utf8(body.to_vec()).expect("UTF-8") }
}

impl Client {
    /// A socket that has said nothing yet.
    pub async fn connect(address: SocketAddr) -> Client {
        let (client, response) = Self::upgrade(address, &Request::upgrade()).await;
        assert_eq!(response.status, 101, "{}", response.body);
        client
    }

    /// A socket after hello and ready.
    pub async fn ready(address: SocketAddr) -> Client {
        let mut client = Self::connect(address).await;
        assert_eq!(client.json().await["type"], "hello");
        assert_eq!(client.json().await["type"], "ready");
        client
    }

    /// Any handshake, and its answer.
    pub async fn upgrade(address: SocketAddr, request: &Request) -> (Client, Response) {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        stream.write_all(&request.bytes()).await.expect("the server reads");
        let mut buffer = Vec::new();
        let head = timeout(PATIENCE, read_head(&mut stream, &mut buffer)).await.expect("an answer in time");
        let answer = response(head, b"");
        (Client { stream, buffer, answers_pings: true }, answer)
    }

    pub async fn send(&mut self, frame: &Value) {
        contract::assert_agreed(frame);
        self.send_frame(TEXT, frame.to_string().as_bytes()).await;
    }

    /// A masked frame that begins with `first`.
    pub async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
        let mut bytes = vec![first];
        match payload.len() {
            short @ 0..=125 => bytes.push(0x80 | short as u8),
            middle @ 126..=65_535 => {
                bytes.push(0x80 | 126);
                bytes.extend((middle as u16).to_be_bytes());
            }
            long => {
                bytes.push(0x80 | 127);
                bytes.extend((long as u64).to_be_bytes());
            }
        }
        bytes.extend(MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.send_bytes(&bytes).await;
    }

    /// Bytes as they are. That the server has gone already is not this function's business.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("the server reads in time");
    }

    /// Writes without waiting long; an error where the server has gone.
    pub async fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes)).await?
    }

    /// What comes next.
    pub async fn next(&mut self) -> Incoming {
        timeout(PATIENCE, self.read_frame()).await.expect("a frame in time")
    }

    /// The next frame that is JSON.
    pub async fn json(&mut self) -> Value {
        loop {
            match self.next().await {
                Incoming::Json(value) => return value,
                Incoming::Ping | Incoming::Pong => {}
                other => panic!("expected JSON, got {other:?}"),
            }
        }
    }

    /// The next JSON frame of this type; others are passed over.
    pub async fn json_of(&mut self, kind: &str) -> Value {
        loop {
            let value = self.json().await;
            if value["type"] == kind {
                return value;
            }
        }
    }

    /// The code the server closes with; frames before it are passed over.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Incoming::Close(code) => return code,
                Incoming::End => panic!("the connection ended without a close"),
                _ => {}
            }
        }
    }

    async fn read_frame(&mut self) -> Incoming {
        loop {
            if let Some((opcode, payload)) = self.take_frame() {
                return match opcode {
                    0x1 => Incoming::Json(contract::frame(&payload)),
                    0x8 => {
                        Incoming::Close(payload.get(..2).map_or(1005, |c| u16::from_be_bytes([c[0], c[1]])))
                    }
                    0x9 => {
                        if self.answers_pings {
                            Box::pin(self.send_frame(PONG, &payload)).await;
                        }
                        Incoming::Ping
                    }
                    0xa => Incoming::Pong,
                    other => panic!("opcode {other}"),
                };
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Incoming::End,
                Ok(_) => {}
            }
        }
    }

    /// A whole frame of the buffer, if there is one.
    fn take_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, second, ..] = *self.buffer.as_slice() else { return None };
        assert_eq!(first & 0xf0, 0x80, "whole frames without extensions");
        let (start, length) = match second {
            short @ 0..=125 => (2, usize::from(short)),
            126 => (4, usize::from(u16::from_be_bytes(self.buffer.get(2..4)?.try_into().ok()?))),
            _ => (10, u64::from_be_bytes(self.buffer.get(2..10)?.try_into().ok()?) as usize),
        };
        let payload = self.buffer.get(start..start + length)?.to_vec();
        self.buffer.drain(..start + length);
        Some((first & 0x0f, payload))
    }
}
