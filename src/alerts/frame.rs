//! From an alert to its frame: summary, reasons with quotes, link.
//!
//! Holds always: the summary has no chat text. Called by `pipeline`.

use jiff::Timestamp;

use super::episode::{Change, Phase};
use crate::conversation::State;
use crate::detectors::{Assessment, mood};
use crate::wire::outbound::Resolution;
use crate::wire::{AlertFrame, AlertKind, Level, ServerFrame};

/// Trends up to this are "steady" in words.
const STEADY_TREND: f64 = 0.1;

/// What an alert is about, when its frame is made.
#[derive(Clone, Copy)]
pub struct AlertContext<'a> {
    pub conversation_id: &'a str,
    pub state: &'a State,
    pub level: Level,
    pub assessment: &'a Assessment,
    pub at: Timestamp,
    pub public_url: &'a str,
    pub model: &'a str,
    pub rules_version: &'a str,
}

/// What is said of a change.
pub fn frame(change: &Change, about: AlertContext<'_>) -> ServerFrame {
    let Change { phase, alert } = change;
    let resolution = match phase {
        Phase::Opened | Phase::Updated => None,
        Phase::Resolved(resolution) => Some(*resolution),
    };
    let frame = Box::new(AlertFrame {
        alert_id: alert.alert_id.clone(),
        kind: alert.rule.kind,
        rule: alert.rule.name.to_string(),
        severity: alert.severity,
        conversation_id: about.conversation_id.to_owned(),
        queue: about.state.queue.clone(),
        ts: about.at,
        opened_at: alert.opened_at,
        summary: summary(change, about),
        reasons: alert.reasons.clone(),
        contributions: about.assessment.contributions.clone(),
        risk: about.assessment.risk,
        url: url(about.public_url, about.conversation_id),
        rules_version: about.rules_version.to_owned(),
        model: about.model.to_owned(),
        resolution,
    });
    match phase {
        Phase::Opened => ServerFrame::AlertOpened(frame),
        Phase::Updated => ServerFrame::AlertUpdated(frame),
        Phase::Resolved(_) => ServerFrame::AlertResolved(frame),
    }
}

/// One plain sentence.
fn summary(change: &Change, about: AlertContext<'_>) -> String {
    let AlertContext { state, level, assessment, .. } = about;
    let turns = state.customer_turns;
    let plural = if turns == 1 { "" } else { "s" };
    let course = match mood::trend(&state.scores) {
        trend if trend < -STEADY_TREND => "falling",
        trend if trend > STEADY_TREND => "rising",
        _ => "steady",
    };
    let mood = format!(
        "sentiment is {:.2} and {course} after {turns} customer turn{plural}, risk {:.2} ({level})",
        state.running.value(),
        assessment.risk
    );
    let rule = &change.alert.rule;
    match change.phase {
        Phase::Opened | Phase::Updated => format!("{}: {mood}.", rule.summary),
        Phase::Resolved(Resolution::Recovered) if rule.kind == AlertKind::CustomerRisk => {
            format!("The customer has calmed down: {mood}.")
        }
        Phase::Resolved(Resolution::Recovered) => format!("It is over: {mood}."),
        Phase::Resolved(Resolution::Closed) => format!("The conversation was closed: {mood}."),
        Phase::Resolved(Resolution::Expired) => format!("Nobody looks at it any more: {mood}."),
    }
}

/// The page of a conversation. Everything but unreserved characters (RFC 3986) is encoded: ids are free text.
pub fn url(public_url: &str, conversation_id: &str) -> String {
    let mut url = format!("{}/conversations/", public_url.trim_end_matches('/'));
    for byte in conversation_id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_survive_any_id() {
        let check = |id: &str, expect: &str| assert_eq!(url("http://host:1/", id), expect);
        check("c-17", "http://host:1/conversations/c-17");
        check("a/b?c#d e", "http://host:1/conversations/a%2Fb%3Fc%23d%20e");
        check("😡", "http://host:1/conversations/%F0%9F%98%A1");
    }
}
