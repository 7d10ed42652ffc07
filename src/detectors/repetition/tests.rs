//! What counts as said again, and what does not.

use proptest::prelude::*;

use super::*;
use crate::detectors::discovery::quoted;

fn statement(text: &str) -> Statement {
    Statement::of(&Words::of(text), false)
}

/// Whether `new`, said after an answer to `earlier`, repeats it.
fn check(earlier: &str, new: &str, expect: bool) {
    let mut memory = Memory::default();
    memory.remember(&quoted("m1"), statement(earlier));
    memory.answered(&Words::of("ok"));
    let found = repeats(&memory, &statement(new));
    assert_eq!(found.is_some(), expect, "{earlier:?}, then {new:?}: {found:?}");
}

#[test]
fn the_same_words_are_a_repeat() {
    check("Where is my refund?", "where is my refund", true);
    check("Hi, where is my refund please?", "WHERE IS MY REFUND??", true);
    check("still not working", "It's still not working!", false);
    check("it is still not working", "It is still not working!", true);
    check("I want to speak to a manager", "i want to speak to a manager!!", true);
}

#[test]
fn mostly_the_same_words_are_a_repeat() {
    check(
        "My internet drops every evening around eight",
        "the internet is dropping every evening, around eight o'clock",
        true,
    );
    check(
        "Hello, the left hinge of my laptop broke again",
        "I told you the left hinge of the laptop is broken",
        true,
    );
    check(
        "I was charged twice for the March invoice and I want the second payment refunded",
        "charged twice, March invoice, second payment refunded",
        true,
    );
    check(
        "I don't want a replacement, I want my money back",
        "I do not want the replacement but money back",
        true,
    );
}

#[test]
fn what_is_no_repeat_stays_silent() {
    check("yes", "yes", false);
    check("No, it isn't", "no, it isn't.", false);
    check("Thank you so much for your help!", "thank you so much for your help", false);
    check("my order number is 4417-8821", "my order number is 4417-8821", false);
    check("It's sam@acme.org", "sam@acme.org it is", false);
    check("one moment please", "one moment please", false);
    check("let me check that", "let me check that", false);
    check("The router light is red and blinking", "The router light is green and steady", false);
    check(
        "the parcel for order 44178 never came to my house",
        "the parcel for order 99120 never came to my house",
        false,
    );
    check(
        "my internet connection drops every evening",
        "my internet connection doesn't drop in the evening",
        false,
    );
    check(
        "the kitchen heating stopped working",
        "the kitchen heating is working now, stopped worrying",
        false,
    );
    check(
        "I bought an eReader in April, and when I downloaded the books from the shop it could not open one of them",
        "I never bought an eReader, a phone from the shop",
        false,
    );
    check("the shower and the light", "and now the shower works! the light, too, it works", false);
    check("I can't open the billing page", "Thanks! What about the delivery of my lamp?", false);
    check("", "", false);
}

#[test]
fn saying_that_it_was_said_lowers_the_bar() {
    let earlier = "There was no cot and no kettle in our hotel room on Monday";
    check(earlier, "the hotel never brought a cot or kettle to us", false);
    check(earlier, "As I said, the hotel never brought a cot or kettle to us", true);
}

#[test]
fn nothing_is_said_again_before_an_answer() {
    let mut memory = Memory::default();
    let refund = statement("where is my refund");
    memory.remember(&quoted("m1"), refund.clone());
    assert_eq!(repeats(&memory, &refund), None);
    memory.remember(&quoted("m2"), refund.clone());
    memory.answered(&Words::of("ok"));
    let expect = Repeat { earlier: quoted("m1"), similarity: 1.0 };
    assert_eq!(repeats(&memory, &refund), Some(expect));
}

#[test]
fn a_short_answer_to_a_question_is_no_repeat() {
    let check = |answer: &str, new: &str, expect: bool| {
        let mut memory = Memory::default();
        memory.remember(&quoted("m1"), statement(new));
        memory.answered(&Words::of(answer));
        assert_eq!(repeats(&memory, &statement(new)).is_some(), expect, "{answer:?}, {new:?}");
    };
    check("From where do you leave?", "leaving from Cambridge", false);
    check("Cambridge is full.", "leaving from Cambridge", true);
    check("What is your order number?", "where is my refund?", true);
    check("Would you like a voucher?", "I want my money back", true);
}

#[test]
fn the_first_statement_and_the_last_ones_are_kept() {
    let text = |n: usize| format!("my {} is broken", "n".repeat(n + 3));
    let mut memory = Memory::default();
    for n in 0..40 {
        memory.remember(&quoted(&format!("m{n}")), statement(&text(n)));
        memory.remember(&quoted("small talk"), statement("ok thanks"));
    }
    memory.answered(&Words::of("ok"));
    assert_eq!(memory.len(), SAID_MAX);
    let found = |n: usize| repeats(&memory, &statement(&text(n))).map(|repeat| repeat.earlier.turn_id);
    assert_eq!(found(0).as_deref(), Some("m0"));
    assert_eq!(found(39).as_deref(), Some("m39"));
    assert_eq!(found(5), None);
}

#[test]
fn what_the_model_takes_for_a_repeat_needs_fewer_words() {
    let earlier = statement("The shower in our room has no hot water since Friday morning");
    let check = |text: &str, seen: bool, expect: bool| {
        let found = alike(&earlier, &Statement::of(&Words::of(text), seen));
        assert_eq!(found.is_some(), expect, "{text:?} {seen}: {found:?}");
    };
    check("there is still no hot water, the shower stays freezing cold, day four", true, true);
    check("there is still no hot water, the shower stays freezing cold, day four", false, false);
    check("nobody can use the lift to our floor, my wheelchair cannot go up", true, false);
}

#[test]
fn stress_is_found_where_it_stands() {
    let check = |text: &str, expect: Option<&str>| {
        let found = stresses(&Words::of(text)).map(|place| {
            let (start, end) = (place.start as usize, place.end as usize);
            text.chars().skip(start).take(end - start).collect::<String>()
        });
        assert_eq!(found.as_deref(), expect, "{text:?}");
    };
    check("EVENING, as I said.", Some("as I said"));
    check("«For the third time»: no!", Some("For the third time"));
    check("I've already sent the photos", Some("I've already sent"));
    check("How many times do I have to write it", Some("How many times do I"));
    check("I told you twice that he is dead", Some("I told you twice"));
    check("For the first time in years it works", None);
    check("Have you said that?", None);
    check("Yes, I tried the old one", None);
}

proptest! {
    #[test]
    fn any_texts_compare(texts in prop::collection::vec("\\PC{0,40}|[a-e ]{0,20}", 1..30)) {
        let mut memory = Memory::default();
        for (at, text) in texts.iter().enumerate() {
            let new = statement(text);
            if let Some(repeat) = repeats(&memory, &new) {
                prop_assert!((0.0..=1.0).contains(&repeat.similarity));
            }
            memory.remember(&quoted(&at.to_string()), new);
            memory.answered(&Words::of("ok"));
            prop_assert!(memory.len() <= SAID_MAX);
        }
    }
}
