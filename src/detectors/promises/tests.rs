//! Tests of what is a promise, turn by turn.

use super::*;

/// A Wednesday.
const AT: &str = "2026-03-04T10:20:00Z";

fn promise_in(text: &str, evidence: Option<Range<usize>>, channel: Channel) -> Option<Promise> {
    let at = AT.parse().expect("a moment");
    promise(text, evidence, &Setting { at, zone: &TimeZone::UTC, channel })
}

fn shown(found: Option<Promise>) -> String {
    match found {
        None => "none".to_owned(),
        Some(Promise { due, exact, .. }) => format!("{due}{}", if exact { "" } else { " default" }),
    }
}

fn check(text: &str, expect: &str) {
    assert_eq!(shown(promise_in(text, None, Channel::Chat)), expect, "{text:?}");
}

#[test]
fn the_positives_of_the_taxonomy() {
    check("I'll write to you within the hour.", "2026-03-04T11:20:00Z");
    check("You'll have the refund by Friday.", "2026-03-07T00:00:00Z");
    check("My supervisor will call you back today.", "2026-03-05T00:00:00Z");
    check("I’ll stay on until it works.", "2026-03-05T10:20:00Z default");
    check("Last time for sure, the technician comes at 8.", "2026-03-04T20:00:00Z");
}

#[test]
fn the_near_misses_of_the_taxonomy() {
    check("I'll check that now.", "none");
    check("Refunds usually take 3–5 days at your bank.", "none");
    check("If it fails again, I could offer an exchange.", "none");
    check("I'll be honest, I can't promise a date.", "none");
}

#[test]
fn stated_times() {
    check("I'm sorry! I'll call you tomorrow at 10 to go through the rest.", "2026-03-05T10:00:00Z");
    check("The amount will be deposited within 3-5 business days.", "2026-03-12T00:00:00Z");
    check("Will check & tell you in 5", "2026-03-04T10:25:00Z");
    check("I'll ring you at 11:30 sharp, from a Brno number.", "2026-03-04T11:30:00Z");
    check(
        "I'm reading your annexes this afternoon and you'll get my answer by Friday.",
        "2026-03-07T00:00:00Z",
    );
    check("We will call you on the 14th.", "2026-03-15T00:00:00Z");
    check("I'll have it sorted by end of day.", "2026-03-05T00:00:00Z");
    check("Someone will get back to you next week.", "2026-03-16T00:00:00Z");
    check("I'll ring you. Tomorrow at 10.", "2026-03-05T10:00:00Z");
    check("At 4 I'll be at the door.", "2026-03-04T16:00:00Z");
    check("I'll check it and call you by 5 pm, ok?", "2026-03-04T17:00:00Z");
    check("I'm on it and will have it fixed by Friday.", "2026-03-07T00:00:00Z");
    check("I'll check that by Friday.", "2026-03-07T00:00:00Z");
    check("You will receive an email within 24 hours.", "2026-03-05T10:20:00Z");
    check("I'll look at it. I'll also send the label today.", "2026-03-05T00:00:00Z");
}

#[test]
fn a_window_on_a_day_named_twice() {
    let text = "E031 is the fan. A technician comes tomorrow, Thursday, between 8 and 12. He'll ring before.";
    check(text, "2026-03-05T12:00:00Z");
}

#[test]
fn what_was_promised_shows_here_or_elsewhere() {
    let check = |text: &str, expect: Deed| {
        assert_eq!(promise_in(text, None, Channel::Chat).map(|found| found.deed), Some(expect), "{text:?}");
    };
    check("I'll write to you within the hour.", Deed::Message);
    check("I'm back in ten minutes.", Deed::Message);
    check("We'll refund you by Friday.", Deed::Elsewhere);
    check("My colleague will call you today.", Deed::Elsewhere);
    check("I'll stay in this chat with you until you both have a seat.", Deed::Stay);
    check("I won't close this chat before it prints.", Deed::Stay);
    assert!(stays("I won't close this before it prints.") && !stays("I'll send it before Friday."));
}

