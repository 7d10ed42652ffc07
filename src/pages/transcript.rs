//! The transcript: who said what when, with what was found in it, and between the turns what happened.
//!
//! Holds always: every turn that is held is shown, in order; how many came before is said. Called by the conversation
//! page and the report.

use jiff::Timestamp;
use maud::{Markup, html};

use super::marks::{self, Free, Place};
use super::subject::{Event, Subject};
use super::words;
use crate::wire::{Evidence, Finding, FindingState, Mistake, Role, Signal, TurnView};

/// A silence that is worth a line, in seconds.
const SILENCE_SECONDS_MIN: f64 = 120.0;

/// All turns with what happened between them.
pub fn draw(subject: &Subject<'_>) -> Markup {
    let turns = &subject.detail.turns;
    let (evidence, events) = (subject.evidence(), subject.events());
    let happened = |after: usize| events.get(&after).into_iter().flatten();
    html! {
        @if subject.detail.earlier_turns > 0 {
            p class="note" {
                (words::counted(subject.detail.earlier_turns, "earlier turn is", "earlier turns are"))
                " not kept."
            }
        }
        @if turns.is_empty() { p class="note" { "No turn is kept." } }
        ol class="turns" {
            @for event in happened(0) { (row(event, subject)) }
            @for (index, turn) in turns.iter().enumerate() {
                (pause(index.checked_sub(1).map(|before| turns[before].ts), turn.ts, subject))
                (bubble(subject, index, turn, &evidence[index]))
                @for event in happened(index + 1) { (row(event, subject)) }
            }
        }
    }
}

/// A new day, or a silence.
fn pause(before: Option<Timestamp>, now: Timestamp, subject: &Subject<'_>) -> Markup {
    let date = words::date(now, subject.zone);
    let new_day = before.is_none_or(|before| words::date(before, subject.zone) != date);
    let silence = before.map(|before| now.duration_since(before).as_secs_f64());
    let silence = silence.filter(|seconds| *seconds >= SILENCE_SECONDS_MIN);
    html! {
        @if new_day || silence.is_some() {
            li class="pause" {
                @if let Some(seconds) = silence { (words::duration(seconds)) " later" }
                @if new_day && silence.is_some() { " · " }
                @if new_day { (date) }
            }
        }
    }
}

fn bubble(subject: &Subject<'_>, index: usize, turn: &TurnView, places: &[Place<'_>]) -> Markup {
    let side = if turn.role == Role::Customer { "customer" } else { "business" };
    html! {
        li id=(subject.turn_anchor(index)) class={ "turn " (side) @if subject.is_negative(index) { " negative" } } {
            p class="who" {
                b { (words::role(turn.role)) } " "
                time datetime={ (turn.ts) } { (words::clock(turn.ts, subject.zone)) }
                @if let Some(reason) = turn.abstained {
                    span class="mood" { (words::abstained(reason)) }
                } @else {
                    span class={ "mood " (turn.sentiment.label) } { (words::mood(&turn.sentiment)) }
                }
                span class={ "level " (turn.conversation.level) } {
                    "risk " (words::percent(turn.conversation.risk))
                }
            }
            p class="said" dir="auto" {
                (marks::marked(&turn.text, places))
                @if turn.truncated { span class="dim" { " … (the rest is not kept)" } }
            }
        }
    }
}

fn row(event: &Event<'_>, subject: &Subject<'_>) -> Markup {
    match event {
        Event::Opened(alert) => html! {
            li class="event alert" {
                span class={ "badge " (alert.alert.severity) } { (words::severity(alert.alert.severity)) }
                " Alert opened: " b { (Free(&alert.alert.rule)) } " " (words::clock(alert.alert.opened_at, subject.zone))
            }
        },
        Event::Resolved(alert) => html! {
            li class="event" {
                "Alert over: " b { (Free(&alert.alert.rule)) }
                @if let Some(resolution) = alert.alert.resolution { ", " (words::resolution(resolution)) }
                " " (words::clock(alert.alert.ts, subject.zone))
            }
        },
        Event::Found(finding) => html! {
            li class={ "event " (finding.kind) } { (found(finding, subject)) }
        },
    }
}

fn found(finding: &Finding, subject: &Subject<'_>) -> Markup {
    html! {
        span aria-hidden="true" { "◆ " }
        b { (Free(&title(finding))) }
        @if let Some(more) = measured(finding) { ", " (more) }
        @if can_be_settled(finding.name) {
            (if finding.state == FindingState::Open { " · open" } else { " · settled" })
        }
        " " (words::clock(finding.ts, subject.zone))
        @for evidence in &finding.evidence { (quote(evidence, subject)) }
    }
}

fn quote(evidence: &Evidence, subject: &Subject<'_>) -> Markup {
    html! {
        br; q dir="auto" { (Free(&evidence.quote)) }
        @if evidence.conversation_id.is_some() {
            span class="dim" { " in an earlier conversation" }
        } @else if let Some(index) = subject.turn(&evidence.turn_id) {
            " " a href={ "#" (subject.turn_anchor(index)) } { (words::clock(subject.detail.turns[index].ts, subject.zone)) }
        }
    }
}

/// Over a conversation some names say more than in a turn.
fn title(finding: &Finding) -> String {
    if *finding.name == *Signal::EscalationRequest.as_str() {
        "request for a person not met".to_owned()
    } else {
        words::name(finding.name)
    }
}

/// What the finding's value says, where people want to know.
fn measured(finding: &Finding) -> Option<String> {
    let value = finding.value?;
    let is = |name: &str| *finding.name == *name;
    if is(Mistake::LeftWaiting.as_str()) || is(Signal::EscalationRequest.as_str()) {
        Some(format!("for {}", words::duration(value)))
    } else if is(Mistake::EmptyPromise.as_str()) && value > 0.0 {
        Some(format!("overdue by {}", words::duration(value)))
    } else if is(Signal::Stuck.as_str()) {
        Some(format!("after {}", words::counted(value as u64, "customer turn", "customer turns")))
    } else {
        None
    }
}

fn can_be_settled(name: &str) -> bool {
    let names = [
        Mistake::LeftWaiting.as_str(),
        Mistake::EmptyPromise.as_str(),
        Signal::EscalationRequest.as_str(),
        Signal::Stuck.as_str(),
    ];
    names.contains(&name)
}
