//! The detectors of time on short conversations: the taxonomy's positives and near misses, and more of each.

use std::sync::Arc;

use super::*;
use crate::conversation::words::Words;
use crate::detectors::script::{at, check, check_on, heard, run, shown_of};
use crate::detectors::{Hours, Span};
use crate::wire::Mistake;

#[test]
fn customers_who_are_left_waiting() {
    #[rustfmt::skip] // a table
    check("left_waiting", &[
        (&["0 C my card was charged twice, can someone look?", "360 wait"], "+120=120"),
        (&["0 C hello?", "120 C anyone there?", "300 wait"], "+120=120"),
        (&["0 C so do I keep the old router or not?", "10 A one moment please", "560 wait"], "+300=300"),
        (&["0 C my parcel is lost", "60 S Ana joined", "720 A Hello, I am Ana. It is in Leeds."], "+120=120 -720=720"),
        (&["0 C hi", "5 A hi, how can I help?", "30 C it still says error 12", "900 wait"], "+210=180"),
        (&["0 C is it open?", "60 A let me see [holding]", "120 A still looking [holding]", "900 wait"], "+300=300"),
        (&["0 C is it open?", "30 A give me 5 minutes to look [holding]", "900 wait"], "+420=420"),
        (&["0 C is it open?", "10 A one moment please", "20 C thanks [thanks_resolved]", "900 wait"], "+300=300"),
        (&["0 C what about my bill?", "20 A I'm handing you to billing [handoff]", "900 wait"], "+300=300"),
        (&["0 C is it open?", "10 A one moment please", "20 C ok 👍", "900 wait"], "+300=300"),
        (&["0 C thanks! and when does it arrive?", "900 wait"], "+120=120"),
        (&["0 C great, third delay [frustration]", "900 wait"], "+120=120"),
        (&["0 A shall I send a new one? [question]", "5 C yes please", "900 wait"], "+125=120"),
        (&["0 C is it open?", "500 close agent"], "+120=120 -500=500"),
        (&["0 C is it open?", "500 C never mind, found it"], "+120=120 -500=500"),
        (&["0 C is it open?", "500 A yes", "510 C since when?", "900 wait"], "+120=120 -500=500 +690=180"),
    ]);
    check_on(
        Channel::Social,
        "left_waiting",
        &[(&["0 C do you ship to Malta?", "21600 wait"], "+14400=14400")],
    );
    check_on(Channel::Sms, "left_waiting", &[(&["0 C is it open?", "9000 wait"], "+900=900")]);
    check_on(Channel::Email, "left_waiting", &[(&["0 C where is my refund?", "90000 wait"], "+86400=86400")]);
    check_on(Channel::Voice, "left_waiting", &[(&["0 C hello?", "600 wait"], "+60=60")]);
    check_on(Channel::Other, "left_waiting", &[(&["0 C hello?", "9000 wait"], "+600=600")]);
}

#[test]
fn customers_who_do_not_wait() {
    #[rustfmt::skip] // a table
    check("left_waiting", &[
        (&["0 C great, that's everything, bye", "9000 wait"], ""),
        (&["0 C it is broken", "20 A could you send a photo of the label? [question]", "9000 wait"], ""),
        (&["0 C it is slow", "20 A I'm running the line test, it takes about 8 minutes, I'll write at 10:20 [holding, promise_made]", "440 wait"], ""),
        (&["0 A done, it is shipped", "5 C ok 👍", "9000 wait"], ""),
        (&["0 A done, it is shipped", "5 C 😀", "9000 wait"], ""),
        (&["0 C is it open?", "100 A one moment [holding]", "290 A it is", "9000 wait"], ""),
        (&["0 A could you restart it? [question]", "5 C ok I'll try that", "9000 wait"], ""),
        (&["0 C is it open?", "60 close customer", "9000 wait"], ""),
        (&["0 C it connects again, you are a star [thanks_resolved]", "9000 wait"], ""),
        (&["0 A anything else I can do?", "5 C no", "9000 wait"], ""),
        (&["0 C is it open?", "50 C never mind, found it", "9000 wait"], ""),
        (&["0 C where is the manual?", "1 B here is the manual", "9000 wait"], ""),
        (&["0 C is it open?", "119 A it is", "9000 wait"], ""),
        (&["0 C hi", "5 A hi, what can I do?", "10 C is it open?", "189 A it is", "9000 wait"], ""),
    ]);
    check_on(
        Channel::Email,
        "left_waiting",
        &[(&["0 C where is my refund?", "80000 A on its way", "90000 wait"], "")],
    );
}

