//! The risk over the turns of a conversation, as a line over the bands of the levels.
//!
//! Holds always: told in words too, by a description and by the turns that it links; no text is stretched. Called by
//! the conversation page and the report.

use maud::{Markup, html};

use super::marks::Free;
use super::subject::Subject;
use super::words;
use crate::wire::{Level, Role, TurnView};

/// The drawing's units; it is stretched to the width there is.
const WIDTH: f64 = 1_000.0;
/// Also its height on the page.
const HEIGHT_PIXELS: f64 = 150.0;
const AXIS_PIXELS: f64 = 58.0;

/// The line, or nothing where there are no turns.
pub fn draw(subject: &Subject<'_>) -> Markup {
    let turns = &subject.detail.turns;
    let (Some(first), Some(last)) = (turns.first(), turns.last()) else { return html! {} };
    let label = subject.anchor("risk");
    html! {
        figure class="risk" {
            div class="plot" {
                (axis())
                svg class="line" viewBox={ "0 0 " (WIDTH) " " (HEIGHT_PIXELS) } preserveAspectRatio="none"
                    role="img" aria-labelledby={ (label) "-t " (label) "-d" } {
                    title id={ (label) "-t" } { "Risk after each turn" }
                    desc id={ (label) "-d" } { (described(turns)) }
                    (bands())
                    path class="stroke" d=(path(turns)) {}
                    @for (index, turn) in turns.iter().enumerate() { (point(subject, index, turn, turns.len())) }
                }
            }
            figcaption {
                span { (words::clock(first.ts, subject.zone)) }
                span class="key" { "● customer ○ business side" @if subject.has_alerts() { " ┊ alert opens" } }
                span { (words::clock(last.ts, subject.zone)) }
            }
        }
    }
}

fn described(turns: &[TurnView]) -> String {
    let highest = turns.iter().max_by(|a, b| a.conversation.risk.total_cmp(&b.conversation.risk));
    let (Some(highest), Some(last)) = (highest, turns.last()) else { return String::new() };
    format!(
        "{}. Highest: {}, {}. Now: {}, {}.",
        words::counted(turns.len() as u64, "turn", "turns"),
        words::percent(highest.conversation.risk),
        highest.conversation.level,
        words::percent(last.conversation.risk),
        last.conversation.level,
    )
}

fn height(risk: f64) -> f64 {
    // Points at the very edge are not cut in half.
    let margin = 5.0;
    ((1.0 - risk) * (HEIGHT_PIXELS - 2.0 * margin) + margin).round()
}

fn across(index: usize, count: usize) -> f64 {
    let margin = 24.0;
    let part = if count > 1 { index as f64 / (count - 1) as f64 } else { 0.5 };
    (margin + part * (WIDTH - 2.0 * margin)).round()
}

/// The names of the levels, beside the bands and never stretched.
fn axis() -> Markup {
    html! {
        svg class="axis" width=(AXIS_PIXELS) height=(HEIGHT_PIXELS) aria-hidden="true" {
            @for level in Level::ALL {
                @let (from, to) = words::band(*level);
                text class=(level) x=(AXIS_PIXELS - 8.0) y=(height(f64::midpoint(from, to)) + 4.0)
                    text-anchor="end" { (level) }
            }
        }
    }
}

fn bands() -> Markup {
    html! {
        @for level in Level::ALL {
            @let (from, to) = words::band(*level);
            @let (top, bottom) = (if to >= 1.0 { 0.0 } else { height(to) }, if from <= 0.0 { HEIGHT_PIXELS } else { height(from) });
            rect class={ "band " (level) } x="0" y=(top) width=(WIDTH) height=(bottom - top) {}
        }
    }
}

fn path(turns: &[TurnView]) -> String {
    let mut path = String::new();
    for (index, turn) in turns.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        path.push_str(&format!("{command}{} {}", across(index, turns.len()), height(turn.conversation.risk)));
    }
    path
}

/// A turn: a dot, and a strip as wide as there is room, to touch.
fn point(subject: &Subject<'_>, index: usize, turn: &TurnView, count: usize) -> Markup {
    let (x, y) = (across(index, count), height(turn.conversation.risk));
    let strip = WIDTH / count as f64;
    let class = if turn.role == Role::Customer { "dot customer" } else { "dot business" };
    // A line of no length with round ends stays round however the drawing is stretched.
    let dot = format!("M{x} {y}h0");
    let said = format!(
        "{}, {}: risk {}, {}",
        words::clock(turn.ts, subject.zone),
        words::role(turn.role),
        words::percent(turn.conversation.risk),
        turn.conversation.level
    );
    html! {
        a href={ "#" (subject.turn_anchor(index)) } tabindex="-1" {
            title { (Free(&said)) }
            rect class="strip" x=(x - strip / 2.0) y="0" width=(strip) height=(HEIGHT_PIXELS) {}
            @if subject.alert_opens_at(index) {
                path class="opens" d={ "M" (x) " " (HEIGHT_PIXELS) "V" (y) } {}
            }
            path class=(class) d=(dot) {}
            @if turn.role != Role::Customer { path class="hole" d=(dot) {} }
        }
    }
}
