//! A scorer without a model: deterministic, with a small queue, and it can be held still.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use undertone::gateway::live::{Done, Reservation, TurnScorer};
use undertone::scoring::{LabelScore, Name, ScoreError, Scores, Sentiment};
use undertone::wire::{Role, Signal};

/// What it says when it is full.
pub const RETRY_AFTER_MS: u64 = 400;

pub struct FakeScorer {
    shared: Arc<Shared>,
    capacity: usize,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    delay: Duration,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<(String, Done)>,
    reserved: usize,
    busy: usize,
    held: bool,
    /// The next jobs are forgotten instead of done.
    forgetful: bool,
}

struct Room {
    shared: Arc<Shared>,
    text: Option<String>,
}

impl FakeScorer {
    /// `capacity` turns may wait; each takes `delay`.
    pub fn new(capacity: usize, delay: Duration) -> Arc<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), delay });
        for _ in 0..2 {
            let shared = shared.clone();
            std::thread::spawn(move || shared.run());
        }
        Arc::new(FakeScorer { shared, capacity })
    }

    /// Nothing is scored until released.
    pub fn hold(&self) {
        self.shared.state.lock().held = true;
    }

    pub fn release(&self) {
        self.shared.state.lock().held = false;
        self.shared.changed.notify_all();
    }

    /// From now on jobs are dropped without a result.
    pub fn forget(&self) {
        self.shared.state.lock().forgetful = true;
    }
}

impl TurnScorer for FakeScorer {
    fn reserve(&self, _role: Role, text: &str) -> Result<Box<dyn Reservation>, ScoreError> {
        let mut state = self.shared.state.lock();
        if state.reserved >= self.capacity {
            return Err(ScoreError::Overloaded { retry_after_ms: RETRY_AFTER_MS });
        }
        state.reserved += 1;
        Ok(Box::new(Room { shared: self.shared.clone(), text: Some(text.to_owned()) }))
    }

    fn pressure(&self) -> f64 {
        self.shared.state.lock().reserved as f64 / self.capacity as f64
    }

    fn drain(&self) {
        let mut state = self.shared.state.lock();
        while state.busy > 0 || !state.jobs.is_empty() {
            self.shared.changed.wait(&mut state);
        }
    }
}

impl Reservation for Room {
    fn submit(mut self: Box<Self>, _context: Option<Arc<str>>, done: Done) {
        let text = self.text.take().expect("submitted once");
        self.shared.state.lock().jobs.push_back((text, done));
        self.shared.changed.notify_all();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.text.is_some() {
            self.shared.state.lock().reserved -= 1;
        }
    }
}

impl Shared {
    fn run(&self) {
        loop {
            let (text, done) = self.next();
            self.work();
            if self.state.lock().forgetful {
                drop(done);
            } else {
                done(Ok(scores(&text)));
            }
            self.state.lock().busy -= 1;
            self.changed.notify_all();
        }
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a scoring thread is no async worker, and scoring takes time"
    )]
    fn work(&self) {
        std::thread::sleep(self.delay);
    }

    fn next(&self) -> (String, Done) {
        let mut state = self.state.lock();
        loop {
            if !state.held
                && let Some(job) = state.jobs.pop_front()
            {
                state.reserved -= 1;
                state.busy += 1;
                return job;
            }
            self.changed.wait(&mut state);
        }
    }
}

/// Upset when the text says so; frustrated too, so that an alert opens, when it is `raging`.
fn scores(text: &str) -> Scores {
    let raging = text.contains("raging");
    let negative = if raging || text.contains("furious") { 0.95 } else { 0.05 };
    let positive = if text.contains("thanks") { 0.9 } else { 0.04 };
    let neutral = (1.0_f64 - negative - positive).max(0.01);
    let sum = negative + neutral + positive;
    let sentiment = Sentiment { negative: negative / sum, neutral: neutral / sum, positive: positive / sum };
    let name = Name::Signal(Signal::Frustration);
    let evidence = Some(0..text.chars().count() as u32);
    let labels = raging.then_some(LabelScore { name, probability: 0.95, evidence });
    Scores { labels: labels.into_iter().collect(), ..Scores::of_sentiment(sentiment) }
}
