//! From turns to what is found by repetition and comparison.

use super::findings::{counted, say_showing};
use super::*;
use crate::wire::Mistake;

#[test]
fn what_the_model_saw_and_comparison_found_in_one_turn_is_one_mistake() {
    let mut house = House::default();
    house.say(turn("1", "order number 8812337, the lamp is broken", 0), 0.0);
    house.say(Turn { agent_id: Some("a-1".into()), ..agent("2", "one moment", 5) }, 0.0);
    let asks = Turn { agent_id: Some("a-2".into()), ..agent("3", "Can I have your order number?", 9) };
    say_showing(&mut house, asks, &[Name::Mistake(Mistake::MustStartOver)]);
    assert_eq!(house.findings().len(), 1);
    assert!(counted(&house, "mistakes_total{mistake=\"must_start_over\",queue=\"none\"} 1"));
    let found = &house.findings()[0];
    let quotes: Vec<_> = found.evidence.iter().map(|it| it.quote.as_str()).collect();
    assert_eq!(quotes, ["order number 8812337, the lamp is broken", "order number"]);
}

#[test]
fn a_template_is_heard_across_conversations() {
    let mut house = House::default();
    let text =
        "Thank you for reaching out to us, where every smile counts and your satisfaction matters most!";
    for number in 0..6 {
        let id = format!("c-{number}");
        house.say(within(&id, turn("1", "the hinge broke", number)), 0.0);
        say_showing(
            &mut house,
            within(&id, agent("2", text, number)),
            &[Name::Mistake(Mistake::CannedReply)],
        );
    }
    let found: Vec<_> =
        house.findings().iter().map(|found| (found.name, found.conversation_id.clone())).collect();
    assert_eq!(found, [("canned_reply", "c-4".to_owned()), ("canned_reply", "c-5".to_owned())]);
}

#[test]
fn a_customer_who_comes_back_with_the_same_problem_must_not_start_over() {
    let of_ana = |turn: Turn| Turn { customer_id: Some("ana".to_owned()), ..turn };
    let told = "my lamp with the blue shade arrived broken, order number 8812337";
    let check = |second: &str, answer: &str, expect: &[&str]| {
        let mut house = House::default();
        house.say(of_ana(turn("1", told, 0)), 0.0);
        house.say(agent("2", "I am sorry, I will look into it", 10), 0.0);
        house.close("c", 20);
        house.say(within("d", of_ana(turn("3", second, 86_400))), 0.0);
        house.say(within("d", agent("4", answer, 86_410)), 0.0);
        let quotes: Vec<String> = house
            .findings()
            .into_iter()
            .filter(|found| found.name == "must_start_over")
            .flat_map(|found| found.evidence.into_iter().map(|it| it.quote))
            .collect();
        assert_eq!(quotes, expect, "{second:?} {answer:?}");
    };
    let again = "the lamp with the blue shade arrived broken and cold";
    check(again, "Hi! How can I help you today?", &[again, "How can I help"]);
    check(again, "Can I have your order number?", &[again, "order number"]);
    check(again, "I see what you wrote yesterday. A new one is on its way.", &[]);
    check("where is my second parcel with the garden chairs?", "Can I have your order number?", &[]);
}
