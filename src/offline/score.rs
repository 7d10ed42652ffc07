//! Recorded turns through the live pipeline, one after the other: `undertone score` prints what comes of it as JSON
//! Lines; `backtest` runs two pipelines side by side on the same scores.
//!
//! Holds always: effects come in the order of the input and depend on it alone. Scores are computed ahead for
//! a chunk of the input at a time, because batches are faster; a score is a function of text and context, so
//! that computing it early changes nothing, and each is computed once. Called by `cli` and `backtest`.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::foresight::Foresight;
use super::progress::Progress;
use super::reader::Event;
use crate::pipeline::{Admission, Admitted, Answer, Pipeline, Ticket};
use crate::scoring::{BatchScorer, ScoreError, ScoreInput, Scores};
use crate::wire::{ClientFrame, Clock, ErrorFrame, Role, ServerFrame};

/// How many frames are read ahead, to score their turns in batches.
pub const CHUNK_EVENTS_MAX: usize = 512;

/// Scores many turns at once. The same inputs in the same order give the same bits.
pub trait OfflineScorer {
    /// One result per input, in order.
    ///
    /// # Errors
    /// When the model fails; none of the inputs has a score then.
    fn score_all(&mut self, inputs: &[ScoreInput]) -> Result<Vec<Scores>, ScoreError>;

    /// What of an input the model reads. Inputs that are alike in it are scored once.
    fn read(&self, input: ScoreInput) -> ScoreInput {
        input
    }
}

/// What to print.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScoreOptions {
    /// Timers due by then fire at the end of the input.
    pub until: Option<Timestamp>,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScoreReport {
    pub turns: u64,
    /// Lines and turns that were refused.
    pub errors: u64,
    /// Turns whose context was not the one foreseen, so that they were scored alone.
    pub scored_alone: u64,
    /// Whoever read the output had enough of it.
    pub output_closed: bool,
}

/// Why a run ended early. What was printed before stands.
#[derive(Debug, thiserror::Error)]
pub enum ScoreRunError {
    #[error("cannot read the input: {0}")]
    Input(#[source] io::Error),
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
}

/// Collects what the pipeline says, in its order.
#[derive(Clone)]
pub struct Collector {
    frames: Arc<Mutex<Vec<ServerFrame>>>,
    line: u64,
    seq: Option<u64>,
    turn_id: Option<Arc<str>>,
}

/// Hears what a run does, in its order.
pub trait Listener {
    /// The event takes effect next; what was due before it has been said.
    fn before(&mut self, _event: &Event) {}

    /// Something that the pipeline at `lane` said.
    ///
    /// # Errors
    /// When it cannot be passed on; the run ends.
    fn frame(&mut self, lane: usize, frame: ServerFrame) -> io::Result<()>;

    /// Nothing more comes.
    ///
    /// # Errors
    /// When what came cannot be passed on.
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Prints the frames.
struct Printer<W>(W);

/// A pipeline and what it has said since it was last asked.
struct Lane<'a> {
    pipeline: &'a Pipeline<Collector>,
    frames: Arc<Mutex<Vec<ServerFrame>>>,
}

struct Run<'a, S, L> {
    lanes: Vec<Lane<'a>>,
    scorer: &'a mut S,
    listener: L,
    options: ScoreOptions,
    ahead: HashMap<ScoreInput, Scores>,
    newest: Option<Timestamp>,
    report: ScoreReport,
}

/// Runs `events` through `pipeline` and prints what comes of it.
///
/// # Errors
/// When reading or writing fails; a reader that hangs up is not an error.
pub fn run<S: OfflineScorer, W: Write>(
    events: impl Iterator<Item = io::Result<Event>>,
    pipeline: &Pipeline<Collector>,
    scorer: &mut S,
    output: W,
    options: ScoreOptions,
    progress: &mut Progress,
) -> Result<ScoreReport, ScoreRunError> {
    run_lanes(events, &[pipeline], scorer, Printer(output), options, progress)
}