#[test]
fn waiting_does_not_count_when_the_doors_are_closed_or_the_source_is_gone() {
    let span = Span::parse("mon-fri 09:00-17:00").expect("a span");
    let hours = Hours::new(vec![span], jiff::tz::TimeZone::UTC);
    let limits = DetectorLimits { hours, ..DetectorLimits::default() };
    // 60 seconds before the doors close on Friday: 60 more on Monday morning, which is 64 hours later.
    let script = ["25140 C is it open?", "36000 wait", "999999 wait"];
    let monday = 7 * 3_600 + 64 * 3_600 + 60;
    assert_eq!(run(&limits, Channel::Chat, "left_waiting", &script), format!("+{monday}=120"));

    let limits = DetectorLimits::default();
    let setting = |gone_seconds| Setting { limits: &limits, channel: Channel::Chat, gone_seconds };
    let (said, words) = (Said::of(&Arc::from("is it open?")), Words::default());
    let turn = |turn_id, role, at| TurnSeen {
        turn_id,
        role,
        agent_id: None,
        said: &said,
        at,
        shown: Shown::default(),
        score: None,
        text: "",
        request: None,
        heard: heard(&words),
        promise: None,
    };
    let mut watch = Watch::default();
    assert!(watch.turn(turn("1", Role::Customer, at(0)), setting(7.0)).is_empty());
    assert_eq!(watch.due(setting(7.0)), Some(at(120)));
    assert_eq!(watch.due(setting(107.0)), Some(at(220)), "gone for 100 seconds since");
    assert_eq!(watch.fire(at(219), setting(107.0)), None);
    assert!(watch.fire(at(220), setting(107.0)).is_some());
    let resolved = watch.turn(turn("2", Role::Agent, at(300)), setting(107.0));
    assert_eq!(
        resolved,
        [Change::Resolved {
            found: crate::wire::Found::Mistake(Mistake::LeftWaiting),
            about: None,
            value: 200.0
        }]
    );
}

#[test]
fn a_limit_of_0_is_none() {
    let mut limits = DetectorLimits { escalation_seconds: 0, ..DetectorLimits::default() };
    limits.replies[Channel::Chat as usize] = crate::detectors::ReplySeconds { first: 0, later: 0 };
    let script = ["0 C get me your manager! [escalation_request]", "999999 wait"];
    assert_eq!(run(&limits, Channel::Chat, "left_waiting", &script), "");
    assert_eq!(run(&limits, Channel::Chat, "escalation_request", &script), "");
}

#[test]
fn conversations_that_are_cut_short() {
    #[rustfmt::skip] // a table
    check("cut_short", &[
        (&["0 C it still says error 12", "5 A Thank you for contacting us! [closing]", "7 close agent"], "+7=7"),
        (&["0 C where is my refund?", "30 A I have to finish here as I've reached my time, please open a new chat.", "33 close agent"], "+33=33"),
        (&["0 C wait, and the refund?", "100 close system"], "+100=100"),
        (&["0 C no that's not what I asked", "3 B I'm glad I could help! [closing]", "5 close bot"], "+5=5"),
        (&["0 A I'll mark this as solved.", "5 C but it isn't", "20 close agent"], "+20=15"),
        (&["0 C can you check order 8812?", "5 A one moment please", "100 close agent"], "+100=100"),
        (&["0 C this is useless [frustration]", "10 A Thank you for contacting us! [closing]", "100 close agent"], "+100=100"),
        (&["0 C hello?", "30 close bot"], "+30=30"),
        (&["0 A anything else?", "5 C yes, my invoice", "10 close agent"], "+10=5"),
        (&["0 C is it open?", "10 A yes", "20 C and on Sunday?", "25 C ok", "100 close system"], "+100=80"),
        (&["0 C you stupid cow [agent_abused]", "5 C sorry", "6 A let us go on", "10 C it is slow", "12 A since when?", "20 C since may", "25 A hm", "30 C can you fix it?", "200 close agent"], "+200=170"),
    ]);
}

#[test]
fn conversations_that_end_as_they_should() {
    #[rustfmt::skip] // a table
    check("cut_short", &[
        (&["0 C perfect thanks, bye", "2 A bye! [closing]", "3 close agent"], ""),
        (&["0 C it is broken", "10 A could you send a photo? [question]", "1810 close system"], ""),
        (&["0 C what about my bill?", "5 A I'm handing you to billing, they are joining now [handoff]", "8 transfer", "30 close system"], ""),
        (&["0 C you stupid cow [agent_abused]", "5 A I have to ask you to stop, or I must end the chat", "10 C idiot, will you fix it? [agent_abused]", "15 close agent"], ""),
        (&["0 C is it open?", "5 close customer"], ""),
        (&["0 C is it open?", "5 close nobody"], ""),
        (&["0 A it is shipped", "5 C ok 👍", "8 close agent"], ""),
        (&["0 A it is shipped", "5 C thank you so much!", "8 close agent"], ""),
        (&["0 C is it open?", "10 A it is, until five", "100 close agent"], ""),
        (&["0 C is it open?", "10 C never mind, found it", "20 close agent"], ""),
        (&["0 C is it open?", "5 A it is. anything else?", "10 C no", "12 close agent"], ""),
        (&["0 C 8812", "10 A I see it: it is on its way", "61 close agent"], ""),
        (&["0 A Shall I leave it at that? [question]", "10 C yep, cheers Tomas", "34 A Cheers, have a good day.", "50 close agent"], ""),
        (&["0 C solved, thanks! [thanks_resolved]", "5 close bot"], ""),
    ]);
}

