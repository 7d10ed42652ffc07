//! The network in training: rust-bert's BERT and its heads.
//!
//! Sentiment is linear in the mean token vector of a turn. A class (signal, mistake, act) has a score for each token
//! of the turn, linear in its vector; the class's logit is the log of the mean of their exponentials plus a bias: a
//! soft maximum, so that one clause of a long turn can carry it, and the tokens that carry it are the evidence.
//!
//! Holds always: its variables have the names of a model folder's weights (`bert.…`, `heads.NAME.…`), so
//! what is saved here is what `scoring` reads. Called by `trainer`, and by the tests of `scoring` as reference.

use std::path::Path;

use rust_bert::bert::{BertConfig, BertEmbeddings, BertModel};
use tch::nn::{self, Module, VarStore};

use super::classes::{ACTS, MISTAKES, SIGNALS};
use crate::scoring::Window;
use crate::wire::Label;
use tch::{Device, IndexOp, Kind, TchError, Tensor};

/// The group of variables that the heads are in: they may learn faster than the encoder.
pub const HEADS_GROUP: usize = 1;

/// BERT and its head, with the store that holds their variables.
pub struct Network {
    pub store: VarStore,
    bert: BertModel<BertEmbeddings>,
    sentiment: nn::Linear,
    /// Signals, mistakes, acts.
    classes: [nn::Linear; 3],
    dropout: f64,
}

/// What the heads say of a batch, before calibration.
pub struct Outputs {
    /// `[texts, 3]`, in the order of `Label::ALL`.
    pub sentiment: Tensor,
    /// `[texts, CLASSES]`, in the order of [`super::classes`].
    pub classes: Tensor,
}

/// Why a network could not be filled or saved.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    #[error("{path}: {problem}")]
    Weights { path: String, problem: String },
    #[error("libtorch: {0}")]
    Torch(#[from] TchError),
}

/// Windows of one batch, padded with zeros.
pub struct Padded {
    ids: Tensor,
    segments: Tensor,
    mask: Tensor,
    /// 1 where a token counts for the pooled vector.
    pooled: Tensor,
    /// 1 at the turn's own tokens.
    turn: Tensor,
}

impl Padded {
    /// Pads windows to the longest one.
    pub fn new(windows: &[&Window]) -> Self {
        let longest = windows.iter().map(|window| window.ids.len()).max().unwrap_or(0);
        let size = windows.len() * longest;
        let (mut ids, mut segments, mut mask) = (vec![0_i64; size], vec![0_i64; size], vec![0_i64; size]);
        let (mut pooled, mut turn) = (vec![0_f32; size], vec![0_f32; size]);
        for (row, window) in windows.iter().enumerate() {
            let (start, length) = (row * longest, window.ids.len());
            ids[start..start + length].copy_from_slice(&window.ids);
            segments[start..start + length].copy_from_slice(&window.segments);
            mask[start..start + length].fill(1);
            turn[start + window.turn.start..start + window.turn.end].fill(1.0);
            for place in (0..length).filter(|&place| window.is_pooled(place)) {
                pooled[start + place] = 1.0;
            }
        }
        let shape = [windows.len() as i64, longest as i64];
        Padded {
            ids: Tensor::from_slice(&ids).view(shape),
            segments: Tensor::from_slice(&segments).view(shape),
            mask: Tensor::from_slice(&mask).view(shape),
            pooled: Tensor::from_slice(&pooled).view(shape),
            turn: Tensor::from_slice(&turn).view(shape),
        }
    }
}

impl Network {
    /// A network with random weights.
    pub fn new(config: &BertConfig, dropout: f64) -> Self {
        let store = VarStore::new(Device::Cpu);
        let root = store.root();
        let bert = BertModel::new_with_optional_pooler(&root / "bert", config, false);
        let heads = (&root / "heads").set_group(HEADS_GROUP);
        let head = |name: &str, outputs: i64| {
            nn::linear(&heads / name, config.hidden_size, outputs, nn::LinearConfig::default())
        };
        let sentiment = head("sentiment", Label::ALL.len() as i64);
        let classes = [
            head("signals", SIGNALS.len() as i64),
            head("mistakes", MISTAKES.len() as i64),
            head("acts", ACTS.len() as i64),
        ];
        Network { store, bert, sentiment, classes, dropout }
    }

