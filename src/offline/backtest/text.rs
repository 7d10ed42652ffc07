//! The report of a backtest for a supervisor: what it means first, then tables, then alerts with their quotes.
//!
//! Holds always: no control character of a customer's text comes out; figures are those of the JSON. Called by the
//! command line.

mod sections;

use std::fmt::Write;

use super::figures::{Rate, Share, Spread};
use super::judge::{Found, Judgement};
use super::report::{Report, RulesReport};
use super::table::Table;
use crate::wire::{AlertKind, Severity};

/// Below so many labelled conversations of a kind the text warns of believing a share.
const ENOUGH_CONVERSATIONS: usize = 30;

/// The whole report.
pub fn render(report: &Report) -> String {
    let mut text = head(report);
    let mut section = |title: &str, body: String| {
        if !body.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n{title}\n{}\n{body}", "-".repeat(title.chars().count()));
        }
    };
    section("What it means", meaning(report));
    section("Alerts by rule", sections::by_rule(&report.rules));
    section("How alerts go on", sections::courses(&report.rules));
    section("Against what really happened", sections::judged(report));
    section("Against the baseline", sections::compared(report));
    section("What people said so far", sections::verdicts(report));
    section("Examples", sections::examples(report));
    text
}

fn head(report: &Report) -> String {
    let input = &report.input;
    let mut text = format!(
        "Backtest of {} with the rules {}{}\n",
        counted(input.conversations, "conversation"),
        report.rules.rules.version,
        report.baseline.as_ref().map_or(String::new(), |b| format!(", against {}", b.rules.version))
    );
    let _ = writeln!(text, "{}, scored by {}", counted(input.turns, "turn"), report.model);
    if let Some(part) = input.split {
        let _ = writeln!(text, "only the {part} part; {} left out", counted(input.lines_left_out, "line"));
    }
    if input.untimed > 0 {
        let _ = writeln!(
            text,
            "{} say no times: their turns are taken to be {} s apart, so believe turns, not seconds",
            counted(input.untimed, "conversation"),
            input.spacing_seconds
        );
    }
    if input.refused > 0 {
        let _ = writeln!(text, "{} lines or turns were refused and are not in the figures", input.refused);
    }
    if input.labels_disagreeing > 0 {
        let _ = writeln!(text, "{} disagree with an earlier one", counted(input.labels_disagreeing, "label"));
    }
    if input.labels_unknown > 0 {
        let lines = counted(input.labels_unknown, "line");
        let _ = writeln!(text, "{lines} with an outcome that is none of calm, tense, escalated: not used");
    }
    text
}

/// The few sentences that most readers need.
fn meaning(report: &Report) -> String {
    let RulesReport { counts, labelled, .. } = &report.rules;
    let of_severity = |severity| rate(counts.conversations.by_severity.get(&severity));
    let of_kind = |kind| rate(counts.conversations.by_kind.get(&kind));
    let mut lines = vec![
        format!(
            "Of 100 conversations {} raise an alert: {} at most a notice (info), {} a warning for the floor, {} a critical one that may page somebody.",
            shown(counts.conversations.alerted.per_100),
            of_severity(Severity::Info),
            of_severity(Severity::Warning),
            of_severity(Severity::Critical)
        ),
        format!(
            "{} are about the customer, {} about the service (some are about both).",
            of_kind(AlertKind::CustomerRisk),
            of_kind(AlertKind::Service)
        ),
    ];
    if let Some(judgement) = labelled {
        lines.extend(judged(judgement));
    }
    if let Some(comparison) = &report.comparison {
        lines.push(format!(
            "Against the baseline {} are alerted that were not before, and {} no longer are.",
            counted(comparison.conversations_gained.all.count, "conversation"),
            comparison.conversations_lost.all.count
        ));
    }
    if let Some(verdicts) = report.verdicts.as_ref().filter(|verdicts| verdicts.alerts > 0) {
        let sum = |of: fn(&Share) -> usize| verdicts.by_rule.iter().map(|one| of(&one.precision)).sum();
        let share = percent(Share::of(sum(|share| share.count), sum(|share| share.of)));
        lines.push(format!("People found {share} of the alerts that they judged useful."));
    }
    lines.into_iter().map(|line| format!("* {line}\n")).collect()
}

