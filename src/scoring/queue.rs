//! The scoring threads and the bounded queue before them.
//!
//! Holds always: at most `turns_max` turns and `tokens_max` tokens wait; every submitted turn's `done` is called
//! exactly once; a batch is whatever arrived while the last one ran, up to a token budget, with no artificial
//! wait; a turn that fails alone does not take its neighbours with it. Called by `gateway::live` and the benches.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::time::Instant;

use super::engine::Engine;
use super::model::Model;
use super::prepared::{Prepared, Tokenized, Tokenizing};
use super::{ScoreError, Scores};
use crate::wire::Role;

/// Bounds of the advice how long to wait after a refusal.
const RETRY_MS_MIN: u64 = 100;
const RETRY_MS_MAX: u64 = 10_000;
/// Assumed until the first batch has been measured.
const TOKENS_PER_SECOND_AT_FIRST: f64 = 2_000.0;
/// Weight of the newest batch in the measured rate.
const RATE_DECAY: f64 = 0.1;

/// How the queue and its threads are set.
#[derive(Clone, Copy, Debug)]
pub struct ScorerOptions {
    /// Threads, each with one libtorch thread.
    pub threads: usize,
    /// Turns that may wait.
    pub turns_max: usize,
    /// Tokens that may wait.
    pub tokens_max: usize,
    /// Tokens of one batch; a single longer turn is a batch of its own.
    pub batch_tokens: usize,
    /// A turn that waited longer is refused as expired: a score this late helps nobody.
    pub wait_max: Duration,
}

/// What the queue tells the outside, for metrics.
pub trait Observer: Send + Sync + 'static {
    /// A turn entered the queue.
    fn pushed(&self) {}
    /// A turn left the queue after `waited`.
    fn popped(&self, _waited: Duration) {}
    /// A batch was encoded in `took`.
    fn batch(&self, _turns: usize, _tokens: usize, _took: Duration) {}
}

/// Nobody listens: benches and offline runs.
pub struct Silent;

impl Observer for Silent {}

/// Called once with the result, on a scoring thread; must be quick.
pub type Done = Box<dyn FnOnce(Result<Scores, ScoreError>) + Send>;

/// The handle that turns are submitted to.
pub struct Scorer {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Room in the queue for one tokenised turn with the longest context that there may be; given back when dropped.
pub struct Reservation {
    shared: Arc<Shared>,
    turn: Option<Tokenized>,
}

struct Shared {
    tokenizing: Arc<Tokenizing>,
    options: ScorerOptions,
    observer: Arc<dyn Observer>,
    state: Mutex<State>,
    work: Condvar,
    idle: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    /// Reserved, queued or being encoded.
    turns: usize,
    /// The same; what is only reserved counts with the longest context that there may be.
    tokens: usize,
    /// Threads that are encoding.
    busy: usize,
    tokens_per_second: f64,
    stopping: bool,
}

struct Job {
    prepared: Prepared,
    queued: Instant,
    done: Done,
}

impl Scorer {
    /// Starts the threads.
    pub fn start(model: Model, options: ScorerOptions, observer: Arc<dyn Observer>) -> Self {
        let Model { tokenizing, engine, .. } = model;
        let state = State {
            jobs: VecDeque::new(),
            turns: 0,
            tokens: 0,
            busy: 0,
            tokens_per_second: TOKENS_PER_SECOND_AT_FIRST,
            stopping: false,
        };
        let shared = Arc::new(Shared {
            tokenizing,
            options,
            observer,
            state: Mutex::new(state),
            work: Condvar::new(),
            idle: Condvar::new(),
        });
        let spawn = |(index, engine): (usize, Engine)| {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name(format!("scoring-{index}"))
                .spawn(move || shared.run(&engine))
                .expect("the system refused a thread at start")
        };
        let engines = (0..options.threads.max(1)).map(|_| engine.share()).collect::<Vec<_>>();
        let threads = engines.into_iter().enumerate().map(spawn).collect();
        Scorer { shared, threads: Mutex::new(threads) }
    }

    /// Tokenises a turn and takes room in the queue for it. Its context is known only once it is admitted to its
    /// conversation, which it must not be before there is room.
    ///
    /// # Errors
    /// [`ScoreError::Overloaded`] when the queue is full.
    pub fn reserve(&self, role: Role, text: &str) -> Result<Reservation, ScoreError> {
        let turn = self.shared.tokenizing.tokenize(role, text);
        let tokens = turn.tokens_max();
        let mut state = self.shared.state.lock();
        let options = &self.shared.options;
        // A turn longer than the whole token limit still gets in when nothing else waits.
        let full = state.turns >= options.turns_max
            || (state.tokens > 0 && state.tokens + tokens > options.tokens_max);
        if full {
            return Err(ScoreError::Overloaded { retry_after_ms: retry_after_ms(&state) });
        }
        state.turns += 1;
        state.tokens += tokens;
        drop(state);
        Ok(Reservation { shared: self.shared.clone(), turn: Some(turn) })
    }

    /// How full the queue is, 0 to 1.
    pub fn pressure(&self) -> f64 {
        let state = self.shared.state.lock();
        let options = &self.shared.options;
        (state.turns as f64 / options.turns_max as f64).max(state.tokens as f64 / options.tokens_max as f64)
    }

