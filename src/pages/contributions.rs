//! What a risk is made of, as a short list of bars.
//!
//! Holds always: the bars are terms of a sum, and the sum with its start is said. Called by the conversation page and
//! the report.

use maud::{Markup, html};

use super::marks::Free;
use super::words;
use crate::wire::Contribution;

/// Terms that are drawn; the others are summed up in one line.
const TERMS_SHOWN_MAX: usize = 8;
/// A term smaller than this is none to people.
const TERM_MIN: f64 = 0.05;

/// The terms of `risk`, largest first.
pub fn bars(contributions: &[Contribution], risk: f64) -> Markup {
    let start: f64 = contributions.iter().filter(|term| *term.name == *"base").map(|term| term.value).sum();
    let mut terms: Vec<&Contribution> = contributions.iter().filter(|term| *term.name != *"base").collect();
    terms.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    let shown = terms.iter().take(TERMS_SHOWN_MAX).take_while(|term| term.value.abs() >= TERM_MIN).count();
    let (shown, rest) = terms.split_at(shown);
    let values = || shown.iter().map(|term| term.value);
    let (lowest, highest) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    let rest_sum: f64 = rest.iter().map(|term| term.value).sum();
    let sum: f64 = contributions.iter().map(|term| term.value).sum();
    html! {
        @if shown.is_empty() {
            p class="dim" { "Nothing raises the risk." }
        } @else {
            table class="bars" {
                @for term in shown {
                    tr {
                        th scope="row" { (Free(&words::term(term.name))) }
                        td class="bar" { (bar(term.value, lowest, highest)) }
                        td class="figure" { (words::signed(term.value, 1)) }
                    }
                }
            }
        }
        p class="dim small" {
            "Starts at " (words::signed(start, 1))
            @if !rest.is_empty() {
                ", " (rest.len()) " smaller: " (words::signed(rest_sum, 1))
            }
            ", sum " (words::signed(sum, 1)) " in log-odds: a risk of " (words::percent(risk)) "."
        }
    }
}

/// To the right what raises the risk, to the left what lowers it, all on one scale.
fn bar(value: f64, lowest: f64, highest: f64) -> Markup {
    let unit = |value: f64| (value / (highest - lowest).max(TERM_MIN) * 100.0 * 10.0).round() / 10.0;
    html! {
        svg viewBox={ (unit(lowest) - 1.0) " 0 102 10" } preserveAspectRatio="none" aria-hidden="true" {
            rect class=(if value < 0.0 { "lowers" } else { "raises" })
                x=(unit(value.min(0.0))) y="0" width=(unit(value.abs())) height="10" {}
            rect class="zero" x="-0.5" y="0" width="1" height="10" {}
        }
    }
}
