//! Many turns at once, for work that does not wait for the next turn: `undertone score`.
//!
//! Holds always: which turns share a batch depends on the turns asked for alone, not on threads or time, so that
//! the same question gives the same bits. Called by `offline::score`.

use std::ops::Range;
use std::sync::Arc;

use super::model::{Engine, Model, Prepared, Tokenizing};
use super::{ScoreError, Scores};

/// Tokens of one batch; a single longer turn is a batch of its own.
const BATCH_TOKENS: usize = 2_048;

/// A model on several threads.
pub struct BatchScorer {
    tokenizing: Arc<Tokenizing>,
    engine: Engine,
    threads: usize,
}

impl BatchScorer {
    /// Scores with so many threads, at least one.
    pub fn new(model: Model, threads: usize) -> Self {
        let Model { tokenizing, engine, .. } = model;
        BatchScorer { tokenizing, engine, threads: threads.max(1) }
    }

    /// One result per text, in order.
    ///
    /// # Errors
    /// [`ScoreError::Internal`] when libtorch fails; none of the texts has a score then.
    pub fn score_all(&self, texts: &[&str]) -> Result<Vec<Scores>, ScoreError> {
        let prepared: Vec<Prepared> = texts.iter().map(|text| self.tokenizing.prepare(text)).collect();
        let prepared: Vec<&Prepared> = prepared.iter().collect();
        let tokens: Vec<usize> = prepared.iter().map(|turn| turn.tokens()).collect();
        let batches = batches(&tokens);
        let threads = self.threads.min(batches.len());
        // A tensor must not be used by two threads at once; handing out another handle to it is free.
        let engines: Vec<Engine> = (0..threads).map(|_| self.engine.share()).collect();
        let (prepared, batches) = (&prepared, &batches);
        std::thread::scope(|scope| {
            let run = |(index, engine): (usize, Engine)| {
                scope.spawn(move || {
                    // Threads of ours, each one libtorch thread, as in the live queue.
                    tch::set_num_threads(1);
                    let own = batches.iter().skip(index).step_by(threads);
                    own.map(|batch| Ok((batch.clone(), score_batch(&engine, &prepared[batch.clone()])?)))
                        .collect()
                })
            };
            let running: Vec<_> = engines.into_iter().enumerate().map(run).collect();
            let mut scores = vec![None; texts.len()];
            for thread in running {
                let done: Result<Vec<(Range<usize>, Vec<Scores>)>, ScoreError> =
                    thread.join().map_err(|_| ScoreError::Internal)?;
                for (batch, scored) in done? {
                    batch.zip(scored).for_each(|(place, score)| scores[place] = Some(score));
                }
            }
            scores.into_iter().collect::<Option<_>>().ok_or(ScoreError::Internal)
        })
    }
}

fn score_batch(engine: &Engine, turns: &[&Prepared]) -> Result<Vec<Scores>, ScoreError> {
    engine.score(turns).map_err(|error| {
        // libtorch's messages speak of shapes, never of text.
        tracing::error!(event = "scoring_failed", %error, "libtorch refused a batch");
        ScoreError::Internal
    })
}

/// Turns in their order, cut where the next one would go beyond the budget.
fn batches(tokens: &[usize]) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let (mut begin, mut sum) = (0, 0);
    for (place, &count) in tokens.iter().enumerate() {
        if place > begin && sum + count > BATCH_TOKENS {
            batches.push(begin..place);
            (begin, sum) = (place, 0);
        }
        sum += count;
    }
    if begin < tokens.len() {
        batches.push(begin..tokens.len());
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_to_the_budget_and_leave_no_turn_out() {
        assert!(batches(&[]).is_empty());
        assert_eq!(batches(&[1]), [0..1]);
        assert_eq!(batches(&[BATCH_TOKENS, 1]), [0..1, 1..2]);
        assert_eq!(batches(&[1, BATCH_TOKENS - 1, 1]), [0..2, 2..3]);
        assert_eq!(batches(&[5 * BATCH_TOKENS, 2, 3, 5 * BATCH_TOKENS]), [0..1, 1..3, 3..4]);
    }
}
