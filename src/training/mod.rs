//! Fine-tuning and measuring: labelled JSON Lines and a recipe → a model folder, and its figures.
//!
//! Holds always: serving does not need this room; a row is in the split that its text says, in whatever set it
//! turns up ([`Split`]); the encoder here is rust-bert's own, the reference for the packed one of `scoring`.
//! Called by `cli::train` and `cli::evaluate`.

mod baseline;
mod calibrate;
mod classes;
mod data;
mod evaluate;
mod folder;
mod measures;
mod network;
mod own;
mod recipe;
mod report;
pub mod risk;
mod split;
mod trainer;

pub use data::{DataError, Dataset, Outcome, Row, load};
pub use evaluate::{EvaluateOptions, evaluate};
pub use folder::{check_risk_folder, write_risk};
pub use measures::{Binary, Measures, Prediction, measure};
pub use network::{Network, NetworkError, Padded};
pub use own::{Change, Gain, OWN_ROWS_OF_A_KIND_MIN, Tuned, tune_heads};
pub use recipe::{Class, Licence, Recipe, RecipeError, SetRecipe};
pub use report::{ClassReport, PairReport, Report, SetReport};
pub use split::{Split, canonical};
pub use trainer::{CHECKPOINT_STEPS, Progress, TrainError, TrainOptions, Trained, train};
