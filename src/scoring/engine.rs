//! One thread's share of a model: windows → scores, encoder and heads in one pass.
//!
//! Holds always: the result for a turn does not depend on which turns are asked for together. An [`Engine`] belongs to
//! one thread (tensors are not `Sync`); further ones come from [`Engine::share`]. Called by `queue`, `batch`,
//! `training::evaluate` and the benches.

use tch::{TchError, Tensor};

use super::encoder::{Encoder, Message};
use super::prepared::Prepared;
use super::readout::Readout;
use super::scores::Scores;

/// Tokens that one pass of the encoder takes at most; longer turns take several. Bounds memory, about 40 MB.
const PASS_TOKENS_MAX: usize = 2_048;

/// The part of a model that belongs to one thread.
pub struct Engine {
    encoder: Encoder,
    readout: Readout,
}

/// One window of a turn.
type Part<'a> = (&'a Prepared, usize);

impl Engine {
    pub(super) fn new(encoder: Encoder, readout: Readout) -> Self {
        Engine { encoder, readout }
    }

    /// The same model for another thread; nothing is copied.
    pub fn share(&self) -> Self {
        Engine { encoder: self.encoder.share(), readout: self.readout.share() }
    }

    /// Scores turns; the result does not depend on which turns are asked for together.
    ///
    /// # Errors
    /// [`TchError`] from libtorch.
    pub fn score(&self, turns: &[&Prepared]) -> Result<Vec<Scores>, TchError> {
        let mut readings = Vec::new();
        for_each_pass(turns, |pass| {
            let tokens = self.encode(pass)?;
            readings.extend(self.readout.read(&tokens, pass)?);
            Ok(())
        })?;
        let mut readings = readings.into_iter();
        Ok(turns.iter().map(|turn| turn.scores(&mut readings)).collect())
    }

    /// The encoder's part of [`Engine::score`] alone, for the bench that tells what the heads cost.
    ///
    /// # Errors
    /// [`TchError`] from libtorch.
    pub fn encode_only(&self, turns: &[&Prepared]) -> Result<(), TchError> {
        for_each_pass(turns, |pass| self.encode(pass).map(drop))
    }

    fn encode(&self, pass: &[Part<'_>]) -> Result<Tensor, TchError> {
        let windows = pass.iter().map(|(turn, at)| &turn.windows()[*at]);
        let messages: Vec<Message<'_>> =
            windows.map(|w| Message { ids: &w.ids, segments: &w.segments }).collect();
        self.encoder.forward(&messages)
    }
}

/// Goes through all windows in passes of bounded size.
fn for_each_pass(
    turns: &[&Prepared],
    mut run: impl FnMut(&[Part<'_>]) -> Result<(), TchError>,
) -> Result<(), TchError> {
    // tch takes the guard per thread; without it every pass would build a graph for gradients.
    let _guard = tch::no_grad_guard();
    let parts: Vec<Part<'_>> =
        turns.iter().flat_map(|turn| (0..turn.windows().len()).map(|at| (*turn, at))).collect();
    let mut rest = parts.as_slice();
    while !rest.is_empty() {
        let (pass, later) = rest.split_at(pass_length(rest));
        run(pass)?;
        rest = later;
    }
    Ok(())
}

/// How many of the first windows go into one pass: at least one, then as the token limit allows.
fn pass_length(parts: &[Part<'_>]) -> usize {
    let mut tokens = 0;
    let fitting = parts.iter().take_while(|(turn, at)| {
        tokens += turn.windows()[*at].ids.len();
        tokens <= PASS_TOKENS_MAX
    });
    fitting.count().max(1)
}
