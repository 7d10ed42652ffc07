//! The order of effects, repeats, and turns without a score.

use super::*;
use crate::conversation::ANSWERS_MAX;

#[test]
fn effects_come_in_the_order_of_admission_whatever_the_order_of_scores() {
    let mut house = House::default();
    for id in ["1", "2", "3"] {
        house.admit(turn(id, "hello", 0));
    }
    house.waiting.rotate_left(2);
    house.complete(Ok(scores(0.3)));
    assert_eq!(house.heard(), "", "3 waits for 1 and 2");
    house.complete(Ok(scores(0.1)));
    assert_eq!(house.heard(), "1:scored(1)");
    house.complete(Ok(scores(0.2)));
    assert_eq!(house.heard(), "2:scored(2) 3:scored(3)");
}

#[test]
fn a_close_and_a_transfer_wait_for_the_turns_before_them() {
    let mut house = House::default();
    house.admit(turn("1", "hello", 0));
    let moved = Transferred {
        conversation_id: "c".to_owned(),
        ts: at(1),
        queue: Some("retention".to_owned()),
        agent_id: None,
    };
    house.pipeline.transferred(moved, Clock::Event, at(1), house.probe("transfer"));
    house.close("c", 2);
    assert_eq!(house.heard(), "");
    house.complete(Ok(scores(0.0)));
    assert_eq!(house.heard(), "1:scored(1) transfer:taken close:taken");
    let queue = house.pipeline.store.with("c", |conversation| conversation.state.queue.clone());
    assert_eq!(queue.flatten().as_deref(), Some("retention"));
    house.close("unknown", 2);
    assert_eq!(house.heard(), "close:taken");
}

#[test]
fn a_repeat_is_answered_like_its_original_and_changes_nothing() {
    let mut house = House::new(PipelineConfig { timeline_turns: 0, ..PipelineConfig::default() });
    house.admit(turn("1", "hello", 0));
    house.admit_as("again", turn("1", "hello", 5));
    assert_eq!(house.heard(), "", "both wait for the score");
    house.complete(Ok(scores(-0.9)));
    assert_eq!(house.heard(), "1:scored(1) again:scored(1) again:opened(warning)");
    house.admit_as("later", turn("1", "something else", 9));
    assert_eq!(house.last_scored().conversation.customer_turns, 1);
    assert_eq!(house.heard(), "later:scored(1)");
    for id in 2..2 + ANSWERS_MAX {
        house.say(turn(&id.to_string(), "fine", 20), 0.8);
    }
    house.log.lock().clear();
    house.admit_as("much later", turn("1", "hello", 60));
    assert_eq!(house.heard(), "much later:taken");
    assert_eq!(house.pipeline.counts().duplicate, 3);
    assert!(house.pipeline.counts().balanced());
}

#[test]
fn a_turn_without_a_score_has_no_effect_and_can_be_sent_again() {
    let check = |error, code: &str| {
        let mut house = House::default();
        house.admit(turn("1", "hello", 0));
        house.admit(turn("2", "anyone?", 1));
        house.admit_as("again", turn("1", "hello", 2));
        house.complete(Err(error));
        assert_eq!(house.heard(), format!("1:{code} again:{code}"));
        house.complete(Ok(scores(0.0)));
        house.say(turn("1", "hello", 3), 0.0);
        assert_eq!(house.last_scored().conversation.customer_turns, 2);
        assert_eq!(house.heard(), "2:scored(2) 1:scored(1)");
        let counts = house.pipeline.counts();
        assert_eq!((counts.received, counts.scored, counts.refused, counts.duplicate), (4, 2, 1, 1));
        assert!(counts.balanced());
    };
    check(ScoreError::Overloaded { retry_after_ms: 400 }, "overloaded");
    check(ScoreError::Expired, "expired");
    check(ScoreError::ShuttingDown, "shutting_down");
    check(ScoreError::Internal, "internal");
}

#[test]
fn refused_turns_leave_no_conversation_behind() {
    let mut house = House::default();
    house.admit(turn("1", "hello", 0));
    house.complete(Err(ScoreError::Internal));
    let error = ScoreError::Overloaded { retry_after_ms: 400 };
    house.pipeline.refuse(&turn("2", "hello", 0), error, &house.probe("2"));
    assert_eq!(house.heard(), "1:internal 2:overloaded");
    assert_eq!(house.pipeline.conversations_held(), 0);
    assert!(house.pipeline.counts().balanced());
}

#[test]
fn system_turns_and_notes_are_taken_without_effect() {
    let mut house = House::default();
    let note = |id: &str| Turn { visibility: Visibility::Private, ..agent(id, "difficult one", 50) };
    house.admit(note("n1"));
    assert_eq!(house.pipeline.conversations_held(), 0, "a note begins no conversation");
    house.say(turn("1", "hello", 0), 0.0);
    house.admit(note("n2"));
    house.admit(Turn { role: Role::System, ..turn("s1", "Agent joined", 60) });
    house.admit_as("n2 again", note("n2"));
    assert_eq!(house.heard(), "n1:taken 1:scored(1) n2:taken s1:taken n2 again:taken");
    house.say(turn("2", "anyone?", 100), 0.0);
    assert_eq!(house.last_scored().conversation.waiting_seconds, Some(100.0), "a note is no answer");
    let counts = house.pipeline.counts();
    assert_eq!((counts.unscored, counts.duplicate, counts.scored), (3, 1, 2));
    assert!(counts.balanced());
}
