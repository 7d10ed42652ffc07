//! `undertone score`: recorded turns through the live pipeline, one after the other, results as JSON Lines.
//!
//! Holds always: effects come in the order of the input and depend on it alone. Scores are computed ahead for
//! a chunk of the input at a time, because batches are faster; a score is a function of text and context, so
//! that computing it early changes nothing. Called by `cli`.

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
use crate::wire::{ClientFrame, Clock, ErrorFrame, Role, ServerFrame, Turn};

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

struct Run<'a, S, W> {
    pipeline: &'a Pipeline<Collector>,
    scorer: &'a mut S,
    output: W,
    options: ScoreOptions,
    frames: Arc<Mutex<Vec<ServerFrame>>>,
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
    let frames = Arc::default();
    let mut run = Run {
        pipeline,
        scorer,
        output,
        options,
        frames,
        ahead: HashMap::new(),
        newest: None,
        report: ScoreReport::default(),
    };
    match run.all(events, progress) {
        Err(ScoreRunError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            run.report.output_closed = true;
            Ok(run.report)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(run.report),
    }
}

impl<S: OfflineScorer, W: Write> Run<'_, S, W> {
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
                self.event(event);
                self.print()?;
            }
            progress.add(self.report.turns - turns_before);
        }
        if let Some(error) = failed {
            self.flush()?;
            return Err(ScoreRunError::Input(error));
        }
        if let Some(until) = self.options.until {
            self.pipeline.tick(self.turn_clock(until));
            self.print()?;
        }
        self.flush()
    }

    /// Scores what the chunk is expected to ask for. A failure is left to the turn that asks.
    fn score_ahead(&mut self, chunk: &[Event]) {
        self.ahead.clear();
        let mut seen = HashSet::new();
        let pipeline = self.pipeline;
        let mut foresight = Foresight::new(|id, role| pipeline.context_for(id, role));
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

    fn event(&mut self, Event { line, frame }: Event) {
        let ticket = |seq, turn_id: Option<&str>| Collector {
            frames: Arc::clone(&self.frames),
            line,
            seq,
            turn_id: turn_id.map(Arc::from),
        };
        match frame {
            Err(error) => self.frames.lock().push(ServerFrame::Error(*error)),
            Ok(ClientFrame::Turn { seq, turn }) => {
                let ticket = ticket(seq, Some(&turn.turn_id));
                self.turn(turn, ticket);
            }
            Ok(ClientFrame::Closed { seq, closed }) => {
                let ticket = ticket(seq, None);
                let now = self.advance(closed.ts);
                self.pipeline.closed(closed, Clock::Event, now, ticket);
            }
            Ok(ClientFrame::Transferred { seq, transferred }) => {
                let ticket = ticket(seq, None);
                let now = self.advance(transferred.ts);
                self.pipeline.transferred(transferred, Clock::Event, now, ticket);
            }
            // Live sessions have them; a recording of one may, too.
            Ok(ClientFrame::Identify(_) | ClientFrame::Subscribe(_) | ClientFrame::Ping { .. }) => {}
        }
    }

    fn turn(&mut self, turn: Turn, ticket: Collector) {
        self.report.turns += 1;
        let now = self.advance(turn.ts);
        if let Admission::Score(admitted) = self.pipeline.admit(turn, Clock::Event, now, ticket) {
            let result = self.score(&admitted);
            self.pipeline.complete(admitted, result);
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
        scores.into_iter().next().ok_or(ScoreError::Internal)
    }

    /// Fires what is due by `ts` and says what time it is then.
    fn advance(&mut self, ts: Timestamp) -> Timestamp {
        let now = self.turn_clock(ts);
        self.pipeline.tick(now);
        now
    }

    /// A `ts` before the newest one does not turn the clock back.
    fn turn_clock(&mut self, ts: Timestamp) -> Timestamp {
        let now = self.newest.map_or(ts, |newest| newest.max(ts));
        self.newest = Some(now);
        now
    }

    fn print(&mut self) -> Result<(), ScoreRunError> {
        for frame in self.frames.lock().drain(..) {
            if matches!(frame, ServerFrame::Error(_)) {
                self.report.errors += 1;
            }
            writeln!(self.output, "{}", frame.to_json()).map_err(ScoreRunError::Output)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ScoreRunError> {
        self.output.flush().map_err(ScoreRunError::Output)
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
