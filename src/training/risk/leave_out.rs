//! What each group of features adds: the fit without it, beside the whole one.
//!
//! Holds always: every fit is the same but for the features left out. Called by `cli::train`.

use serde::Serialize;

use super::RiskError;
use super::evaluate::evaluate;
use super::fit::fit;
use super::follow::Followed;
use super::measures::Ranking;
use crate::detectors::RiskModel;
use crate::detectors::risk::names;
use crate::training::split::Split;

/// Groups of features, by the beginnings of what their weights are called. `signals` is given below: it is a list.
const GROUPS: [(&str, &[&str]); 8] = [
    ("nothing", &[]),
    ("sentiment", &["sentiment", "positive", "worst", "running_sentiment", "trend", "negative_run"]),
    ("signals", SIGNALS),
    ("frustration", &["frustration"]),
    ("triggers", &["trigger."]),
    ("repeats_self", &["repeats_self"]),
    ("mistakes", &["unheard", "cold", "blocked"]),
    ("trend and negative run", &["trend", "negative_run"]),
];
const SIGNALS: &[&str] = &[
    "frustration",
    "escalation_request",
    "churn_threat",
    "public_or_legal_threat",
    "distress",
    "agent_abused",
    "repeats_self",
    "confused",
    "thanks_resolved",
    "trigger.",
];

/// The figures without a group.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    pub group: &'static str,
    /// By weights that were fitted without the conversation.
    pub dev: Ranking,
    pub test: Ranking,
    pub test_auc_to_alert: Option<f64>,
}

/// Fits and measures without each group in turn; the first one is with everything.
///
/// # Errors
/// [`RiskError::TooFew`].
pub fn leave_out(followed: &[Followed], base: &RiskModel) -> Result<Vec<LeftOut>, RiskError> {
    let test: Vec<&Followed> = followed.iter().filter(|one| one.split == Split::Test).collect();
    let one = |(group, prefixes): (&'static str, &[&str])| {
        let of = |name: &String| prefixes.iter().any(|prefix| name == prefix || is_trigger(name, prefix));
        let left_out: Vec<String> = names().map(|(name, _)| name).into_iter().filter(of).collect();
        let fitted = fit(followed, base, &left_out)?;
        let mut figures = evaluate(&fitted.model, &[], &test);
        let all = figures.remove(0);
        Ok(LeftOut { group, dev: fitted.dev_ranking, test: all.highest, test_auc_to_alert: all.auc_to_alert })
    };
    GROUPS.into_iter().map(one).collect()
}

fn is_trigger(name: &str, prefix: &str) -> bool {
    prefix.ends_with('.') && name.starts_with(prefix)
}
