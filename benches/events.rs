//! What readers of `/v1/events` cost the scoring, through the real binary with the shipped model: turn latency at a
//! steady rate, and turns a second at full speed, without readers and with a thousand, ten of which never read.
//!
//! `cargo bench --bench events [-- ROUNDS]`. Three servers take turns, so that all see the same machine. Server, producer
//! and readers share its cores: the readers take bytes off their sockets and look no further, at the lowest priority,
//! since they would be elsewhere.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a clock and pauses are what a bench is made of"
)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::runtime::Handle;

const READERS: usize = 1_000;
const DEAF: usize = 10;
const ROUNDS: usize = 6;
/// Turns a second offered, and how many.
const STEADY_TURNS_PER_SECOND: u64 = 20;
const STEADY_TURNS: u64 = 160;
/// At full speed: turns that wait for their answers at once, of how many.
const WINDOW: usize = 64;
const FULL_TURNS: u64 = 500;
/// Between two servers: what is still to be read is read.
const PAUSE: Duration = Duration::from_secs(3);
/// Of the readers.
const NICENESS: i32 = 19;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Readers {
    None,
    OfAlerts,
    OfAll,
}

/// A running server.
struct Serve {
    child: Child,
    listen: String,
    admin: String,
}

/// A server, its readers and its producer.
struct Bench<'a> {
    readers: Readers,
    producer: Producer<'a>,
    read: Arc<AtomicU64>,
    measured: Vec<Measured>,
    serve: Serve,
}

/// What one round measured.
#[derive(Clone, Copy)]
struct Measured {
    /// From receiving a turn to its score, by the server's own clock: what readers cost the producer's machine, which is this
    /// one here, is not in it.
    server_ms: f64,
    /// From sending a turn to its score.
    p50_ms: f64,
    p95_ms: f64,
    turns_per_second: f64,
    /// Of the scoring threads for a turn at full speed: other programs on the machine hardly matter to it.
    scoring_cpu_ms: f64,
    /// Of one core for the event sockets, at the steady rate and at full speed.
    steady_events_percent: f64,
    full_events_percent: f64,
}

fn main() {
    let rounds = std::env::args().filter_map(|arg| arg.parse().ok()).next_back().unwrap_or(ROUNDS);
    let texts = demo_texts();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(|| {
            let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
        })
        .enable_all()
        .build()
        .expect("a thread");
    let kinds = [Readers::None, Readers::OfAlerts, Readers::OfAll];
    let mut benches = kinds.map(|readers| Bench::new(readers, &texts, runtime.handle()));
    println!("{READERS} readers; {STEADY_TURNS_PER_SECOND} turns/s, then {WINDOW} turns under way");
    println!(
        "| round | readers | steady: mean in the server, ms | p50 seen by the producer | p95 | event thread | full speed: turns/s | scoring ms a turn | event thread |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for round in 1..=rounds {
        for bench in &mut benches {
            let m = bench.round();
            bench.print(&round.to_string(), m);
        }
    }
    for bench in &benches {
        bench.print("best", best(&bench.measured));
    }
    for bench in &benches {
        println!(
            "{:?}: {} MB read, {} readers cut, {} events dropped, server holds {:.0} MB",
            bench.readers,
            bench.read.load(Ordering::Relaxed) >> 20,
            bench.serve.metric("undertone_subscribers_cut_total"),
            bench.serve.metric("undertone_events_dropped_total"),
            bench.serve.metric("process_resident_memory_bytes") / 1e6,
        );
    }
    runtime.shutdown_background();
}

fn best(measured: &[Measured]) -> Measured {
    let least = |of: fn(&Measured) -> f64| measured.iter().map(of).fold(f64::INFINITY, f64::min);
    Measured {
        server_ms: least(|m| m.server_ms),
        p50_ms: least(|m| m.p50_ms),
        p95_ms: least(|m| m.p95_ms),
        turns_per_second: -least(|m| -m.turns_per_second),
        scoring_cpu_ms: least(|m| m.scoring_cpu_ms),
        steady_events_percent: least(|m| m.steady_events_percent),
        full_events_percent: least(|m| m.full_events_percent),
    }
}

fn demo_texts() -> Vec<(String, String, String)> {
    let file = std::fs::read_to_string("scripts/demo-conversations.jsonl").expect("run in the checkout");
    let mut texts = Vec::new();
    for line in file.lines() {
        let value: Value = serde_json::from_str(line).expect("JSON");
        let field = |name: &str| value[name].as_str().map(str::to_owned);
        // Others are never scored.
        let heard = value["role"] != "system" && value["visibility"] != "private";
        if let (Some(conversation), Some(role), Some(text)) =
            (field("conversation_id"), field("role"), field("text"))
            && heard
        {
            texts.push((conversation, role, text));
        }
    }
    assert!(texts.len() > 100, "the demo has turns");
    texts
}

