//! Conversations as people look at them.

use super::*;
use crate::conversation::{ALERTS_KEPT_MAX, TIMELINE_CHARS_MAX};
use crate::wire::{AlertState, ConversationDetail, ConversationState, Level, PromiseState};

fn listed(house: &House, filter: &Filter, offset: usize, limit: usize) -> (String, usize, Option<usize>) {
    let list = house.pipeline.conversations(filter, offset, limit, at(100));
    let ids: Vec<_> = list.conversations.iter().map(|c| c.conversation_id.as_str()).collect();
    (ids.join(" "), list.total, list.next_offset)
}

fn detail(house: &House, seconds: u32) -> ConversationDetail {
    house.pipeline.conversation("c", at(seconds)).expect("held")
}

/// Six conversations, of which one is closed and one has nothing said in it.
fn floor() -> House {
    let mut house = House::default();
    let queued = |turn: Turn| Turn { queue: Some("billing".to_owned()), ..turn };
    house.say(within("angry", queued(turn("1", "no!", 90))), -0.9);
    house.say(within("furious", queued(turn("2", "no!", 90))), -0.95);
    house.say(within("furious", turn("3", "NO!", 91)), -0.98);
    house.say(within("calm-b", turn("4", "hello", 92)), 0.5);
    let mail = Turn { channel: Channel::Email, ..turn("5", "hello", 92) };
    house.say(within("calm-a", mail), 0.5);
    house.say(within("gone", turn("6", "no!", 93)), -0.9);
    house.close("gone", 94);
    house.admit(within("blank", turn("7", "hello", 95)));
    house
}

#[test]
fn the_most_at_risk_come_first_and_equals_by_their_id() {
    let mut house = floor();
    house.admit(within("calm-0", Turn { channel: Channel::Email, ..turn("8", "hello", 92) }));
    // The turn of `blank` goes on waiting for its score.
    house.waiting.rotate_left(1);
    house.complete(Ok(scores(0.5)));
    let (ids, total, next) = listed(&house, &Filter::default(), 0, 50);
    assert!(ids.starts_with("furious angry "), "{ids}");
    assert!(ids.contains("calm-0 calm-a"), "{ids}");
    assert_eq!((total, next), (5, None));
}

#[test]
fn filters_leave_out_and_total_counts_what_is_left() {
    let house = floor();
    let check = |filter: Filter, expect: &str| {
        let (ids, total, _) = listed(&house, &filter, 0, 50);
        let mut sorted: Vec<_> = ids.split(' ').filter(|id| !id.is_empty()).collect();
        sorted.sort_unstable();
        assert_eq!((sorted.join(" ").as_str(), total), (expect, sorted.len()), "{filter:?}");
    };
    let all = Filter::default();
    check(all.clone(), "angry calm-a calm-b furious");
    check(Filter { queue: Some("billing".to_owned()), ..all.clone() }, "angry furious");
    check(Filter { queue: Some("nobody's".to_owned()), ..all.clone() }, "");
    check(Filter { level: Some(Level::Critical), ..all.clone() }, "furious");
    check(Filter { level: Some(Level::High), ..all.clone() }, "angry furious");
    check(Filter { level: Some(Level::Calm), ..all.clone() }, "angry calm-a calm-b furious");
    check(Filter { channel: Some(Channel::Email), ..all.clone() }, "calm-a");
    check(Filter { with_alerts: true, ..all.clone() }, "angry furious");
    check(Filter { listed: Listed::Closed, ..all.clone() }, "gone");
    check(Filter { listed: Listed::All, ..all.clone() }, "angry calm-a calm-b furious gone");
    check(Filter { listed: Listed::All, with_alerts: true, ..all }, "angry furious");
}

#[test]
fn pages_follow_one_another_until_the_last() {
    let house = floor();
    let (whole, ..) = listed(&house, &Filter::default(), 0, 50);
    let (mut ids, mut offset) = (Vec::new(), Some(0));
    while let Some(at) = offset {
        let (page, total, next) = listed(&house, &Filter::default(), at, 3);
        assert_eq!(total, 4);
        ids.push(page);
        offset = next;
    }
    assert_eq!((ids.len(), ids.join(" ")), (2, whole));
    assert_eq!(listed(&house, &Filter::default(), 9, 3), (String::new(), 4, None));
    assert_eq!(listed(&house, &Filter::default(), LISTED_MAX - 1, 500), (String::new(), 4, None));
}

