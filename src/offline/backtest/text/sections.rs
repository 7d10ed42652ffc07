//! The tables and lists of the text report.
//!
//! Holds always: a section that has nothing to say is empty. Called by [`super::render`].

use std::fmt::Write;

use super::{counted, found_row, middle, part, percent, shown};
use crate::offline::backtest::compare::Difference;
use crate::offline::backtest::counts::{AlertCounts, RuleCounts};
use crate::offline::backtest::example::Example;
use crate::offline::backtest::figures::Rate;
use crate::offline::backtest::judge::{Judgement, Lead};
use crate::offline::backtest::report::{Report, RulesReport};
use crate::offline::backtest::table::Table;
use crate::offline::clean::cut;
use crate::wire::outbound::Resolution;
use crate::wire::{AlertKind, Severity};

/// Columns of a quote.
const QUOTE_COLUMNS_MAX: usize = 100;
/// Quotes of one alert.
const QUOTES_MAX: usize = 3;

/// How many of each rule, for each 100 conversations.
pub fn by_rule(rules: &RulesReport) -> String {
    let head = ["rule", "kind", "conversations", "of 100", "alerts", "info", "warning", "critical"];
    let mut table = Table::new(2, &head);
    let cells = |alerts: &AlertCounts| {
        let severe = |severity| alerts.by_severity.get(&severity).map_or(0, |rate| rate.count).to_string();
        [
            alerts.opened.count.to_string(),
            severe(Severity::Info),
            severe(Severity::Warning),
            severe(Severity::Critical),
        ]
    };
    let mut row = |name: &str, kind: &str, conversations: Rate, alerts: &AlertCounts| {
        let first =
            [name.to_owned(), kind.to_owned(), conversations.count.to_string(), shown(conversations.per_100)];
        table.row(first.into_iter().chain(cells(alerts)));
    };
    for RuleCounts { rule, kind, conversations, alerts, .. } in &rules.counts.by_rule {
        row(rule, kind.as_str(), *conversations, alerts);
    }
    row("all", "", rules.counts.conversations.alerted, &rules.counts.alerts);
    let note = "  An alert counts with the highest severity that it had; of 100 is of 100 conversations.\n";
    table.render() + note
}

/// Raised, opened again, and how they end.
pub fn courses(rules: &RulesReport) -> String {
    if rules.counts.alerts.opened.count == 0 {
        return String::new();
    }
    let head = [
        "rule",
        "alerts",
        "raised",
        "opened again",
        "recovered",
        "closed",
        "expired",
        "still open",
        "median",
        "90 % by",
    ];
    let mut table = Table::new(1, &head);
    let mut row = |name: &str, alerts: &AlertCounts| {
        let how = |how| alerts.resolved.get(&how).copied().unwrap_or(0).to_string();
        let spread = alerts.seconds_to_resolve.as_ref();
        table.row([
            name.to_owned(),
            alerts.opened.count.to_string(),
            alerts.raised.to_string(),
            alerts.reopened.to_string(),
            how(Resolution::Recovered),
            how(Resolution::Closed),
            how(Resolution::Expired),
            alerts.unresolved.to_string(),
            middle(spread, |spread| spread.median),
            middle(spread, |spread| spread.p90),
        ]);
    };
    for rule in rules.counts.by_rule.iter().filter(|rule| rule.alerts.opened.count > 0) {
        row(&rule.rule, &rule.alerts);
    }
    row("all", &rules.counts.alerts);
    table.render()
        + "  The last two columns are the time from opening to resolution, in the time of the recording.\n"
}

/// What is found of the labelled conversations, by the rules and by the baseline.
pub fn judged(report: &Report) -> String {
    let Some(judgement) = &report.rules.labelled else { return String::new() };
    let of = judgement.conversations;
    let mut text =
        format!("{} calm, {} tense, {} escalated conversations.\n", of.calm, of.tense, of.escalated);
    let head = ["alerts", "to find", "found", "number", "calm alerted", "precision", "turns late", "in time"];
    let mut table = Table::new(2, &head);
    let mut both = |who: &str, judgement: &Judgement| {
        found_row(
            &mut table,
            &format!("customer, warning or above{who}"),
            "tense, escalated",
            &judgement.warning,
        );
        found_row(&mut table, &format!("customer, critical{who}"), "escalated", &judgement.critical);
    };
    both("", judgement);
    if let Some(baseline) = report.baseline.as_ref().and_then(|baseline| baseline.labelled.as_ref()) {
        both(", baseline", baseline);
    }
    for one in &judgement.by_rule {
        let suffix = if one.kind == AlertKind::Service { " (service)" } else { "" };
        found_row(&mut table, &format!("{}{suffix}", one.rule), "tense, escalated", &one.found);
    }
    text += &table.render();
    text += "  In brackets the 95 % interval. Turns late: customer turns after the annotated one, the median; in time: at most one.\n";
    if let Some(lead) = &judgement.warning.lead {
        text += &lateness(lead);
    }
    if !judgement.warning.missed.is_empty() {
        let ids: Vec<String> = judgement.warning.missed.iter().map(|id| cut(id, QUOTE_COLUMNS_MAX)).collect();
        let _ = writeln!(text, "  Some that are missed: {}", ids.join(", "));
    }
    text + &list("Some calm ones that are alerted:", &judgement.warning.false_alarms)
}