impl<'a> Bench<'a> {
    fn new(readers: Readers, texts: &'a [(String, String, String)], runtime: &Handle) -> Self {
        let serve = Serve::start();
        let read = Arc::new(AtomicU64::new(0));
        let count = if readers == Readers::None { 0 } else { READERS - DEAF };
        for _ in 0..count {
            let stream = serve.websocket("/v1/events", &readers.subscribe());
            stream.set_nonblocking(true).expect("a socket");
            let read = read.clone();
            runtime.spawn(async move {
                let mut stream = tokio::net::TcpStream::from_std(stream).expect("a socket");
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    read.fetch_add(count as u64, Ordering::Relaxed);
                }
            });
        }
        let mut producer = Producer::new(serve.websocket("/v1/ingest", ""), texts);
        producer.full(64, 8);
        Bench { readers, producer, read, measured: Vec::new(), serve }
    }

    fn round(&mut self) -> Measured {
        // Those of the round before have been cut.
        let deaf = if self.readers == Readers::None { 0 } else { DEAF };
        let _deaf: Vec<_> =
            (0..deaf).map(|_| self.serve.websocket("/v1/events", &self.readers.subscribe())).collect();
        std::thread::sleep(PAUSE);
        let (events, began) = (self.serve.cpu_seconds("events"), Instant::now());
        let latency = |part: &str| self.serve.metric(&format!("undertone_turn_latency_seconds_{part}"));
        let (sum, count) = (latency("sum"), latency("count"));
        let mut latencies = self.producer.steady();
        let server_ms = 1e3 * (latency("sum") - sum) / (latency("count") - count);
        let percent = |seconds: f64, began: Instant| 100.0 * seconds / began.elapsed().as_secs_f64();
        let steady_events_percent = percent(self.serve.cpu_seconds("events") - events, began);
        latencies.sort_by(f64::total_cmp);
        let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
        let (events, scoring, began) =
            (self.serve.cpu_seconds("events"), self.serve.cpu_seconds("scoring"), Instant::now());
        self.producer.full(FULL_TURNS, WINDOW);
        let turns_per_second = FULL_TURNS as f64 / began.elapsed().as_secs_f64();
        let measured = Measured {
            server_ms,
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            turns_per_second,
            scoring_cpu_ms: (self.serve.cpu_seconds("scoring") - scoring) * 1e3 / FULL_TURNS as f64,
            steady_events_percent,
            full_events_percent: percent(self.serve.cpu_seconds("events") - events, began),
        };
        self.measured.push(measured);
        measured
    }

    fn print(&self, round: &str, m: Measured) {
        println!(
            "| {round} | {:?} | {:.1} | {:.1} | {:.1} | {:.1} % | {:.1} | {:.2} | {:.1} % |",
            self.readers,
            m.server_ms,
            m.p50_ms,
            m.p95_ms,
            m.steady_events_percent,
            m.turns_per_second,
            m.scoring_cpu_ms,
            m.full_events_percent
        );
    }
}

impl Readers {
    fn subscribe(self) -> String {
        let events = match self {
            Readers::OfAll => json!(["scored", "findings", "alerts"]),
            Readers::None | Readers::OfAlerts => json!(["alerts"]),
        };
        json!({"type": "subscribe", "events": events}).to_string()
    }
}

/// One socket of `/v1/ingest`.
struct Producer<'a> {
    stream: TcpStream,
    buffer: Vec<u8>,
    texts: &'a [(String, String, String)],
    sent: u64,
    waiting: HashMap<u64, Instant>,
}

impl<'a> Producer<'a> {
    fn new(stream: TcpStream, texts: &'a [(String, String, String)]) -> Self {
        Producer { stream, buffer: Vec::new(), texts, sent: 0, waiting: HashMap::new() }
    }

    fn send(&mut self) {
        let (conversation, role, text) = &self.texts[self.sent as usize % self.texts.len()];
        let pass = self.sent as usize / self.texts.len();
        self.sent += 1;
        let turn = json!({
            "type": "turn", "seq": self.sent, "turn_id": format!("t-{}", self.sent), "role": role, "text": text,
            "conversation_id": format!("{conversation}-{pass}"), "ts": "2026-01-31T10:02:11Z", "channel": "chat",
        });
        self.waiting.insert(self.sent, Instant::now());
        self.stream.write_all(&masked(&turn.to_string())).expect("the server reads");
    }

