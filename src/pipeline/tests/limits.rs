//! What is bounded, and what leaves when.

use super::*;
use crate::conversation::{CLOSED_KEPT_SECONDS, WAITERS_MAX};

#[test]
fn turns_under_way_in_one_conversation_are_bounded() {
    let mut house = House::default();
    for id in 0..=SLOTS_MAX {
        house.admit(turn(&id.to_string(), "hello", 0));
    }
    assert_eq!(house.heard(), format!("{SLOTS_MAX}:overloaded"));
    house.close("c", 1);
    assert_eq!(house.heard(), "close:overloaded");
    for again in 1..=WAITERS_MAX {
        house.admit_as(&format!("again{again}"), turn("0", "hello", 0));
    }
    assert_eq!(
        house.heard(),
        format!("again{WAITERS_MAX}:taken"),
        "the original is the first of the waiters"
    );
    while !house.waiting.is_empty() {
        house.complete(Ok(scores(0.0)));
    }
    house.admit(turn(&SLOTS_MAX.to_string(), "hello", 0));
    assert_eq!(house.waiting.len(), 1, "what was refused can be sent again");
    assert!(house.pipeline.counts().balanced());
}

#[test]
fn the_one_idle_longest_makes_room_and_busy_ones_stay() {
    let mut house = House::new(PipelineConfig { conversations_max: 2, ..PipelineConfig::default() });
    house.say(within("old", turn("old", "hello", 0)), 0.0);
    house.say(within("new", turn("new", "hello", 1)), 0.0);
    house.say(within("old", turn("old2", "hello", 2)), 0.0);
    house.say(within("third", turn("third", "hello", 3)), 0.0);
    let held = |house: &House, id: &str| house.pipeline.store.with(id, |_| ()).is_some();
    assert!(held(&house, "old") && held(&house, "third") && !held(&house, "new"));

    house.admit(within("old", turn("old3", "hello", 4)));
    house.admit(within("third", turn("third2", "hello", 4)));
    house.log.lock().clear();
    house.admit(within("fourth", turn("fourth", "hello", 5)));
    assert_eq!(house.heard(), "fourth:conversation_limit");
    assert!(house.pipeline.counts().balanced());
    house.complete(Ok(scores(0.0)));
    house.say(within("third", turn("third3", "hello", 6)), 0.0);
    house.admit(within("fourth", turn("fourth", "hello", 7)));
    assert!(held(&house, "fourth") && !held(&house, "old"));
}

#[test]
fn idle_conversations_leave_and_closed_ones_sooner() {
    let mut house = House::new(PipelineConfig { idle: idle(1_000), ..PipelineConfig::default() });
    for id in ["idle", "closed", "busy"] {
        house.say(within(id, turn(id, "hello", 0)), 0.0);
    }
    house.close("closed", 1);
    house.admit(within("busy", turn("busy2", "hello", 2)));
    let held_after_tick = |house: &House, seconds| {
        house.pipeline.tick(at(seconds));
        ["idle", "closed", "busy"].map(|id| u8::from(house.pipeline.store.with(id, |_| ()).is_some()))
    };
    assert_eq!(held_after_tick(&house, CLOSED_KEPT_SECONDS), [1, 1, 1]);
    assert_eq!(held_after_tick(&house, CLOSED_KEPT_SECONDS + 1), [1, 0, 1]);
    assert_eq!(held_after_tick(&house, 999), [1, 0, 1]);
    assert_eq!(held_after_tick(&house, 5_000), [0, 0, 1], "what is under way keeps its conversation");
    house.complete(Ok(scores(0.0)));
    assert_eq!(held_after_tick(&house, 5_000), [0, 0, 0]);
}

#[test]
fn a_customer_turn_opens_a_closed_conversation_again_and_an_agents_does_not() {
    let mut house = House::default();
    let closed = |house: &House| house.pipeline.store.with("c", |conversation| conversation.state.closed);
    house.say(turn("1", "hello", 0), 0.0);
    house.close("c", 1);
    house.say(agent("2", "how did we do?", 2), 0.0);
    assert_eq!(closed(&house), Some(true));
    house.say(turn("3", "badly", 3), -0.5);
    assert_eq!(closed(&house), Some(false));
    assert_eq!(house.last_scored().conversation.customer_turns, 2, "it goes on where it was");
}
