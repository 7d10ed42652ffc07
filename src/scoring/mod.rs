//! A turn's text and its stated context → [`Scores`].
//!
//! Holds always: a score is a function of text and context only, never of batch mates, worker or arrival
//! time; nothing outside this room and `training` sees a tensor. Called by `pipeline` and `offline`.

mod batch;
mod encoder;
mod heads;
mod model;
mod queue;
mod text;
mod window;

use std::sync::Arc;

pub use batch::BatchScorer;
pub use encoder::{Encoder, Linear, Message, Weights, WeightsError};
pub use heads::{Heads, Output, SentimentHead};
pub use model::{
    CHECKED_FILES, CONFIG_FILE, Engine, MANIFEST_FILE, Manifest, Model, ModelError, Prepared, Tokenizing,
    VOCAB_FILE, WEIGHTS_FILE, file_sha256, read_json, read_weights,
};
pub use queue::{Done, Observer, Reservation, Scorer, ScorerOptions, Silent};
pub use text::{Text, TextError, Tokens, normalize};
pub use window::{Window, context_tail};

use crate::wire::{Label, Role};

/// What is scored: one turn, and the other side's previous turn as context.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ScoreInput {
    pub role: Role,
    pub text: Arc<str>,
    pub context: Option<Arc<str>>,
}

/// What the model says of one turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    pub sentiment: Sentiment,
    /// Why the model should not be believed here, if so.
    pub abstained: Option<Abstention>,
}

/// Three probabilities that sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sentiment {
    pub negative: f64,
    pub neutral: f64,
    pub positive: f64,
}

/// Why a turn is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abstention {
    TooShort,
}

/// Why a turn that was admitted got no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    #[error("the scoring queue is full; send the turn again after {retry_after_ms} ms")]
    Overloaded { retry_after_ms: u64 },
    #[error("the turn waited longer than scoring.max_wait_seconds; send it again")]
    Expired,
    #[error("the server is shutting down; send the turn to another instance or later")]
    ShuttingDown,
    #[error("scoring failed; the turn had no effect and may be sent again")]
    Internal,
}

impl Sentiment {
    /// Positive − negative, −1 to 1.
    pub fn score(&self) -> f64 {
        self.positive - self.negative
    }

    /// The most probable label; the milder one where two are equal.
    pub fn label(&self) -> Label {
        if self.neutral >= self.negative && self.neutral >= self.positive {
            Label::Neutral
        } else if self.positive >= self.negative {
            Label::Positive
        } else {
            Label::Negative
        }
    }
}

impl Abstention {
    /// The reason on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Abstention::TooShort => "too_short",
        }
    }
}

#[cfg(test)]
mod tests;
