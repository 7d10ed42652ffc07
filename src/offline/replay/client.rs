//! Plays a schedule over a connection and keeps count of what comes back.
//!
//! Holds always: every frame that was due is answered, refused, or counted as unanswered; a lost connection
//! is taken up again a bounded number of times; frames unanswered until then go again with the same
//! `turn_id`. Called by [`super::run`].

use std::io::{self, BufRead};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::ReplayOptions;
use super::board::{AlertChange, Board};
use super::connection::{Connection, Lost};
use super::incoming::{AlertIn, ErrorIn, FindingIn, Incoming, ScoredIn};
use super::outbox::{Outbox, Refusal};
use super::schedule::{Schedule, Scheduled};
use super::screen::Screen;
use super::tally::Tally;
use super::view::Status;
use crate::offline::clean::clean;
use crate::wire::ClientFrame;

/// Frames that are due but not sent; beyond that the recording is not read on.
const BACKLOG_MAX: usize = 1_000;
const REDRAW_INTERVAL: Duration = Duration::from_millis(125);
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);
/// Nothing came back for so long: what is missing then is unanswered.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(60);
/// After so long without any answer, turns that were acked get none: the server knew them already.
const REPEAT_WAIT: Duration = Duration::from_secs(5);
/// After the last answer, for alerts that follow it.
const SETTLE: Duration = Duration::from_millis(300);
const RECONNECTS_MAX: u32 = 8;
const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// How the replay ended.
#[derive(Debug, PartialEq)]
pub enum End {
    Done,
    /// Ctrl-C.
    Stopped,
    /// The server is gone, or will not have us.
    Lost(String),
}

/// Where a replay stands.
pub struct Client<R> {
    options: ReplayOptions,
    schedule: Schedule<R>,
    /// The next frame and its time, already read.
    next: Option<(Timestamp, ClientFrame)>,
    exhausted: bool,
    outbox: Outbox,
    pub tally: Tally,
    pub board: Board,
    pub screen: Screen,
    quit: Arc<Notify>,
    started: Instant,
    /// The time of the recording when it started.
    origin: Option<Timestamp>,
    clock: String,
    note: String,
    /// When the last frame was sent or answered.
    stirred: Instant,
    /// The server said when to come back, so nothing more is sent on this connection.
    leaving: Option<Duration>,
}

impl<R: BufRead> Client<R> {
    pub fn new(schedule: Schedule<R>, options: ReplayOptions, screen: Screen, quit: Arc<Notify>) -> Self {
        let now = Instant::now();
        Client {
            options,
            schedule,
            next: None,
            exhausted: false,
            outbox: Outbox::new(1),
            tally: Tally::default(),
            board: Board::default(),
            screen,
            quit,
            started: now,
            origin: None,
            clock: String::new(),
            note: String::new(),
            stirred: now,
            leaving: None,
        }
    }

