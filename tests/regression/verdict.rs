//! Whether an item passes, and whether another machine might see it otherwise.

use std::collections::BTreeMap;

use super::heard::{Heard, Said};
use super::written::{Item, Place};

/// A name that is read off a turn may flip on another machine if its probability is so near its threshold.
const READ_MARGIN: f64 = 0.02;
/// What is found over a conversation has no probability of its own, but hangs on signals and acts that were read. It
/// may flip if one of these, anywhere in the conversation, is so near its threshold: far more than what the vector
/// instructions of a processor change.
const FOUND_MARGIN: f64 = 0.001;

/// Names that are found by time, repetition or comparison, whether or not they are read off turns as well.
const FOUND: [&str; 10] = [
    "left_waiting",
    "cut_short",
    "empty_promise",
    "contradicts",
    "must_start_over",
    "canned_reply",
    "missing_basics",
    "stuck",
    "repeats_self",
    "escalation_request",
];

/// By name, as in the model's folder.
pub struct Thresholds(BTreeMap<String, f64>);

pub fn passes(item: &Item<'_>, heard: &Heard) -> bool {
    let said = heard.said(&item.conversation.id);
    let found = || said.found.iter().filter(|(name, _)| name == item.name);
    let is_read = |turn: &usize| said.read.get(turn).is_some_and(|names| names.contains(item.name));
    let is_anywhere = || found().next().is_some() || said.read.keys().any(is_read);
    match item.place {
        Place::Turn(turn) => {
            let around = item.conversation.around(turn);
            around.iter().any(is_read)
                || found().any(|(_, turns)| around.iter().any(|turn| turns.contains(turn)))
        }
        // The request itself is read; that nobody acts on it is found.
        Place::Anywhere if item.name == "escalation_request" => found().next().is_some(),
        Place::Anywhere => is_anywhere(),
        Place::Absent | Place::Healthy => !is_anywhere(),
    }
}

pub fn is_borderline(item: &Item<'_>, heard: &Heard, thresholds: &Thresholds) -> bool {
    let said = heard.said(&item.conversation.id);
    let turns = match item.place {
        Place::Turn(turn) => item.conversation.around(turn),
        _ => said.probabilities.keys().copied().collect(),
    };
    let probabilities = turns.iter().filter_map(|turn| said.probabilities.get(turn)?.get(item.name));
    let highest = probabilities.copied().reduce(f64::max);
    let read = highest.is_some_and(|highest| thresholds.distance(item.name, highest) <= READ_MARGIN);
    read || FOUND.contains(&item.name) && thresholds.nearest(said) <= FOUND_MARGIN
}

impl Thresholds {
    pub fn shipped() -> Self {
        let text = include_str!("../../models/undertone-en/undertone.json");
        let card: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let heads =
            ["signals", "mistakes", "acts"].map(|head| card["heads"][head].as_array().expect("a list"));
        let threshold = |class: &serde_json::Value| {
            (
                class["name"].as_str().expect("a name").to_owned(),
                class["threshold"].as_f64().expect("a number"),
            )
        };
        Thresholds(heads.into_iter().flatten().map(threshold).collect())
    }

    fn distance(&self, name: &str, probability: f64) -> f64 {
        self.0.get(name).map_or(f64::INFINITY, |threshold| (probability - threshold).abs())
    }

    /// How near the nearest of all probabilities of a conversation is to its threshold.
    fn nearest(&self, said: &Said) -> f64 {
        let all = said.probabilities.values().flatten();
        all.map(|(name, probability)| self.distance(name, *probability)).fold(f64::INFINITY, f64::min)
    }
}