    /// Fills the variables from a safetensors file, by name. A base encoder has no heads and may have its names
    /// without `bert.`: then the heads stay as they are. Half-precision weights become single precision.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] when a tensor of the encoder is missing or of another shape.
    pub fn fill(&mut self, path: &Path) -> Result<(), NetworkError> {
        let problem = |problem: String| NetworkError::Weights { path: path.display().to_string(), problem };
        let tensors = Tensor::read_safetensors(path).map_err(|error| problem(error.to_string()))?;
        let found: std::collections::HashMap<String, Tensor> = tensors.into_iter().collect();
        let _guard = tch::no_grad_guard();
        for (name, mut variable) in self.store.variables() {
            let bare = name.strip_prefix("bert.").unwrap_or(&name);
            let Some(tensor) = found.get(&name).or_else(|| found.get(bare)) else {
                if name.starts_with("heads.") {
                    continue;
                }
                return Err(problem(format!("tensor {name} is missing")));
            };
            if tensor.size() != variable.size() {
                let text =
                    format!("tensor {name} has shape {:?}, expected {:?}", tensor.size(), variable.size());
                return Err(problem(text));
            }
            variable.f_copy_(&tensor.to_kind(Kind::Float))?;
        }
        Ok(())
    }

    /// Moves every variable towards that of another model folder's weights: `share` of the other, the rest of this one
    /// (a model soup, Wortsman et al. 2022).
    ///
    /// # Errors
    /// As [`Network::fill`].
    pub fn average_with(&mut self, path: &Path, share: f64) -> Result<(), NetworkError> {
        let own: Vec<(String, Tensor)> =
            self.store.variables().into_iter().map(|(name, v)| (name, v.detach().copy())).collect();
        self.fill(path)?;
        let _guard = tch::no_grad_guard();
        let mut variables = self.store.variables();
        for (name, own) in own {
            let variable = variables.get_mut(&name).expect("a store keeps its variables: this is a bug");
            let mixed = (&*variable * share).f_add(&(own * (1.0 - share)))?;
            variable.f_copy_(&mixed)?;
        }
        Ok(())
    }

    /// Saves every variable; `half` for a model folder, single precision for a checkpoint.
    ///
    /// # Errors
    /// [`NetworkError`] when the file cannot be written.
    pub fn save(&self, path: &Path, half: bool) -> Result<(), NetworkError> {
        let kind = if half { Kind::Half } else { Kind::Float };
        let mut variables: Vec<(String, Tensor)> =
            self.store.variables().into_iter().map(|(name, v)| (name, v.detach().to_kind(kind))).collect();
        variables.sort_by(|a, b| a.0.cmp(&b.0));
        let problem = |error: TchError| NetworkError::Weights {
            path: path.display().to_string(),
            problem: error.to_string(),
        };
        Tensor::write_safetensors(&variables, path).map_err(problem)
    }

    /// Keeps variables whose names `frozen` holds for as they are.
    pub fn freeze(&self, frozen: impl Fn(&str) -> bool) {
        for (name, variable) in self.store.variables() {
            if frozen(&name) {
                let _ = variable.set_requires_grad(false);
            }
        }
    }

    /// The token vectors: `[texts, tokens, hidden]`.
    ///
    /// # Errors
    /// [`NetworkError::Torch`].
    pub fn encode(&self, batch: &Padded, train: bool) -> Result<Tensor, NetworkError> {
        let (ids, mask, segments) = (Some(&batch.ids), Some(&batch.mask), Some(&batch.segments));
        let output =
            self.bert.forward_t(ids, mask, segments, None, None, None, None, train).map_err(|error| {
                NetworkError::Weights { path: "forward pass".into(), problem: error.to_string() }
            })?;
        Ok(output.hidden_state)
    }

