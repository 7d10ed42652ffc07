//! The BERT encoder on packed tokens: linear layers run over all tokens of a batch at once, attention runs for
//! each message alone, so there is no padding and no mask, and batch mates cannot touch each other.
//!
//! Holds always: the result for a message equals rust-bert's masked `forward_t` (the reference in the tests)
//! within 1e-5, alone or in any batch. Called by `model`.

use std::collections::HashMap;

use rust_bert::bert::BertConfig;
use tch::{IndexOp, Kind, TchError, Tensor};

/// BERT's own value; rust-bert has it built in too.
const LAYER_NORM_EPS: f64 = 1e-12;

/// The weights of one encoder, shared between threads by [`Encoder::share`].
pub struct Encoder {
    heads: i64,
    word: Tensor,
    position: Tensor,
    token_type: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Query, key and value as one product.
    qkv: Linear,
    attention_out: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    out_norm: Norm,
}

/// A linear layer; the weight is `[out, in]`.
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

struct Norm {
    weight: Tensor,
    bias: Tensor,
}

/// Named weights of a file, taken out one by one with their expected shapes.
pub struct Weights {
    tensors: HashMap<String, Tensor>,
}

/// Why weights do not fit.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("tensor {0} is missing")]
    Missing(String),
    #[error("tensor {name} has shape {found:?}, expected {expected:?}")]
    Shape { name: String, found: Vec<i64>, expected: Vec<i64> },
    #[error("libtorch refused a tensor: {0}")]
    Torch(String),
}

/// One message: token numbers with the special tokens, and the segment of each.
pub struct Message<'a> {
    pub ids: &'a [i64],
    pub segments: &'a [i64],
}

impl Weights {
    /// Wraps what a safetensors file held; every tensor becomes `f32`.
    pub fn new(tensors: Vec<(String, Tensor)>) -> Self {
        Weights {
            tensors: tensors.into_iter().map(|(name, tensor)| (name, tensor.to_kind(Kind::Float))).collect(),
        }
    }

    /// Takes one tensor out.
    ///
    /// # Errors
    /// [`WeightsError`] when it is missing or has another shape.
    pub fn take(&mut self, name: &str, shape: &[i64]) -> Result<Tensor, WeightsError> {
        let tensor = self.tensors.remove(name).ok_or_else(|| WeightsError::Missing(name.to_owned()))?;
        let found = tensor.size();
        if found != shape {
            return Err(WeightsError::Shape { name: name.to_owned(), found, expected: shape.to_vec() });
        }
        Ok(tensor)
    }

    /// Takes `NAME.weight` (`[out, in]`) and `NAME.bias`.
    fn linear(&mut self, name: &str, outputs: i64, inputs: i64) -> Result<Linear, WeightsError> {
        Ok(Linear {
            weight: self.take(&format!("{name}.weight"), &[outputs, inputs])?,
            bias: self.take(&format!("{name}.bias"), &[outputs])?,
        })
    }

    fn norm(&mut self, name: &str, size: i64) -> Result<Norm, WeightsError> {
        let weight = self.take(&format!("{name}.weight"), &[size])?;
        Ok(Norm { weight, bias: self.take(&format!("{name}.bias"), &[size])? })
    }
}

impl Linear {
    /// `x · weightᵀ + bias`.
    fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_linear(&self.weight, Some(&self.bias))
    }

    fn share(&self) -> Self {
        Linear { weight: self.weight.shallow_clone(), bias: self.bias.shallow_clone() }
    }

    /// Several layers over the same input as one: outputs side by side.
    fn stack(parts: &[Linear]) -> Result<Self, TchError> {
        let weights: Vec<&Tensor> = parts.iter().map(|part| &part.weight).collect();
        let biases: Vec<&Tensor> = parts.iter().map(|part| &part.bias).collect();
        Ok(Linear { weight: Tensor::f_cat(&weights, 0)?, bias: Tensor::f_cat(&biases, 0)? })
    }
}

impl Norm {
    fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let size = self.weight.size();
        x.f_layer_norm(&size, Some(&self.weight), Some(&self.bias), LAYER_NORM_EPS, false)
    }

    fn share(&self) -> Self {
        Norm { weight: self.weight.shallow_clone(), bias: self.bias.shallow_clone() }
    }
}

impl Layer {
    fn take(weights: &mut Weights, prefix: &str, config: &BertConfig) -> Result<Self, WeightsError> {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let part = |weights: &mut Weights, name: &str| {
            weights.linear(&format!("{prefix}.attention.self.{name}"), hidden, hidden)
        };
        let qkv = [part(weights, "query")?, part(weights, "key")?, part(weights, "value")?];
        Ok(Layer {
            qkv: Linear::stack(&qkv).map_err(|error| WeightsError::Torch(error.to_string()))?,
            attention_out: weights.linear(&format!("{prefix}.attention.output.dense"), hidden, hidden)?,
            attention_norm: weights.norm(&format!("{prefix}.attention.output.LayerNorm"), hidden)?,
            up: weights.linear(&format!("{prefix}.intermediate.dense"), wide, hidden)?,
            down: weights.linear(&format!("{prefix}.output.dense"), hidden, wide)?,
            out_norm: weights.norm(&format!("{prefix}.output.LayerNorm"), hidden)?,
        })
    }