#[test]
fn a_wait_goes_on_between_frames_and_a_closed_conversation_waits_no_more() {
    let mut house = House::default();
    house.say(turn("1", "hello?", 0), 0.0);
    let waiting = |house: &House, seconds| detail(house, seconds).summary.conversation.waiting_seconds;
    assert_eq!((waiting(&house, 0), waiting(&house, 90)), (None, Some(90.0)));
    let risk = |house: &House, seconds| detail(house, seconds).summary.conversation.risk;
    assert!(risk(&house, 600) > risk(&house, 0), "who waits is more at risk");
    let shown = detail(&house, 600);
    let log_odds: f64 = shown.contributions.iter().map(|term| term.value).sum();
    assert!((1.0 / (1.0 + (-log_odds).exp()) - shown.summary.conversation.risk).abs() < 1e-5);
    house.close("c", 700);
    assert_eq!(waiting(&house, 900), None);
    assert_eq!(detail(&house, 900).summary.state, ConversationState::Closed);
}

#[test]
fn a_conversation_shows_its_last_turns_with_what_was_read_off_them() {
    let mut house = House::new(PipelineConfig { timeline_turns: 2, ..PipelineConfig::default() });
    let long = "😡".repeat(TIMELINE_CHARS_MAX + 1);
    for (id, text) in [("1", "hi"), ("2", "<b>no!</b>"), ("3", long.as_str())] {
        house.say(turn(id, text, 10), -0.9);
    }
    let shown = detail(&house, 10);
    assert_eq!((shown.turns.len(), shown.earlier_turns), (2, 1));
    let [second, third] = &shown.turns[..] else { panic!("two turns") };
    assert_eq!((second.text.as_str(), second.truncated), ("<b>no!</b>", false));
    assert_eq!((third.text.chars().count(), third.truncated), (TIMELINE_CHARS_MAX, true));
    let scored = house.last_scored();
    assert_eq!((third.turn_id.as_str(), third.ts), ("3", at(10)));
    assert_eq!((&third.contributions, third.conversation), (&scored.contributions, scored.conversation));
    assert_eq!((shown.summary.started_at, shown.summary.updated_at), (at(10), at(10)));

    let mut silent = House::new(PipelineConfig { timeline_turns: 0, ..PipelineConfig::default() });
    silent.say(turn("1", "hi", 10), 0.0);
    let shown = detail(&silent, 10);
    assert_eq!((shown.turns.len(), shown.earlier_turns), (0, 1));
}

#[test]
fn what_is_not_held_or_has_not_begun_is_not_shown() {
    let house = floor();
    assert!(house.pipeline.conversation("nobody", at(100)).is_none());
    assert!(house.pipeline.conversation("blank", at(100)).is_none());
}

#[test]
fn alerts_are_shown_by_their_newest_frame_and_the_last_ones_only() {
    let mut house = House::default();
    house.say(turn("1", "no!", 0), -0.9);
    house.say(turn("2", "NO!", 5), -0.98);
    let shown = detail(&house, 6);
    let [alert] = &shown.alerts[..] else { panic!("one alert") };
    assert_eq!((alert.state, alert.alert.opened_at, alert.alert.ts), (AlertState::Open, at(0), at(5)));
    assert_eq!(shown.summary.alerts[0].severity, crate::wire::Severity::Critical);
    house.close("c", 7);
    let shown = detail(&house, 8);
    assert_eq!((shown.alerts[0].state, shown.alerts[0].alert.opened_at), (AlertState::Resolved, at(0)));
    assert!(shown.summary.alerts.is_empty());
    assert!(shown.alerts.len() <= ALERTS_KEPT_MAX);
}

#[test]
fn promises_are_shown_until_they_are_kept() {
    let states = |text: &str, seconds: u32| -> Vec<PromiseState> {
        let mut house = House::default();
        house.say(turn("1", "where is my refund?", 0), -0.2);
        house.admit(agent("2", text, 10));
        let evidence = Some(0..text.chars().count() as u32);
        let name = Name::Act(crate::wire::Act::PromiseMade);
        let labels = vec![LabelScore { name, probability: 0.99, evidence }];
        house.complete(Ok(Scores { labels, ..scores(0.0) }));
        detail(&house, seconds).promises.iter().map(|promise| promise.state).collect()
    };
    const PROMISE: &str = "I will write to you within the hour.";
    assert_eq!(states(PROMISE, 20), [PromiseState::Open]);
    assert_eq!(states(PROMISE, 3_700), [PromiseState::Overdue]);
    assert_eq!(states("Thank you for your patience.", 20), []);
}

#[test]
fn looking_changes_nothing() {
    let house = floor();
    let before = format!("{:?}", house.pipeline.counts());
    let look = || serde_json::to_string(&house.pipeline.conversations(&Filter::default(), 0, 50, at(9_999)));
    assert_eq!(look().expect("JSON"), look().expect("JSON"));
    assert_eq!(format!("{:?}", house.pipeline.counts()), before);
    house.pipeline.store.check_books();
}
