//! The effective settings as TOML, as `undertone check` prints them: what is printed can be used as a file, but for
//! the token, which is redacted.

use std::fmt::Write;

use super::{Config, KEYS, detectors};

/// Every key with its effective value, in the order of the documentation.
pub(super) fn to_toml(config: &Config) -> String {
    let mut out = String::new();
    let mut section = "";
    for key in KEYS {
        let (this, name) = key.path.split_once('.').expect("keys are section.key: this is a bug");
        if this != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            writeln!(out, "{gap}[{this}]").expect("writing to a string does not fail: this is a bug");
            section = this;
        }
        let line = match value(config, key.path) {
            Some(value) => format!("{name} = {value}"),
            None if key.path == "server.token" && config.server.token.is_some() => {
                format!("# {name} is set (redacted)")
            }
            None => format!("# {name} is not set"),
        };
        writeln!(out, "{line}").expect("writing to a string does not fail: this is a bug");
    }
    out
}

fn value(config: &Config, path: &str) -> Option<toml::Value> {
    let Config { server, admin, model, scoring, limits, conversation, alerts, metrics, log, .. } = config;
    if path.starts_with("detectors.") {
        return detectors::value(&config.detectors, path);
    }
    let seconds = |duration: std::time::Duration| toml::Value::Integer(whole(duration.as_secs()));
    let count = |count: usize| toml::Value::Integer(whole(count as u64));
    Some(match path {
        "server.listen" => server.listen.to_string().into(),
        "server.token" => return None,
        "server.public_url" => server.public_url.clone().into(),
        "server.allowed_origins" => server.allowed_origins.clone().into(),
        "server.max_connections" => count(server.connections_max),
        "server.max_subscribers" => count(server.subscribers_max),
        "server.identify_timeout_seconds" => seconds(server.identify_timeout),
        "server.heartbeat_interval_seconds" => seconds(server.heartbeat_interval),
        "server.shutdown_grace_seconds" => seconds(server.shutdown_grace),
        "admin.listen" => admin.listen.to_string().into(),
        "model.path" => model.path.as_ref()?.display().to_string().into(),
        "scoring.threads" => count(scoring.threads),
        "scoring.queue_turns" => count(scoring.queue_turns),
        "scoring.queue_tokens" => count(scoring.queue_tokens),
        "scoring.batch_tokens" => count(scoring.batch_tokens),
        "scoring.max_wait_seconds" => seconds(scoring.wait_max),
        "limits.max_clock_skew_seconds" => seconds(limits.clock_skew_max),
        "limits.conversations" => count(limits.conversations_max),
        "conversation.idle_seconds" => seconds(conversation.idle),
        "conversation.slow_idle_seconds" => seconds(conversation.slow_idle),
        "conversation.timeline_turns" => count(conversation.timeline_turns),
        "alerts.rules_file" => alerts.rules_file.as_ref()?.display().to_string().into(),
        "alerts.cool_down_seconds" => seconds(alerts.cool_down),
        "alerts.max_series" => count(alerts.series_max),
        "alerts.verdicts_file" => alerts.verdicts_file.display().to_string().into(),
        "metrics.max_queues" => count(metrics.queues_max),
        "metrics.max_sources" => count(metrics.sources_max),
        "log.level" => log.level.as_str().into(),
        "log.format" => log.format.as_str().into(),
        unknown => unreachable!("no field for {unknown}: this is a bug"),
    })
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
