//! Raw file, environment and flags → a validated [`Config`] whose fields cannot be wrong.
//!
//! Holds always: nothing is bound or loaded before it is valid; a key that is not in [`keys::KEYS`] is refused with
//! a suggestion; the token is kept as a digest from the first moment and shown nowhere. Called by `cli`; other rooms
//! are handed their section.

mod detectors;
mod error;
mod keys;
mod raw;
mod render;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use error::ConfigError;
pub use keys::{KEYS, Key};

use crate::alerts::{AlertLimits, RuleSet};
use crate::conversation::IdleLimits;
use crate::detectors::{DetectorLimits, RiskModel};
use crate::pipeline::PipelineConfig;
use crate::scoring::ScorerOptions;
use crate::telemetry::MetricLimits;
use crate::telemetry::logs::{LogFormat, LogLevel};
use raw::Raw;

/// Read when no file is named and it is there.
pub const DEFAULT_FILE: &str = "undertone.toml";

/// Where the settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config`; without it [`DEFAULT_FILE`] in the working directory, if it exists.
    pub file: Option<PathBuf>,
    /// `--set section.key=value`; goes before the environment.
    pub flags: Vec<String>,
    /// All variables of the environment; those that begin with `UNDERTONE_` and hold `__` are keys.
    pub environment: Vec<(String, String)>,
}

/// The effective settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub server: ServerConfig,
    pub admin: AdminConfig,
    pub model: ModelConfig,
    pub scoring: ScoringConfig,
    pub limits: LimitsConfig,
    pub conversation: ConversationConfig,
    pub detectors: DetectorLimits,
    pub alerts: AlertsConfig,
    pub metrics: MetricsConfig,
    pub log: LogConfig,
}

/// The listener for chat platforms and supervisors.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConfig {
    pub listen: SocketAddr,
    pub token: Option<Token>,
    /// Without a slash at its end.
    pub public_url: String,
    /// Lower case, as browsers send them.
    pub allowed_origins: Vec<String>,
    pub connections_max: usize,
    /// Sockets of `/v1/events` among them.
    pub subscribers_max: usize,
    pub identify_timeout: Duration,
    pub heartbeat_interval: Duration,
    pub shutdown_grace: Duration,
}

