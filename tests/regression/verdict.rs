//! Which items fail, and whether another machine might see it otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::heard::{Heard, Said};
use super::written::{Item, Place, Written};

/// A name may flip on another machine if its probability is so near its threshold: ten times what turning off a
/// processor's vector instructions changed (0.0001 at most in 45,468 probabilities, and no name). What is found over a
/// conversation has no probability of its own, but hangs on signals and acts that were read: it may flip if one of
/// these, anywhere in the conversation, is so near.
const MARGIN: f64 = 0.001;

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

/// The keys of all items that fail.
pub fn failing(conversations: &[Written], heard: &Heard) -> BTreeSet<String> {
    let of = |conversation| {
        let items = Written::items(conversation);
        let said = heard.said(&conversation.id);
        let met = met_at_turns(&items, said);
        let fails = |item: &Item<'_>| match item.place {
            Place::Turn(turn) => !met.contains(&(item.name, turn)),
            // The request itself is read; that nobody acts on it is found.
            Place::Anywhere if item.name == "escalation_request" => !said.is_found(item.name),
            Place::Anywhere => said.places(item.name).is_empty() && !said.is_found(item.name),
            Place::Absent | Place::Healthy => !said.places(item.name).is_empty() || said.is_found(item.name),
        };
        items.iter().filter(|item| fails(item)).map(Item::key).collect::<Vec<_>>()
    };
    conversations.iter().flat_map(of).collect()
}

/// The expectations with a turn that are met. What is raised meets one expectation only: that of its own turn, or else
/// one of a neighbouring turn of the same side, since readers place what spans turns one turn apart.
fn met_at_turns<'a>(items: &[Item<'a>], said: &Said) -> BTreeSet<(&'a str, usize)> {
    let mut met = BTreeSet::new();
    let mut used = BTreeSet::new();
    for exactly in [true, false] {
        for item in items {
            let Place::Turn(turn) = item.place else { continue };
            if met.contains(&(item.name, turn)) {
                continue;
            }
            let near = if exactly { vec![turn] } else { item.conversation.around(turn) };
            let places = said.places(item.name);
            if let Some(place) =
                near.into_iter().find(|at| places.contains(at) && !used.contains(&(item.name, *at)))
            {
                used.insert((item.name, place));
                met.insert((item.name, turn));
            }
        }
    }
    met
}

pub fn is_borderline(item: &Item<'_>, heard: &Heard, thresholds: &Thresholds) -> bool {
    let said = heard.said(&item.conversation.id);
    let turns = match item.place {
        Place::Turn(turn) => item.conversation.around(turn),
        _ => said.probabilities.keys().copied().collect(),
    };
    let mut probabilities = turns.iter().filter_map(|turn| said.probabilities.get(turn)?.get(item.name));
    let read = probabilities.any(|probability| thresholds.distance(item.name, *probability) <= MARGIN);
    read || FOUND.contains(&item.name) && thresholds.nearest(said) <= MARGIN
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
