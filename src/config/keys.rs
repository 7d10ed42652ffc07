//! Every key there is, its kind and its default; `undertone.example.toml` explains them (a test compares the two).

/// How the value of a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// In the environment: separated by commas.
    Texts,
    Whole,
    Flag,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// `section.key`.
    pub path: &'static str,
    pub kind: Kind,
    /// As it would be written in TOML; none where leaving it out is a setting of its own.
    pub default: Option<&'static str>,
}

/// In the order of the documentation.
#[rustfmt::skip] // a table: one key a line
pub const KEYS: &[Key] = &[
    Key { path: "server.listen", kind: Kind::Text, default: Some("\"127.0.0.1:8787\"") },
    Key { path: "server.token", kind: Kind::Text, default: None },
    Key { path: "server.public_url", kind: Kind::Text, default: None },
    Key { path: "server.allowed_origins", kind: Kind::Texts, default: Some("[]") },
    Key { path: "server.max_connections", kind: Kind::Whole, default: Some("4096") },
    Key { path: "server.max_subscribers", kind: Kind::Whole, default: Some("2000") },
    Key { path: "server.identify_timeout_seconds", kind: Kind::Whole, default: Some("10") },
    Key { path: "server.heartbeat_interval_seconds", kind: Kind::Whole, default: Some("25") },
    Key { path: "server.shutdown_grace_seconds", kind: Kind::Whole, default: Some("20") },
    Key { path: "admin.listen", kind: Kind::Text, default: Some("\"127.0.0.1:9464\"") },
    Key { path: "model.path", kind: Kind::Text, default: None },
    Key { path: "scoring.threads", kind: Kind::Whole, default: Some("0") },
    Key { path: "scoring.queue_turns", kind: Kind::Whole, default: Some("8192") },
    Key { path: "scoring.queue_tokens", kind: Kind::Whole, default: Some("524288") },
    Key { path: "scoring.batch_tokens", kind: Kind::Whole, default: Some("2048") },
    Key { path: "scoring.max_wait_seconds", kind: Kind::Whole, default: Some("30") },
    Key { path: "limits.max_clock_skew_seconds", kind: Kind::Whole, default: Some("300") },
    Key { path: "limits.conversations", kind: Kind::Whole, default: Some("100000") },
    Key { path: "conversation.idle_seconds", kind: Kind::Whole, default: Some("3600") },
    Key { path: "conversation.slow_idle_seconds", kind: Kind::Whole, default: Some("259200") },
    Key { path: "conversation.timeline_turns", kind: Kind::Whole, default: Some("40") },
    Key { path: "detectors.chat_first_reply_seconds", kind: Kind::Whole, default: Some("120") },
    Key { path: "detectors.chat_later_reply_seconds", kind: Kind::Whole, default: Some("180") },
    Key { path: "detectors.email_first_reply_seconds", kind: Kind::Whole, default: Some("86400") },
    Key { path: "detectors.email_later_reply_seconds", kind: Kind::Whole, default: Some("86400") },
    Key { path: "detectors.social_first_reply_seconds", kind: Kind::Whole, default: Some("14400") },
    Key { path: "detectors.social_later_reply_seconds", kind: Kind::Whole, default: Some("14400") },
    Key { path: "detectors.sms_first_reply_seconds", kind: Kind::Whole, default: Some("900") },
    Key { path: "detectors.sms_later_reply_seconds", kind: Kind::Whole, default: Some("900") },
    Key { path: "detectors.voice_first_reply_seconds", kind: Kind::Whole, default: Some("60") },
    Key { path: "detectors.voice_later_reply_seconds", kind: Kind::Whole, default: Some("120") },
    Key { path: "detectors.other_first_reply_seconds", kind: Kind::Whole, default: Some("600") },
    Key { path: "detectors.other_later_reply_seconds", kind: Kind::Whole, default: Some("900") },
    Key { path: "detectors.business_hours", kind: Kind::Texts, default: Some("[]") },
    Key { path: "detectors.time_zone", kind: Kind::Text, default: Some("\"UTC\"") },
    Key { path: "detectors.cut_short_seconds", kind: Kind::Whole, default: Some("60") },
    Key { path: "detectors.escalation_agent_turns", kind: Kind::Whole, default: Some("2") },
    Key { path: "detectors.escalation_seconds", kind: Kind::Whole, default: Some("300") },
    Key { path: "detectors.customer_memory_seconds", kind: Kind::Whole, default: Some("604800") },
    Key { path: "detectors.customer_baseline", kind: Kind::Flag, default: Some("true") },
    Key { path: "alerts.rules_file", kind: Kind::Text, default: None },
    Key { path: "alerts.cool_down_seconds", kind: Kind::Whole, default: Some("300") },
    Key { path: "alerts.max_series", kind: Kind::Whole, default: Some("200") },
    Key { path: "alerts.verdicts_file", kind: Kind::Text, default: Some("\"undertone-verdicts.jsonl\"") },
    Key { path: "metrics.max_queues", kind: Kind::Whole, default: Some("20") },
    Key { path: "metrics.max_sources", kind: Kind::Whole, default: Some("20") },
    Key { path: "log.level", kind: Kind::Text, default: Some("\"info\"") },
    Key { path: "log.format", kind: Kind::Text, default: Some("\"text\"") },
];

/// The key at `path`.
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The known key most like `path`, if any is like enough to be meant.
pub fn similar(path: &str) -> Option<&'static str> {
    const LIKENESS_MIN: f64 = 0.7;
    /// The right key in the wrong section is a likely slip too, but less so than a slip of the pen.
    const WRONG_SECTION: f64 = 0.85;
    let last = |path: &str| path.rsplit('.').next().map(str::to_owned).unwrap_or_default();
    let mut best: Option<(&'static str, f64)> = None;
    for key in KEYS {
        let whole = strsim::normalized_damerau_levenshtein(path, key.path);
        let name = strsim::normalized_damerau_levenshtein(&last(path), &last(key.path)) * WRONG_SECTION;
        let likeness = whole.max(name);
        // Among equals the first: `listen` alone means the server's.
        if likeness >= LIKENESS_MIN && best.is_none_or(|(_, most)| likeness > most) {
            best = Some((key.path, likeness));
        }
    }
    best.map(|(path, _)| path)
}
