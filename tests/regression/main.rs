//! The regression set: whole written conversations through the real `undertone score` with the shipped model, and what
//! is raised in them against what was expected when they were written.
//!
//! Holds always: what fails is listed in tests/data/conversations/known-failures.tsv and in the model card, never taken
//! out; whatever begins to fail, or to pass, fails this test until `UPDATE_GOLDEN=1` has written the list anew and
//! somebody has read the diff. Run with --nocapture for the table.

mod heard;
mod known;
mod verdict;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use heard::Heard;
use undertone::wire::{Mistake, Signal};
use verdict::Thresholds;
use written::{Item, Place, Written};

/// The conversations there must be at least.
const CONVERSATIONS_MIN: usize = 300;
/// Every name must be found so often where it is expected, and be silent in so many near-misses.
const EXAMPLES_MIN: usize = 10;
/// All 26 names of what is detected.
fn names() -> impl Iterator<Item = &'static str> {
    let signals = Signal::ALL.iter().map(|signal| signal.as_str());
    signals.chain(Mistake::ALL.iter().map(|mistake| mistake.as_str()))
}

/// How many items of a name there are, and how many of them pass.
#[derive(Default)]
struct Count {
    expected: usize,
    found: usize,
    near_misses: usize,
    silent: usize,
    /// Healthy conversations in which it is raised although nothing of the kind was written.
    unexpected: usize,
}

fn count<'a>(items: &[Item<'a>], failing: &BTreeSet<String>) -> BTreeMap<&'a str, Count> {
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for item in items {
        let passes = usize::from(!failing.contains(&item.key()));
        let count = counts.entry(item.name).or_default();
        match item.place {
            Place::Turn(_) | Place::Anywhere => {
                count.expected += 1;
                count.found += passes;
            }
            Place::Absent => {
                count.near_misses += 1;
                count.silent += passes;
            }
            Place::Healthy => count.unexpected += 1 - passes,
        }
    }
    counts
}

fn items(conversations: &[Written]) -> Vec<Item<'_>> {
    conversations.iter().flat_map(Written::items).collect()
}

#[test]
fn the_conversations_are_well_formed_and_about_half_of_them_healthy() {
    let conversations = written::all();
    assert!(conversations.len() >= CONVERSATIONS_MIN, "{} conversations", conversations.len());
    let healthy = conversations.iter().filter(|conversation| conversation.healthy).count();
    assert!(healthy * 20 >= conversations.len() * 9, "{healthy} of {} are healthy", conversations.len());
    let ids: BTreeSet<&str> = conversations.iter().map(|conversation| conversation.id.as_str()).collect();
    assert_eq!(ids.len(), conversations.len(), "an id is used twice");
    let known: BTreeSet<&str> = names().collect();
    for conversation in &conversations {
        conversation.check(&known);
    }
}

#[test]
fn what_is_raised_is_what_was_raised_before() {
    let conversations = written::all();
    let heard = Heard::of(&conversations);
    let thresholds = Thresholds::shipped();
    let items = items(&conversations);
    let failing = verdict::failing(&conversations, &heard);
    print_table(&items, &failing);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        known::write(&failing);
    }
    let listed = known::read();
    let keys: BTreeSet<String> = items.iter().map(Item::key).collect();
    let stale: Vec<&String> = listed.difference(&keys).collect();
    assert!(stale.is_empty(), "listed, but no longer in the conversations: {stale:?}");
    let sure = |item: &&Item<'_>| !verdict::is_borderline(item, &heard, &thresholds);
    let changed = |from: &BTreeSet<String>, to: &BTreeSet<String>| -> Vec<String> {
        let flipped = |item: &&Item<'_>| !from.contains(&item.key()) && to.contains(&item.key());
        items.iter().filter(flipped).filter(sure).map(Item::key).collect()
    };
    let (worse, better) = (changed(&listed, &failing), changed(&failing, &listed));
    assert!(
        worse.is_empty() && better.is_empty(),
        "began to fail:\n  {}\nbegan to pass:\n  {}\nif this is wanted, run the test with UPDATE_GOLDEN=1, read the \
         diff, and bring the model card up to date (scripts/model_card.py --card …)",
        worse.join("\n  "),
        better.join("\n  "),
    );
}

/// Off the list, not off a run: so that a machine that rounds otherwise does not fail by a hair.
#[test]
fn every_name_is_found_ten_times_and_silent_in_ten_near_misses() {
    let conversations = written::all();
    let counts = count(&items(&conversations), &known::read());
    let mut wrong = Vec::new();
    for name in names() {
        let (found, silent) = counts.get(name).map_or((0, 0), |count| (count.found, count.silent));
        if found < EXAMPLES_MIN || silent < EXAMPLES_MIN {
            wrong.push(format!("{name}: found {found} times, silent {silent} times"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_fails_is_in_the_model_card() {
    let card = include_str!("../../models/undertone-en/MODEL_CARD.md");
    let missing: Vec<String> =
        known::read().into_iter().filter(|key| !known::is_in_card(key, card)).collect();
    assert!(
        missing.is_empty(),
        "run scripts/model_card.py --card models/undertone-en/MODEL_CARD.md: {missing:?}"
    );
}

fn print_table(items: &[Item<'_>], failing: &BTreeSet<String>) {
    let counts = count(items, failing);
    eprintln!(
        "{:24}{:>10}{:>8}{:>13}{:>8}{:>12}",
        "", "expected", "found", "near-misses", "silent", "unexpected"
    );
    for name in names() {
        let Some(Count { expected, found, near_misses, silent, unexpected }) = counts.get(name) else {
            continue;
        };
        eprintln!("{name:24}{expected:>10}{found:>8}{near_misses:>13}{silent:>8}{unexpected:>12}");
    }
}
