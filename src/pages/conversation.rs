//! The page of one conversation: what an alert's link opens, at three in the morning, on a phone.
//!
//! Holds always: risk and level come first, then why, then the transcript. Called by `gateway`.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::marks::Free;
use super::subject::Subject;
use super::{Page, REFRESH_SECONDS, alert, contributions, risk_line, transcript, words};
use crate::wire::{
    AlertState, AlertView, ConversationDetail, ConversationState, ConversationView, PromiseView, Severity,
};

/// How the page is drawn.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// Loads itself anew every [`REFRESH_SECONDS`] while the conversation is open.
    pub refresh: bool,
    /// Has buttons for verdicts on its alerts.
    pub verdicts: bool,
    /// Times are shown in it.
    pub zone: TimeZone,
}

impl Default for PageOptions {
    fn default() -> Self {
        PageOptions { refresh: true, verdicts: true, zone: TimeZone::UTC }
    }
}

/// The part of a page that says that a verdict was recorded; shown only where the address ends in it.
pub const RECORDED: &str = "verdict-recorded";

/// The page of a conversation. It must be sent with [`super::CONTENT_SECURITY_POLICY`].
pub fn conversation(detail: &ConversationDetail, options: &PageOptions) -> String {
    let subject = Subject::new(detail, "", &options.zone);
    let summary = &detail.summary;
    let view = &summary.conversation;
    let title = format!("{} {} · {}", words::percent(view.risk), view.level, summary.conversation_id);
    let refresh = options.refresh && summary.state == ConversationState::Open;
    let (open, over): (Vec<&AlertView>, Vec<&AlertView>) =
        by_urgency(&detail.alerts).into_iter().partition(|alert| alert.state == AlertState::Open);
    let card = |alert: &AlertView| alert::card(alert, &subject, options.verdicts);
    let body = html! {
        (header(detail, &options.zone))
        main class="columns" {
            section class="why" aria-label="Alerts and risk" {
                @if options.verdicts {
                    p id=(RECORDED) { "Your verdict is recorded. Thank you." }
                }
                @if !open.is_empty() {
                    h2 { "Open alerts" }
                    @for alert in &open { (card(alert)) }
                }
                @if !over.is_empty() {
                    details class="past" open[open.is_empty()] {
                        summary { (words::counted(over.len() as u64, "earlier alert", "earlier alerts")) }
                        @for alert in &over { (card(alert)) }
                    }
                }
                @if !detail.contributions.is_empty() {
                    h2 { "What the risk is made of" }
                    div class="card" { (contributions::bars(&detail.contributions, view.risk)) }
                }
                @if !detail.promises.is_empty() {
                    h2 { "Promises" }
                    div class="card" { (promises(&detail.promises, &subject)) }
                }
            }
            section class="what" aria-label="Transcript" {
                h2 { "Risk, turn by turn" }
                (risk_line::draw(&subject))
                h2 { "Transcript" }
                (transcript::draw(&subject))
            }
        }
        footer class="dim small" {
            "Model " (Free(&detail.model)) " · rules " (Free(&detail.rules_version)) " · times in "
            (Free(&words::zone(&options.zone)))
            @if refresh { " · reloads every " (REFRESH_SECONDS) " s" }
            ". Found by a model: read before you act. It judges conversations, not people."
        }
    };
    let page = Page { title: &title, class: view.level.as_str(), refresh, is_file: false };
    page.around(&body)
}

/// The page where there is no such conversation.
pub fn missing(conversation_id: &str) -> String {
    let body = html! {
        header class="top" { h1 { "This conversation is not here" } }
        main {
            p class="note" {
                "Nothing is held of " b class="id" { (Free(conversation_id)) } ". It may have ended and been forgotten, "
                "or the server was started anew since: conversations are kept in memory only."
            }
            p class="note" { "Look for it in your chat system." }
        }
    };
    Page { title: "Not here", class: "", refresh: false, is_file: false }.around(&body)
}

/// Level and risk in a word and a figure, coloured.
fn level_badge(view: &ConversationView) -> Markup {
    html! {
        span class={ "badge large " (view.level) } { (view.level) " · risk " (words::percent(view.risk)) }
    }
}

fn header(detail: &ConversationDetail, zone: &TimeZone) -> Markup {
    let summary = &detail.summary;
    let view = &summary.conversation;
    html! {
        header class="top" {
            p class="verdict" {
                (level_badge(view)) " "
                span class="badge" { (summary.state) }
            }
            h1 class="id" { (Free(&summary.conversation_id)) }
            p {
                (words::channel(summary.channel))
                @if let Some(queue) = &summary.queue { " · queue " b { (Free(queue)) } }
                " · began " (words::date(summary.started_at, zone)) " " (words::clock(summary.started_at, zone))
                " · newest " (words::clock(summary.updated_at, zone))
            }
            p { (state_of_mood(view)) }
        }
    }
}

fn state_of_mood(view: &ConversationView) -> Markup {
    let course = match view.trend {
        trend if trend < -0.1 => "getting worse",
        trend if trend > 0.1 => "getting better",
        _ => "steady",
    };
    html! {
        "Mood " b { (words::signed(view.sentiment, 2)) } ", " (course) ", at worst " (words::signed(view.worst, 2))
        " · " (words::counted(view.customer_turns.into(), "customer turn", "customer turns"))
        ", " (view.agent_turns) " of the business side"
        @if let Some(seconds) = view.waiting_seconds {
            " · " b class="waiting" { "waiting for " (words::duration(seconds)) }
        }
    }
}

/// The most severe first; among those the newest.
fn by_urgency(alerts: &[AlertView]) -> Vec<&AlertView> {
    let mut alerts: Vec<&AlertView> = alerts.iter().collect();
    let rank = |severity: Severity| std::cmp::Reverse(severity);
    alerts.sort_by_key(|alert| (rank(alert.alert.severity), std::cmp::Reverse(alert.alert.opened_at)));
    alerts
}

/// Promises of the business side that are not known to be kept.
pub fn promises(promises: &[PromiseView], subject: &Subject<'_>) -> Markup {
    html! {
        ul class="reasons" {
            @for promise in promises {
                li {
                    b { (words::promise(promise.state)) } " " q dir="auto" { (Free(&promise.quote)) }
                    " due " (words::date(promise.due_at, subject.zone)) " " (words::clock(promise.due_at, subject.zone))
                    @if promise.conversation_id.is_some() {
                        span class="dim" { " from an earlier conversation" }
                    } @else if let Some(index) = subject.turn(&promise.turn_id) {
                        " " a href={ "#" (subject.turn_anchor(index)) } { (words::clock(promise.made_at, subject.zone)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
pub(super) mod tests;
