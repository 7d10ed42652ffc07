//! From an open alert to its frame: summary, reasons with quotes, link.
//!
//! Holds always: the summary has no chat text; quotes are exact, at most `QUOTE_CHARS_MAX` code points, with
//! offsets into the turn's text. Called by `pipeline`.

use jiff::Timestamp;

use super::{OpenAlert, RULES_VERSION, Rule};
use crate::conversation::{RecentTurn, State};
use crate::detectors::course::TRIGGERS;
use crate::detectors::{Assessment, Quoted, mood};
use crate::wire::outbound::Resolution;
use crate::wire::{AlertFrame, Evidence, Level, Reason, Role, Signal};

/// Turns that are quoted at most.
const REASONS_MAX: usize = 3;
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
}

/// The frame of an alert; with `resolution` the one that ends it.
pub fn frame(
    rule: Rule,
    alert: &OpenAlert,
    resolution: Option<Resolution>,
    about: AlertContext<'_>,
) -> AlertFrame {
    AlertFrame {
        alert_id: alert.alert_id.clone(),
        kind: rule.kind,
        rule: rule.name.to_owned(),
        severity: alert.severity,
        conversation_id: about.conversation_id.to_owned(),
        queue: about.state.queue.clone(),
        ts: about.at,
        summary: summary(resolution, about),
        reasons: alert.reasons.clone(),
        contributions: about.assessment.contributions.clone(),
        risk: about.assessment.risk,
        url: url(about.public_url, about.conversation_id),
        rules_version: RULES_VERSION.to_owned(),
        model: about.model.to_owned(),
        resolution,
    }
}

/// The most telling of the last customer turns, in the order in which they were said: signals by their own words,
/// bad moods by the whole turn.
pub fn reasons(state: &State) -> Vec<Reason> {
    let customer = state.recent.iter().enumerate().filter(|(_, turn)| turn.role == Role::Customer);
    let mut worst: Vec<(usize, f64, &RecentTurn)> = customer
        .filter_map(|(index, turn)| Some((index, weight(turn)?, turn)))
        .filter(|(_, weight, _)| *weight > 0.0)
        .collect();
    worst.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
    worst.truncate(REASONS_MAX);
    worst.sort_by_key(|(index, ..)| *index);
    worst.into_iter().map(|(_, _, turn)| reason(turn)).collect()
}

/// How much a turn tells; a signal that is reason enough alone tells more than any mood.
fn weight(turn: &RecentTurn) -> Option<f64> {
    let triggers = |(signal, _): &(Signal, _)| TRIGGERS.iter().any(|(trigger, ..)| trigger == signal);
    let signal = match &turn.telling {
        Some(telling) if triggers(telling) => 1.0,
        Some(_) => f64::EPSILON,
        None => 0.0,
    };
    Some(signal + mood::negativity(turn.score?))
}

fn reason(turn: &RecentTurn) -> Reason {
    let (name, place) = match &turn.telling {
        Some((signal, place)) => (signal.as_str(), Some(place.clone())),
        None => ("negative_sentiment", None),
    };
    let quoted = Quoted { turn_id: turn.turn_id.as_str().into(), excerpt: turn.excerpt.clone(), place };
    let Evidence { turn_id, start, end, quote, .. } = quoted.evidence();
    Reason { name, turn_id, start, end, quote }
}

/// One plain sentence.
fn summary(resolution: Option<Resolution>, about: AlertContext<'_>) -> String {
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
    match resolution {
        None => format!("The customer is upset or in need: {mood}."),
        Some(Resolution::Recovered) => format!("The customer has calmed down: {mood}."),
        Some(Resolution::Closed) => format!("The conversation was closed: {mood}."),
        Some(Resolution::Expired) => format!("Nothing more came in the conversation: {mood}."),
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
    use std::sync::Arc;

    use super::*;
    use crate::detectors::Shown;
    use crate::wire::limits::QUOTE_CHARS_MAX;

    fn said(turn_id: &str, role: Role, text: &str, score: f64) -> RecentTurn {
        let (turn_id, excerpt) = (turn_id.to_owned(), Arc::from(text));
        RecentTurn { turn_id, role, excerpt, score: Some(score), shown: Shown::default(), telling: None }
    }

    #[test]
    fn links_survive_any_id() {
        let check = |id: &str, expect: &str| assert_eq!(url("http://host:1/", id), expect);
        check("c-17", "http://host:1/conversations/c-17");
        check("a/b?c#d e", "http://host:1/conversations/a%2Fb%3Fc%23d%20e");
        check("😡", "http://host:1/conversations/%F0%9F%98%A1");
    }

    #[test]
    fn the_most_negative_customer_turns_are_quoted_in_their_order() {
        let mut state = State::default();
        state.recent.extend([
            said("1", Role::Customer, "hm", -0.4),
            said("2", Role::Customer, "bad", -0.8),
            said("3", Role::Agent, "tough luck", -0.99),
            said("4", Role::Customer, "ok", 0.1),
            said("5", Role::Customer, "worse", -0.9),
            said("6", Role::Customer, "meh", -0.5),
        ]);
        let quoted: Vec<String> = reasons(&state).into_iter().map(|reason| reason.quote).collect();
        assert_eq!(quoted, ["bad", "worse", "meh"]);
    }

    #[test]
    fn quotes_count_code_points_not_bytes() {
        let mut state = State::default();
        state.recent.push_back(said("1", Role::Customer, &"😡".repeat(QUOTE_CHARS_MAX + 5), -0.9));
        let [reason] = &reasons(&state)[..] else { panic!("one reason") };
        assert_eq!((reason.start, reason.end), (0, QUOTE_CHARS_MAX));
        assert_eq!(reason.quote, "😡".repeat(QUOTE_CHARS_MAX));
    }
}