#[test]
fn requests_for_somebody_else_that_nobody_acts_on() {
    #[rustfmt::skip] // a table
    check("escalation_request", &[
        (&["0 C get me your manager [escalation_request]", "10 A what is the problem?", "20 A I can help you here"], "+20=20"),
        (&["0 C get me your manager [escalation_request]", "600 wait"], "+300=300"),
        (&["0 C AGENT AGENT AGENT [escalation_request]", "1 B Please choose a topic.", "2 C HUMAN [escalation_request]", "3 B Please choose a topic."], "+3=3"),
        (&["0 A:a-1 hi", "5 C I want to talk to your boss [escalation_request]", "10 A:a-1 no", "20 A:a-1 why?"], "+20=15"),
        (&["0 C who is above you? [escalation_request]", "5 A no", "9 A no", "60 A I'm connecting you to my lead [handoff]"], "+9=9 -60=60"),
        (&["0 C who is above you? [escalation_request]", "5 A no", "9 A no", "70 transfer"], "+9=9 -70=70"),
        (&["0 A:a-1 hi", "1 C your boss please [escalation_request]", "5 A:a-1 no", "9 A:a-1 no", "80 A:a-2 hello, I am the manager"], "+9=8 -80=79"),
        (&["0 C your boss please [escalation_request]", "10 A one moment [holding]", "100 A still looking [holding]", "400 wait"], "+300=300"),
        (&["0 C your boss please [escalation_request]", "100 C your boss!! [escalation_request]", "400 wait"], "+300=300"),
        (&["0 C your boss please [escalation_request]", "400 wait", "500 C forget it, it works now, bye"], "+300=300 -500=500"),
        (&["0 C your boss please [escalation_request]", "400 wait", "500 A no", "510 A no", "600 close agent"], "+300=300"),
    ]);
    check_on(
        Channel::Sms,
        "escalation_request",
        &[(&["0 C your boss please [escalation_request]", "2000 wait"], "+900=900")],
    );
}

#[test]
fn requests_that_are_acted_on_and_what_is_none() {
    #[rustfmt::skip] // a table
    check("escalation_request", &[
        (&["0 C your boss please [escalation_request]", "10 A of course, connecting you [handoff]", "999 wait"], ""),
        (&["0 C your boss please [escalation_request]", "10 A what is it about?", "20 A connecting you [handoff]", "999 wait"], ""),
        (&["0 C your boss please [escalation_request]", "10 transfer", "999 wait"], ""),
        (&["0 B hi", "1 C a person please [escalation_request]", "10 A hello, this is Ana", "20 A what is it about?", "30 A I see", "999 wait"], ""),
        (&["0 A:a-1 hi", "1 C your boss please [escalation_request]", "10 A:a-2 I am the manager", "20 A:a-2 what is it?", "999 wait"], ""),
        (&["0 A:a-1 hi", "1 C your boss please [escalation_request]", "5 C:a-2 hello?", "20 A:a-2 I'm here", "30 A:a-2 so", "999 wait"], ""),
        (&["0 C your boss please [escalation_request]", "10 A I can refund it now", "20 C oh perfect, that's all, thanks [thanks_resolved]", "999 wait"], ""),
        (&["0 C your boss please [escalation_request]", "10 A one moment [holding]", "50 A one moment [holding]", "90 A here she is [handoff]", "999 wait"], ""),
        (&["0 C my manager asked me to buy this", "10 A good", "20 A which one?", "999 wait"], ""),
        (&["0 C your boss please [escalation_request]", "60 close customer", "999 wait"], ""),
        (&["0 C your boss please [escalation_request]", "290 A no", "299 A one moment, I'm getting her [handoff]", "999 wait"], ""),
    ]);
    check_on(
        Channel::Email,
        "escalation_request",
        &[(&["0 C your boss please [escalation_request]", "80000 A she will see to it [handoff]"], "")],
    );
}