#[test]
fn defaults_of_the_channels() {
    let check = |channel, text, expect: &str| {
        assert_eq!(shown(promise_in(text, None, channel)), expect, "{channel} {text:?}");
    };
    let back = "I'll get back to you shortly.";
    for channel in [Channel::Chat, Channel::Social, Channel::Sms, Channel::Voice, Channel::Other] {
        check(channel, back, "2026-03-05T10:20:00Z default");
    }
    check(Channel::Email, back, "2026-03-06T10:20:00Z default");
    check(Channel::Email, "Leave it with me!", "2026-03-06T10:20:00Z default");
    check(Channel::Social, "We'll look into this for you.", "2026-03-05T10:20:00Z default");
    check(Channel::Social, "I'll check that now.", "none");
    check(Channel::Chat, "We'll look into this for you.", "none");
    check(Channel::Chat, "I'll send it, delivery usually takes 3 days.", "2026-03-05T10:20:00Z default");
}

#[test]
fn what_is_no_promise() {
    let none = [
        "",
        "Hello!",
        "One moment please, I'll be right with you.",
        "I'll check, one moment.",
        "I'll have that for you in a minute.",
        "We'll pass on your feedback.",
        "You will receive an email with the instructions.",
        "You'll get a confirmation shortly.",
        "Thank you for contacting us! We will respond within 24 hours.",
        "We have received your ticket and will get back to you. We will reply within 5 working days.",
        "Standard delivery takes two to four days.",
        "Refunds are paid within 3-5 days as a rule.",
        "Once you send it back, we'll refund you within 5 days.",
        "If it's not there by Friday, I'll send a new one.",
        "We'll hold it for you until Saturday at noon.",
        "I'll need your order number by tomorrow.",
        "We will never ask you for your password.",
        "I can't guarantee that it will be there tomorrow.",
        "Shall I call you tomorrow?",
        "Will you be at home tomorrow?",
        "Your parcel was sent on Monday.",
        "An agent will be with you shortly.",
        "They'll send you back to us with a note.",
        "You should definitely meet our team on Monday.",
        "I'll transfer you to billing.",
        "The shop opens at 9 tomorrow.",
        "You can return it within 14 days.",
    ];
    none.iter().for_each(|text| check(text, "none"));
}

#[test]
fn a_models_evidence_makes_plain_words_enough() {
    let check = |text: &str, evidence: Range<usize>, expect: &str| {
        assert_eq!(shown(promise_in(text, Some(evidence), Channel::Chat)), expect, "{text:?}");
    };
    check("New card arrives Friday.", 0..24, "2026-03-07T00:00:00Z");
    check("Thanks. Technician: 31 March, 9 to 11.", 8..38, "2026-03-31T11:00:00Z");
    check("Booked! The tickets come by mail within the hour.", 8..48, "2026-03-04T11:20:00Z");
    check("tomorrow first thing then", 0..25, "2026-03-05T12:00:00Z");
    check("Thanks. Refunds take 3 to 5 days.", 8..33, "none");
    check("All fine.", 0..9, "none");
    check("I'll call you today. Thanks for waiting.", 21..40, "none");
    check("I'll call you today.", 900..901, "none");
}

#[test]
fn the_words_that_state_it_are_quoted_in_code_points() {
    let check = |text: &str, expect: &str| {
        let found = promise_in(text, None, Channel::Chat).expect("a promise");
        let quote: String = text.chars().skip(found.start).take(found.end - found.start).collect();
        assert_eq!(quote, expect, "{text:?}");
    };
    check("Désolé 😔, I’ll call you tomorrow at 10.", "I’ll call you tomorrow at 10");
    check("Ok. We'll get back to you shortly, thanks!", "We'll get back to you shortly");
    check("Tomorrow I'll credit the quarter.", "Tomorrow I'll credit the quarter");
    check("You'll have the refund by Friday.", "You'll have the refund by Friday");
}
