//! The page about a file of recorded conversations: how it went, what was found, and the worst conversations in full.
//!
//! Holds always: one file that needs nothing else and opens from a disk; what is left out is counted. Called by
//! `offline::report`.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::alert;
use super::conversation::promises;
use super::gathered::{Example, Figures, NameCount, Report, Top};
use super::marks::Free;
use super::subject::Subject;
use super::{Page, contributions, risk_line, stacks, transcript, words};
use crate::wire::{FindingKind, Level, Severity};

/// Where the conversations and turns that are shown in full are on the page.
struct Places<'a> {
    subjects: Vec<Subject<'a>>,
    numbers: HashMap<&'a str, usize>,
}

/// The whole page.
pub fn report(report: &Report) -> String {
    let prefixes: Vec<String> = (1..=report.top.len()).map(|number| format!("c{number}-")).collect();
    let places = Places::new(&report.top, &prefixes, &report.zone);
    let title = format!("undertone report: {}", report.input);
    let body = html! {
        header class="top" {
            h1 { "Conversations of " span class="id" { (Free(&report.input)) } }
            (about(report))
        }
        main {
            (figures(&report.figures))
            (bad_lines(report))
            h2 { "Levels" }
            p class="dim" { "Each conversation counts once, by the worst level that its risk reached." }
            (stacks::draw(&report.course, &report.figures.reached, &report.zone))
            h2 { "Alerts" }
            (rules(report))
            h2 { "Mistakes of the business side" }
            (names(report, FindingKind::Mistake, report.figures.business_turns, &places))
            h2 { "Signals of customers" }
            (names(report, FindingKind::Signal, report.figures.customer_turns, &places))
            h2 { "Every alert, with why" }
            (alerts(report, &places))
            h2 { "The conversations most at risk" }
            @if report.top.is_empty() { p class="note" { "No conversation." } }
            @for (index, top) in report.top.iter().enumerate() { (full(index, top, &places.subjects[index])) }
        }
        footer class="dim small" {
            "Model " (Free(&report.model)) " · rules " (Free(&report.rules_version)) " · times in "
            (Free(&words::zone(&report.zone)))
            ". Found by a model, which errs: the model card says how often. It judges conversations, not people."
        }
    };
    Page { title: &title, class: "", refresh: false, is_file: true }.around(&body)
}

fn about(report: &Report) -> Markup {
    html! {
        p class="dim" {
            @match report.span {
                Some((first, last)) => {
                    (words::date(first, &report.zone)) " " (words::clock(first, &report.zone)) " to "
                    (words::date(last, &report.zone)) " " (words::clock(last, &report.zone))
                }
                None => "The recording has no times of its own: those shown are made up, and nobody is found waiting.",
            }
        }
    }
}

fn figures(figures: &Figures) -> Markup {
    let Figures { conversations, customer_turns, business_turns, .. } = *figures;
    let high = figures.reached[Level::High as usize] + figures.reached[Level::Critical as usize];
    let share = |count: u64, of: u64| {
        if of == 0 || count == 0 {
            String::new()
        } else {
            format!(" ({})", words::percent(count as f64 / of as f64))
        }
    };
    let cell = |count: u64, what: &str, more: String| {
        html! {
            li { b { (words::number(count)) } (what) (more) }
        }
    };
    html! {
        ul class="figures" {
            (cell(conversations, "conversations", String::new()))
            (cell(customer_turns + business_turns, "turns", format!(", {} of customers", words::number(customer_turns))))
            (cell(figures.negative_turns, "negative customer turns", share(figures.negative_turns, customer_turns)))
            (cell(high, "reached high or critical", share(high, conversations)))
            (cell(figures.alerted, "conversations with an alert", share(figures.alerted, conversations)))
            (cell(figures.abstained_turns, "turns not judged", share(figures.abstained_turns, customer_turns + business_turns)))
        }
        @if conversations == 0 { p class="note" { "The input has no turn that could be judged." } }
    }
}

fn bad_lines(report: &Report) -> Markup {
    let bad = report.figures.bad;
    html! {
        @if let Some(why) = &report.broken_off {
            div class="card" { b { "The input could not be read to its end: " } (Free(why)) ". This is what came before." }
        }
        @if report.figures.not_followed > 0 {
            p class="note" {
                (words::counted(report.figures.not_followed, "conversation", "conversations"))
                " beyond the first ones are counted, but not in their levels."
            }
        }
        @if bad > 0 {
            div class="card" {
                b { (words::counted(bad, "line or turn was", "lines or turns were")) " refused and are missing here." }
                ul class="reasons" {
                    @for (line, message) in &report.bad_lines { li { "line " (line) ": " (Free(message)) } }
                }
                @if bad > report.bad_lines.len() as u64 {
                    p class="dim small" { "and " (words::number(bad - report.bad_lines.len() as u64)) " more" }
                }
            }
        }
    }
}

fn rules(report: &Report) -> Markup {
    let conversations = report.figures.conversations;
    html! {
        @if report.rules.is_empty() {
            p class="note" { "No alert." }
        } @else {
            div class="wide" { table class="lines" {
                thead { tr {
                    th { "rule" } th { "about" }
                    @for severity in Severity::ALL { th class="figure" { (severity) } }
                    th class="figure" { "per 100 conversations" }
                } }
                tbody {
                    @for count in &report.rules {
                        @let all: u64 = count.alerts.iter().sum();
                        tr {
                            th scope="row" { (Free(&count.rule)) }
                            td class="long dim" { (words::kind(count.kind)) }
                            @for (severity, alerts) in Severity::ALL.iter().zip(count.alerts) {
                                td class="figure" data-of=(severity) { (words::number(alerts)) }
                            }
                            td class="figure" data-of="per 100 conversations" { (words::per_hundred(all, conversations)) }
                        }
                    }
                }
            } }
        }
        @if !report.silent_rules.is_empty() {
            p class="dim small" { "Never: " (Free(&report.silent_rules.join(", "))) "." }
        }
    }
}

