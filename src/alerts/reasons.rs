//! Why an alert fired, in the words of the conversation.
//!
//! Holds always: a quote is an exact part of a turn that is remembered, at most `QUOTE_CHARS_MAX` code points, with its
//! offsets; where anything was said, there is a reason. Called by [`super::episode`].

use std::ops::Range;

use super::rules::Rule;
use crate::conversation::{RecentTurn, State};
use crate::detectors::course::{TELLING, TRIGGERS};
use crate::detectors::{Quoted, mood};
use crate::scoring::Name;
use crate::wire::{AlertKind, Evidence, FindingState, Reason, Role, Signal};

/// Reasons of one alert.
pub const REASONS_MAX: usize = 3;
/// What is quoted for its mood.
pub const NEGATIVE_SENTIMENT: &str = "negative_sentiment";
/// What is quoted because nothing tells more.
pub const LAST_TURN: &str = "last_turn";

/// The most telling places of what the rule is about, in the order in which they were said.
pub fn of(rule: &Rule, state: &State) -> Vec<Reason> {
    let mut found = named(rule, state);
    if found.is_empty() && rule.kind == AlertKind::CustomerRisk {
        found = worst(state);
    }
    if found.is_empty() {
        found.extend(last(state));
    }
    found
}

/// Whether both quote the same turns for the same.
pub fn are_alike(a: &[Reason], b: &[Reason]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a.name, &a.turn_id) == (b.name, &b.turn_id))
}

/// What the rule speaks of: the newest findings and turns that show it.
fn named(rule: &Rule, state: &State) -> Vec<Reason> {
    let mut found: Vec<(usize, Reason)> = Vec::new();
    let place_of = |turn_id: &str| state.recent.iter().position(|turn| turn.turn_id == turn_id);
    for name in &rule.quotes {
        let findings = state
            .findings
            .iter()
            .filter(|finding| finding.name == *name && finding.state == FindingState::Open);
        for evidence in findings.flat_map(|finding| &finding.evidence) {
            // What was said in another conversation cannot be pointed at here.
            if evidence.conversation_id.is_none() && !evidence.quote.is_empty() {
                let Evidence { turn_id, start, end, quote, .. } = evidence.clone();
                found.push((place_of(&turn_id).unwrap_or(0), Reason { name, turn_id, start, end, quote }));
            }
        }
        for (at, turn) in state.recent.iter().enumerate().rev() {
            let shown = turn.places.iter().find(|(shown, _)| shown.as_str() == *name);
            found.extend(shown.map(|(shown, place)| (at, reason(shown.as_str(), turn, Some(place)))));
        }
    }
    let mut chosen: Vec<(usize, Reason)> = Vec::new();
    for (at, reason) in found {
        let is_new =
            chosen.iter().all(|(_, known)| (known.name, &known.turn_id) != (reason.name, &reason.turn_id));
        if is_new && chosen.len() < REASONS_MAX && !reason.quote.is_empty() {
            chosen.push((at, reason));
        }
    }
    chosen.sort_by_key(|(at, _)| *at);
    chosen.into_iter().map(|(_, reason)| reason).collect()
}

/// The worst of the last customer turns: signals by their own words, bad moods by the whole turn.
fn worst(state: &State) -> Vec<Reason> {
    let customer = state.recent.iter().enumerate().filter(|(_, turn)| turn.role == Role::Customer);
    let mut worst: Vec<(usize, f64, &RecentTurn)> = customer
        .filter_map(|(at, turn)| Some((at, weight(turn)?, turn)))
        .filter(|(_, weight, turn)| *weight > 0.0 && !turn.excerpt.is_empty())
        .collect();
    worst.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
    worst.truncate(REASONS_MAX);
    worst.sort_by_key(|(at, ..)| *at);
    let quoted = |turn: &RecentTurn| match telling(turn) {
        Some((signal, place)) => reason(signal.as_str(), turn, Some(place)),
        None => reason(NEGATIVE_SENTIMENT, turn, None),
    };
    worst.into_iter().map(|(_, _, turn)| quoted(turn)).collect()
}

/// The newest turn of the customer, or else of anybody.
fn last(state: &State) -> Option<Reason> {
    let said = || state.recent.iter().rev().filter(|turn| !turn.excerpt.is_empty());
    let turn = said().find(|turn| turn.role == Role::Customer).or_else(|| said().next())?;
    Some(reason(LAST_TURN, turn, None))
}

/// How much a turn tells; a signal that is reason enough alone tells more than any mood.
fn weight(turn: &RecentTurn) -> Option<f64> {
    let signal = match telling(turn) {
        Some((signal, _)) if TRIGGERS.iter().any(|(trigger, ..)| *trigger == signal) => 1.0,
        Some(_) => f64::EPSILON,
        None => 0.0,
    };
    Some(signal + mood::negativity(turn.score?))
}

/// The signal of a customer's turn that tells most, and where it shows.
fn telling(turn: &RecentTurn) -> Option<(Signal, &Range<u32>)> {
    let ranked = turn.places.iter().filter_map(|(name, place)| match name {
        Name::Signal(signal) => Some((TELLING.iter().position(|known| known == signal)?, *signal, place)),
        Name::Mistake(_) | Name::Act(_) => None,
    });
    ranked.min_by_key(|(rank, ..)| *rank).map(|(_, signal, place)| (signal, place))
}

fn reason(name: &'static str, turn: &RecentTurn, place: Option<&Range<u32>>) -> Reason {
    let turn_id = turn.turn_id.as_str().into();
    let quoted = Quoted { turn_id, excerpt: turn.excerpt.clone(), place: place.cloned() };
    let Evidence { turn_id, start, end, quote, .. } = quoted.evidence();
    Reason { name, turn_id, start, end, quote }
}
