//! Rules, asked when turns, time and closes take effect.

use super::*;
use crate::wire::outbound::Resolution;

fn house(rules: &str) -> House {
    let rule = |(name, more): (&str, &str)| {
        format!(
            "[[rule]]\nname = \"{name}\"\nkind = \"service\"\nseverity = \"warning\"\nsummary = \"s\"\n{more}\n"
        )
    };
    let file: String = rules.lines().filter_map(|line| line.trim().split_once(": ")).map(rule).collect();
    let rules = RuleSet::parse(&format!("version = \"t\"\n{file}"), "t.toml").unwrap();
    House::ruled(PipelineConfig { rules, ..PipelineConfig::default() })
}

#[test]
fn what_time_finds_opens_an_alert_at_that_time_and_the_answer_resolves_it() {
    let mut house = house("LeftWaiting: when = 'found(\"left_waiting\") >= 1'");
    house.say(Turn { channel: Channel::Chat, ..turn("1", "hello?", 0) }, 0.0);
    house.pipeline.tick(at(500));
    house.say(Turn { role: Role::Agent, ..turn("2", "Good day, here I am.", 600) }, 0.0);
    let opened = house.alerts().remove(0);
    assert_eq!(
        (opened.ts, opened.reasons[0].quote.as_str()),
        (at(120), "hello?"),
        "when it was due, not when looked at"
    );
    assert_eq!(
        house.heard(),
        "1:scored(1) 1:left_waiting(open) 1:opened(warning) 2:scored(2) 2:left_waiting(resolved) 2:resolved(recovered)"
    );
}

#[test]
fn rules_that_speak_of_time_are_asked_while_somebody_waits() {
    let mut house = house("Slow: when = 'waiting_seconds >= 100'");
    house.say(turn("1", "hello?", 0), 0.0);
    house.pipeline.tick(at(1_000));
    let opened = house.alerts();
    assert_eq!(opened[0].ts, at(120), "the first look after the hundredth second");
    house.say(Turn { role: Role::Agent, ..turn("2", "Good day.", 2_000) }, 0.0);
    assert_eq!(house.alerts().last().unwrap().resolution, Some(Resolution::Recovered));
}

#[test]
fn an_alert_that_the_end_opens_stays_until_the_conversation_leaves() {
    let mut house = house("Closed: when = 'closed'\nUpset: when = 'sentiment < -0.5'");
    house.say(turn("1", "no!", 0), -0.9);
    house.close("c", 1);
    assert_eq!(
        house.heard(),
        "1:scored(1) 1:opened(warning) close:taken close:opened(warning) close:resolved(closed)"
    );
    house.pipeline.tick(at(9_999));
    assert_eq!(house.heard(), "close:resolved(closed)");
}

#[test]
fn alerts_of_rules_that_are_gone_are_resolved_and_others_stay() {
    let mut house = house("Upset: when = 'sentiment < -0.5'\nSad: when = 'sentiment < -0.6'");
    house.say(turn("1", "no!", 0), -0.9);
    assert_eq!(house.heard(), "1:scored(1) 1:opened(warning) 1:opened(warning)");
    let rules = "version = \"t\"\n[[rule]]\nname = \"Sad\"\nkind = \"service\"\nseverity = \"critical\"\nsummary = \"s\"\nwhen = 'sentiment < -0.7'\n";
    house.pipeline.set_rules(RuleSet::parse(rules, "t.toml").unwrap());
    assert_eq!(house.heard(), "1:resolved(expired)");
    house.say(turn("2", "no", 5), -0.9);
    assert_eq!(
        house.heard(),
        "2:scored(2) 2:updated(critical)",
        "the new rule goes on with the episode of the old"
    );
}

#[test]
fn attributes_are_seen_by_rules() {
    let mut house = house("Gold: when = 'attributes.tier == \"gold\" && sentiment < 0.0'");
    house.say(turn("1", "no!", 0), -0.9);
    assert_eq!(house.heard(), "1:scored(1)");
    let attributes = [("tier".to_owned(), "gold".to_owned())].into();
    house.say(Turn { attributes, ..turn("2", "no!", 1) }, -0.9);
    assert_eq!(house.heard(), "2:scored(2) 2:opened(warning)");
}
