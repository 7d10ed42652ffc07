//! What turns do to the state of their conversation.

use super::*;
use crate::conversation::{CONTEXT_CHARS_MAX, Said};
use crate::detectors::Shown;
use crate::scoring::{Abstention, LabelScore, Name};
use crate::wire::{Act, Mistake, Signal, Span};

#[test]
fn the_context_is_the_other_sides_last_turn_however_fast_scores_come_back() {
    let contexts = |at_once: bool| {
        let mut house = House::default();
        let long = format!("first {}", "😡".repeat(CONTEXT_CHARS_MAX));
        let turns = [
            turn("1", &long, 0),
            agent("2", "sorry", 1),
            turn("3", "so?", 2),
            turn("4", "well?", 3),
            agent("5", "a moment", 4),
        ];
        let mut contexts = Vec::new();
        for turn in turns {
            house.admit(turn);
            contexts.push(
                house.waiting.back().and_then(|admitted| admitted.context.as_deref().map(str::to_owned)),
            );
            if at_once {
                house.complete(Ok(scores(0.0)));
            }
        }
        contexts
    };
    let cut = "😡".repeat(CONTEXT_CHARS_MAX);
    let expect = [None, Some(cut.as_str()), Some("sorry"), Some("sorry"), Some("well?")];
    assert_eq!(contexts(true), expect.map(|text| text.map(str::to_owned)));
    assert_eq!(contexts(true), contexts(false));
}

#[test]
fn time_never_goes_back_and_waiting_counts_from_the_first_unanswered_turn() {
    let mut house = House::default();
    let mut check = |turn: Turn, expect: Option<f64>| {
        house.say(turn, 0.0);
        assert_eq!(house.last_scored().conversation.waiting_seconds, expect);
    };
    check(turn("1", "hello", 100), None);
    check(turn("2", "anyone?", 160), Some(60.0));
    check(turn("3", "from the past", 10), Some(60.0));
    check(agent("4", "hi", 170), None);
    check(agent("5", "how can I help", 500), None);
    check(turn("6", "like so", 520), None);
}

#[test]
fn abstained_and_empty_turns_do_not_move_the_sentiment() {
    let mut house = House::default();
    house.say(turn("1", "great", 0), 0.8);
    let before = house.last_scored().conversation;
    house.say(turn("2", "  ", 1), -0.9);
    house.say(turn("long blank", &" ".repeat(8_000), 1), -0.9);
    house.admit(turn("3", "?", 2));
    house.complete(Ok(Scores { abstained: Some(Abstention::TooShort), ..scores(-0.9) }));
    let after = house.last_scored();
    assert_eq!(after.abstained, Some("too_short"));
    assert_eq!(after.conversation.sentiment, before.sentiment);
    assert_eq!(after.conversation.worst, before.worst);
    assert_eq!(after.conversation.customer_turns, 4);
}

#[test]
fn a_live_source_is_believed_within_the_skew_only() {
    let house = House::new(PipelineConfig { max_clock_skew_seconds: 60, ..PipelineConfig::default() });
    let check = |ts: u32, clock, expect: u32| {
        assert_eq!(house.pipeline.effective(at(ts), clock, at(1_000)), at(expect), "{ts}");
    };
    check(970, Clock::Wall, 970);
    check(100, Clock::Wall, 940);
    check(9_999, Clock::Wall, 1_060);
    check(100, Clock::Event, 100);
    let house = House::new(PipelineConfig { max_clock_skew_seconds: u32::MAX, ..PipelineConfig::default() });
    for now in [Timestamp::MIN, Timestamp::MAX] {
        assert_eq!(house.pipeline.effective(at(0), Clock::Event, now), at(0), "no year overflows");
        let _ = house.pipeline.effective(at(0), Clock::Wall, now);
    }
}

#[test]
fn the_first_wait_ends_with_the_first_answer_not_with_a_greeting() {
    let mut state = crate::conversation::State::default();
    let mut check = |turn: Turn, expect: Option<(f64, bool)>| {
        let effect =
            state.apply(&turn, &Said::of(&Arc::from("text")), Some(0.0), Shown::default(), Box::default());
        assert_eq!(effect.ended_wait.map(|wait| (wait.seconds, wait.first)), expect, "{}", turn.turn_id);
    };
    check(agent("greeting", "", 0), None);
    check(turn("question", "", 10), None);
    check(agent("answer", "", 40), Some((30.0, true)));
    check(agent("more", "", 41), None);
    check(turn("thanks", "", 50), None);
    check(agent("bye", "", 55), Some((5.0, false)));
}

#[test]
fn what_a_turn_shows_is_in_its_frame_and_counted_unless_it_was_not_judged() {
    let mut house = House::default();
    let raised = |name, probability| LabelScore { name, probability, evidence: Some(0..5) };
    let shown = Scores {
        labels: vec![
            raised(Name::Signal(Signal::Frustration), 0.912_34),
            LabelScore { evidence: None, ..raised(Name::Signal(Signal::Distress), 0.1) },
            raised(Name::Mistake(Mistake::PolicyWall), 0.8),
            raised(Name::Act(Act::Apology), 0.7),
        ],
        ..scores(-0.5)
    };
    house.admit(turn("1", "third time", 0));
    house.complete(Ok(shown.clone()));
    let frame = house.last_scored();
    let span = |name, probability| Span { name, probability, start: 0, end: 5 };
    assert_eq!(frame.signals, [span("frustration", 0.9123)]);
    assert_eq!(frame.mistakes, [span("policy_wall", 0.8)]);
    assert_eq!(frame.acts, [span("apology", 0.7)]);
    house.admit(turn("2", "asdkjh qwkejh", 1));
    house.complete(Ok(Scores { abstained: Some(Abstention::Garbage), ..shown.clone() }));
    let frame = house.last_scored();
    assert!(frame.signals.is_empty() && frame.mistakes.is_empty() && frame.acts.is_empty());
    assert_eq!(frame.abstained, Some("garbage"));
    house.admit(turn("3", "   ", 2));
    house.complete(Ok(shown));
    assert!(house.last_scored().signals.is_empty(), "white space shows nothing");
    let text = house.pipeline.metrics.render();
    for series in [
        "undertone_signals_total{queue=\"none\",signal=\"frustration\"} 1",
        "undertone_signals_total{queue=\"none\",signal=\"distress\"} 0",
        "undertone_mistakes_total{mistake=\"policy_wall\",queue=\"none\"} 1",
        "undertone_abstained_turns_total{reason=\"garbage\"} 1",
    ] {
        assert!(text.contains(series), "{series}");
    }
}
