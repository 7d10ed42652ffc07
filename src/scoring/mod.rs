//! A turn's text and its stated context → [`Scores`].
//!
//! Holds always: a score is a function of text and context only, never of batch mates, worker or arrival
//! time; nothing outside this room and `training` sees a tensor. Called by `pipeline` and `offline`.

mod abstain;
mod batch;
mod encoder;
mod engine;
mod evidence;
mod foreign_words;
mod heads;
mod model;
mod normalize;
mod prepared;
mod queue;
mod readout;
mod scores;
mod signature;
mod text;
mod window;

use std::sync::Arc;

pub use abstain::Abstention;
pub use batch::BatchScorer;
pub use encoder::{Encoder, Message, Weights, WeightsError};
pub use engine::Engine;
pub use heads::{Heads, Output, SentimentHead};
pub use model::{
    CHECKED_FILES, CONFIG_FILE, MANIFEST_FILE, Manifest, Model, ModelError, RISK_FILE, VOCAB_FILE,
    WEIGHTS_FILE, file_sha256, read_json, read_weights,
};
pub use normalize::normalize;
pub use prepared::{Prepared, Tokenized, Tokenizing};
pub use queue::{Done, Observer, Reservation, Scorer, ScorerOptions, Silent};
pub use scores::{LabelScore, Name, Scores, Sentiment};
pub use text::{Text, TextError, Tokens};
pub use window::{Window, context_tail};

use crate::wire::Role;

/// What is scored: one turn, and the other side's previous turn as context.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ScoreInput {
    pub role: Role,
    pub text: Arc<str>,
    pub context: Option<Arc<str>>,
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

#[cfg(test)]
mod tests;