    fn forward(&self, x: &Tensor, lengths: &[i64], heads: i64) -> Result<Tensor, TchError> {
        let attended = self.attend(x, lengths, heads)?;
        let x = self.attention_norm.forward(&(self.attention_out.forward(&attended)?.f_add(x)?))?;
        // The exact (erf) GELU, as the base encoder was trained.
        let wide = self.up.forward(&x)?.f_gelu("none")?;
        self.out_norm.forward(&self.down.forward(&wide)?.f_add(&x)?)
    }

    /// Self-attention, message by message.
    fn attend(&self, x: &Tensor, lengths: &[i64], heads: i64) -> Result<Tensor, TchError> {
        let qkv = self.qkv.forward(x)?;
        let size = x.size()[1];
        let mut parts = Vec::with_capacity(lengths.len());
        let mut start = 0;
        for &length in lengths {
            // [tokens, 3·hidden] → [3, heads, tokens, hidden / heads]
            let one = qkv
                .f_narrow(0, start, length)?
                .f_view([length, 3, heads, size / heads])?
                .f_permute([1, 2, 0, 3])?;
            let (query, key, value) = (one.i(0), one.i(1), one.i(2));
            let scale = 1.0 / ((size / heads) as f64).sqrt();
            let weights =
                query.f_matmul(&key.f_transpose(1, 2)?)?.f_mul_scalar(scale)?.f_softmax(-1, None)?;
            parts.push(weights.f_matmul(&value)?.f_transpose(0, 1)?.f_reshape([length, size])?);
            start += length;
        }
        if parts.len() == 1 { Ok(parts.remove(0)) } else { Tensor::f_cat(&parts, 0) }
    }

    fn share(&self) -> Self {
        Layer {
            qkv: self.qkv.share(),
            attention_out: self.attention_out.share(),
            attention_norm: self.attention_norm.share(),
            up: self.up.share(),
            down: self.down.share(),
            out_norm: self.out_norm.share(),
        }
    }
}

impl Encoder {
    /// Takes an encoder out of named weights (`bert.…`, rust-bert's names).
    ///
    /// # Errors
    /// [`WeightsError`] naming the first tensor that is missing or has another shape than `config` says.
    pub fn take(weights: &mut Weights, config: &BertConfig) -> Result<Self, WeightsError> {
        let hidden = config.hidden_size;
        let table = |weights: &mut Weights, name: &str, rows: i64| {
            weights.take(&format!("bert.embeddings.{name}.weight"), &[rows, hidden])
        };
        Ok(Encoder {
            heads: config.num_attention_heads,
            word: table(weights, "word_embeddings", config.vocab_size)?,
            position: table(weights, "position_embeddings", config.max_position_embeddings)?,
            token_type: table(weights, "token_type_embeddings", config.type_vocab_size)?,
            norm: weights.norm("bert.embeddings.LayerNorm", hidden)?,
            layers: (0..config.num_hidden_layers)
                .map(|index| Layer::take(weights, &format!("bert.encoder.layer.{index}"), config))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The same weights for another thread: tensors are reference-counted, nothing is copied.
    pub fn share(&self) -> Self {
        Encoder {
            heads: self.heads,
            word: self.word.shallow_clone(),
            position: self.position.shallow_clone(),
            token_type: self.token_type.shallow_clone(),
            norm: self.norm.share(),
            layers: self.layers.iter().map(Layer::share).collect(),
        }
    }

    /// Encodes messages; the result is `[tokens, hidden]`, the messages one after the other.
    ///
    /// # Errors
    /// [`TchError`] from libtorch. `messages` must not be empty, nor any message in it.
    pub fn forward(&self, messages: &[Message<'_>]) -> Result<Tensor, TchError> {
        let lengths: Vec<i64> = messages.iter().map(|message| message.ids.len() as i64).collect();
        let ids: Vec<i64> = messages.iter().flat_map(|message| message.ids.iter().copied()).collect();
        let segments: Vec<i64> =
            messages.iter().flat_map(|message| message.segments.iter().copied()).collect();
        let positions: Vec<i64> = lengths.iter().flat_map(|&length| 0..length).collect();
        let look_up = |table: &Tensor, index: &[i64]| table.f_index_select(0, &Tensor::from_slice(index));
        let sum = look_up(&self.word, &ids)?.f_add(&look_up(&self.position, &positions)?)?;
        let mut x = self.norm.forward(&sum.f_add(&look_up(&self.token_type, &segments)?)?)?;
        for layer in &self.layers {
            x = layer.forward(&x, &lengths, self.heads)?;
        }
        Ok(x)
    }
}
