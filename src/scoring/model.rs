//! A model folder: loaded, and checked against its manifest.
//!
//! Holds always: nothing is served from a folder whose files do not match their checksums in `undertone.json`;
//! an error names the file.
//! Called by `queue`, `offline`, `training::evaluate` and the command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rust_bert::bert::BertConfig;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tch::Tensor;

use super::encoder::{Encoder, Weights, WeightsError};
use super::engine::Engine;
use super::heads::Heads;
use super::prepared::{CONTEXT_SPECIAL_TOKENS, SPECIAL_TOKENS, Tokenizing};
use super::readout::Readout;
use super::text::{Text, TextError};

/// The manifest of a model folder.
pub const MANIFEST_FILE: &str = "undertone.json";
/// Half-precision weights.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// The encoder's dimensions, as BERT configurations are written.
pub const CONFIG_FILE: &str = "config.json";
/// WordPiece vocabulary, one token a line.
pub const VOCAB_FILE: &str = "vocab.txt";
/// How the risk of a conversation is weighed from this model's scores; read by the command line.
pub const RISK_FILE: &str = "risk.json";
/// Files whose checksums the manifest holds.
pub const CHECKED_FILES: [&str; 4] = [WEIGHTS_FILE, CONFIG_FILE, VOCAB_FILE, RISK_FILE];

/// What a model says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    /// How the weights are stored: `f16`.
    pub precision: String,
    /// Tokens of one window without its context, special tokens included.
    pub window_tokens: usize,
    /// Tokens of the other side's previous turn that stand before a turn, at most; its last ones.
    pub context_tokens: usize,
    pub heads: Heads,
    /// Checksums of the other files.
    pub sha256: BTreeMap<String, String>,
}

/// Why a model folder was refused; the message names the file.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error(
        "{path}: {problem}; a model folder holds undertone.json, model.safetensors, config.json, vocab.txt and risk.json"
    )]
    Read { path: String, problem: std::io::Error },
    #[error("{path} is not what it should be: {problem}")]
    Invalid { path: String, problem: String },
    #[error(
        "{path} is damaged or belongs to another model: its sha256 is {found}, undertone.json says {expected}"
    )]
    Checksum { path: String, found: String, expected: String },
    #[error("{path}: {problem}")]
    Weights { path: String, problem: WeightsError },
    #[error("{path} {problem}")]
    Vocabulary { path: String, problem: TextError },
}

impl ModelError {
    fn invalid(path: &Path, problem: impl ToString) -> Self {
        ModelError::Invalid { path: path.display().to_string(), problem: problem.to_string() }
    }

    fn read(path: &Path, problem: std::io::Error) -> Self {
        ModelError::Read { path: path.display().to_string(), problem }
    }
}

/// A loaded model.
pub struct Model {
    pub manifest: Manifest,
    pub tokenizing: Arc<Tokenizing>,
    pub engine: Engine,
}

impl Model {
    /// Reads and checks a model folder.
    ///
    /// # Errors
    /// [`ModelError`], naming the file that is missing, damaged or does not fit.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let manifest: Manifest = read_json(&folder.join(MANIFEST_FILE))?;
        for file in CHECKED_FILES {
            check_file(folder, file, &manifest)?;
        }
        let config: BertConfig = read_json(&folder.join(CONFIG_FILE))?;
        let invalid = |text: String| ModelError::invalid(&folder.join(MANIFEST_FILE), text);
        manifest.heads.check().map_err(invalid)?;
        let longest = manifest.window_tokens + manifest.context_tokens + CONTEXT_SPECIAL_TOKENS;
        if manifest.window_tokens <= SPECIAL_TOKENS || longest as i64 > config.max_position_embeddings {
            return Err(invalid(format!(
                "window_tokens must be at least 3, and with context_tokens and one more at most {}",
                config.max_position_embeddings
            )));
        }
        let vocab = folder.join(VOCAB_FILE);
        let text = Text::load(&vocab)
            .map_err(|error| ModelError::Vocabulary { path: vocab.display().to_string(), problem: error })?;
        let path = folder.join(WEIGHTS_FILE);
        let mut weights = read_weights(&path)?;
        let fit = |error| ModelError::Weights { path: path.display().to_string(), problem: error };
        let encoder = Encoder::take(&mut weights, &config).map_err(fit)?;
        let readout = Readout::take(&mut weights, &manifest.heads, config.hidden_size).map_err(fit)?;
        let engine = Engine::new(encoder, readout);
        let tokenizing = Arc::new(Tokenizing::new(text, manifest.window_tokens, manifest.context_tokens));
        Ok(Model { manifest, tokenizing, engine })
    }

    /// `name@version`, as it stands in every frame.
    pub fn label(&self) -> String {
        format!("{}@{}", self.manifest.name, self.manifest.version)
    }
}

fn check_file(folder: &Path, file: &str, manifest: &Manifest) -> Result<(), ModelError> {
    let path = folder.join(file);
    let expected = manifest.sha256.get(file).cloned().ok_or_else(|| {
        ModelError::invalid(&folder.join(MANIFEST_FILE), format!("sha256 has no entry for {file}"))
    })?;
    let found = file_sha256(&path)?;
    if found == expected {
        Ok(())
    } else {
        Err(ModelError::Checksum { path: path.display().to_string(), found, expected })
    }
}

/// The sha256 of a file in hexadecimal.
///
/// # Errors
/// [`ModelError::Read`].
pub fn file_sha256(path: &Path) -> Result<String, ModelError> {
    let read = |error| ModelError::read(path, error);
    let mut hasher = Sha256::new();
    std::io::copy(&mut fs::File::open(path).map_err(read)?, &mut hasher).map_err(read)?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Reads the tensors of a safetensors file.
///
/// # Errors
/// [`ModelError`] when it cannot be read.
pub fn read_weights(path: &Path) -> Result<Weights, ModelError> {
    let tensors: Vec<(String, Tensor)> =
        Tensor::read_safetensors(path).map_err(|error| ModelError::invalid(path, error))?;
    Ok(Weights::new(tensors))
}

/// Reads one JSON file of a model folder.
///
/// # Errors
/// [`ModelError`] when it cannot be read or is of another shape.
pub fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ModelError> {
    let text = fs::read_to_string(path).map_err(|error| ModelError::read(path, error))?;
    serde_json::from_str(&text).map_err(|error| ModelError::invalid(path, error))
}
