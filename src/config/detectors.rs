//! The section `[detectors]`: when the detectors of time find something.

use jiff::tz::TimeZone;

use super::error::ConfigError;
use super::raw::Raw;
use crate::detectors::{DetectorLimits, Hours, ReplySeconds, SPANS_MAX, Span};
use crate::wire::Channel;

/// Thirty days.
const SECONDS_MAX: u64 = 2_592_000;

/// The keys of a channel's limits: for the first answer, for later ones.
const REPLIES: [(Channel, &str, &str); 6] = [
    (Channel::Chat, "detectors.chat_first_reply_seconds", "detectors.chat_later_reply_seconds"),
    (Channel::Email, "detectors.email_first_reply_seconds", "detectors.email_later_reply_seconds"),
    (Channel::Social, "detectors.social_first_reply_seconds", "detectors.social_later_reply_seconds"),
    (Channel::Sms, "detectors.sms_first_reply_seconds", "detectors.sms_later_reply_seconds"),
    (Channel::Voice, "detectors.voice_first_reply_seconds", "detectors.voice_later_reply_seconds"),
    (Channel::Other, "detectors.other_first_reply_seconds", "detectors.other_later_reply_seconds"),
];

/// Reads the section.
pub(super) fn validate(raw: &Raw) -> Result<DetectorLimits, ConfigError> {
    let mut limits = DetectorLimits {
        escalation_turns: seconds(raw, "detectors.escalation_agent_turns", 1..=100)?,
        escalation_seconds: seconds(raw, "detectors.escalation_seconds", 0..=SECONDS_MAX)?,
        cut_short_seconds: seconds(raw, "detectors.cut_short_seconds", 0..=3_600)?,
        customer_memory_seconds: seconds(raw, "detectors.customer_memory_seconds", 0..=SECONDS_MAX)?,
        customer_baseline: raw.flag("detectors.customer_baseline")?,
        hours: hours(raw)?,
        ..DetectorLimits::default()
    };
    for (channel, first, later) in REPLIES {
        limits.replies[channel as usize] = ReplySeconds {
            first: seconds(raw, first, 0..=SECONDS_MAX)?,
            later: seconds(raw, later, 0..=SECONDS_MAX)?,
        };
    }
    Ok(limits)
}

/// The effective value of a key of this section.
pub(super) fn value(limits: &DetectorLimits, path: &str) -> Option<toml::Value> {
    let whole = |seconds: u32| toml::Value::Integer(i64::from(seconds));
    Some(match path {
        "detectors.escalation_agent_turns" => whole(limits.escalation_turns),
        "detectors.escalation_seconds" => whole(limits.escalation_seconds),
        "detectors.cut_short_seconds" => whole(limits.cut_short_seconds),
        "detectors.customer_memory_seconds" => whole(limits.customer_memory_seconds),
        "detectors.customer_baseline" => limits.customer_baseline.into(),
        "detectors.business_hours" => limits.hours.written().into(),
        "detectors.time_zone" => limits.hours.zone_name().into(),
        reply => {
            let (channel, first, _) =
                REPLIES.into_iter().find(|(_, first, later)| *first == reply || *later == reply)?;
            let ReplySeconds { first: to_first, later } = limits.reply(channel);
            whole(if first == reply { to_first } else { later })
        }
    })
}

fn seconds(
    raw: &Raw,
    path: &'static str,
    allowed: std::ops::RangeInclusive<u64>,
) -> Result<u32, ConfigError> {
    Ok(u32::try_from(raw.whole(path, allowed)?).unwrap_or(u32::MAX))
}

fn hours(raw: &Raw) -> Result<Hours, ConfigError> {
    const HOURS: &str = "detectors.business_hours";
    const ZONE: &str = "detectors.time_zone";
    let texts = raw.texts(HOURS)?;
    if texts.len() > SPANS_MAX {
        return Err(raw.refuse(HOURS, format!("{} spans; at most {SPANS_MAX} are taken", texts.len())));
    }
    let span = |text: &String| {
        Span::parse(text).ok_or_else(|| {
            let message = format!(
                "{text:?} is not days and times such as \"mon-fri 09:00-17:00\" or \"sat 10:00-14:00\""
            );
            raw.refuse(HOURS, message)
        })
    };
    let spans = texts.iter().map(span).collect::<Result<Vec<_>, _>>()?;
    let name = raw.text(ZONE)?;
    let zone = match name.as_str() {
        "UTC" => TimeZone::UTC,
        name => TimeZone::get(name).map_err(|_| {
            let message =
                format!("{name:?} is not a time zone that this system knows, such as Europe/Berlin or UTC");
            raw.refuse(ZONE, message)
        })?,
    };
    Ok(Hours::new(spans, zone))
}
