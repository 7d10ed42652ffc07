//! One alert: how urgent, since when, why, and what a person thinks of it.
//!
//! Holds always: every reason shows its quote, and leads to the turn where that is shown. Called by the conversation
//! page and the report.

use maud::{Markup, html};

use super::marks::Free;
use super::subject::Subject;
use super::{contributions, words};
use crate::wire::{AlertView, Reason};

/// What a person can say of an alert, as the server takes it, and in words.
const VERDICTS: [(&str, &str); 3] =
    [("useful", "Useful"), ("false_alarm", "False alarm"), ("late", "Too late")];

/// The whole card; with buttons where a server takes verdicts.
pub fn card(alert: &AlertView, subject: &Subject<'_>, takes_verdicts: bool) -> Markup {
    let frame = &alert.alert;
    let until = frame.resolution.map_or(subject.detail.summary.updated_at, |_| frame.ts);
    let lasted = words::duration(until.duration_since(frame.opened_at).as_secs_f64());
    html! {
        article class={ "card alert " (frame.severity) @if frame.resolution.is_some() { " over" } } {
            h3 {
                span class={ "badge " (frame.severity) } { (words::severity(frame.severity)) }
                " " (Free(&frame.rule))
            }
            p class="dim small" {
                (words::kind(frame.kind)) " · "
                @if let Some(resolution) = frame.resolution {
                    "over after " (lasted) ": " (words::resolution(resolution))
                } @else {
                    "open since " (words::clock(frame.opened_at, subject.zone)) ", " (lasted)
                }
            }
            p { (Free(&frame.summary)) }
            (reasons(&frame.reasons, |turn_id| subject.turn(turn_id).map(|index| (
                subject.turn_anchor(index),
                words::clock(subject.detail.turns[index].ts, subject.zone),
            ))))
            @if !frame.contributions.is_empty() {
                details {
                    summary { "What its risk of " (words::percent(frame.risk)) " is made of" }
                    (contributions::bars(&frame.contributions, frame.risk))
                }
            }
            @if takes_verdicts { (verdicts(&frame.alert_id)) }
        }
    }
}

/// Quotes, each with its name and a link to `turn`: where it is, and what that place is called.
pub fn reasons(reasons: &[Reason], turn: impl Fn(&str) -> Option<(String, String)>) -> Markup {
    html! {
        ul class="reasons" {
            @for reason in reasons {
                li {
                    b { (Free(&words::name(reason.name))) }
                    @if !reason.quote.is_empty() { " " q dir="auto" { (Free(&reason.quote)) } }
                    @if let Some((anchor, place)) = turn(&reason.turn_id) {
                        " " a href={ "#" (anchor) } { (Free(&place)) }
                    }
                }
            }
        }
    }
}

fn verdicts(alert_id: &str) -> Markup {
    html! {
        form class="verdicts" method="post" action={ "/v1/alerts/" (encoded(alert_id)) "/verdict" } {
            span class="dim small" { "Was this alert right?" }
            @for (value, label) in VERDICTS {
                button type="submit" name="verdict" value=(value) { (label) }
            }
        }
    }
}

/// Everything but unreserved characters (RFC 3986).
fn encoded(id: &str) -> String {
    id.bytes().fold(String::with_capacity(id.len()), |mut text, byte| {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte))
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
        text
    })
}
