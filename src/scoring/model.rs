//! A model folder: loaded, checked against its manifest, and asked.
//!
//! Holds always: nothing is served from a folder whose files do not match their checksums in `undertone.json`;
//! an error names the file. [`Tokenizing`] may be used from every thread; an [`Engine`] belongs to one thread
//! (tensors are not `Sync`) and further ones come from [`Engine::share`].
//! Called by `queue`, `offline`, `training::evaluate` and the command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rust_bert::bert::BertConfig;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tch::{Kind, TchError, Tensor};

use super::encoder::{Encoder, Linear, Message, Weights, WeightsError};
use super::heads::Heads;
use super::text::{Text, TextError};
use super::window::{Window, combine, context_tail, windows};
use super::{Abstention, Scores, Sentiment};
use crate::wire::Label;

/// The manifest of a model folder.
pub const MANIFEST_FILE: &str = "undertone.json";
/// Half-precision weights.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// The encoder's dimensions, as BERT configurations are written.
pub const CONFIG_FILE: &str = "config.json";
/// WordPiece vocabulary, one token a line.
pub const VOCAB_FILE: &str = "vocab.txt";
/// Files whose checksums the manifest holds.
pub const CHECKED_FILES: [&str; 3] = [WEIGHTS_FILE, CONFIG_FILE, VOCAB_FILE];
/// `[CLS]` and `[SEP]` around every window.
const SPECIAL_TOKENS: usize = 2;
/// Tokens that one pass of the encoder takes at most; longer turns take several. Bounds memory, about 40 MB.
const PASS_TOKENS_MAX: usize = 2_048;

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
        "{path}: {problem}; a model folder holds undertone.json, model.safetensors, config.json and vocab.txt"
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

/// The part of a model that every thread may use: text → windows of tokens.
pub struct Tokenizing {
    text: Text,
    window_content_tokens: usize,
    context_tokens: usize,
}

/// A turn ready to be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    windows: Vec<Window>,
    /// All tokens of all windows: what it costs.
    tokens: usize,
    /// Tokens of the text itself.
    content_tokens: usize,
}

/// The part of a model that belongs to one thread: windows → scores.
pub struct Engine {
    encoder: Encoder,
    sentiment: Linear,
    temperature: f64,
    /// The position of negative, neutral and positive among the head's outputs.
    order: [i64; 3],
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
        let order = label_order(&manifest.heads.sentiment.labels).ok_or_else(|| {
            invalid("heads.sentiment.labels must be negative, neutral, positive in any order".into())
        })?;
        // The context has a [SEP] of its own.
        let longest = manifest.window_tokens + manifest.context_tokens + 1;
        if manifest.window_tokens <= SPECIAL_TOKENS || longest as i64 > config.max_position_embeddings {
            return Err(invalid(format!(
                "window_tokens must be at least 3, and with context_tokens and one more at most {}",
                config.max_position_embeddings
            )));
        }
        let temperature = manifest.heads.sentiment.temperature;
        if !(temperature.is_finite() && temperature > 0.0) {
            return Err(invalid("heads.sentiment.temperature must be above 0".into()));
        }
        let vocab = folder.join(VOCAB_FILE);
        let text = Text::load(&vocab)
            .map_err(|error| ModelError::Vocabulary { path: vocab.display().to_string(), problem: error })?;
        let path = folder.join(WEIGHTS_FILE);
        let mut weights = read_weights(&path)?;
        let fit = |error| ModelError::Weights { path: path.display().to_string(), problem: error };
        let encoder = Encoder::take(&mut weights, &config).map_err(fit)?;
        let sentiment = weights.linear("heads.sentiment", 3, config.hidden_size).map_err(fit)?;
        let engine = Engine { encoder, sentiment, temperature, order };
        let tokenizing = Arc::new(Tokenizing {
            text,
            window_content_tokens: manifest.window_tokens - SPECIAL_TOKENS,
            context_tokens: manifest.context_tokens,
        });
        Ok(Model { manifest, tokenizing, engine })
    }

    /// `name@version`, as it stands in every frame.
    pub fn label(&self) -> String {
        format!("{}@{}", self.manifest.name, self.manifest.version)
    }
}

