//! From token vectors to probabilities: all heads at once, behind one pass of the encoder.
//!
//! For a window with token vectors `h_t`:
//! * the pooled vector is the mean over [`Window::is_pooled`] places; sentiment is a linear layer on it;
//! * a label's token scores are `s_t = w · h_t`, its logit is `b + ln(mean(exp(s_t)))` over the turn's own tokens: a
//!   soft maximum, so that one telling clause is heard in a long turn and evidence (`evidence`) comes for free.
//!
//! Holds always: the context has no part in any of it but through the encoder's attention; of a long turn, sentiment
//! is the mean of its windows weighted by their tokens, and each label is that of the window that shows it most. Called by `engine`.

use std::ops::Range;
use std::sync::Arc;

use tch::{Kind, TchError, Tensor};

use super::encoder::{Weights, WeightsError};
use super::evidence::{self, Clause};
use super::heads::{Heads, Output};
use super::prepared::{Prepared, Side};
use super::scores::{LabelScore, Name, Scores, Sentiment};
use super::window::{Window, combine};
use crate::wire::{Act, Label, Mistake, Signal};

/// The heads' weights and what their outputs mean; shared between threads by [`Readout::share`].
pub struct Readout {
    hidden: usize,
    sentiment: Arc<SentimentReadout>,
    /// One row a label: signals, mistakes, acts.
    labels: Tensor,
    customer: Arc<[LabelReadout]>,
    business: Arc<[LabelReadout]>,
}

struct SentimentReadout {
    /// Negative, neutral and positive, one behind the other.
    weight: Vec<f32>,
    bias: [f64; 3],
    temperature: f64,
}

struct LabelReadout {
    /// Its row among the weights.
    column: usize,
    bias: f64,
    output: Output<Name>,
}

/// What one window says.
pub struct Reading {
    /// How much it counts among the windows of its turn.
    tokens: usize,
    sentiment: Sentiment,
    labels: Vec<LabelScore>,
}

/// The token vectors and token scores of one pass, row by row.
struct Table {
    vectors: Vec<f32>,
    scores: Vec<f32>,
    columns: usize,
}

// === impl Readout ===

impl Readout {
    /// Takes the heads out of named weights. `heads` has been checked.
    ///
    /// # Errors
    /// [`WeightsError`] naming the first tensor that is missing or has another shape.
    pub fn take(weights: &mut Weights, heads: &Heads, hidden: i64) -> Result<Self, WeightsError> {
        let at = |label| heads.sentiment.labels.iter().position(|&l| l == label);
        let order: Vec<i64> = Label::ALL.iter().filter_map(|&label| Some(at(label)? as i64)).collect();
        let (weight, bias) = rows(weights, "sentiment", &order, hidden)?;
        let weight = floats(&weight)?;
        let bias = [bias[0], bias[1], bias[2]];
        let sentiment = SentimentReadout { weight, bias, temperature: heads.sentiment.temperature };
        let mut parts = Vec::new();
        let mut take = |weights: &mut Weights, head: &str, outputs: Vec<Output<Name>>, order: &[i64]| {
            let (weight, bias) = rows(weights, head, order, hidden)?;
            let first = parts.iter().map(|part: &Tensor| part.size()[0] as usize).sum::<usize>();
            parts.push(weight);
            let label = |(row, (output, bias))| LabelReadout { column: first + row, bias, output };
            Ok::<Vec<_>, WeightsError>(outputs.into_iter().zip(bias).enumerate().map(label).collect())
        };
        let (outputs, order) = in_order(&heads.signals, &Signal::IN_TEXT, Name::Signal);
        let customer = take(weights, "signals", outputs, &order)?;
        let (outputs, order) = in_order(&heads.mistakes, &Mistake::IN_TEXT, Name::Mistake);
        let mut business = take(weights, "mistakes", outputs, &order)?;
        let (outputs, order) = in_order(&heads.acts, Act::ALL, Name::Act);
        business.extend(take(weights, "acts", outputs, &order)?);
        let labels = Tensor::f_cat(&parts, 0).map_err(torch)?;
        Ok(Readout {
            hidden: hidden as usize,
            sentiment: Arc::new(sentiment),
            labels,
            customer: customer.into(),
            business: business.into(),
        })
    }

    /// The same heads for another thread; nothing is copied.
    pub fn share(&self) -> Self {
        Readout {
            hidden: self.hidden,
            sentiment: Arc::clone(&self.sentiment),
            labels: self.labels.shallow_clone(),
            customer: Arc::clone(&self.customer),
            business: Arc::clone(&self.business),
        }
    }

    /// Reads the windows of one pass; `tokens` is `[tokens, hidden]`, the windows one after the other. Each window is
    /// given as its turn and its place there.
    ///
    /// # Errors
    /// [`TchError`] from libtorch.
    pub fn read(&self, tokens: &Tensor, windows: &[(&Prepared, usize)]) -> Result<Vec<Reading>, TchError> {
        // Every label of every role for every token in one product: a thousandth of the encoder's work, and cheaper
        // than to pick the rows of each role first. Only the labels of the turn's role are read.
        let scores = tokens.f_matmul(&self.labels.f_transpose(0, 1)?)?;
        let table = Table {
            vectors: Vec::<f32>::try_from(tokens.f_flatten(0, -1)?)?,
            scores: Vec::<f32>::try_from(scores.f_flatten(0, -1)?)?,
            columns: self.customer.len() + self.business.len(),
        };
        let mut start = 0;
        let mut readings = Vec::with_capacity(windows.len());
        for &(turn, at) in windows {
            readings.push(self.window(&table, start, turn, at));
            start += turn.windows()[at].ids.len();
        }
        Ok(readings)
    }