    /// Waits until everything that was submitted has been answered. Blocks.
    pub fn drain(&self) {
        let mut state = self.shared.state.lock();
        while !state.jobs.is_empty() || state.busy > 0 {
            self.shared.idle.wait(&mut state);
        }
    }
}

impl Drop for Scorer {
    fn drop(&mut self) {
        self.shared.state.lock().stopping = true;
        self.shared.work.notify_all();
        for thread in self.threads.lock().drain(..) {
            // A panic there was caught and answered already; there is nothing more to tell.
            let _ = thread.join();
        }
    }
}

impl Reservation {
    /// Puts the turn into the queue, behind its context; `done` will be called once.
    pub fn submit(mut self, context: Option<&str>, done: Done) {
        let turn = self.turn.take().expect("a reservation is submitted once: this is a bug");
        let reserved = turn.tokens_max();
        let prepared = self.shared.tokenizing.assemble(turn, context);
        self.shared.observer.pushed();
        let mut state = self.shared.state.lock();
        // From here on it counts as what it is.
        state.tokens = state.tokens - reserved + prepared.tokens();
        state.jobs.push_back(Job { prepared, queued: Instant::now(), done });
        drop(state);
        self.shared.work.notify_one();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            let mut state = self.shared.state.lock();
            state.turns -= 1;
            state.tokens -= turn.tokens_max();
        }
    }
}

impl Shared {
    fn run(&self, engine: &Engine) {
        // Every worker is one libtorch thread: two workers with two threads each would fight for the cores.
        tch::set_num_threads(1);
        while let Some(jobs) = self.next_batch() {
            let turns = jobs.len();
            let tokens = jobs.iter().map(|job| job.prepared.tokens()).sum();
            let began = Instant::now();
            self.answer(engine, jobs);
            let took = began.elapsed();
            self.observer.batch(turns, tokens, took);
            self.finish(turns, tokens, took);
        }
    }

    /// Blocks for work; none when the scorer is dropped and nothing waits any more.
    fn next_batch(&self) -> Option<Vec<Job>> {
        let mut state = self.state.lock();
        while state.jobs.is_empty() {
            if state.stopping {
                return None;
            }
            self.work.wait(&mut state);
        }
        let mut tokens = 0;
        let mut batch = Vec::new();
        while let Some(job) = state.jobs.front() {
            tokens += job.prepared.tokens();
            if !batch.is_empty() && tokens > self.options.batch_tokens {
                break;
            }
            batch.extend(state.jobs.pop_front());
        }
        state.busy += 1;
        Some(batch)
    }

    fn answer(&self, engine: &Engine, jobs: Vec<Job>) {
        let (mut fresh, mut late) = (Vec::with_capacity(jobs.len()), Vec::new());
        for job in jobs {
            let waited = job.queued.elapsed();
            self.observer.popped(waited);
            if waited > self.options.wait_max { late.push(job) } else { fresh.push(job) }
        }
        let mut answers = Vec::with_capacity(fresh.len() + late.len());
        let prepared: Vec<&Prepared> = fresh.iter().map(|job| &job.prepared).collect();
        match guarded(engine, &prepared) {
            Ok(scores) => answers.extend(scores.into_iter().map(Ok)),
            // One of them is poison: alone, each shows which.
            Err(_) if fresh.len() > 1 => {
                answers.extend(prepared.iter().map(|one| {
                    guarded(engine, &[*one])
                        .and_then(|scores| scores.into_iter().next().ok_or(ScoreError::Internal))
                }));
            }
            Err(error) => answers.push(Err(error)),
        }
        answers.extend(late.iter().map(|_| Err(ScoreError::Expired)));
        for (job, answer) in fresh.into_iter().chain(late).zip(answers) {
            if catch_unwind(AssertUnwindSafe(|| (job.done)(answer))).is_err() {
                tracing::error!("applying a score panicked: this is a bug");
            }
        }
    }

    fn finish(&self, turns: usize, tokens: usize, took: Duration) {
        let mut state = self.state.lock();
        state.busy -= 1;
        state.turns -= turns;
        state.tokens -= tokens;
        let rate = tokens as f64 * self.options.threads as f64 / took.as_secs_f64().max(1e-6);
        state.tokens_per_second += RATE_DECAY * (rate - state.tokens_per_second);
        if state.jobs.is_empty() && state.busy == 0 {
            self.idle.notify_all();
        }
    }
}

/// Scores with libtorch's errors and panics turned into answers.
fn guarded(engine: &Engine, prepared: &[&Prepared]) -> Result<Vec<Scores>, ScoreError> {
    match catch_unwind(AssertUnwindSafe(|| engine.score(prepared))) {
        Ok(Ok(scores)) => Ok(scores),
        Ok(Err(error)) => {
            // libtorch's messages speak of shapes, never of text.
            tracing::error!(%error, "libtorch refused a batch");
            Err(ScoreError::Internal)
        }
        Err(_) => {
            tracing::error!("scoring a batch panicked");
            Err(ScoreError::Internal)
        }
    }
}

/// When half of what waits now should be gone.
fn retry_after_ms(state: &State) -> u64 {
    let seconds = state.tokens as f64 / 2.0 / state.tokens_per_second.max(1.0);
    ((seconds * 1e3) as u64).clamp(RETRY_MS_MIN, RETRY_MS_MAX)
}
