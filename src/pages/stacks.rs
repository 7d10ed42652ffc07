//! The levels that conversations reached, as stacked bars over time or over the order of the input.
//!
//! Holds always: the legend names the levels with their counts, so that no colour need be told apart. Called by the
//! report.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::gathered::{Bin, Course};
use super::words;
use crate::wire::Level;

const HEIGHT: f64 = 100.0;
const BAR_WIDTH: f64 = 10.0;
const GAP: f64 = 1.0;

/// The bars, or nothing where there is nothing to draw.
pub fn draw(course: &Course, reached: &[u64; 4], zone: &TimeZone) -> Markup {
    let most = course.bins.iter().map(total).max().unwrap_or(0);
    if most == 0 {
        return html! {};
    }
    let width = course.bins.len() as f64 * BAR_WIDTH;
    let what = if course.by_time {
        format!("Conversations by when they began, {} at a time", words::duration(course.bin_seconds))
    } else {
        "Conversations in the order of the input".to_owned()
    };
    let label = |index: usize| match course.bins.get(index) {
        Some(bin) if course.by_time => words::moment(bin.began, zone),
        Some(bin) => words::number(bin.first),
        None => String::new(),
    };
    html! {
        figure class="stacks" {
            ul class="legend" {
                @for level in Level::ALL.iter().rev() {
                    li {
                        svg viewBox="0 0 1 1" aria-hidden="true" { rect class=(level) width="1" height="1" {} }
                        " " (level) " " b { (words::number(reached[*level as usize])) }
                    }
                }
            }
            svg viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="img"
                aria-labelledby="stacks-t stacks-d" {
                title id="stacks-t" { (what) ", by the worst level that they reached" }
                desc id="stacks-d" { "At most " (words::counted(most, "conversation", "conversations")) " in one bar." }
                @for (index, bin) in course.bins.iter().enumerate() { (bar(index, bin, most, &label(index))) }
            }
            figcaption {
                span { (label(0)) }
                span { (what) "; highest bar " (words::number(most)) }
                span { (label(course.bins.len() - 1)) }
            }
        }
    }
}

fn total(bin: &Bin) -> u64 {
    bin.reached.iter().sum()
}

fn bar(index: usize, bin: &Bin, most: u64, label: &str) -> Markup {
    let unit = HEIGHT / most as f64;
    let below = |level: Level| -> u64 {
        Level::ALL
            .iter()
            .rev()
            .take_while(|other| **other != level)
            .map(|other| bin.reached[*other as usize])
            .sum()
    };
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    html! {
        @if total(bin) > 0 {
            g {
                title {
                    (label)
                    @for level in Level::ALL.iter().rev() {
                        @let count = bin.reached[*level as usize];
                        @if count > 0 { ", " (level) " " (count) }
                    }
                }
                @for level in Level::ALL {
                    @let count = bin.reached[*level as usize];
                    @if count > 0 {
                        rect class=(level) x=(index as f64 * BAR_WIDTH) width=(BAR_WIDTH - GAP)
                            y=(tenth(HEIGHT - (below(*level) + count) as f64 * unit)) height=(tenth(count as f64 * unit)) {}
                    }
                }
            }
        }
    }
}
