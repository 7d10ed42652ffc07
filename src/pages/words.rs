//! The names of the wire in the words of the people who read pages, and figures as they read them.
//!
//! Holds always: every name of a signal, mistake, act and contribution has words (a test); an unknown name, such as that
//! of a rule's reason, is shown as it is with spaces. Called by the other files of `pages`.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::detectors::risk::LEVELS;
use crate::wire::outbound::Resolution;
use crate::wire::{AlertKind, Channel, Level, PromiseState, Role, SentimentView, Severity};

/// Names with what they mean, as it stands after "the customer" or "the business side" in a label.
const NAMES: &[(&str, &str)] = &[
    ("frustration", "frustration"),
    ("escalation_request", "asks for a manager or a person"),
    ("churn_threat", "about to leave"),
    ("public_or_legal_threat", "threatens to go public or to law"),
    ("distress", "in distress"),
    ("agent_abused", "insults the agent"),
    ("repeats_self", "has to say it again"),
    ("confused", "confused"),
    ("thanks_resolved", "says it is solved"),
    ("stuck", "nothing moves"),
    ("left_waiting", "left waiting"),
    ("cut_short", "cut short"),
    ("not_listening", "not listening"),
    ("no_empathy", "no empathy"),
    ("blames_customer", "blames the customer"),
    ("disowns_problem", "disowns the problem"),
    ("dismissive_tone", "dismissive tone"),
    ("policy_wall", "hides behind policy"),
    ("cannot_help", "cannot help"),
    ("must_start_over", "must start over"),
    ("empty_promise", "promise not kept"),
    ("overcomplicates", "makes it complicated"),
    ("contradicts", "contradicts what was said"),
    ("canned_reply", "canned reply"),
    ("pushy_sell", "pushes a sale"),
    ("missing_basics", "basics are missing"),
    ("promise_made", "promise"),
    ("apology", "apology"),
    ("empathy", "empathy"),
    ("holding", "asks to wait"),
    ("question", "question"),
    ("handoff", "hands over"),
    ("closing", "closing words"),
    ("negative_sentiment", "bad mood"),
];

/// Contributions to the risk whose words differ from those of a name.
const TERMS: &[(&str, &str)] = &[
    ("base", "where every conversation starts"),
    ("sentiment", "mood of the newest turn"),
    ("worst", "worst moment so far"),
    ("running_sentiment", "mood over the last turns"),
    ("trend", "mood is getting worse"),
    ("negative_run", "bad mood turn after turn"),
    ("escalation_request", "asked for a manager or a person"),
    ("churn_threat", "hints at leaving"),
    ("public_or_legal_threat", "hints at going public or to law"),
    ("distress", "sounds in distress"),
    ("agent_abused", "insults the agent"),
    ("repeats_self", "says that it was said before"),
    ("thanks_resolved", "says that it is solved"),
    ("unheard", "was not listened to"),
    ("cold", "was treated coldly"),
    ("blocked", "was refused or sent away"),
    ("waiting", "is waiting for an answer"),
    ("unmet_request", "asked for a person and got none"),
    ("repetition", "had to repeat it"),
    ("stuck", "nothing moves"),
    ("must_start_over", "had to start over"),
    ("broken_promise", "a promise was not kept"),
    ("contradicts", "was told two different things"),
    ("clamp", "kept within the scale"),
];

/// What a signal, mistake, act or reason is called.
pub fn name(name: &str) -> String {
    look_up(NAMES, name).map_or_else(|| name.replace('_', " "), str::to_owned)
}

/// What a contribution to the risk is called.
pub fn term(term: &str) -> String {
    look_up(TERMS, term).map_or_else(|| name(term), str::to_owned)
}

fn look_up(words: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    words.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// Where a level begins and ends, 0 to 1.
pub fn band(level: Level) -> (f64, f64) {
    let start = |index: usize| LEVELS.get(index).map_or(1.0, |(_, least)| *least);
    match LEVELS.iter().position(|(of, _)| *of == level) {
        Some(index) => (start(index), start(index + 1)),
        None => (0.0, start(0)),
    }
}

pub const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Info",
        Severity::Warning => "Warning",
        Severity::Critical => "Critical",
    }
}

pub const fn kind(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::CustomerRisk => "customer at risk",
        AlertKind::Service => "service",
    }
}

pub const fn role(role: Role) -> &'static str {
    match role {
        Role::Customer => "Customer",
        Role::Agent => "Agent",
        Role::Bot => "Bot",
        Role::System => "System",
    }
}

pub const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Chat => "chat",
        Channel::Email => "e-mail",
        Channel::Social => "social media",
        Channel::Sms => "text message",
        Channel::Voice => "voice",
        Channel::Other => "other channel",
    }
}

pub const fn promise(state: PromiseState) -> &'static str {
    match state {
        PromiseState::Open => "open",
        PromiseState::Overdue => "overdue",
        PromiseState::Broken => "not kept",
    }
}

pub const fn resolution(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Recovered => "the customer calmed down",
        Resolution::Closed => "the conversation was closed",
        Resolution::Expired => "nothing more came",
    }
}

/// Why a turn was not judged.
pub fn abstained(reason: &str) -> &'static str {
    match reason {
        "language" => "not judged: another language",
        "too_short" => "not judged: too short",
        _ => "not judged: not readable as language",
    }
}

