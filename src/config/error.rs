//! Why settings are refused: always with where it stands, the full key, and what is allowed; never with a value of
//! `server.token`.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line (from 1) of the file.
    File { path: PathBuf, line: usize },
    /// A variable of the environment.
    Variable(String),
    /// `--set`.
    Flag,
    /// Nobody set it.
    Default,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: cannot be read: {problem}", path.display())]
    Unreadable { path: PathBuf, problem: std::io::Error },
    #[error("{}, line {line}: not TOML: {message}", path.display())]
    Syntax { path: PathBuf, line: usize, message: String },
    #[error("{origin}: unknown key {key}{}", suggestion.as_ref().map(|s| format!("; did you mean {s}?")).unwrap_or_default())]
    UnknownKey { origin: Origin, key: String, suggestion: Option<String> },
    #[error("{origin}: {key}: {message}")]
    Invalid { origin: Origin, key: String, message: String },
    #[error("--set {given}: it is written section.key=value")]
    Flag { given: String },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Origin::Variable(name) => write!(f, "environment variable {name}"),
            Origin::Flag => f.write_str("--set"),
            Origin::Default => f.write_str("default"),
        }
    }
}
