//! What is read off the state before a scrape.

use super::*;
use crate::wire::{Level, Severity};

#[test]
fn levels_waits_and_alerts_are_added_up_by_queue_without_closed_conversations() {
    let mut house = House::default();
    let queued = |turn: Turn| Turn { queue: Some("billing".to_owned()), ..turn };
    house.say(within("angry", queued(turn("1", "no!", 0))), -0.9);
    house.say(within("furious", queued(turn("2", "no!", 10))), -0.9);
    house.say(within("furious", turn("3", "no!", 20)), -0.95);
    house.say(within("answered", turn("4", "hello", 20)), 0.0);
    house.say(within("answered", agent("5", "hello", 25)), 0.0);
    house.say(within("gone", turn("6", "no!", 25)), -0.9);
    house.close("gone", 26);

    let tally = house.pipeline.tally(at(100));
    assert_eq!(tally.active, 3);
    let billing = Some("billing".to_owned());
    let levels: Vec<_> = tally.levels.into_iter().collect();
    let expect = [
        ((Level::Calm, None), 1),
        ((Level::High, billing.clone()), 1),
        ((Level::Critical, billing.clone()), 1),
    ];
    assert_eq!(levels, expect);
    assert_eq!(
        tally.waits.into_iter().collect::<Vec<_>>(),
        [(billing, 100.0)],
        "time goes on between frames"
    );
    let alerts: Vec<_> = tally
        .alerts
        .iter()
        .map(|(since, alert)| (*since, alert.severity, alert.conversation_id.as_str()))
        .collect();
    assert_eq!(alerts, [(at(10), Severity::Critical, "furious"), (at(0), Severity::Warning, "angry")]);
}