fn names(report: &Report, kind: FindingKind, turns: u64, places: &Places<'_>) -> Markup {
    let names: Vec<&NameCount> = report.names.iter().filter(|count| count.kind == kind).collect();
    let per = if kind == FindingKind::Mistake { "per 100 business turns" } else { "per 100 customer turns" };
    html! {
        @if names.is_empty() {
            p class="note" { "None found." }
        } @else {
            div class="wide" { table class="lines" {
                thead { tr {
                    th { "what" } th class="figure" { "seen in turns" } th class="figure" { "found over time" }
                    th class="figure" { (per) } th { "examples" }
                } }
                tbody {
                    @for count in names {
                        tr {
                            th scope="row" { (Free(&words::name(&count.name))) }
                            td class="figure" data-of="seen in turns" { (words::number(count.in_turns)) }
                            td class="figure" data-of="found over time" { (words::number(count.found)) }
                            td class="figure" data-of=(per) { (words::per_hundred(count.in_turns + count.found, turns)) }
                            td class="long" {
                                @for example in &count.examples { (quote(example, places)) }
                            }
                        }
                    }
                }
            } }
        }
    }
}

fn quote(example: &Example, places: &Places<'_>) -> Markup {
    html! {
        p { q dir="auto" { (Free(&example.quote)) } " " (places.link(&example.conversation_id, &example.turn_id)) }
    }
}

fn alerts(report: &Report, places: &Places<'_>) -> Markup {
    let all = report.figures.alerts;
    html! {
        @if report.alerts.is_empty() { p class="note" { "No alert." } }
        @for alert in &report.alerts {
            div class={ "card alert " (alert.alert.severity) } {
                h3 {
                    span class={ "badge " (alert.alert.severity) } { (words::severity(alert.alert.severity)) }
                    " " (Free(&alert.alert.rule)) " "
                    span class="dim small" {
                        (words::date(alert.alert.opened_at, &report.zone)) " " (words::clock(alert.alert.opened_at, &report.zone)) " · "
                        (places.conversation(&alert.alert.conversation_id))
                    }
                }
                p { (Free(&alert.alert.summary)) }
                (alert::reasons(&alert.alert.reasons, |turn_id| places.turn(&alert.alert.conversation_id, turn_id)))
            }
        }
        @if all > report.alerts.len() as u64 {
            p class="note" { "and " (words::number(all - report.alerts.len() as u64)) " more, less severe or less at risk" }
        }
    }
}

fn full(index: usize, top: &Top, subject: &Subject<'_>) -> Markup {
    let summary = &top.detail.summary;
    let alerts = top.detail.alerts.len() as u64;
    html! {
        details class="one" id={ "c" (index + 1) } open[index == 0] {
            summary {
                b { (index + 1) ". " }
                span class={ "badge " (top.level) } { (top.level) " · risk " (words::percent(top.risk)) }
                span class="id" { (Free(&summary.conversation_id)) }
                span class="dim small" {
                    (words::counted(top.detail.turns.len() as u64 + top.detail.earlier_turns, "turn", "turns"))
                    @if alerts > 0 { ", " (words::counted(alerts, "alert", "alerts")) }
                    ", ended " (summary.conversation.level)
                }
            }
            (risk_line::draw(subject))
            h3 { "What the risk was made of when it was highest" }
            (contributions::bars(&top.contributions, top.risk))
            @if !top.detail.promises.is_empty() { h3 { "Promises" } (promises(&top.detail.promises, subject)) }
            h3 { "Transcript" }
            (transcript::draw(subject))
        }
    }
}

// === impl Places ===

impl<'a> Places<'a> {
    fn new(top: &'a [Top], prefixes: &'a [String], zone: &'a TimeZone) -> Self {
        let mut places = Places { subjects: Vec::new(), numbers: HashMap::new() };
        for (index, (top, prefix)) in top.iter().zip(prefixes).enumerate() {
            places.numbers.insert(&top.detail.summary.conversation_id, index);
            places.subjects.push(Subject::new(&top.detail, prefix, zone));
        }
        places
    }

    /// A conversation, linked where it is shown.
    fn conversation(&self, id: &str) -> Markup {
        html! {
            @if let Some(index) = self.numbers.get(id) {
                a class="id" href={ "#c" (index + 1) } { (Free(id)) }
            } @else {
                span class="id" { (Free(id)) }
            }
        }
    }

    /// A turn that is shown: its anchor and its time.
    fn turn(&self, conversation_id: &str, turn_id: &str) -> Option<(String, String)> {
        let subject = &self.subjects[*self.numbers.get(conversation_id)?];
        let index = subject.turn(turn_id)?;
        let ts = subject.detail.turns[index].ts;
        Some((subject.turn_anchor(index), words::clock(ts, subject.zone)))
    }

    fn link(&self, conversation_id: &str, turn_id: &str) -> Markup {
        html! {
            @if let Some((anchor, _)) = self.turn(conversation_id, turn_id) {
                a class="small" href={ "#" (anchor) } { (Free(conversation_id)) }
            } @else {
                span class="dim small" { (Free(conversation_id)) }
            }
        }
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
