//! What `score`, `backtest` and `report` run recorded conversations through.

use std::sync::Arc;

use crate::config::Config;
use crate::offline::score::Collector;
use crate::pipeline::{Pipeline, PipelineConfig};
use crate::scoring::{BatchScorer, Model};
use crate::telemetry::Metrics;

/// Pipelines that run side by side, and the one scorer for all of them.
pub(super) struct Lanes {
    pub(super) pipelines: Vec<Pipeline<Collector>>,
    pub(super) scorer: BatchScorer,
    /// As `name@version`.
    pub(super) model: String,
}

/// One pipeline for each of `settings`, with the model and the risk that `config` asks for.
pub(super) fn open(config: &Config, settings: Vec<PipelineConfig>) -> anyhow::Result<Lanes> {
    let folder = super::model_folder(config.model.path.as_deref())?;
    let model = Model::load(&folder)?;
    let risk = super::risk_model(&folder)?;
    let label = model.label();
    let pipeline = |settings: PipelineConfig| {
        // Counted as when live, and shown nowhere.
        let metrics = Arc::new(Metrics::new(config.metric_limits()));
        Pipeline::new(PipelineConfig { risk, ..settings }, metrics, label.clone())
    };
    let pipelines = settings.into_iter().map(pipeline).collect();
    Ok(Lanes { pipelines, scorer: BatchScorer::new(model, config.scoring.threads), model: label })
}
