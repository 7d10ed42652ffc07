//! Many turns at once, offline: the same inputs in the same order give the same bits, however many threads.
//!
//! Holds always: which turns share a batch is a function of the inputs alone, never of threads or timing.
//! Called by `offline`.

use super::engine::Engine;
use super::model::Model;
use super::prepared::{Prepared, Tokenizing};
use super::{ScoreError, ScoreInput, Scores};
use std::sync::Arc;

/// Tokens of one batch; about where packing stops paying.
const BATCH_TOKENS: usize = 512;

/// A model with some threads, for recorded conversations.
pub struct BatchScorer {
    tokenizing: Arc<Tokenizing>,
    engines: Vec<Engine>,
}

impl BatchScorer {
    /// Shares the model among `threads` threads.
    pub fn new(model: Model, threads: usize) -> Self {
        let Model { tokenizing, engine, .. } = model;
        let mut engines: Vec<Engine> = (1..threads).map(|_| engine.share()).collect();
        engines.push(engine);
        BatchScorer { tokenizing, engines }
    }

    /// One result for each input, in order.
    ///
    /// # Errors
    /// [`ScoreError::Internal`] when libtorch fails.
    pub fn score_all(&mut self, inputs: &[ScoreInput]) -> Result<Vec<Scores>, ScoreError> {
        let prepare = |ScoreInput { role, text, context }: &ScoreInput| {
            self.tokenizing.prepare(*role, text, context.as_deref())
        };
        let prepared: Vec<Prepared> = inputs.iter().map(prepare).collect();
        let batches = batches(&prepared);
        let (prepared, batches) = (&prepared, &batches);
        let threads = self.engines.len();
        let answers = std::thread::scope(|scope| {
            // Collected at once, or they would run one after the other.
            let running: Vec<_> = self
                .engines
                .iter_mut()
                .enumerate()
                .map(|(first, engine)| scope.spawn(move || run(engine, prepared, batches, first, threads)))
                .collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or(Err(ScoreError::Internal)))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let mut scores = vec![None; inputs.len()];
        for (index, answer) in answers.into_iter().flatten().flatten() {
            scores[index] = Some(answer);
        }
        Ok(scores.into_iter().map(|s| s.expect("every input is in one batch: this is a bug")).collect())
    }
}

/// Every `threads`-th batch from the `first` on. An exclusive reference, since a shared one may not cross threads.
fn run(
    engine: &mut Engine,
    prepared: &[Prepared],
    batches: &[Vec<usize>],
    first: usize,
    threads: usize,
) -> Result<Vec<Vec<(usize, Scores)>>, ScoreError> {
    tch::set_num_threads(1);
    batches.iter().skip(first).step_by(threads).map(|batch| score(engine, prepared, batch)).collect()
}

/// Places of inputs, by length, in batches of about [`BATCH_TOKENS`].
fn batches(prepared: &[Prepared]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..prepared.len()).collect();
    order.sort_by_key(|&index| prepared[index].tokens());
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut tokens = BATCH_TOKENS;
    for index in order {
        let cost = prepared[index].tokens();
        if tokens + cost > BATCH_TOKENS {
            batches.push(Vec::new());
            tokens = 0;
        }
        tokens += cost;
        batches.last_mut().expect("one was pushed first: this is a bug").push(index);
    }
    batches
}

fn score(
    engine: &Engine,
    prepared: &[Prepared],
    batch: &[usize],
) -> Result<Vec<(usize, Scores)>, ScoreError> {
    let turns: Vec<&Prepared> = batch.iter().map(|&index| &prepared[index]).collect();
    let scores = engine.score(&turns).map_err(|error| {
        tracing::error!(%error, "libtorch refused a batch");
        ScoreError::Internal
    })?;
    Ok(batch.iter().copied().zip(scores).collect())
}