    /// What the heads make of token vectors.
    ///
    /// # Errors
    /// [`NetworkError::Torch`].
    pub fn heads(&self, hidden: &Tensor, batch: &Padded, train: bool) -> Result<Outputs, NetworkError> {
        let mask = batch.pooled.unsqueeze(-1);
        let sum = hidden.f_mul(&mask)?.f_sum_dim_intlist([1].as_slice(), false, Kind::Float)?;
        let pooled = sum.f_div(&mask.f_sum_dim_intlist([1].as_slice(), false, Kind::Float)?)?;
        let sentiment = self.sentiment.forward(&pooled.f_dropout(self.dropout, train)?);
        let weights: Vec<&Tensor> = self.classes.iter().map(|head| &head.ws).collect();
        let biases: Vec<&Tensor> = self.classes.iter().filter_map(|head| head.bs.as_ref()).collect();
        let scores = hidden
            .f_dropout(self.dropout, train)?
            .f_linear(&Tensor::f_cat(&weights, 0)?, None::<&Tensor>)?
            .f_masked_fill(&batch.turn.unsqueeze(-1).f_eq(0.0)?, f64::NEG_INFINITY)?;
        let tokens = batch.turn.f_sum_dim_intlist([1].as_slice(), true, Kind::Float)?;
        let classes = scores
            .f_logsumexp([1].as_slice(), false)?
            .f_sub(&tokens.f_log()?)?
            .f_add(&Tensor::f_cat(&biases, 0)?)?;
        Ok(Outputs { sentiment, classes })
    }

    /// The variables of the heads as they are now: weight and bias of each, sentiment first.
    pub fn copy_heads(&self) -> Vec<Tensor> {
        self.head_variables().iter().map(|variable| variable.detach().copy()).collect()
    }

    /// The squared distance of the heads from an earlier copy.
    ///
    /// # Errors
    /// [`NetworkError::Torch`].
    pub fn distance_of_heads(&self, origin: &[Tensor]) -> Result<Tensor, NetworkError> {
        let mut sum = Tensor::from(0.0_f32);
        for (variable, origin) in self.head_variables().into_iter().zip(origin) {
            sum = sum.f_add(&variable.f_sub(origin)?.f_square()?.f_sum(Kind::Float)?)?;
        }
        Ok(sum)
    }

    /// Puts every output back that was not to be moved: sentiment unless `sentiment`, and the classes whose columns are
    /// not in `moved`.
    ///
    /// # Errors
    /// [`NetworkError::Torch`].
    pub fn restore_heads(
        &self,
        origin: &[Tensor],
        sentiment: bool,
        moved: &[usize],
    ) -> Result<(), NetworkError> {
        let _guard = tch::no_grad_guard();
        let mut first = 0;
        for (index, (variable, origin)) in self.head_variables().into_iter().zip(origin).enumerate() {
            let (is_sentiment, is_weight) = (index < 2, index % 2 == 0);
            let outputs = variable.size()[0] as usize;
            for output in 0..outputs {
                let keep = if is_sentiment { sentiment } else { moved.contains(&(first + output)) };
                if !keep {
                    variable.i(output as i64).f_copy_(&origin.i(output as i64))?;
                }
            }
            first += if is_sentiment || is_weight { 0 } else { outputs };
        }
        Ok(())
    }

    fn head_variables(&self) -> Vec<&Tensor> {
        let heads = std::iter::once(&self.sentiment).chain(&self.classes);
        heads.flat_map(|head| std::iter::once(&head.ws).chain(head.bs.as_ref())).collect()
    }

    /// What the heads say of a batch.
    ///
    /// # Errors
    /// [`NetworkError::Torch`].
    pub fn outputs(&self, batch: &Padded, train: bool) -> Result<Outputs, NetworkError> {
        self.heads(&self.encode(batch, train)?, batch, train)
    }
}

/// Rows of a `[n, k]` tensor of figures.
pub fn rows_of(table: &Tensor) -> Vec<Vec<f64>> {
    (0..table.size()[0])
        .map(|row| {
            Vec::<f64>::try_from(table.i(row).to_kind(Kind::Double))
                .expect("a row of a table is one-dimensional: this is a bug")
        })
        .collect()
}