/// Runs `events` through each of `pipelines`, which differ in nothing that changes what is to be scored, and tells
/// `listener` what comes of it.
///
/// # Errors
/// When reading or the listener fails; a reader that hangs up is not an error.
pub fn run_lanes<'a, S: OfflineScorer, L: Listener>(
    events: impl Iterator<Item = io::Result<Event>>,
    pipelines: &[&'a Pipeline<Collector>],
    scorer: &'a mut S,
    listener: L,
    options: ScoreOptions,
    progress: &mut Progress,
) -> Result<ScoreReport, ScoreRunError> {
    let lane = |pipeline: &&'a _| Lane { pipeline, frames: Arc::default() };
    let lanes = pipelines.iter().map(lane).collect();
    let report = ScoreReport::default();
    let mut run = Run { lanes, scorer, listener, options, ahead: HashMap::new(), newest: None, report };
    match run.all(events, progress) {
        Err(ScoreRunError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            run.report.output_closed = true;
            Ok(run.report)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(run.report),
    }
}

impl<S: OfflineScorer, L: Listener> Run<'_, S, L> {
    fn all(
        &mut self,
        mut events: impl Iterator<Item = io::Result<Event>>,
        progress: &mut Progress,
    ) -> Result<(), ScoreRunError> {
        let mut chunk = Vec::with_capacity(CHUNK_EVENTS_MAX);
        let mut failed = None;
        loop {
            while chunk.len() < CHUNK_EVENTS_MAX && failed.is_none() {
                match events.next() {
                    Some(Ok(event)) => chunk.push(event),
                    Some(Err(error)) => failed = Some(error),
                    None => break,
                }
            }
            if chunk.is_empty() {
                break;
            }
            self.score_ahead(&chunk);
            let turns_before = self.report.turns;
            for event in chunk.drain(..) {
                self.event(event)?;
                self.pass_on()?;
            }
            progress.add(self.report.turns - turns_before);
        }
        if let Some(error) = failed {
            self.end()?;
            return Err(ScoreRunError::Input(error));
        }
        if let Some(until) = self.options.until {
            self.advance(until);
            self.pass_on()?;
        }
        self.end()
    }

    /// Scores what the chunk is expected to ask for. A failure is left to the turn that asks.
    fn score_ahead(&mut self, chunk: &[Event]) {
        self.ahead.clear();
        let mut seen = HashSet::new();
        // Every pipeline has the same turns, and so the same contexts.
        let first = self.lanes.first().map(|lane| lane.pipeline);
        let mut foresight = Foresight::new(|id: &str, role| first?.context_for(id, role));
        let turns = chunk.iter().filter_map(|event| match &event.frame {
            Ok(ClientFrame::Turn { turn, .. }) => foresight.input(turn),
            _ => None,
        });
        let inputs: Vec<ScoreInput> =
            turns.map(|input| self.scorer.read(input)).filter(|input| seen.insert(input.clone())).collect();
        if inputs.is_empty() {
            return;
        }
        if let Ok(scores) = self.scorer.score_all(&inputs) {
            self.ahead.extend(inputs.into_iter().zip(scores));
        }
    }

    fn event(&mut self, event: Event) -> Result<(), ScoreRunError> {
        let now = match &event.frame {
            Ok(ClientFrame::Turn { turn, .. }) => self.advance(turn.ts),
            Ok(ClientFrame::Closed { closed, .. }) => self.advance(closed.ts),
            Ok(ClientFrame::Transferred { transferred, .. }) => self.advance(transferred.ts),
            // Live sessions have them; a recording of one may, too.
            Ok(ClientFrame::Identify(_) | ClientFrame::Subscribe(_) | ClientFrame::Ping { .. }) => {
                return Ok(());
            }
            Err(error) => {
                for lane in &self.lanes {
                    lane.frames.lock().push(ServerFrame::Error((**error).clone()));
                }
                return Ok(());
            }
        };
        self.pass_on()?;
        self.listener.before(&event);
        self.report.turns += u64::from(matches!(event.frame, Ok(ClientFrame::Turn { .. })));
        let Event { line, frame } = event;
        let Ok(frame) = frame else { return Ok(()) };
        for lane in 1..self.lanes.len() {
            self.take(lane, line, frame.clone(), now);
        }
        self.take(0, line, frame, now);
        Ok(())
    }

    fn take(&mut self, lane: usize, line: u64, frame: ClientFrame, now: Timestamp) {
        let Lane { pipeline, frames } = &self.lanes[lane];
        let pipeline = *pipeline;
        let frames = Arc::clone(frames);
        let ticket =
            |seq, turn_id: Option<&str>| Collector { frames, line, seq, turn_id: turn_id.map(Arc::from) };
        match frame {
            ClientFrame::Turn { seq, turn } => {
                let ticket = ticket(seq, Some(&turn.turn_id));
                if let Admission::Score(admitted) = pipeline.admit(turn, Clock::Event, now, ticket) {
                    let result = self.score(&admitted);
                    pipeline.complete(admitted, result);
                }
            }
            ClientFrame::Closed { seq, closed } => {
                pipeline.closed(closed, Clock::Event, now, ticket(seq, None));
            }
            ClientFrame::Transferred { seq, transferred } => {
                pipeline.transferred(transferred, Clock::Event, now, ticket(seq, None));
            }
            ClientFrame::Identify(_) | ClientFrame::Subscribe(_) | ClientFrame::Ping { .. } => {}
        }
    }

    fn score(&mut self, admitted: &Admitted) -> Result<Scores, ScoreError> {
        let input = self.scorer.read(ScoreInput {
            role: admitted.role,
            text: Arc::clone(&admitted.text),
            context: admitted.context.clone(),
        });
        if let Some(scores) = self.ahead.get(&input) {
            return Ok(scores.clone());
        }
        self.report.scored_alone += 1;
        let scores = self.scorer.score_all(std::slice::from_ref(&input))?;
        let scores = scores.into_iter().next().ok_or(ScoreError::Internal)?;
        // The next pipeline asks the same.
        self.ahead.insert(input, scores.clone());
        Ok(scores)
    }

    /// Fires what is due by `ts` and says what time it is then: a `ts` before the newest one does not turn the clock
    /// back.
    fn advance(&mut self, ts: Timestamp) -> Timestamp {
        let now = self.newest.map_or(ts, |newest| newest.max(ts));
        self.newest = Some(now);
        for lane in &self.lanes {
            lane.pipeline.tick(now);
        }
        now
    }

    fn pass_on(&mut self) -> Result<(), ScoreRunError> {
        for (index, lane) in self.lanes.iter().enumerate() {
            for frame in lane.frames.lock().drain(..) {
                // What one pipeline refuses the others refuse too.
                self.report.errors += u64::from(index == 0 && matches!(frame, ServerFrame::Error(_)));
                self.listener.frame(index, frame).map_err(ScoreRunError::Output)?;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), ScoreRunError> {
        self.listener.end().map_err(ScoreRunError::Output)
    }
}

impl<W: Write> Listener for Printer<W> {
    fn frame(&mut self, _lane: usize, frame: ServerFrame) -> io::Result<()> {
        writeln!(self.0, "{}", frame.to_json())
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Ticket for Collector {
    fn answer(&self, answer: Answer) {
        let frame = match answer {
            Answer::Scored(scored) => {
                let mut scored = Arc::unwrap_or_clone(scored);
                scored.seq = self.seq;
                scored.latency_ms = None;
                ServerFrame::Scored(Box::new(scored))
            }
            Answer::Taken => return,
            Answer::Refused { code, message, retry_after_ms } => ServerFrame::Error(ErrorFrame {
                retry_after_ms,
                seq: self.seq,
                turn_id: self.turn_id.as_deref().map(str::to_owned),
                line: Some(self.line),
                ..ErrorFrame::new(code, message)
            }),
        };
        self.frames.lock().push(frame);
    }

    fn notify(&self, frame: &ServerFrame) {
        self.frames.lock().push(frame.clone());
    }
}

impl OfflineScorer for BatchScorer {
    fn score_all(&mut self, inputs: &[ScoreInput]) -> Result<Vec<Scores>, ScoreError> {
        BatchScorer::score_all(self, inputs)
    }

    fn read(&self, input: ScoreInput) -> ScoreInput {
        // Agents and bots are asked the same.
        let role = if input.role.is_business() { Role::Agent } else { input.role };
        ScoreInput { role, ..input }
    }
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
