//! The detectors of repetition and comparison on short conversations; what each compares is tested beside it.

use crate::conversation::Said;
use crate::conversation::words::Words;
use crate::detectors::script::{at, check, heard};
use crate::detectors::{Change, DetectorLimits, Setting, Shown, TurnSeen, Watch};
use crate::wire::{Channel, Role};

#[test]
fn customers_who_say_it_again() {
    #[rustfmt::skip] // a table
    check("repeats_self", &[
        (&["0 C my parcel with the blue lamp never arrived", "5 A hello, how are you?", "9 C my parcel with the blue lamp never arrived"], "+9=1"),
        (&["0 C my parcel with the blue lamp never arrived", "1 C my parcel with the blue lamp never arrived"], ""),
        (&["0 C my parcel with the blue lamp never arrived", "5 A hello, how are you?", "9 C my parcel with the blue lamp has arrived now, all good"], ""),
        (&["0 C my parcel is lost", "5 A which colour was the lamp in it?", "9 C it was blue and rather large"], ""),
    ]);
}

#[test]
fn conversations_that_are_stuck_and_those_that_get_out() {
    #[rustfmt::skip] // a table
    check("stuck", &[
        (&["0 C the router is dead", "5 A please restart the router", "9 C still dead", "12 A please restart the router"], "+12=2"),
        (&["0 C dead", "1 B Please choose: one, two or three.", "2 C human", "3 B Please choose: one, two or three.", "4 C human!", "5 B Please choose: one, two or three."], "+5=3"),
        (&["0 C it does not work", "1 A try this link", "2 C still not working", "3 A and this one", "4 C no change", "5 A sorry", "6 C same error", "7 A sorry", "8 C it works now, thank you! [thanks_resolved]"], "+6=4 -8=4"),
        (&["0 C the router is dead", "5 A please restart the router", "9 C how do I restart it?", "12 A please restart the router with the button behind it"], ""),
        (&["0 C still not working", "1 A try this", "2 C no change", "3 A and now?", "4 C it works now, thanks [thanks_resolved]", "9 C and still no invoice"], ""),
    ]);
}

#[test]
fn customers_who_must_start_over() {
    #[rustfmt::skip] // a table
    check("must_start_over", &[
        (&["0 C order number 8812337, the lamp is broken", "5 A:a-1 one moment", "9 A:a-2 Can I have your order number?"], "+9=1"),
        (&["0 C order number 8812337, the lamp is broken", "5 A:a-1 To be sure I have the right order: 8812337?"], ""),
        (&["0 C the blue lamp arrived broken and cold", "5 B one moment", "9 A Hi! How can I help you today?"], "+9=1"),
        (&["0 C the blue lamp arrived broken and cold", "9 A Hi! How can I help you today?"], ""),
        (&["0 C I already explained all this to your colleague by e-mail", "9 A I see it here"], "+0=1"),
        (&["0 C broken lamp", "1 transfer", "2 transfer", "3 transfer"], "+3=3"),
        (&["0 C broken lamp", "1 transfer", "2 A:a-2 hi", "3 transfer", "4 A:a-3 hi"], ""),
        (&["0 C broken lamp", "1 A:a-1 hi", "2 A:a-2 hi", "3 A:a-3 hi", "4 A:a-4 hi"], "+4=3"),
    ]);
}

#[test]
fn replies_out_of_the_can() {
    #[rustfmt::skip] // a table
    check("canned_reply", &[
        (&["0 C the hinge broke", "5 A every smile counts at our house, always", "9 C and the hinge?", "12 A every smile counts at our house, always"], "+12=2"),
        (&["0 C the hinge broke", "5 A every smile counts at our house, always", "9 A every smile counts at our house, always"], ""),
    ]);
}

#[test]
fn a_repeat_quotes_both_turns() {
    let limits = DetectorLimits::default();
    let setting = Setting { limits: &limits, channel: Channel::Chat, gone_seconds: 0.0 };
    let mut watch = Watch::default();
    let mut say = |turn_id, role, text: &str| {
        let (said, words) = (Said::of(&text.into()), Words::of(text));
        let turn = TurnSeen {
            turn_id,
            role,
            agent_id: None,
            said: &said,
            at: at(0),
            shown: Shown::default(),
            score: None,
            text,
            request: None,
            promise: None,
            heard: heard(&words),
        };
        watch.turn(turn, setting)
    };
    say("m-1", Role::Customer, "My parcel with the lamp is lost.");
    say("m-2", Role::Agent, "Hello there.");
    let changes = say("m-3", Role::Customer, "my parcel with the lamp is lost!!");
    let [Change::Opened(found)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(found.turn_id.as_deref(), Some("m-3"));
    let quotes: Vec<_> = found.evidence.iter().map(|it| (it.turn_id.as_str(), it.quote.as_str())).collect();
    assert_eq!(
        quotes,
        [("m-1", "My parcel with the lamp is lost."), ("m-3", "my parcel with the lamp is lost!!")]
    );
}
