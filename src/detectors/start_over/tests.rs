//! What counts as asking again, and what does not.

use proptest::prelude::*;

use super::*;
use crate::detectors::discovery::quoted;

fn check(customer: &[&str], agent: &str, moved: bool, expect: Option<Kind>) {
    let mut given = Given::default();
    for (at, text) in customer.iter().enumerate() {
        given.customer_said(&quoted(&format!("m{at}")), text, &Words::of(text));
    }
    let found = asked_again(&given, &Words::of(agent), moved);
    assert_eq!(found.as_ref().map(|asked| asked.kind), expect, "{customer:?}, {agent:?}: {found:?}");
}

#[test]
fn a_number_given_is_not_asked_for_again() {
    let order = ["person please. order 8812, as i told the bot"];
    let check = |agent: &str, expect: bool| check(&order, agent, true, expect.then_some(Kind::Order));
    check("Can I have your order number?", true);
    check("Hi, this is Marta. What's your order number and how can I help?", true);
    check("Order number please.", true);
    check("Order number?", true);
    check("Could you please give me the order number again", true);
    check("I'd need your order number, postcode and name.", true);
    check("Sorry, I don't have that here. Please provide your order ID.", true);
    check("Do you have your order number at hand?", true);
    check("To be sure I have the right order: 8812?", false);
    check("Is your order number still 8812?", false);
    check("Before I can see it, a security check: what is your order number?", false);
    check("To verify your identity I need the order number.", false);
    check("That order number isn't valid, could you check the order number?", false);
    check("I can't find it. What's the order number?", false);
    check("And what's the order number of the other parcel?", false);
    check("Thanks for your order number! Which size do you need?", false);
    check("I have your order number. The parcel left today.", false);
    check("No need to give me your order number, I don't need your order number.", false);
    check("Please quote your order number when you write to the shop.", false);
    check("Could you tell me your name?", false);
    check("", false);
}

#[test]
fn other_facts_given_are_not_asked_for_again() {
    check(&["it's sam@acme.org"], "What's your e-mail address?", false, Some(Kind::Email));
    check(&["it's sam@acme.org"], "We'll send it to your e-mail address, ok?", false, None);
    check(&["it's sam@acme.org"], "Please check your e-mail.", false, None);
    check(&["my name is Jan Wouters"], "Whom am I speaking with?", true, Some(Kind::Name));
    check(&["my name is Jan Wouters"], "May I have your full name please?", true, Some(Kind::Name));
    check(&["my name is Jan Wouters"], "What's the name of the product?", true, None);
    check(&["Ref KX77P. sent round twice"], "Please share your booking reference", true, Some(Kind::Booking));
    check(&["Booking M7-3390"], "Reference number, please?", true, Some(Kind::Reference));
    check(&["policy HH-20931, bike stolen"], "and what is your policy number?", true, Some(Kind::Account));
    check(&["phone 0170 5551234"], "Which phone number can we use?", true, Some(Kind::Phone));
    check(&["postcode SW1A 1AA"], "what's your postcode?", false, Some(Kind::Postcode));
    check(&["born 17.03.1984"], "Date of birth first please", true, Some(Kind::BirthDate));
    check(&["my iPhone won't charge"], "Which device do you have?", true, Some(Kind::Device));
    check(&["it says: error 4031"], "What error message do you get?", false, Some(Kind::Error));
    check(&["Ref. QQ71HD"], "Please enter the reference QQ71HD in the app.", true, None);
    check(&["it says: error 4031"], "Same error message?", true, None);
    check(&["I left my iPhone on the train"], "Which model was it?", true, None);
    check(&["order 4417 and order 4418"], "Which order number is it?", false, None);
}

#[test]
fn the_problem_is_asked_for_again_after_a_change() {
    let told = ["my internet drops every evening since the storm"];
    let check_moved = |agent: &str, moved: bool, expect: bool| {
        check(&told, agent, moved, expect.then_some(Kind::Problem));
    };
    check_moved("Hi! How can I help you today?", true, true);
    check_moved("Hi! How can I help you today?", false, false);
    check_moved("What seems to be the problem today?", true, true);
    check_moved("And what is the issue you are experiencing?", true, true);
    check_moved("Welcome! I'm Dave. Please describe from the beginning what happened.", true, true);
    check_moved("Could you tell me from the beginning?", false, true);
    check_moved("Each chat starts blank, so I'd need the whole story once more, please.", false, true);
    check_moved("Sorry, what is the claim about? I've only just been put on here.", true, true);
    check_moved("So what brings you to us today?", true, true);
    check_moved("Please write to us by e-mail and describe it again.", false, true);
    check_moved("Let's begin again: travel dates?", false, true);
    check_moved("I can see you told Ana about the drops. How can I help?", true, false);
    check_moved("How else can I help you?", true, false);
    check_moved("You won't have to explain it again.", true, false);
    check_moved("I'm sorry you had to tell the whole story.", true, false);
    check_moved("Sorry, please begin again from the start", false, true);
    check_moved("I'm not Harpreet, so you'll have to tell it from the top.", true, true);
    check_moved("Can you start by telling me what's been going on?", true, true);
    check_moved("What seems to be the problem with the storm cable?", true, false);
    check_moved("The insurer is slow, what can I do.", true, false);
    check_moved("Do you want the whole thing gone?", true, false);
    check_moved("A box is coming, nothing to explain again.", true, false);
    check_moved("Is it still dropping?", true, false);
    check_moved("Does it drop on the phone as well?", true, false);
    check(&["hi", "I need help"], "How can I help you?", true, None);
}

#[test]
fn an_answer_counts_as_given() {
    let mut given = Given::default();
    let bot = Words::of("Welcome! Please enter your order number.");
    given.customer_said(&quoted("m1"), "hello", &Words::of("hello"));
    assert_eq!(asked_again(&given, &bot, false), None);
    given.business_said(&bot);
    given.customer_said(&quoted("m2"), "4417882", &Words::of("4417882"));
    let agent = "«Hi» Anna here. May I have your order number?";
    let asked = asked_again(&given, &Words::of(agent), true).expect("asked again");
    assert_eq!((asked.kind, &*asked.given_in.turn_id, asked.start, asked.end), (Kind::Order, "m2", 32, 44));
}

#[test]
fn the_words_that_ask_for_the_problem_are_marked() {
    let mut given = Given::default();
    let text = "the hotel room was flooded on Monday";
    given.customer_said(&quoted("m1"), text, &Words::of(text));
    let agent = "Hello. I'm Olu. What is the problem, please?";
    let asked = asked_again(&given, &Words::of(agent), true).expect("asked again");
    let marked: String =
        agent.chars().skip(asked.start as usize).take((asked.end - asked.start) as usize).collect();
    assert_eq!(marked, "What is the problem");
}

proptest! {
    #[test]
    fn facts_are_kept_once_per_kind(texts in prop::collection::vec("\\PC{0,40}|(order|claim|ref) [0-9]{3,6}", 0..30)) {
        let mut given = Given::default();
        for text in &texts {
            let words = Words::of(text);
            asked_again(&given, &words, true);
            given.business_said(&words);
            given.customer_said(&quoted("m"), text, &words);
        }
        prop_assert!(given.facts.len() <= KINDS.len());
    }
}