fn lateness(lead: &Lead) -> String {
    let mut text = String::from("  Customer turns after the annotated one:");
    for (late, count) in &lead.by_customer_turns {
        let _ = match late {
            0 => write!(text, "  0: {count}"),
            _ => write!(text, "  {late:+}: {count}"),
        };
    }
    let _ = writeln!(
        text,
        "\n  In time are {} of those found ({}) and {} of all ({}). Seconds late: median {:.0}, 90 % by {:.0}.",
        percent(lead.in_time),
        part(lead.in_time),
        percent(lead.in_time_of_all),
        part(lead.in_time_of_all),
        lead.seconds.median,
        lead.seconds.p90
    );
    text
}

/// What is gained and lost.
pub fn compared(report: &Report) -> String {
    let (Some(comparison), Some(baseline)) = (&report.comparison, &report.baseline) else {
        return String::new();
    };
    let differences = [
        ("alerts gained", &comparison.alerts_gained),
        ("alerts lost", &comparison.alerts_lost),
        ("more severe now", &comparison.severity_raised),
        ("less severe now", &comparison.severity_lowered),
        ("conversations gained", &comparison.conversations_gained),
        ("conversations lost", &comparison.conversations_lost),
    ];
    let mut table = Table::new(1, &["", "number", "of 100", "calm", "tense", "escalated"]);
    for (name, Difference { all, outcomes, .. }) in differences {
        let counts = [all.count, outcomes.calm, outcomes.tense, outcomes.escalated].map(|n| n.to_string());
        let [count, calm, tense, escalated] = counts;
        table.row([name.to_owned(), count, shown(all.per_100), calm, tense, escalated]);
    }
    let mut text = format!("Baseline: {}.\n", named(baseline)) + &table.render();
    let _ = writeln!(
        text,
        "  {} in both, as severely. Alerts are matched by rule and conversation.",
        counted(comparison.same, "alert")
    );
    let rules =
        |rules: &RulesReport| rules.rules.names.iter().map(|rule| rule.name.clone()).collect::<Vec<_>>();
    let (new, old) = (rules(&report.rules), rules(baseline));
    for (what, here, there) in [("New rules", &new, &old), ("Rules that are gone", &old, &new)] {
        let only: Vec<&str> = here.iter().filter(|name| !there.contains(name)).map(String::as_str).collect();
        if !only.is_empty() {
            let _ = writeln!(text, "  {what}: {}", only.join(", "));
        }
    }
    // The conversations are those of the alerts: their examples would say the same again.
    for (name, difference) in differences.iter().take(4) {
        text += &list(&format!("Some {name}:"), &difference.examples);
    }
    text
}

/// The precision of each rule so far, by what people said.
pub fn verdicts(report: &Report) -> String {
    let Some(verdicts) = &report.verdicts else { return String::new() };
    let head = ["rule", "judged", "useful", "false alarm", "late", "precision"];
    let mut table = Table::new(1, &head);
    for one in &verdicts.by_rule {
        table.row([
            one.rule.clone(),
            (one.useful + one.false_alarm + one.late).to_string(),
            one.useful.to_string(),
            one.false_alarm.to_string(),
            one.late.to_string(),
            percent(one.precision),
        ]);
    }
    let mut text = if verdicts.by_rule.is_empty() { "No verdicts yet.\n".to_owned() } else { table.render() };
    text +=
        "  Precision: useful of useful and false alarm. The verdicts are of live alerts, not of this run.\n";
    if verdicts.bad_lines > 0 {
        let _ = writeln!(
            text,
            "  {} could not be read.",
            counted(usize::try_from(verdicts.bad_lines).unwrap_or(usize::MAX), "line")
        );
    }
    text
}

/// Some alerts of each rule.
pub fn examples(report: &Report) -> String {
    let rules = report.rules.counts.by_rule.iter().filter(|rule| !rule.examples.is_empty());
    let shown = |rule: &RuleCounts| {
        let title = format!("{} ({} of {}):", rule.rule, rule.examples.len(), rule.alerts.opened.count);
        list(&title, &rule.examples)
    };
    rules.map(shown).collect()
}

fn list(title: &str, examples: &[Example]) -> String {
    if examples.is_empty() {
        return String::new();
    }
    let mut text = format!("  {}\n", cut(title, QUOTE_COLUMNS_MAX));
    for example in examples {
        let before = example.severity_before.map_or(String::new(), |before| format!("{before} → "));
        let outcome = example.outcome.map_or(String::new(), |outcome| {
            format!(
                ", {}",
                serde_json::to_value(outcome).ok().as_ref().and_then(|v| v.as_str()).unwrap_or("")
            )
        });
        let _ = writeln!(
            text,
            "    {before}{} {} in {} (risk {:.2}{outcome})",
            example.severity,
            cut(&example.rule, QUOTE_COLUMNS_MAX),
            cut(&example.conversation_id, QUOTE_COLUMNS_MAX),
            example.risk
        );
        for reason in example.reasons.iter().take(QUOTES_MAX) {
            let quote = cut(&reason.quote, QUOTE_COLUMNS_MAX);
            let _ = writeln!(
                text,
                "      {} at turn {}: \"{quote}\"",
                reason.name,
                cut(&reason.turn_id, QUOTE_COLUMNS_MAX)
            );
        }
    }
    text
}

fn named(rules: &RulesReport) -> String {
    let version = &rules.rules.version;
    rules
        .rules
        .file
        .as_ref()
        .map_or_else(|| version.clone(), |file| format!("{} ({version})", cut(file, QUOTE_COLUMNS_MAX)))
}
