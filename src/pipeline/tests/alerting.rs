//! From turns to alerts.

use super::*;
use crate::wire::limits::QUOTE_CHARS_MAX;

#[test]
fn a_customer_who_boils_over_is_announced_and_the_recovery_too() {
    let mut house = House::default();
    let lines =
        [(0.0, "hello"), (-0.9, "no!"), (-0.95, "NO!"), (0.6, "ah, thank you"), (0.8, "great"), (0.8, "bye")];
    for (index, (score, text)) in (1..).zip(lines) {
        house.say(turn(&index.to_string(), text, index * 10), score);
    }
    let expect = "1:scored(1) 2:scored(2) 2:opened(warning) 3:scored(3) 3:updated(critical) 4:scored(4) \
                  5:scored(5) 5:resolved(recovered) 6:scored(6)";
    assert_eq!(house.heard(), expect);
    assert!(house.pipeline.counts().balanced());
}

#[test]
fn an_alert_says_what_happened_with_quotes_and_a_link() {
    let mut house = House::default();
    let shout = "😡".repeat(QUOTE_CHARS_MAX + 20);
    house.say(Turn { queue: Some("billing".to_owned()), ..within("c/17", turn("1", &shout, 0)) }, -0.9);
    house.say(within("c/17", turn("2", "third time 😡", 5)), -0.95);
    let [opened, updated] = &house.alerts()[..] else { panic!("two frames") };
    assert_eq!(opened.alert_id, updated.alert_id);
    assert_eq!(updated.url, "http://127.0.0.1:8787/conversations/c%2F17");
    assert_eq!(updated.queue.as_deref(), Some("billing"));
    assert_eq!(updated.ts, at(5));
    assert!(!updated.summary.contains("third time"), "no chat text: {}", updated.summary);
    let quoted: Vec<_> = updated.reasons.iter().map(|reason| (reason.turn_id.as_str(), reason.end)).collect();
    assert_eq!(quoted, [("1", QUOTE_CHARS_MAX), ("2", 12)]);
    assert_eq!(updated.reasons[1].quote, "third time 😡");
    let scored = house.last_scored();
    assert_eq!((updated.risk, &updated.contributions), (scored.conversation.risk, &scored.contributions));
}

#[test]
fn an_open_alert_resolves_when_its_conversation_ends() {
    let mut house = House::new(PipelineConfig { idle: idle(1_000), ..PipelineConfig::default() });
    house.say(turn("1", "no!", 0), -0.9);
    house.close("c", 1);
    assert_eq!(house.heard(), "1:scored(1) 1:opened(warning) close:taken close:resolved(closed)");

    house.say(within("left", turn("2", "no!", 0)), -0.9);
    house.pipeline.tick(at(99_999));
    assert_eq!(
        house.alerts().last().map(|alert| alert.ts),
        Some(at(1_000)),
        "when it was due, not when looked at"
    );
    assert_eq!(house.heard(), "2:scored(2) 2:opened(warning) 2:left_waiting(open) 2:resolved(expired)");
}

#[test]
fn the_latest_producer_hears_of_alerts() {
    let mut house = House::default();
    house.say(turn("1", "hello", 0), 0.0);
    house.admit_as("new socket", turn("1", "hello", 1));
    house.close("c", 2);
    house.say(turn("2", "no!", 3), -0.9);
    assert_eq!(house.heard(), "1:scored(1) new socket:scored(1) close:taken 2:scored(2) 2:opened(warning)");
}

#[test]
fn a_second_run_gives_the_same_frames() {
    let frames = || {
        let mut house = House::default();
        for index in 0..40_u32 {
            let id = format!("c{}", index % 3);
            let score = f64::from(index % 7) / 3.5 - 0.9;
            house.say(within(&id, turn(&index.to_string(), "text", index * 20)), score);
        }
        house.pipeline.tick(at(9_999_999));
        let log = house.log.lock();
        log.iter().map(|entry| format!("{entry:?}")).collect::<Vec<_>>()
    };
    assert_eq!(frames(), frames());
}
