//! Why a rule file is refused.
//!
//! Holds always: says the line, the rule and what is allowed; nothing of a conversation is in it. Made by
//! [`super::file`] and [`super::condition`].

/// Why rules cannot be had. The old ones stay in force.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RulesError {
    #[error("cannot read {path}: {message}")]
    Unreadable { path: String, message: String },
    #[error("{path}:{line}: {message}")]
    Invalid { path: String, line: usize, message: String },
}

/// What is wrong with a condition, and where: a place in it, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: usize,
    pub message: String,
}

impl RulesError {
    /// The bounded kind, for metrics and logs.
    pub const fn kind(&self) -> &'static str {
        match self {
            RulesError::Unreadable { .. } => "unreadable",
            RulesError::Invalid { .. } => "invalid",
        }
    }
}

impl Fault {
    pub fn new(at: usize, message: impl Into<String>) -> Self {
        Fault { at, message: message.into() }
    }
}

/// " Did you mean …?", where something known is close.
pub fn suggestion<'a>(told: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const SIMILAR_MIN: f64 = 0.75;
    let best = known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(told, known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similar, _)| *similar >= SIMILAR_MIN);
    best.map(|(_, known)| format!("; did you mean {known}?")).unwrap_or_default()
}