/// The mood of a turn, with its figure.
pub fn mood(sentiment: &SentimentView) -> String {
    let words = match sentiment.score {
        score if score <= -0.6 => "very negative",
        score if score <= -0.2 => "negative",
        score if score < 0.2 => "neutral",
        score if score < 0.6 => "positive",
        _ => "very positive",
    };
    format!("{words} {}", signed(sentiment.score, 2))
}

/// With a sign and a true minus.
pub fn signed(value: f64, decimals: usize) -> String {
    let figure = format!("{:.decimals$}", value.abs());
    let is_zero = figure.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    match (is_zero, value < 0.0) {
        (true, _) => figure,
        (false, true) => format!("\u{2212}{figure}"),
        (false, false) => format!("+{figure}"),
    }
}

/// A share of 1 in per cent, as people say it: 0 and 100 are said of nothing less.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 1.0 => "under 1\u{a0}%".to_owned(),
        percent if percent > 99.0 && percent < 100.0 => "over 99\u{a0}%".to_owned(),
        percent => format!("{percent:.0}\u{a0}%"),
    }
}

/// `count` of `things`, per hundred of something.
pub fn per_hundred(count: u64, of: u64) -> String {
    if of == 0 { "\u{2013}".to_owned() } else { format!("{:.1}", count as f64 * 100.0 / of as f64) }
}

/// `1 turn`, `2 turns`; thousands apart.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// With a thin space between thousands.
pub fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// How long: the two largest units that matter, never apart.
pub fn duration(seconds: f64) -> String {
    plain_duration(seconds).replace(' ', "\u{a0}")
}

fn plain_duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    let two = |large: u64, of: u64, unit: &str, small: &str| match whole % of * 60 / of {
        _ if large >= 10 => format!("{large} {unit}"),
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {} {small}", whole % of / if of == 86_400 { 3_600 } else { of / 60 }),
    };
    match whole {
        0..60 => format!("{whole} s"),
        60..3_600 => two(whole / 60, 60, "min", "s"),
        3_600..86_400 => two(whole / 3_600, 3_600, "h", "min"),
        _ => two(whole / 86_400, 86_400, if whole < 172_800 { "day" } else { "days" }, "h"),
    }
}

/// The time of day.
pub fn clock(ts: Timestamp, zone: &TimeZone) -> String {
    ts.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// The date.
pub fn date(ts: Timestamp, zone: &TimeZone) -> String {
    ts.to_zoned(zone.clone()).strftime("%a %-d %b %Y").to_string()
}

/// Date and time, as short as can be.
pub fn moment(ts: Timestamp, zone: &TimeZone) -> String {
    ts.to_zoned(zone.clone()).strftime("%-d %b %H:%M").to_string()
}

/// What times are in.
pub fn zone(zone: &TimeZone) -> String {
    zone.iana_name().map_or_else(|| "the server's time zone".to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::risk;
    use crate::wire::{Act, Mistake, Signal};

    #[test]
    fn every_name_on_the_wire_has_words_of_its_own() {
        let names = Signal::ALL.iter().map(|name| name.as_str());
        let names = names.chain(Mistake::ALL.iter().map(|name| name.as_str()));
        for name in names.chain(Act::ALL.iter().map(|name| name.as_str())) {
            assert!(look_up(NAMES, name).is_some(), "{name}");
        }
        for (_, name) in risk::names() {
            assert!(look_up(TERMS, name).or(look_up(NAMES, name)).is_some(), "{name}");
        }
        assert_eq!(name("PaidTwice_again"), "PaidTwice again");
    }

    #[test]
    fn bands_are_those_of_the_levels_and_leave_no_gap() {
        let bands: Vec<(f64, f64)> = Level::ALL.iter().map(|level| band(*level)).collect();
        assert_eq!(bands.first().map(|band| band.0), Some(0.0));
        assert_eq!(bands.last().map(|band| band.1), Some(1.0));
        assert!(bands.windows(2).all(|pair| pair[0].1 == pair[1].0), "{bands:?}");
    }

    #[test]
    fn figures_read_as_people_say_them() {
        let check = |text: String, expect: &str| assert_eq!(text, expect);
        check(plain_duration(0.4), "0 s");
        check(plain_duration(59.0), "59 s");
        check(plain_duration(60.0), "1 min");
        check(plain_duration(312.0), "5 min 12 s");
        check(plain_duration(3_599.0), "59 min");
        check(plain_duration(3_660.0), "1 h 1 min");
        check(plain_duration(93_600.0), "1 day 2 h");
        check(plain_duration(1e6), "11 days");
        check(signed(-0.891, 2), "\u{2212}0.89");
        check(signed(-0.001, 2), "0.00");
        check(signed(1.9, 1), "+1.9");
        check(percent(0.004), "under 1\u{a0}%");
        check(percent(0.9975), "over 99\u{a0}%");
        check(percent(0.72), "72\u{a0}%");
        check(number(1_234_567), "1\u{202f}234\u{202f}567");
        check(counted(1, "turn", "turns"), "1 turn");
        check(per_hundred(1, 3), "33.3");
        check(per_hundred(1, 0), "\u{2013}");
    }
}
