//! The risk of conversations: fitted on annotated ones, and measured on others.
//!
//! Every turn is scored as it is live, the course of the conversation is the one that is served
//! (`detectors::Course`), and what is fitted are the weights of its features (`detectors::RiskModel`).
//!
//! Holds always: the same conversations and the same model give the same weights; nothing of the test split is fitted or
//! calibrated on; weights of features that annotated texts cannot show (waiting, what was found) stay as they are.
//! Called by `cli::train` and `cli::evaluate`.

mod conversations;
mod derailment;
mod evaluate;
mod fit;
mod follow;
mod gradient;
mod leave_out;
mod measures;
mod objective;
mod report;
mod terms;

pub use conversations::{Annotated, AnnotatedSets, Source, load};
pub use derailment::{DERAILMENT_FILE, Derailment, load_derailment, measure_derailment};
pub use evaluate::evaluate;
pub use fit::{Fitted, fit};
pub use follow::{Followed, follow};
pub use leave_out::{LeftOut, leave_out};
pub use report::{RiskReport, SetFigures, figure};

use super::data::DataError;
use crate::scoring::ScoreError;

/// Why no risk can be fitted or measured.
#[derive(Debug, thiserror::Error)]
pub enum RiskError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Score(#[from] ScoreError),
    #[error(
        "the {split} split has {calm} calm and {tense} tense or escalated conversations; {least} of each are needed at least"
    )]
    TooFew { split: &'static str, calm: usize, tense: usize, least: usize },
}
