//! Promises, within a conversation and beyond it.

use super::findings::{close_by, counted, say_showing};
use super::*;
use crate::detectors::DetectorLimits;
use crate::scoring::Name;
use crate::wire::{Act, Finding};

const PROMISE: [Name; 1] = [Name::Act(Act::PromiseMade)];
const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

fn of_ana(turn: Turn) -> Turn {
    Turn { customer_id: Some("ana".to_owned()), ..turn }
}

/// `conversation state turn quotes value`
fn word(found: &Finding) -> String {
    let quotes: Vec<_> = found
        .evidence
        .iter()
        .map(|quote| {
            let from = quote.conversation_id.as_ref().map(|id| format!("{id}/")).unwrap_or_default();
            format!("{from}{}:{}", quote.turn_id, quote.quote)
        })
        .collect();
    let turn = found.turn_id.as_deref().unwrap_or("-");
    let seconds = found.ts.duration_since(at(0)).as_secs();
    format!(
        "{} {} {turn}@{seconds} [{}] {}",
        found.conversation_id,
        found.state,
        quotes.join(", "),
        found.value.unwrap_or(-1.0)
    )
}

fn empty(house: &House) -> Vec<String> {
    house.findings().iter().filter(|found| found.name == "empty_promise").map(word).collect()
}

/// Conversation `c`, in which the agent promises this at 10 seconds.
fn promised(text: &str) -> House {
    let mut house = House::default();
    house.say(of_ana(turn("1", "where is my refund?", 0)), 0.0);
    say_showing(&mut house, agent("2", text, 10), &PROMISE);
    house
}

#[test]
fn a_promise_that_nobody_keeps_is_found_when_its_grace_is_over_and_resolved_by_its_deed() {
    let mut house = promised("I'll write to you within the hour.");
    house.say(turn("3", "ok", 2_000), 0.0);
    // An hour, two minutes of a chat, and a twentieth of the hour.
    let due = 10 + HOUR + 120 + HOUR / 20;
    house.pipeline.tick(at(due - 1));
    assert_eq!(empty(&house), [""; 0]);
    house.pipeline.tick(at(due));
    house.pipeline.tick(at(due + 1));
    let found = format!("c open -@{due} [2:I'll write to you within the hour] 300");
    assert_eq!(empty(&house), std::slice::from_ref(&found));
    assert!(counted(&house, "mistakes_total{mistake=\"empty_promise\",queue=\"none\"} 1"));
    house.say(agent("4", "I've written to you: it is refunded", 5_000), 0.0);
    let resolved = "c resolved -@5000 [2:I'll write to you within the hour] 1390".to_owned();
    assert_eq!(empty(&house), [found, resolved]);
    house.pipeline.store.check_books();
}

#[test]
fn a_kept_promise_a_question_and_what_the_model_alone_or_words_alone_say_is_none() {
    let check = |names: &[Name], text: &str, later: &[(Role, &str)]| {
        let mut house = House::default();
        house.say(turn("1", "where is it?", 0), 0.0);
        say_showing(&mut house, agent("2", text, 10), names);
        for (index, (role, text)) in (0..).zip(later) {
            let said = Turn { role: *role, ..turn(&format!("later-{index}"), text, 1_900 + index * 10) };
            house.say(said, 0.0);
        }
        house.pipeline.tick(at(40 * DAY));
        assert_eq!(empty(&house), [""; 0], "{text}");
    };
    let (agent, customer) = (Role::Agent, Role::Customer);
    check(&PROMISE, "I'll send the label within the hour.", &[(agent, "done, I've sent it")]);
    check(&PROMISE, "I'm back with you in 40 minutes.", &[(agent, "so, the fuse is the culprit")]);
    check(&PROMISE, "The driver will come within the hour.", &[(customer, "he's here, thanks")]);
    check(&PROMISE, "Refunds usually take an hour.", &[]);
    check(&PROMISE, "Shall I call you within the hour?", &[]);
    check(&[], "I'll write to you within the hour.", &[]);
}

#[test]
fn a_customer_who_asks_after_it_breaks_a_promise_and_is_quoted() {
    let mut house = promised("I'll get back to you shortly.");
    house.say(turn("3", "any update?", 300), 0.0);
    assert_eq!(empty(&house), [""; 0], "that is too soon");
    house.say(turn("4", "any update?", 1_000), 0.0);
    assert_eq!(empty(&house), ["c open 4@1000 [2:I'll get back to you shortly, 4:any update?] 0"]);
}

#[test]
fn the_end_breaks_what_is_overdue_and_what_somebody_leaves() {
    let check = |text: &str, by, expect: &[&str]| {
        let mut house = promised(text);
        house.say(turn("3", "it does not work", 60), 0.0);
        close_by(&house, "c", by, 20 * 60);
        house.pipeline.tick(at(40 * DAY));
        assert_eq!(empty(&house), expect, "{text}");
    };
    let agent = Some(Role::Agent);
    check("I'll stay on until it works.", agent, &["c open -@1200 [2:I'll stay on until it works] 0"]);
    check("I'll stay on until it works.", Some(Role::Customer), &[]);
    check("I'll ring you in 19 minutes.", agent, &["c open -@1200 [2:I'll ring you in 19 minutes] 50"]);
    check("I'll ring you by Friday.", agent, &[]);
}