impl Tokenizing {
    /// Tokenises one turn into windows; each has the end of the context before it.
    pub fn prepare(&self, text: &str, context: Option<&str>) -> Prepared {
        let tokens = self.text.tokens(text);
        let context = context.map(|context| self.text.tokens(context));
        let context = context.as_ref().map_or(&[][..], |tokens| context_tail(tokens, self.context_tokens));
        let windows: Vec<Window> = windows(&tokens, self.window_content_tokens)
            .into_iter()
            .map(|range| Window::new(context, &tokens.ids[range], self.text.specials()))
            .collect();
        let total = windows.iter().map(|window| window.ids.len()).sum();
        Prepared { windows, tokens: total, content_tokens: tokens.ids.len() }
    }
}

impl Prepared {
    /// What it costs to encode, in tokens.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Its windows, for the reference test.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }
}

impl Engine {
    /// The same model for another thread; nothing is copied.
    pub fn share(&self) -> Self {
        let Engine { encoder, sentiment, temperature, order } = self;
        Engine {
            encoder: encoder.share(),
            sentiment: sentiment.share(),
            temperature: *temperature,
            order: *order,
        }
    }

    /// Scores turns; the result does not depend on which turns are asked for together.
    ///
    /// # Errors
    /// [`TchError`] from libtorch.
    pub fn score(&self, turns: &[&Prepared]) -> Result<Vec<Scores>, TchError> {
        let windows: Vec<&Window> = turns.iter().flat_map(|turn| &turn.windows).collect();
        let mut sentiments = Vec::with_capacity(windows.len());
        let mut rest = windows.as_slice();
        while !rest.is_empty() {
            let (pass, later) = rest.split_at(pass_length(rest));
            sentiments.extend(self.pass(pass)?);
            rest = later;
        }
        let mut sentiments = sentiments.into_iter();
        Ok(turns.iter().map(|turn| turn.scores(&mut sentiments)).collect())
    }

    fn pass(&self, windows: &[&Window]) -> Result<Vec<Sentiment>, TchError> {
        // tch takes the guard per thread; without it every pass would build a graph for gradients.
        let _guard = tch::no_grad_guard();
        let messages: Vec<Message<'_>> =
            windows.iter().map(|w| Message { ids: &w.ids, segments: &w.segments }).collect();
        let pooled = self.encoder.forward(&messages)?;
        let logits = self.sentiment.forward(&pooled)?.f_div_scalar(self.temperature)?;
        let table = logits.f_softmax(-1, Kind::Double)?;
        let flat = Vec::<f64>::try_from(table.f_flatten(0, -1)?)?;
        let [negative, neutral, positive] = self.order.map(|at| at as usize);
        Ok(flat
            .chunks_exact(3)
            .map(|row| Sentiment { negative: row[negative], neutral: row[neutral], positive: row[positive] })
            .collect())
    }
}

impl Prepared {
    fn scores(&self, sentiments: &mut impl Iterator<Item = Sentiment>) -> Scores {
        let parts: Vec<(usize, Sentiment)> =
            self.windows.iter().map(|window| window.turn.len()).zip(sentiments).collect();
        if self.content_tokens == 0 {
            // Nothing was said: no label is likelier than another.
            let third = 1.0 / 3.0;
            let sentiment = Sentiment { negative: third, neutral: third, positive: third };
            return Scores { sentiment, abstained: Some(Abstention::TooShort) };
        }
        Scores { sentiment: combine(&parts), abstained: None }
    }
}

/// How many of the first windows go into one pass: at least one, then as the token limit allows.
fn pass_length(windows: &[&Window]) -> usize {
    let mut tokens = 0;
    let fitting = windows.iter().take_while(|window| {
        tokens += window.ids.len();
        tokens <= PASS_TOKENS_MAX
    });
    fitting.count().max(1)
}

fn label_order(labels: &[Label]) -> Option<[i64; 3]> {
    let at = |label| labels.iter().position(|&l| l == label).map(|at| at as i64);
    (labels.len() == 3).then_some(())?;
    Some([at(Label::Negative)?, at(Label::Neutral)?, at(Label::Positive)?])
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