/// The listener for operators.
#[derive(Clone, Debug, PartialEq)]
pub struct AdminConfig {
    pub listen: SocketAddr,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// None: beside the binary, or in the checkout.
    pub path: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ScoringConfig {
    pub threads: usize,
    pub queue_turns: usize,
    pub queue_tokens: usize,
    pub batch_tokens: usize,
    pub wait_max: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LimitsConfig {
    pub clock_skew_max: Duration,
    pub conversations_max: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ConversationConfig {
    pub idle: Duration,
    /// The same where people take their time: e-mail, social media, text messages, and what is not said.
    pub slow_idle: Duration,
    /// The last turns of each conversation that people may read.
    pub timeline_turns: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AlertsConfig {
    /// None: the shipped rules.
    pub rules_file: Option<PathBuf>,
    /// What it held when it was read.
    pub rules: RuleSet,
    pub cool_down: Duration,
    pub series_max: usize,
    /// Where what people say of alerts is written down.
    pub verdicts_file: PathBuf,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetricsConfig {
    pub queues_max: usize,
    pub sources_max: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogConfig {
    pub level: LogLevel,
    pub format: LogFormat,
}

/// The secret that opens `server.listen`, as a digest: comparing digests takes the same time whatever is offered.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

// === impl Config ===

impl Config {
    /// Reads, overlays and validates.
    ///
    /// # Errors
    /// The first thing that is wrong, with where it stands and what is allowed.
    pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
        let mut raw = Raw::default();
        match &sources.file {
            Some(path) => raw.read_file(path)?,
            None if Path::new(DEFAULT_FILE).exists() => raw.read_file(Path::new(DEFAULT_FILE))?,
            None => {}
        }
        raw.read_environment(&sources.environment)?;
        raw.read_flags(&sources.flags)?;
        Config::validate(&raw)
    }

    /// What the pipeline is told.
    pub fn pipeline(&self) -> PipelineConfig {
        PipelineConfig {
            conversations_max: self.limits.conversations_max,
            idle: IdleLimits {
                live_seconds: whole_seconds(self.conversation.idle),
                slow_seconds: whole_seconds(self.conversation.slow_idle),
            },
            timeline_turns: self.conversation.timeline_turns,
            max_clock_skew_seconds: whole_seconds(self.limits.clock_skew_max),
            public_url: self.server.public_url.clone(),
            alerts: AlertLimits { cooldown_seconds: whole_seconds(self.alerts.cool_down) },
            rules: self.alerts.rules.clone(),
            risk: RiskModel::default(),
            detectors: self.detectors.clone(),
            // Asked for offline, by a flag.
            probabilities: false,
        }
    }

    /// What the scorer is told.
    pub fn scorer(&self) -> ScorerOptions {
        let ScoringConfig { threads, queue_turns, queue_tokens, batch_tokens, wait_max } = self.scoring;
        ScorerOptions { threads, turns_max: queue_turns, tokens_max: queue_tokens, batch_tokens, wait_max }
    }

    /// What the metrics are told.
    pub fn metric_limits(&self) -> MetricLimits {
        let MetricsConfig { queues_max, sources_max } = self.metrics;
        MetricLimits { queues_max, sources_max, alert_series_max: self.alerts.series_max }
    }

    /// The settings as TOML, the token redacted.
    pub fn to_toml(&self) -> String {
        render::to_toml(self)
    }

    fn validate(raw: &Raw) -> Result<Config, ConfigError> {
        Ok(Config {
            server: ServerConfig::validate(raw)?,
            admin: AdminConfig { listen: raw.address("admin.listen")? },
            model: ModelConfig { path: raw.optional_text("model.path")?.map(PathBuf::from) },
            scoring: ScoringConfig {
                threads: match raw.whole("scoring.threads", 0..=256)? {
                    0 => std::thread::available_parallelism().map_or(1, usize::from),
                    threads => threads as usize,
                },
                queue_turns: raw.count("scoring.queue_turns", 1..=1_000_000)?,
                queue_tokens: raw.count("scoring.queue_tokens", 16_384..=100_000_000)?,
                batch_tokens: raw.count("scoring.batch_tokens", 512..=65_536)?,
                wait_max: raw.seconds("scoring.max_wait_seconds", 1..=3_600)?,
            },
            limits: LimitsConfig {
                clock_skew_max: raw.seconds("limits.max_clock_skew_seconds", 0..=86_400)?,
                conversations_max: raw.count("limits.conversations", 1..=10_000_000)?,
            },
            conversation: ConversationConfig {
                idle: raw.seconds("conversation.idle_seconds", 1..=2_592_000)?,
                slow_idle: raw.seconds("conversation.slow_idle_seconds", 1..=2_592_000)?,
                timeline_turns: raw.count("conversation.timeline_turns", 0..=500)?,
            },
            detectors: detectors::validate(raw)?,
            alerts: AlertsConfig::validate(raw)?,
            metrics: MetricsConfig {
                queues_max: raw.count("metrics.max_queues", 0..=1_000)?,
                sources_max: raw.count("metrics.max_sources", 0..=1_000)?,
            },
            log: LogConfig {
                level: raw.name("log.level", LogLevel::parse, LogLevel::allowed)?,
                format: raw.name("log.format", LogFormat::parse, LogFormat::allowed)?,
            },
        })
    }
}

impl ServerConfig {
    fn validate(raw: &Raw) -> Result<Self, ConfigError> {
        let listen = raw.address("server.listen")?;
        let token = raw.secret("server.token")?;
        if token.is_none() && !listen.ip().is_loopback() {
            return Err(raw.refuse(
                "server.listen",
                "beyond loopback the server needs a token: set server.token, or listen on 127.0.0.1 or [::1]",
            ));
        }
        Ok(ServerConfig {
            listen,
            token,
            public_url: match raw.optional_text("server.public_url")? {
                Some(url) => public_url(raw, &url)?,
                None => format!("http://{listen}"),
            },
            allowed_origins: origins(raw)?,
            connections_max: raw.count("server.max_connections", 1..=1_000_000)?,
            subscribers_max: raw.count("server.max_subscribers", 0..=1_000_000)?,
            identify_timeout: raw.seconds("server.identify_timeout_seconds", 1..=600)?,
            heartbeat_interval: raw.seconds("server.heartbeat_interval_seconds", 1..=3_600)?,
            shutdown_grace: raw.seconds("server.shutdown_grace_seconds", 0..=3_600)?,
        })
    }
}

impl AlertsConfig {
    fn validate(raw: &Raw) -> Result<Self, ConfigError> {
        let rules_file = raw.optional_text("alerts.rules_file")?.map(PathBuf::from);
        let rules = match &rules_file {
            Some(path) => {
                RuleSet::load(path).map_err(|error| raw.refuse("alerts.rules_file", error.to_string()))?
            }
            None => RuleSet::default(),
        };
        Ok(AlertsConfig {
            rules_file,
            rules,
            cool_down: raw.seconds("alerts.cool_down_seconds", 0..=86_400)?,
            series_max: raw.count("alerts.max_series", 0..=1_000)?,
            verdicts_file: raw.text("alerts.verdicts_file")?.into(),
        })
    }
}

impl Token {
    /// Keeps the digest of `secret`.
    pub fn new(secret: &str) -> Self {
        Token(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether `offered` is the secret; takes the same time whatever is offered.
    pub fn accepts(&self, offered: &str) -> bool {
        let offered: [u8; 32] = Sha256::digest(offered.as_bytes()).into();
        self.0.ct_eq(&offered).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// Validated to be far within range.
fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn public_url(raw: &Raw, url: &str) -> Result<String, ConfigError> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !url.contains(char::is_whitespace) => {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => Err(raw.refuse("server.public_url", "it must begin with http:// or https:// and name a host")),
    }
}

fn origins(raw: &Raw) -> Result<Vec<String>, ConfigError> {
    let origins: Vec<_> =
        raw.texts("server.allowed_origins")?.iter().map(|o| o.to_ascii_lowercase()).collect();
    for origin in &origins {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        if !host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' '])) {
            return Err(raw.refuse(
                "server.allowed_origins",
                "each is a scheme and a host as browsers send them, for example https://desk.example.com",
            ));
        }
    }
    Ok(origins)
}

#[cfg(test)]
mod tests;
