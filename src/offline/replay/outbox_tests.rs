//! Tests of the outbox: each is a short exchange with a server that is only imagined.

use serde_json::Value;

use super::*;

fn turn(conversation: &str, id: &str) -> ClientFrame {
    let line = format!(
        r#"{{"type":"turn","turn_id":"{id}","conversation_id":"{conversation}","role":"customer","text":"x","ts":"2026-01-01T00:00:00Z"}}"#
    );
    ClientFrame::parse(&line).expect("valid").frame
}

fn closed(conversation: &str) -> ClientFrame {
    let line = format!(
        r#"{{"type":"conversation.closed","conversation_id":"{conversation}","ts":"2026-01-01T00:00:00Z"}}"#
    );
    ClientFrame::parse(&line).expect("valid").frame
}

fn refusal(seq: u64, temporary: bool, retry_after_ms: Option<u64>) -> ErrorIn {
    ErrorIn {
        code: "overloaded".to_owned(),
        message: String::new(),
        temporary,
        retry_after_ms,
        seq: Some(seq),
    }
}

/// `seq:turn_id` of everything that may be sent now.
fn sent(outbox: &mut Outbox, now: Instant) -> Vec<String> {
    std::iter::from_fn(|| outbox.next(now))
        .map(|json| {
            let value: Value = serde_json::from_str(&json).expect("JSON");
            format!("{}:{}", value["seq"], value["turn_id"].as_str().unwrap_or("closed"))
        })
        .collect()
}

#[test]
fn no_more_frames_wait_than_the_window_allows() {
    let now = Instant::now();
    let mut outbox = Outbox::new(2);
    for id in ["1", "2", "3"] {
        outbox.offer(turn("c", id));
    }
    assert_eq!(sent(&mut outbox, now), ["1:1", "2:2"]);
    outbox.scored(1, now).expect("waits");
    assert_eq!(sent(&mut outbox, now), ["3:3"]);
    outbox.set_window(0);
    outbox.offer(turn("c", "4"));
    assert!(sent(&mut outbox, now).is_empty());
    outbox.scored(2, now);
    outbox.scored(3, now);
    assert_eq!(sent(&mut outbox, now), ["4:4"], "a window of zero still lets one through");
}

#[test]
fn a_refused_turn_goes_again_with_a_fresh_seq_before_anything_later_of_its_conversation() {
    let now = Instant::now();
    let mut outbox = Outbox::new(8);
    outbox.offer(turn("c", "1"));
    outbox.offer(turn("d", "1"));
    assert_eq!(sent(&mut outbox, now), ["1:1", "2:1"]);
    assert_eq!(outbox.refused(&refusal(1, true, Some(400)), now), Refusal::Again);
    outbox.offer(turn("c", "2"));
    outbox.offer(turn("d", "2"));
    assert_eq!(sent(&mut outbox, now), ["3:2"], "the other conversation goes on");
    assert_eq!(outbox.next_due(), Some(now + Duration::from_millis(400)));
    let later = now + Duration::from_millis(400);
    assert_eq!(sent(&mut outbox, later), ["4:1"], "one at a time until it went through");
    outbox.scored(4, later).expect("waits");
    assert_eq!(sent(&mut outbox, later), ["5:2"]);
    for seq in [2, 3, 5] {
        outbox.scored(seq, later).expect("waits");
    }
    assert!(outbox.is_done());
    assert_eq!(outbox.next_due(), None);
}

#[test]
fn turns_that_the_server_knew_before_we_sent_them_are_told_apart() {
    let now = Instant::now();
    let mut outbox = Outbox::new(8);
    outbox.offer(turn("c", "1"));
    outbox.offer(turn("c", "2"));
    sent(&mut outbox, now);
    assert_eq!(outbox.take_acked_repeats(now), (0, 0), "not acked yet");
    outbox.acked(1, now);
    assert_eq!(outbox.take_acked_repeats(now), (0, 1));
    assert_eq!(outbox.in_flight(), 1);
}

#[test]
fn two_refused_turns_of_a_conversation_go_again_in_their_order() {
    let now = Instant::now();
    let mut outbox = Outbox::new(8);
    for id in ["1", "2", "3"] {
        outbox.offer(turn("c", id));
    }
    assert_eq!(sent(&mut outbox, now).len(), 3);
    outbox.refused(&refusal(2, true, Some(10)), now);
    outbox.refused(&refusal(1, true, Some(50)), now);
    outbox.scored(3, now).expect("waits");
    assert!(sent(&mut outbox, now + Duration::from_millis(10)).is_empty(), "the longer wait counts");
    let later = now + Duration::from_millis(50);
    assert_eq!(sent(&mut outbox, later), ["4:1"]);
    outbox.scored(4, later);
    assert_eq!(sent(&mut outbox, later), ["5:2"]);
}

#[test]
fn a_final_refusal_is_not_sent_again_and_frees_its_conversation() {
    let now = Instant::now();
    let mut outbox = Outbox::new(8);
    outbox.offer(turn("c", "1"));
    sent(&mut outbox, now);
    assert_eq!(outbox.refused(&refusal(1, false, None), now), Refusal::Final);
    assert!(outbox.is_done());
    assert_eq!(outbox.refused(&refusal(1, false, None), now), Refusal::Unknown);
}

#[test]
fn a_turn_that_is_always_refused_is_given_up() {
    let mut now = Instant::now();
    let mut outbox = Outbox::new(8);
    outbox.offer(turn("c", "1"));
    for attempt in 1..=u64::from(ATTEMPTS_MAX) {
        assert_eq!(sent(&mut outbox, now).len(), 1);
        let expected = if attempt == u64::from(ATTEMPTS_MAX) { Refusal::GaveUp } else { Refusal::Again };
        assert_eq!(outbox.refused(&refusal(attempt, true, None), now), expected);
        now += RETRY_AFTER_DEFAULT;
    }
    assert!(outbox.is_done());
}

#[test]
fn an_ack_ends_what_gets_no_other_answer_and_a_turn_waits_for_its_score() {
    let now = Instant::now();
    let mut outbox = Outbox::new(8);
    outbox.offer(turn("c", "1"));
    outbox.offer(closed("c"));
    sent(&mut outbox, now);
    assert_eq!(outbox.acked(2, now), 0, "no turn is done by it");
    assert_eq!(outbox.open_turns(), 1);
    let (_, latency) = outbox.scored(1, now + Duration::from_millis(7)).expect("waits");
    assert_eq!(latency, Duration::from_millis(7));
    assert!(outbox.is_done());
}

#[test]
fn after_a_lost_connection_everything_unanswered_goes_again_in_order() {
    let now = Instant::now();
    let mut outbox = Outbox::new(3);
    for (conversation, id) in [("c", "1"), ("d", "1"), ("c", "2"), ("d", "2")] {
        outbox.offer(turn(conversation, id));
    }
    assert_eq!(sent(&mut outbox, now), ["1:1", "2:1", "3:2"]);
    outbox.scored(2, now).expect("waits");
    assert_eq!(outbox.disconnected(), 2);
    assert_eq!(sent(&mut outbox, now), ["4:1", "5:2", "6:2"]);
    outbox.acked(6, now);
    outbox.scored(6, now).expect("waits");
    assert_eq!(outbox.take_acked_repeats(now), (2, 0), "the server knew these two already");
    assert!(outbox.is_done());
}
