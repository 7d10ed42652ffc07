//! What words tell, and what they do not.

use super::*;
use crate::scoring::Name;

const QUIET: Before = Before { asked: false, offered_more: false, owed: false };

#[test]
fn what_needs_an_answer() {
    use Need::{Answer, Nothing, Over};
    #[rustfmt::skip] // a table
    let table = [
        ("my card was charged twice, can someone look?", QUIET, Answer),
        ("hello?", QUIET, Answer),
        ("???", QUIET, Answer),
        ("so do I keep the old router or not?", QUIET, Answer),
        ("it still says error 12", QUIET, Answer),
        ("8812", Before { asked: true, ..QUIET }, Answer),
        ("yes please", Before { asked: true, ..QUIET }, Answer),
        ("yes", QUIET, Nothing),
        ("thanks! and when does it arrive?", QUIET, Answer),
        ("thanks, but the invoice is missing and I wrote about it twice", QUIET, Answer),
        ("how do I close my account", QUIET, Answer),
        ("great, that's everything, bye", QUIET, Over),
        ("perfect thanks, bye", QUIET, Over),
        ("that is all wrong", QUIET, Answer),
        ("nothing else works", QUIET, Answer),
        ("I see you charged me twice", QUIET, Answer),
        ("please take care of my refund", QUIET, Answer),
        ("I have a good reason to ask", QUIET, Answer),
        ("hold on, you charged me twice", QUIET, Answer),
        ("will do", QUIET, Nothing),
        ("thanks, have a nice day!", QUIET, Over),
        ("No, that’s all", QUIET, Over),
        ("nope", Before { asked: true, offered_more: true, owed: false }, Over),
        ("no", QUIET, Answer),
        ("never mind, found it", Before { owed: true, ..QUIET }, Over),
        ("ok 👍", QUIET, Nothing),
        ("👍", QUIET, Nothing),
        ("", QUIET, Nothing),
        ("thank you so much!", QUIET, Nothing),
        ("thanks", Before { owed: true, ..QUIET }, Nothing),
        ("got it", QUIET, Nothing),
        ("sweeeet", QUIET, Nothing),
        ("On mobile, no problem.", QUIET, Nothing),
        ("Great, thank you for the fast answer.", QUIET, Nothing),
        ("Very clear, thank you. Nothing more from my side.", QUIET, Over),
        ("thank you so much for your help Ana", QUIET, Nothing),
        ("I appreciate your patience", QUIET, Nothing),
        ("great, it works now", QUIET, Nothing),
        ("you too!", QUIET, Over),
        ("thanks but it still fails", QUIET, Answer),
        ("thanks, the invoice is missing", QUIET, Answer),
        ("that is so", QUIET, Answer),
        ("ok I'll try that", Before { asked: true, ..QUIET }, Nothing),
        ("one sec, let me find the label", Before { asked: true, ..QUIET }, Nothing),
    ];
    for (text, before, expect) in table {
        assert_eq!(Cues::of(text).need(Shown::default(), before), expect, "{text}");
    }
}

#[test]
fn the_model_is_believed_about_thanks_and_complaints() {
    let solved = Shown::default().with(Name::Signal(Signal::ThanksResolved));
    let upset = Shown::default().with(Name::Signal(Signal::Frustration));
    assert_eq!(Cues::of("it connects again, you are a star").need(solved, QUIET), Need::Over);
    assert_eq!(
        Cues::of("it connects again, you are a star").need(solved, Before { owed: true, ..QUIET }),
        Need::Over
    );
    assert_eq!(
        Cues::of("ok thanks").need(solved, Before { owed: true, ..QUIET }),
        Need::Nothing,
        "for the waiting"
    );
    assert_eq!(Cues::of("solved. but why was it off?").need(solved, QUIET), Need::Answer);
    assert_eq!(Cues::of("great, thanks for nothing, bye").need(upset, QUIET), Need::Answer);
    assert_eq!(Cues::of("great").need(upset, QUIET), Need::Answer);
}

#[test]
fn how_long_a_turn_asks_to_wait() {
    #[rustfmt::skip] // a table
    let table = [
        ("give me two minutes to check", Some(120)),
        ("it takes about 8 minutes", Some(480)),
        ("this may take 3-5 mins", Some(300)),
        ("a couple of minutes please", Some(120)),
        ("a few more minutes", Some(180)),
        ("half an hour", Some(1_800)),
        ("an hour or so", Some(3_600)),
        ("30 sec", Some(30)),
        ("99 hours", Some(86_400)),
        ("one moment please", None),
        ("the minutes of the meeting", None),
        ("99999999999 hours", None),
        ("0 minutes", None),
    ];
    for (text, expect) in table {
        assert_eq!(allowance_seconds(text), expect, "{text}");
    }
}

#[test]
fn courtesies_of_the_business_side() {
    let check = |what: fn(&Cues) -> bool, text: &str, expect: bool| {
        assert_eq!(what(&Cues::of(text)), expect, "{text}");
    };
    check(Cues::greets, "Hey Sam 👋 what's up with the order?", true);
    check(Cues::greets, "👋", true);
    check(Cues::greets, "order number?", false);
    check(Cues::greets, "this is high time", false);
    check(Cues::apologises, "That's on us. I've fixed it.", true);
    check(Cues::apologises, "I apologize for that", true);
    check(Cues::apologises, "refund issued.", false);
    check(Cues::checks_back, "Works now?", true);
    check(Cues::checks_back, "Is there anything else I can do?", true);
    check(Cues::checks_back, "works now.", false);
    check(Cues::closes, "You're welcome, have a good day!", true);
    check(Cues::closes, "refund issued.", false);
    check(Cues::is_plain_holding, "One moment, please.", true);
    check(Cues::is_plain_holding, "one moment please, I have found it: 12 May", false);
    check(Cues::admits_failure, "I see we shipped the wrong item", true);
}

#[test]
fn phrases_are_whole_words_as_they_are_looked_for() {
    let all = PHRASES.iter().flat_map(|(_, phrases)| phrases);
    for (list, phrase) in all {
        assert_eq!(plain(phrase).trim_end(), *phrase, "{list:?}");
        assert!(Cues::of(phrase).has(*list), "{phrase}");
        assert!(!Cues::of(&format!("x{phrase}x")).has(*list), "{phrase}");
    }
}