#[test]
fn courtesies_that_are_missing() {
    #[rustfmt::skip] // a table
    check("missing_basics", &[
        (&["0 C my order is late", "5 A order number?", "10 C 8812", "20 A It arrives tomorrow. Is there anything else?", "25 C no thanks", "30 A have a nice day!", "31 close agent"], "+31=1"),
        (&["0 C I got something else [frustration]", "5 A Hello Sam, I see we shipped the wrong item. A new one is on its way.", "10 A Is there anything else?", "25 C no", "30 A bye!", "31 close agent"], "+31=1"),
        (&["0 C a refund please", "5 A hello, I am looking", "20 A refund issued.", "30 close agent"], "+30=2"),
        (&["0 C it is off", "5 A hi there", "20 A try now. Works now?", "30 C thank you so much!", "40 close agent"], "+40=1"),
        (&["0 B hello!", "1 C it is off", "5 A yes?", "9 A done, does that help?", "20 A bye", "31 close agent"], "+31=1"),
        (&["0 C it is off", "5 A number?", "9 A done.", "31 close agent"], "+31=3"),
        (&["0 C I am in tears", "5 A hello. the form is on our website [no_empathy]", "9 A is that ok?", "15 A bye", "31 close agent"], "+31=1"),
        (&["0 C hello?", "300 A hi", "310 C finally [frustration]", "320 A it works now. Works now?", "330 A bye", "340 close agent"], "+340=1"),
        (&["0 C it is off", "5 B number?", "9 B done. bye", "31 close bot"], "+31=2"),
        (&["0 C it is off", "1 A hi", "5 A does that help?", "9 A a", "10 A b", "11 A c", "12 A bye", "31 close agent"], "+31=1"),
    ]);
}

#[test]
fn courtesies_that_are_there_or_not_due() {
    #[rustfmt::skip] // a table
    check("missing_basics", &[
        (&["0 C what's up", "5 A Hey Sam 👋 what's up with the order?", "20 A it is there. all good?", "30 A bye", "31 close agent"], ""),
        (&["0 C I got something else [frustration]", "5 A Hello. That's on us. I've fixed it.", "10 A is that ok?", "30 A bye!", "31 close agent"], ""),
        (&["0 C it is off", "5 A number?", "20 A done.", "31 close customer"], ""),
        (&["0 C it is off", "5 A hi", "20 A Works now?", "25 C yes", "30 A take care [closing]", "31 close agent"], ""),
        (&["0 C it is off", "5 A number?", "31 close agent"], ""),
        (&["0 C it is off", "5 A number?", "20 A done.", "31 close nobody"], ""),
        (&["0 C it is off", "5 A number?", "20 A done.", "31 close system"], ""),
        (&["0 C it is off", "5 A hi", "20 A done.", "25 C solved, thanks [thanks_resolved]", "30 A you're welcome", "31 close agent"], ""),
        (&["0 C ugh, mondays [frustration]", "5 A hi, which order?", "20 A it is on its way. all good?", "30 A bye", "31 close agent"], ""),
        (&["0 C I got something else [frustration]", "5 A hi. we shipped the wrong item, here is a voucher [apology]", "20 A all good?", "30 A bye", "31 close agent"], ""),
        (&["0 C hi", "1 A hi", "2 A all good?", "3 A bye", "4 close agent", "60 C one more", "65 A it is 12", "70 A is that ok?", "75 A bye", "80 close agent"], ""),
    ]);
}

#[test]
fn a_request_is_quoted_where_it_shows_and_the_finding_names_the_turn_in_which_it_shows() {
    let limits = DetectorLimits { escalation_turns: 1, ..DetectorLimits::default() };
    let setting = Setting { limits: &limits, channel: Channel::Chat, gone_seconds: 0.0 };
    let (request, refusal) = (Said::of(&Arc::from("no. get me your manager")), Said::of(&Arc::from("no")));
    let words = Words::default();
    let turn = |turn_id, role, said, shown, request| TurnSeen {
        turn_id,
        role,
        agent_id: None,
        text: "",
        said,
        at: at(0),
        shown,
        score: None,
        request,
        heard: heard(&words),
        promise: None,
    };
    let mut watch = Watch::default();
    let asks = shown_of("escalation_request");
    watch.turn(turn("m-1", Role::Customer, &request, asks, Some(&(4..23))), setting);
    let changes = watch.turn(turn("m-2", Role::Agent, &refusal, Shown::default(), None), setting);
    let [Change::Opened(found)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((&*found.about, found.turn_id.as_deref()), ("m-1", Some("m-2")));
    let quote = &found.evidence[0];
    assert_eq!((quote.start, quote.end, quote.quote.as_str()), (4, 23, "get me your manager"));
}
