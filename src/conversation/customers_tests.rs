//! What may be relied on of the memory of customers.

use super::*;
use crate::detectors::promises::{Ledger, Setting, promise};

const DAY: u32 = 86_400;

fn at(seconds: u32) -> Timestamp {
    moments::later("2026-03-04T10:00:00Z".parse().expect("a moment"), seconds)
}

fn entry(text: &str, turn_id: &str) -> Entry {
    let said = Setting { at: at(0), zone: &jiff::tz::TimeZone::UTC, channel: Channel::Chat };
    let mut ledger = Ledger::default();
    let promise = promise(text, None, &said).expect("a promise");
    ledger.enter(Entry::new(turn_id, text, promise, &said, 0.0));
    ledger.take_open("c-1").remove(0)
}

fn mood(scores: &[f64]) -> Mood {
    let mut mood = Mood::default();
    scores.iter().for_each(|score| mood.add(*score));
    mood
}

fn named(customers: &Customers, scores: &[f64]) -> Legacy {
    let contact = Contact {
        conversation: customers.conversation_key("c-1"),
        channel: Channel::Chat,
        ended: at(0),
        opening: Vec::new(),
        given: Kinds::default(),
    };
    Legacy { promises: Vec::new(), mood: mood(scores), contact: Some(contact) }
}

#[test]
fn promises_are_handed_over_once_and_the_rest_stays() {
    let customers = Customers::new(DAY);
    let ana = customers.key(Some("ana"), "c-1");
    assert_ne!(ana, customers.key(None, "ana"), "a conversation may have the name of a customer");
    assert_eq!(customers.begin(ana, at(0)), None);
    let legacy = named(&customers, &[-0.5]);
    let promises = vec![entry("I'll call you by Friday.", "m-1")];
    customers.end(ana, Legacy { promises: promises.clone(), ..legacy.clone() }, at(10));
    assert_eq!(customers.open_and_overdue(at(20)), (1, 0));
    assert_eq!(customers.open_and_overdue(at(9 * DAY)), (0, 1));
    let earlier = customers.begin(ana, at(20)).expect("known");
    assert_eq!((&earlier.promises, &earlier.contact), (&promises, &legacy.contact));
    let again = customers.begin(ana, at(20)).expect("known");
    assert_eq!((again.promises.len(), again.baseline), (0, earlier.baseline));
}

#[test]
fn a_conversation_without_a_customer_leaves_only_promises() {
    let customers = Customers::new(DAY);
    let key = customers.key(None, "c-1");
    customers.end(key, Legacy { mood: mood(&[-1.0]), ..Legacy::default() }, at(0));
    assert!(customers.is_empty());
    let promises = vec![entry("I'll call you by Friday.", "m-1")];
    customers.end(key, Legacy { promises, ..Legacy::default() }, at(0));
    assert_eq!(customers.len(), 1);
    assert_eq!(customers.begin(key, at(1)).map(|earlier| earlier.promises.len()), Some(1));
    assert!(customers.is_empty(), "nothing else was known");
}

#[test]
fn what_is_old_is_forgotten_and_a_window_of_0_remembers_nothing() {
    let check = |window, now: u32, expect: bool| {
        let customers = Customers::new(window);
        let ana = customers.key(Some("ana"), "c-1");
        customers.end(ana, named(&customers, &[-0.5]), at(0));
        assert_eq!(customers.begin(ana, at(now)).is_some(), expect, "{window} {now}");
    };
    check(DAY, DAY, true);
    check(DAY, DAY + 1, false);
    check(0, 0, false);
}

#[test]
fn it_is_bounded_and_who_was_heard_of_longest_ago_leaves_first() {
    let customers = Customers::new(DAY);
    let key = |name: usize| customers.key(Some(&name.to_string()), "");
    for name in 0..CUSTOMERS_MAX {
        customers.end(key(name), named(&customers, &[0.0]), at(0));
    }
    customers.end(key(0), named(&customers, &[0.0]), at(1));
    customers.end(key(CUSTOMERS_MAX), named(&customers, &[0.0]), at(1));
    assert_eq!(customers.len(), CUSTOMERS_MAX);
    let known = [0, 1, 2, CUSTOMERS_MAX].map(|name| customers.begin(key(name), at(2)).is_some());
    assert_eq!(known, [true, false, true, true]);
}

#[test]
fn promises_of_a_customer_are_bounded() {
    let customers = Customers::new(DAY);
    let ana = customers.key(Some("ana"), "c-1");
    for turn in 0..=PROMISES_MAX {
        let promises = vec![entry("I'll call you by Friday.", &turn.to_string())];
        customers.end(ana, Legacy { promises, ..Legacy::default() }, at(0));
    }
    let earlier = customers.begin(ana, at(1)).expect("known");
    assert_eq!((earlier.promises.len(), &*earlier.promises[0].turn_id), (PROMISES_MAX, "1"));
}

#[test]
fn a_baseline_is_the_more_believed_the_more_is_known_and_never_positive() {
    let baseline = |conversations: &[&[f64]]| {
        let mut baseline = Baseline::default();
        conversations.iter().for_each(|scores| baseline.add(mood(scores)));
        baseline.value()
    };
    assert_eq!(baseline(&[]), 0.0);
    assert_eq!(baseline(&[&[]]), 0.0);
    assert_eq!(baseline(&[&[0.8, 0.9]]), 0.0);
    let (once, often) = (baseline(&[&[-0.6; 3]]), baseline(&[&[-0.6; 3], &[-0.6; 3], &[-0.6; 3]]));
    assert!((once - -0.2).abs() < 1e-9, "{once}");
    assert!(often < once && often > -0.6, "{often}");
    assert!(baseline(&[&[-0.6; 8], &[0.6; 8], &[0.6; 8]]) > often, "people change");
}

/// Prints what a customer weighs; not a promise, a scale.
#[test]
#[ignore = "a measurement: cargo test --release --lib customers -- --ignored --nocapture"]
fn bytes_for_each_customer() {
    let resident = || {
        let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
        let pages: usize = statm.split(' ').nth(1).expect("a figure").parse().expect("a number");
        pages * 4_096
    };
    let fill = |with_promise: bool| {
        let customers = Customers::new(DAY);
        let promises = if with_promise { vec![entry("I'll call you by Friday.", "m-1")] } else { Vec::new() };
        let legacy = Legacy { promises, ..named(&customers, &[-0.5]) };
        let before = resident();
        for name in 0..CUSTOMERS_MAX {
            let key = customers.key(Some(&name.to_string()), "");
            customers.end(key, legacy.clone(), at(u32::try_from(name).expect("small")).min(at(DAY)));
        }
        let bytes = (resident() - before) / CUSTOMERS_MAX;
        (bytes, customers)
    };
    let (plain, kept) = fill(false);
    let (promised, _kept) = fill(true);
    drop(kept);
    println!("{plain} bytes for a customer, {promised} with a promise; an entry {}", size_of::<Entry>());
}
