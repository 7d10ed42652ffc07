//! The network in training: rust-bert's BERT, the mean of its token vectors, one linear head.
//!
//! Holds always: its variables have the names of a model folder's weights (`bert.…`, `heads.sentiment.…`), so
//! what is saved here is what `scoring` reads. Called by `trainer`, and by the tests of `scoring` as reference.

use std::path::Path;

use rust_bert::bert::{BertConfig, BertEmbeddings, BertModel};
use tch::nn::{self, Module, VarStore};
use tch::{Device, IndexOp, Kind, TchError, Tensor};

/// BERT and its head, with the store that holds their variables.
pub struct Network {
    pub store: VarStore,
    bert: BertModel<BertEmbeddings>,
    head: nn::Linear,
    dropout: f64,
}

/// Why a network could not be filled or saved.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    #[error("{path}: {problem}")]
    Weights { path: String, problem: String },
    #[error("libtorch: {0}")]
    Torch(#[from] TchError),
}

/// Texts of one batch, padded with zeros.
pub struct Padded {
    ids: Tensor,
    mask: Tensor,
}

impl Padded {
    /// Pads windows of tokens to the longest one.
    pub fn new(windows: &[&[i64]]) -> Self {
        let longest = windows.iter().map(|window| window.len()).max().unwrap_or(0);
        let mut ids = vec![0_i64; windows.len() * longest];
        let mut mask = vec![0_i64; windows.len() * longest];
        for (row, window) in windows.iter().enumerate() {
            ids[row * longest..row * longest + window.len()].copy_from_slice(window);
            mask[row * longest..row * longest + window.len()].fill(1);
        }
        let shape = [windows.len() as i64, longest as i64];
        Padded { ids: Tensor::from_slice(&ids).view(shape), mask: Tensor::from_slice(&mask).view(shape) }
    }
}

impl Network {
    /// A network with random weights.
    pub fn new(config: &BertConfig, labels: i64, dropout: f64) -> Self {
        let store = VarStore::new(Device::Cpu);
        let root = store.root();
        let bert = BertModel::new_with_optional_pooler(&root / "bert", config, false);
        let head = nn::linear(
            &root / "heads" / "sentiment",
            config.hidden_size,
            labels,
            nn::LinearConfig::default(),
        );
        Network { store, bert, head, dropout }
    }

    /// Fills the variables from a safetensors file, by name. A base encoder has no head and may have its names
    /// without `bert.`: then the head stays as it is. Half-precision weights become single precision.
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

    /// The mean token vector of each text: `[texts, hidden]`.
    ///
    /// # Errors
    /// [`NetworkError::Torch`].
    pub fn pooled(&self, batch: &Padded, train: bool) -> Result<Tensor, NetworkError> {
        let output = self
            .bert
            .forward_t(Some(&batch.ids), Some(&batch.mask), None, None, None, None, None, train)
            .map_err(|error| NetworkError::Weights {
                path: "forward pass".into(),
                problem: error.to_string(),
            })?;
        let mask = batch.mask.to_kind(Kind::Float).unsqueeze(-1);
        let sum = (output.hidden_state * &mask).f_sum_dim_intlist([1].as_slice(), false, Kind::Float)?;
        Ok(sum.f_div(&mask.f_sum_dim_intlist([1].as_slice(), false, Kind::Float)?)?)
    }

    /// The head's outputs: `[texts, labels]`, before any temperature.
    ///
    /// # Errors
    /// [`NetworkError::Torch`].
    pub fn logits(&self, batch: &Padded, train: bool) -> Result<Tensor, NetworkError> {
        let pooled = self.pooled(batch, train)?.f_dropout(self.dropout, train)?;
        Ok(self.head.forward(&pooled))
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