    fn window(&self, table: &Table, start: usize, turn: &Prepared, at: usize) -> Reading {
        let window = &turn.windows()[at];
        let vector = self.pooled(table, start, window);
        let rows = start + window.turn.start..start + window.turn.end;
        let asked = match turn.side {
            Side::Customer => &self.customer,
            Side::Business => &self.business,
        };
        // What is not judged is nowhere to be seen.
        let clauses = if turn.abstained.is_some() { &[][..] } else { turn.clauses[at].as_slice() };
        let labels = asked.iter().map(|label| label.read(table, rows.clone(), clauses)).collect();
        Reading { tokens: window.turn.len(), sentiment: self.sentiment.read(&vector), labels }
    }

    fn pooled(&self, table: &Table, start: usize, window: &Window) -> Vec<f32> {
        let mut sum = vec![0.0_f32; self.hidden];
        let places: Vec<usize> = (0..window.ids.len()).filter(|&place| window.is_pooled(place)).collect();
        for place in &places {
            let row = &table.vectors[(start + place) * self.hidden..][..self.hidden];
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        sum.iter_mut().for_each(|sum| *sum /= places.len() as f32);
        sum
    }
}

impl SentimentReadout {
    fn read(&self, vector: &[f32]) -> Sentiment {
        let logit = |class: usize| {
            let weight = &self.weight[class * vector.len()..][..vector.len()];
            let product: f32 = weight.iter().zip(vector).map(|(w, v)| w * v).sum();
            (f64::from(product) + self.bias[class]) / self.temperature
        };
        let logits = [logit(0), logit(1), logit(2)];
        let highest = logits.into_iter().fold(f64::MIN, f64::max);
        let [negative, neutral, positive] = logits.map(|logit| (logit - highest).exp());
        let all = negative + neutral + positive;
        Sentiment { negative: negative / all, neutral: neutral / all, positive: positive / all }
    }
}

impl LabelReadout {
    fn read(&self, table: &Table, rows: Range<usize>, clauses: &[Clause]) -> LabelScore {
        let score = |row: usize| f64::from(table.scores[row * table.columns + self.column]);
        let highest = rows.clone().map(score).fold(f64::MIN, f64::max);
        // Shares relative to the highest: neither overflow nor vanish.
        let shares: Vec<f64> = rows.map(|row| (score(row) - highest).exp()).collect();
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        let probability = self.output.probability(self.bias + highest + mean.ln());
        let raised = probability >= self.output.threshold;
        let evidence = raised.then(|| evidence::span(clauses, &shares)).flatten();
        LabelScore { name: self.output.name, probability, evidence }
    }
}

// === impl Prepared ===

impl Prepared {
    /// Puts the readings of a turn's windows together; takes as many as it has windows.
    pub(super) fn scores(&self, readings: &mut impl Iterator<Item = Reading>) -> Scores {
        let readings: Vec<Reading> = readings.take(self.windows().len()).collect();
        let sentiments: Vec<(usize, Sentiment)> =
            readings.iter().map(|reading| (reading.tokens, reading.sentiment)).collect();
        let labels = readings.into_iter().map(|reading| reading.labels).reduce(strongest).unwrap_or_default();
        let mut scores = Scores { sentiment: combine(&sentiments), labels, abstained: self.abstained };
        if self.says_nothing() {
            scores.sentiment = Sentiment::EVEN;
            scores.labels.iter_mut().for_each(|label| label.probability = 0.0);
        }
        scores
    }
}

/// Label by label the window that shows it most; the first of equals.
fn strongest(mut first: Vec<LabelScore>, second: Vec<LabelScore>) -> Vec<LabelScore> {
    for (label, other) in first.iter_mut().zip(second) {
        if other.probability > label.probability {
            *label = other;
        }
    }
    first
}

/// Outputs in the order of the names, and which row of the head each is.
fn in_order<N: Copy + PartialEq>(
    outputs: &[Output<N>],
    names: &[N],
    named: fn(N) -> Name,
) -> (Vec<Output<Name>>, Vec<i64>) {
    let found = names.iter().filter_map(|name| {
        let row = outputs.iter().position(|output| output.name == *name)?;
        let Output { name, scale, offset, threshold, precision } = outputs[row];
        Some((Output { name: named(name), scale, offset, threshold, precision }, row as i64))
    });
    found.unzip()
}

/// A head's weights and biases in another order of rows.
fn rows(
    weights: &mut Weights,
    head: &str,
    order: &[i64],
    hidden: i64,
) -> Result<(Tensor, Vec<f64>), WeightsError> {
    let outputs = order.len() as i64;
    let weight = weights.take(&format!("heads.{head}.weight"), &[outputs, hidden])?;
    let bias = weights.take(&format!("heads.{head}.bias"), &[outputs])?;
    let order = Tensor::from_slice(order);
    let bias = bias.f_index_select(0, &order).and_then(|bias| bias.f_to_kind(Kind::Double)).map_err(torch)?;
    let bias = Vec::<f64>::try_from(bias).map_err(torch)?;
    Ok((weight.f_index_select(0, &order).map_err(torch)?, bias))
}

fn floats(tensor: &Tensor) -> Result<Vec<f32>, WeightsError> {
    tensor.f_flatten(0, -1).and_then(Vec::<f32>::try_from).map_err(torch)
}

#[allow(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn torch(error: TchError) -> WeightsError {
    WeightsError::Torch(error.to_string())
}