#[test]
fn what_is_still_open_goes_with_the_customer() {
    let check = |asked: u32, text: &str, same_customer: bool, expect: &[&str]| {
        let mut house = promised("You'll have the refund by Monday.");
        close_by(&house, "c", Some(Role::Agent), 20);
        house.pipeline.tick(at(HOUR));
        assert_eq!(house.pipeline.conversations_held(), 0, "nobody is kept in memory for it");
        assert_eq!(house.pipeline.tally(at(HOUR)).promises, (1, 0));
        let asks = within("d", turn("1", text, asked));
        house.say(if same_customer { of_ana(asks) } else { asks }, 0.0);
        house.pipeline.tick(at(asked + 1));
        assert_eq!(empty(&house), expect, "{asked} {text}");
    };
    // The 31st of January 2026 is a Saturday.
    let tuesday = 3 * DAY;
    let quote = "c/2:You'll have the refund by Monday";
    let broken = format!("d open 1@{tuesday} [{quote}, 1:still no refund] 36000");
    check(tuesday, "still no refund", true, &[&broken]);
    check(tuesday, "a question about my bill", true, &[]);
    check(tuesday, "still no refund", false, &[]);
    check(DAY, "still no refund", true, &[]);
}

#[test]
fn a_carried_promise_that_is_due_later_is_found_by_time() {
    let mut house = promised("You'll have the refund by Monday.");
    close_by(&house, "c", Some(Role::Agent), 20);
    house.pipeline.tick(at(HOUR));
    house.say(of_ana(within("d", turn("1", "is it on its way?", 2 * DAY))), 0.0);
    house.say(of_ana(within("d", agent("2", "it is", 2 * DAY + 10))), 0.0);
    house.pipeline.tick(at(4 * DAY));
    let found = empty(&house);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("d open -@") && found[0].contains("[c/2:"), "{found:?}");
}

#[test]
fn a_conversation_that_left_memory_goes_on_as_if_it_had_not() {
    let mut house = House::default();
    house.say(turn("1", "where is my refund?", 0), 0.0);
    say_showing(&mut house, agent("2", "You'll have it by Monday.", 10), &PROMISE);
    house.pipeline.tick(at(2 * HOUR));
    assert_eq!(house.pipeline.conversations_held(), 0, "it is due too late to be kept for");
    house.say(turn("3", "hello?", 5 * DAY), 0.0);
    let found = empty(&house);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("c open -@"), "{found:?}");
}

#[test]
fn without_a_memory_of_customers_nothing_is_carried() {
    let detectors = DetectorLimits { customer_memory_seconds: 0, ..DetectorLimits::default() };
    let mut house = House::new(PipelineConfig { detectors, ..PipelineConfig::default() });
    house.say(of_ana(turn("1", "where is my refund?", 0)), -0.9);
    say_showing(&mut house, agent("2", "You'll have it by Monday.", 10), &PROMISE);
    close_by(&house, "c", Some(Role::Agent), 20);
    house.pipeline.tick(at(HOUR));
    assert!(house.pipeline.customers.is_empty());
    house.say(of_ana(within("d", turn("1", "still no refund", 3 * DAY))), 0.0);
    assert_eq!(empty(&house), [""; 0]);
}

#[test]
fn a_customer_who_is_always_sharp_counts_by_change() {
    let risk = |baseline: bool| {
        let detectors = DetectorLimits { customer_baseline: baseline, ..DetectorLimits::default() };
        let mut house = House::new(PipelineConfig { detectors, ..PipelineConfig::default() });
        for (day, id) in (0..).zip(["a", "b", "c", "d"]) {
            for index in 0..4 {
                let said = turn(&index.to_string(), "again?", day * DAY + index * 60);
                house.say(of_ana(within(id, said)), -0.5);
            }
            if id != "d" {
                house.close(id, day * DAY + 300);
            }
        }
        house.last_scored().conversation.risk
    };
    assert!(risk(true) < risk(false) - 0.1, "{} {}", risk(true), risk(false));
}

#[test]
fn open_and_overdue_promises_are_counted() {
    let mut house = promised("I'll write to you within the hour.");
    say_showing(&mut house, of_ana(agent("3", "And I'll call you by Monday.", 20)), &PROMISE);
    assert_eq!(house.pipeline.tally(at(60)).promises, (2, 0));
    assert_eq!(house.pipeline.tally(at(2 * HOUR)).promises, (1, 1));
    house.pipeline.tick(at(2 * HOUR));
    house.pipeline.refresh_gauges(at(2 * HOUR));
    assert!(counted(&house, "promises{state=\"open\"} 1"));
}