    /// Latencies of the answers that are there by `until`.
    fn answers(&mut self, until: Instant) -> Vec<f64> {
        let mut latencies = Vec::new();
        loop {
            while let Some(frame) = take_frame(&mut self.buffer) {
                if frame["type"] == "scored" || frame["type"] == "error" {
                    let sent =
                        self.waiting.remove(&frame["seq"].as_u64().expect("a seq")).expect("one answer");
                    latencies.push(sent.elapsed().as_secs_f64() * 1e3);
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return latencies;
            }
            self.stream.set_read_timeout(Some(left.max(Duration::from_micros(50)))).expect("a socket");
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(count) => self.buffer.extend(&chunk[..count]),
                Err(_) => return latencies,
            }
        }
    }

    fn steady(&mut self) -> Vec<f64> {
        let began = Instant::now();
        let mut latencies = Vec::new();
        for at in 0..STEADY_TURNS {
            let due = began + Duration::from_nanos(1_000_000_000 * at / STEADY_TURNS_PER_SECOND);
            while Instant::now() < due {
                latencies.extend(self.answers(due));
            }
            self.send();
        }
        while !self.waiting.is_empty() {
            latencies.extend(self.answers(Instant::now() + Duration::from_millis(5)));
        }
        latencies
    }

    fn full(&mut self, turns: u64, window: usize) {
        for _ in 0..turns {
            while self.waiting.len() >= window {
                self.answers(Instant::now() + Duration::from_millis(1));
            }
            self.send();
        }
        while !self.waiting.is_empty() {
            self.answers(Instant::now() + Duration::from_millis(1));
        }
    }
}

impl Serve {
    fn start() -> Serve {
        // A session of its own: Linux shares a busy machine out by sessions first, and by niceness only within one. The
        // readers must not eat the server's share.
        let mut child = Command::new("setsid")
            .arg(env!("CARGO_BIN_EXE_undertone"))
            .args(["serve", "--set", "server.listen=127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0"])
            // Nobody here answers pings.
            .args(["--set", "log.format=json", "--set", "server.heartbeat_interval_seconds=3600"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let mut serve = Serve { child, listen: String::new(), admin: String::new() };
        let mut line = String::new();
        loop {
            line.clear();
            assert!(log.read_line(&mut line).expect("a log") > 0, "it ended before it listened");
            let event: Value = serde_json::from_str(&line).expect("JSON");
            if event["message"] == "listening" {
                let field = |name: &str| event[name].as_str().expect("an address").to_owned();
                (serve.listen, serve.admin) = (field("listen"), field("admin_listen"));
                // Somebody has to read it.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return serve;
            }
        }
    }

    /// A websocket that has said `first`, where that is anything.
    fn websocket(&self, path: &str, first: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.listen).expect("it listens");
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        // The head of the answer; the frames after it are read with the rest.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("it answers");
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        if !first.is_empty() {
            stream.write_all(&masked(first)).expect("it reads");
        }
        stream
    }

    /// The sum of all series of a metric.
    fn metric(&self, name: &str) -> f64 {
        let mut stream = TcpStream::connect(&self.admin).expect("it listens");
        stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: bench\r\n\r\n").expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        text.lines().filter(of_name).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Of all threads whose name begins so.
    fn cpu_seconds(&self, threads: &str) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("Linux");
        let ticks = tasks.filter_map(|task| {
            let stat = std::fs::read_to_string(task.ok()?.path().join("stat")).ok()?;
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(") ")?;
            let fields: Vec<_> = rest.split(' ').collect();
            let of = |at: usize| fields[at].parse::<f64>().ok();
            name.starts_with(threads).then_some(of(11)? + of(12)?)
        });
        // USER_HZ is 100 everywhere.
        ticks.sum::<f64>() / 100.0
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A text frame with a mask of zeros.
fn masked(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match text.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        long => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(long).expect("a short turn").to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(text.as_bytes());
    bytes
}

/// The next JSON frame of the buffer.
fn take_frame(buffer: &mut Vec<u8>) -> Option<Value> {
    loop {
        let (start, length) = match *buffer.get(1)? {
            short @ 0..=125 => (2, usize::from(short)),
            126 => (4, usize::from(u16::from_be_bytes([*buffer.get(2)?, *buffer.get(3)?]))),
            _ => panic!("no frame is that long"),
        };
        let payload = buffer.get(start..start + length)?;
        let json = (buffer[0] == 0x81).then(|| serde_json::from_slice(payload).expect("JSON"));
        buffer.drain(..start + length);
        if json.is_some() {
            return json;
        }
    }
}