    /// Plays to the end, over as many connections as it takes. The last one is given back, if it still stands.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub async fn play(&mut self, mut connection: Connection) -> io::Result<(End, Option<Connection>)> {
        self.started = Instant::now();
        loop {
            self.outbox.set_window(connection.max_inflight);
            let lost = match self.session(&mut connection).await? {
                Ok(end) => {
                    self.tally.unanswered += self.outbox.open_turns() as u64;
                    return Ok((end, Some(connection)));
                }
                Err(lost) => lost,
            };
            self.tally.sent_again += self.outbox.disconnected() as u64;
            match self.reconnect(lost).await? {
                Ok(again) => connection = again,
                Err(end) => {
                    self.tally.unanswered += self.outbox.open_turns() as u64;
                    return Ok((end, None));
                }
            }
        }
    }

    async fn session(&mut self, connection: &mut Connection) -> io::Result<Result<End, Lost>> {
        let mut heartbeat = interval(connection.heartbeat);
        let mut redraw = interval(REDRAW_INTERVAL);
        let mut progress = interval(PROGRESS_INTERVAL);
        for interval in [&mut heartbeat, &mut redraw, &mut progress] {
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let quit = Arc::clone(&self.quit);
        self.stirred = Instant::now();
        loop {
            self.take_due(Instant::now());
            if let Err(lost) = self.send_all(connection).await {
                return Ok(Err(lost));
            }
            if let Some(end) = self.ended(Instant::now()) {
                self.redraw()?;
                return Ok(end);
            }
            tokio::select! {
                received = connection.receive() => match received {
                    Ok(frames) => self.received(frames)?,
                    Err(lost) => return Ok(Err(lost)),
                },
                () = sleep_until(self.next_wake()) => {}
                _ = heartbeat.tick() => {
                    let ping = serde_json::json!({"type": "ping", "t": self.started.elapsed().as_millis()});
                    if let Err(lost) = connection.send(ping.to_string()).await {
                        return Ok(Err(lost));
                    }
                }
                _ = redraw.tick() => self.redraw()?,
                _ = progress.tick() => self.progress(),
                () = quit.notified() => return Ok(Ok(End::Stopped)),
            }
        }
    }

    /// Offers every frame that is due, as far as there is room.
    fn take_due(&mut self, now: Instant) {
        while self.outbox.backlog() < BACKLOG_MAX {
            let Some((at, frame)) = self.next.take().or_else(|| self.read_next()) else { return };
            if self.due(at) > now {
                self.next = Some((at, frame));
                return;
            }
            self.clock = at.strftime("%Y-%m-%d %H:%M:%S").to_string();
            self.tally.turns_sent += u64::from(matches!(frame, ClientFrame::Turn { .. }));
            self.board.sent(&frame);
            self.outbox.offer(frame);
        }
    }

    fn read_next(&mut self) -> Option<(Timestamp, ClientFrame)> {
        while !self.exhausted {
            match self.schedule.next() {
                Some(Ok(Scheduled::Frame { at, frame })) => {
                    self.origin.get_or_insert(at);
                    return Some((at, frame));
                }
                Some(Ok(Scheduled::Bad(error))) => {
                    self.tally.bad_lines += 1;
                    let line = error.line.unwrap_or(0);
                    self.complain(format!(
                        "line {line} of the input: {}: {}",
                        error.code,
                        clean(&error.message)
                    ));
                }
                Some(Err(error)) => {
                    self.tally.bad_lines += 1;
                    self.complain(format!("the input cannot be read on: {error}"));
                    self.exhausted = true;
                }
                None => self.exhausted = true,
            }
        }
        None
    }

    /// When a moment of the recording comes in the time of this replay.
    fn due(&self, at: Timestamp) -> Instant {
        const FAR_SECONDS: f64 = 1e8;
        let recorded = at.duration_since(self.origin.unwrap_or(at)).as_secs_f64();
        let seconds = (recorded / self.options.speed).clamp(0.0, FAR_SECONDS);
        self.started + Duration::from_secs_f64(seconds)
    }

    async fn send_all(&mut self, connection: &mut Connection) -> Result<(), Lost> {
        if self.leaving.is_some() {
            return Ok(());
        }
        let now = Instant::now();
        let mut any = false;
        while let Some(json) = self.outbox.next(now) {
            connection.feed(json).await?;
            any = true;
        }
        if any {
            self.stirred = now;
            connection.flush().await?;
        }
        Ok(())
    }

    /// Whether this connection has done its part.
    fn ended(&mut self, now: Instant) -> Option<Result<End, Lost>> {
        if self.leaving.is_some() && self.outbox.in_flight() == 0 {
            return Some(Err(Lost { reason: "the server asked to reconnect".to_owned(), come_back: true }));
        }
        let quiet = now.saturating_duration_since(self.stirred);
        if self.outbox.in_flight() > 0 && quiet >= REPEAT_WAIT {
            let (ours, foreign) = self.outbox.take_acked_repeats(now);
            self.tally.taken += ours;
            self.tally.seen_before += foreign;
        }
        if self.outbox.in_flight() > 0 && quiet >= ANSWER_WAIT_MAX {
            return Some(Ok(End::Lost(format!("nothing came back for {} s", ANSWER_WAIT_MAX.as_secs()))));
        }
        let done = self.exhausted && self.next.is_none() && self.outbox.is_done();
        (done && quiet >= SETTLE).then_some(Ok(End::Done))
    }

    /// When something is to be done even if nothing comes in.
    fn next_wake(&self) -> Instant {
        let now = Instant::now();
        // A full window or backlog is left by an answer, not by time.
        let frame =
            self.next.as_ref().map(|(at, _)| self.due(*at)).filter(|_| self.outbox.backlog() < BACKLOG_MAX);
        let retry = self.outbox.next_due().filter(|due| *due > now);
        let quiet = [SETTLE, REPEAT_WAIT, ANSWER_WAIT_MAX]
            .map(|wait| self.stirred + wait)
            .into_iter()
            .find(|at| *at > now);
        [frame, retry, quiet].into_iter().flatten().min().unwrap_or(now + SETTLE)
    }

    fn received(&mut self, frames: Vec<Incoming>) -> io::Result<()> {
        let now = Instant::now();
        for frame in frames {
            if !matches!(frame, Incoming::Pong | Incoming::Unknown) {
                self.stirred = now;
            }
            match frame {
                Incoming::Scored(scored) => self.scored(&scored, now),
                Incoming::Ack { seq } => self.tally.taken += self.outbox.acked(seq, now),
                Incoming::Error(error) => self.refused(&error, now),
                Incoming::AlertOpened(alert) => self.alert(AlertChange::Opened, &alert)?,
                Incoming::AlertUpdated(alert) => self.alert(AlertChange::Updated, &alert)?,
                Incoming::AlertResolved(alert) => self.alert(AlertChange::Resolved, &alert)?,
                Incoming::Finding(finding) => self.finding(&finding)?,
                Incoming::Flow { window } => self.outbox.set_window(window),
                Incoming::Reconnect { after_ms } => self.leaving = Some(Duration::from_millis(after_ms)),
                Incoming::Hello { .. } | Incoming::Ready | Incoming::Pong | Incoming::Unknown => {}
            }
        }
        Ok(())
    }

    fn scored(&mut self, scored: &ScoredIn, now: Instant) {
        match self.outbox.scored(scored.seq, now) {
            Some((ClientFrame::Turn { turn, .. }, latency)) => {
                self.tally.scored += 1;
                self.tally.latency(latency);
                self.board.scored(scored, &turn);
            }
            _ => self.tally.strays += 1,
        }
    }

    fn refused(&mut self, error: &ErrorIn, now: Instant) {
        match self.outbox.refused(error, now) {
            Refusal::Again => {
                self.tally.sent_again += 1;
                self.note = format!("the server is busy: {}", clean(&error.code));
                return;
            }
            Refusal::Final => *self.tally.refused.entry(clean(&error.code)).or_default() += 1,
            Refusal::GaveUp => self.tally.unanswered += 1,
            Refusal::Unknown => self.tally.strays += 1,
        }
        self.complain(format!("{}: {}", clean(&error.code), clean(&error.message)));
    }

    fn alert(&mut self, change: AlertChange, alert: &AlertIn) -> io::Result<()> {
        let counts = match change {
            AlertChange::Opened => Some(&mut self.tally.alerts_opened),
            AlertChange::Updated => None,
            AlertChange::Resolved => Some(&mut self.tally.alerts_resolved),
        };
        if let Some(counts) = counts {
            *counts.entry(alert.severity).or_default() += 1;
        }
        let shown = self.board.alert(change, alert);
        self.screen.alert(change, &shown)
    }

    fn finding(&mut self, finding: &FindingIn) -> io::Result<()> {
        let shown = self.board.finding(finding);
        self.screen.finding(&shown)
    }

    /// Comes back after a pause that grows with every failure.
    async fn reconnect(&mut self, mut lost: Lost) -> io::Result<Result<Connection, End>> {
        let mut pause = self.leaving.take().unwrap_or(BACKOFF_FIRST);
        let quit = Arc::clone(&self.quit);
        for _ in 0..RECONNECTS_MAX {
            if !lost.come_back {
                break;
            }
            self.complain(format!("{}; trying again in {} ms", lost.reason, pause.as_millis()));
            self.redraw()?;
            let target = self.options.target.clone();
            let attempt = async {
                tokio::time::sleep(pause).await;
                Connection::open(&target).await
            };
            tokio::select! {
                opened = attempt => match opened {
                    Ok(connection) => {
                        self.tally.reconnects += 1;
                        self.note.clear();
                        return Ok(Ok(connection));
                    }
                    Err(again) => lost = again,
                },
                () = quit.notified() => return Ok(Err(End::Stopped)),
            }
            pause = jittered((pause * 2).clamp(BACKOFF_FIRST, BACKOFF_MAX));
        }
        Ok(Err(End::Lost(lost.reason)))
    }

    fn complain(&mut self, text: String) {
        self.screen.complain(&text);
        self.note = text;
    }

    fn redraw(&self) -> io::Result<()> {
        self.screen.redraw(&self.board, &self.status())
    }

    fn progress(&self) {
        if self.tally.turns_sent > 0 {
            self.screen.progress(&self.board, &self.status());
        }
    }

    fn status(&self) -> Status<'_> {
        Status {
            tally: &self.tally,
            in_flight: self.outbox.in_flight(),
            elapsed_seconds: self.started.elapsed().as_secs(),
            speed: self.options.speed,
            clock: &self.clock,
            note: &self.note,
        }
    }
}

/// Up to a quarter shorter, so that many clients do not come back in the same moment.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0u8];
    // Without randomness the full pause is as good.
    let share = getrandom::fill(&mut byte).map_or(0.0, |()| f64::from(byte[0]) / 1_024.0);
    pause.mul_f64(1.0 - share)
}
