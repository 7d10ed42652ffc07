//! `undertone replay`: plays recorded conversations to a running server over the websocket, in accelerated
//! real time, and shows what comes back.
//!
//! [`schedule`] says when a frame is due, [`outbox`] what may be sent and what must go again, [`connection`]
//! is the socket, [`client`] ties them together; [`board`], [`view`] and [`screen`] show it, [`tally`] counts
//! and [`conservation`] checks the server's own books. Called by `cli`.

pub mod board;
pub mod client;
pub mod connection;
pub mod conservation;
pub mod incoming;
pub mod outbox;
pub mod outgoing;
pub mod schedule;
pub mod screen;
pub mod tally;
pub mod view;

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval};

use client::{Client, End};
use connection::{Connection, Lost, Target};
use schedule::Schedule;
use screen::Screen;
use tally::Closing;

/// What to play, how fast, and to whom.
#[derive(Clone)]
pub struct ReplayOptions {
    pub target: Target,
    /// Seconds of the recording in one second of the replay.
    pub speed: f64,
    pub spacing_seconds: u32,
    /// Conversations without times that are played at once.
    pub concurrency: usize,
    pub conversations_max: Option<usize>,
    pub metrics_url: Option<String>,
    /// On a terminal: stay connected after the end, until Ctrl-C.
    pub hold: bool,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    AllWell,
    SomethingWasOff,
    StoppedEarly,
}

/// Why there was no replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("cannot connect: {0}")]
    Connect(#[source] Lost),
    #[error("cannot write to the terminal: {0}")]
    Output(#[from] io::Error),
}

/// Plays `reader` to the server and prints the summary.
///
/// # Errors
/// When there is no server at the beginning, or nowhere to write to.
pub async fn run<R: BufRead>(reader: R, options: ReplayOptions) -> Result<Outcome, ReplayError> {
    let connection = Connection::open(&options.target).await.map_err(ReplayError::Connect)?;
    let quit = Arc::new(Notify::new());
    let signals = tokio::spawn(watch_signals(Arc::clone(&quit)));
    let screen = Screen::open(&quit)?;
    let schedule =
        Schedule::new(reader, options.spacing_seconds, options.concurrency, options.conversations_max);
    let mut client = Client::new(schedule, options.clone(), screen, Arc::clone(&quit));
    let started = Instant::now();
    let (end, connection) = client.play(connection).await?;
    let elapsed = started.elapsed();
    let conservation = match &options.metrics_url {
        Some(url) => Some(conservation::check(url).await),
        None => None,
    };
    let ended_early = match &end {
        End::Done => None,
        End::Stopped => Some("it was stopped before the end"),
        End::Lost(reason) => Some(reason.as_str()),
    };
    let levels = client.board.levels();
    let closing = Closing {
        elapsed,
        conversations: client.board.conversations_total(),
        levels: &levels,
        conservation: conservation.as_ref(),
        ended_early,
    };
    let Client { tally, screen, .. } = client;
    drop(screen);
    write!(io::stdout(), "{}", tally.summary(&closing))?;
    io::stdout().flush()?;
    if let Some(connection) = connection {
        if options.hold && end == End::Done && io::stdout().is_terminal() {
            hold(connection, &options, &quit).await?;
        } else {
            connection.close().await;
        }
    }
    signals.abort();
    Ok(match end {
        End::Stopped => Outcome::StoppedEarly,
        _ if tally.complaints(&closing).is_empty() => Outcome::AllWell,
        _ => Outcome::SomethingWasOff,
    })
}

/// Keeps the connection alive until Ctrl-C.
async fn hold(mut connection: Connection, options: &ReplayOptions, quit: &Notify) -> io::Result<()> {
    let metrics =
        options.metrics_url.as_deref().map(|url| format!(" Its metrics: {url}")).unwrap_or_default();
    writeln!(io::stdout(), "\nThe server is still running.{metrics}  Ctrl-C stops.")?;
    let mut heartbeat = interval(connection.heartbeat);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            received = connection.receive() => if let Err(lost) = received {
                return writeln!(io::stdout(), "{lost}");
            },
            _ = heartbeat.tick() => {
                if connection.send(r#"{"type":"ping","t":0}"#.to_owned()).await.is_err() {
                    return Ok(());
                }
            }
            () = quit.notified() => break,
        }
    }
    connection.close().await;
    Ok(())
}

async fn watch_signals(quit: Arc<Notify>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => quit.notify_one(),
            _ = interrupt.recv() => quit.notify_one(),
        }
    }
}
