//! What the pipeline needs to be told. Filled in by `config`, which validates it; the defaults are documented there.

use crate::alerts::{AlertLimits, RuleSet};
use crate::conversation::IdleLimits;
use crate::detectors::{DetectorLimits, RiskModel};

/// The settings of one [`super::Pipeline`].
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineConfig {
    /// Conversations held at once, at least 1; the one that would leave first makes room for a new one.
    pub conversations_max: usize,
    /// A conversation in which nothing came in for so long leaves, on the clock passed to the pipeline.
    pub idle: IdleLimits,
    /// The last turns of each conversation that people may read; 0 keeps no text for them.
    pub timeline_turns: usize,
    /// How far the `ts` of a source with `clock: wall` may be from the server's time before it is clamped, in
    /// seconds.
    pub max_clock_skew_seconds: u32,
    /// Where people reach the server: links of alerts begin so. No path, a trailing slash does not matter.
    pub public_url: String,
    /// How often alerts open.
    pub alerts: AlertLimits,
    /// When they open and resolve, to begin with.
    pub rules: RuleSet,
    /// When the detectors of time find something.
    pub detectors: DetectorLimits,
    /// How the risk is weighed.
    pub risk: RiskModel,
    /// Adds the probability of every signal, mistake and act of the role to each `scored` frame.
    pub probabilities: bool,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        PipelineConfig {
            conversations_max: 100_000,
            idle: IdleLimits::default(),
            timeline_turns: 40,
            max_clock_skew_seconds: 300,
            public_url: "http://127.0.0.1:8787".to_owned(),
            alerts: AlertLimits::default(),
            rules: RuleSet::default(),
            detectors: DetectorLimits::default(),
            risk: RiskModel::default(),
            probabilities: false,
        }
    }
}