fn judged(judgement: &Judgement) -> Vec<String> {
    let Judgement { conversations, warning, critical, .. } = judgement;
    let mut lines = vec![
        format!(
            "Of {} known to be tense or escalated, {} are found by a customer alert; of {} calm ones {} are alerted in vain.",
            warning.recall.of,
            percent(warning.recall),
            warning.calm.of,
            percent(warning.calm)
        ),
        format!(
            "Critical alerts find {} of {} escalated ones, and {} of the calm.",
            percent(critical.recall),
            critical.recall.of,
            percent(critical.calm)
        ),
    ];
    if let Some(lead) = &warning.lead {
        lines.push(format!(
            "{} of the alerts that are right come no later than one turn of the customer after the turn at which a supervisor would want to be told.",
            percent(lead.in_time)
        ));
    }
    let bad = conversations.tense + conversations.escalated;
    if conversations.calm.min(bad) < ENOUGH_CONVERSATIONS {
        lines.push("There are few labelled conversations: read the intervals, not the shares.".to_owned());
    }
    lines
}

/// `3 turns`, `1 turn`.
fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Without decimals where there are none to see.
fn shown(value: f64) -> String {
    if value == 0.0 || value >= 99.95 { format!("{value:.0}") } else { format!("{value:.1}") }
}

fn rate(rate: Option<&Rate>) -> String {
    rate.map_or_else(|| "0".to_owned(), |rate| shown(rate.per_100))
}

/// `80 % (71 to 87)`.
fn percent(share: Share) -> String {
    match (share.share, share.low, share.high) {
        (Some(share), Some(low), Some(high)) => {
            format!("{:.0} % ({:.0} to {:.0})", 100.0 * share, 100.0 * low, 100.0 * high)
        }
        _ => "none".to_owned(),
    }
}

/// `5 of 40`.
fn part(share: Share) -> String {
    format!("{} of {}", share.count, share.of)
}

/// Seconds as people say them.
fn span(seconds: f64) -> String {
    let size = seconds.abs();
    match size {
        _ if size < 90.0 => format!("{seconds:.0} s"),
        _ if size < 90.0 * 60.0 => format!("{:.0} min", seconds / 60.0),
        _ if size < 36.0 * 3600.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

fn middle(spread: Option<&Spread>, of: fn(&Spread) -> f64) -> String {
    spread.map_or_else(|| "-".to_owned(), |spread| span(of(spread)))
}

/// One row of what some alerts find.
fn found_row(table: &mut Table, name: &str, kind: &str, found: &Found) {
    let median = |lead: &super::judge::Lead| format!("{:.0}", lead.customer_turns.median);
    table.row([
        name.to_owned(),
        kind.to_owned(),
        percent(found.recall),
        part(found.recall),
        part(found.calm),
        percent(found.precision),
        found.lead.as_ref().map_or_else(|| "-".to_owned(), median),
        found.lead.as_ref().map_or_else(|| "-".to_owned(), |lead| percent(lead.in_time)),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_as_people_say_them() {
        let check = |seconds: f64, expect: &str| assert_eq!(span(seconds), expect);
        check(0.0, "0 s");
        check(-30.0, "-30 s");
        check(600.0, "10 min");
        check(7200.0, "2.0 h");
        check(259_200.0, "3.0 days");
        assert_eq!(percent(Share::of(8, 10)), "80 % (49 to 94)");
        assert_eq!(percent(Share::of(0, 0)), "none");
        assert_eq!((shown(0.0), shown(7.25), shown(100.0)), ("0".into(), "7.2".into(), "100".into()));
        assert_eq!((counted(1, "turn"), counted(0, "turn")), ("1 turn".into(), "0 turns".into()));
    }
}
