//! Episodes as somebody on call would see them.

use proptest::prelude::*;

use super::*;
use crate::conversation::{RecentTurn, State};
use crate::detectors::{Shown, level};
use crate::wire::{Level, Role};

const STEP_SECONDS: u32 = 30;
/// Runs the rules over risks, one customer turn every [`STEP_SECONDS`]; answers one word per turn.
fn run(rules: &RuleSet, limits: AlertLimits, risks: &[f64]) -> Vec<String> {
    let mut episodes = Episodes::default();
    let mut state = State::default();
    let mut reached = Level::Calm;
    let mut words = Vec::new();
    for (turn, &risk) in (0_u32..).zip(risks) {
        reached = level(reached, risk);
        state.recent.clear();
        state.recent.push_back(RecentTurn {
            turn_id: turn.to_string(),
            role: Role::Customer,
            excerpt: Arc::from("words"),
            score: Some(-0.5),
            shown: Shown::default(),
            places: Box::default(),
        });
        let at = moments::later(Timestamp::UNIX_EPOCH, turn * STEP_SECONDS);
        let facts = Facts { state: &state, level: reached, risk, trend: 0.0, at, promises: (0, 0) };
        let event = Event::Turn { of_customer: true, judged: true };
        let changes = episodes.observe(rules, &limits, Seen { conversation_id: "c", event, facts });
        let told: Vec<String> = changes.iter().filter_map(word).collect();
        words.push(if told.is_empty() { "-".to_owned() } else { told.join("+") });
    }
    words
}

/// Reasons change with each turn here, which is not what is looked at.
fn word(change: &Change) -> Option<String> {
    match change.phase {
        Phase::Opened => Some(change.alert.severity.to_string()),
        Phase::Updated => (change.alert.severity == Severity::Critical).then(|| "raised".to_owned()),
        Phase::Resolved(resolution) => Some(resolution.to_string()),
    }
}

fn check(more: &str, cooldown_seconds: u32, risks: &[f64], expect: &str) {
    let told = run(&RuleSet::by_level(more), AlertLimits { cooldown_seconds }, risks);
    // An update of a critical alert is told as "raised" once.
    let mut raised = false;
    let told: Vec<&str> = told
        .iter()
        .map(|word| match word.as_str() {
            "raised" if raised => "-",
            "raised" | "critical" => {
                raised = true;
                word
            }
            "recovered" => {
                raised = false;
                word
            }
            word => word,
        })
        .collect();
    assert_eq!(told.join(" "), expect, "{risks:?}");
}

#[test]
fn an_alert_opens_rises_and_resolves_once() {
    check("", 300, &[0.1, 0.6, 0.7, 0.9, 0.95, 0.3, 0.2, 0.1], "- warning - raised - - recovered -");
    check("", 300, &[0.9, 0.6, 0.85], "critical - -");
    check("", 300, &[0.6, 0.39, 0.41, 0.39, 0.39], "warning - - - recovered");
}

#[test]
fn a_rule_stays_silent_after_a_resolution_for_as_long_as_it_says() {
    check("", 2 * STEP_SECONDS, &[0.6, 0.1, 0.1, 0.9, 0.9], "warning - recovered - critical");
    check("cool_down_seconds = 30", 300, &[0.6, 0.1, 0.1, 0.9, 0.9], "warning - recovered critical -");
}

#[test]
fn a_rule_opens_only_so_often_in_one_conversation() {
    check("episodes_max = 1", 0, &[0.6, 0.1, 0.1, 0.9, 0.9], "warning - recovered - -");
}

#[test]
fn a_rule_may_resolve_at_once() {
    check("resolve_turns = 0", 0, &[0.6, 0.1, 0.1], "warning recovered -");
    check("resolve_turns = 1", 0, &[0.6, 0.1, 0.1], "warning recovered -");
}

#[test]
fn ids_are_the_same_in_a_second_run_and_differ_between_episodes() {
    let id = alert_id("CustomerAtRisk", 1, "c-17", "m-1");
    assert_eq!(id, alert_id("CustomerAtRisk", 1, "c-17", "m-1"));
    assert_eq!(id.len(), ids::DERIVED_ID_DIGITS);
    assert_ne!(id, alert_id("CustomerAtRisk", 2, "c-17", "m-1"));
    assert_ne!(id, alert_id("ChurnThreat", 1, "c-17", "m-1"));
    assert_ne!(id, alert_id("CustomerAtRisk", 1, "c-1", "7m-1"), "parts must not run into each other");
}

#[test]
fn all_rules_together_open_only_so_often_in_one_conversation() {
    let always = |at: u32| {
        format!(
            "[[rule]]\nname = \"R{at}\"\nkind = \"service\"\nseverity = \"info\"\nsummary = \"s\"\nwhen = 'risk > 0.0'\n"
        )
    };
    let many: String = (0..30).map(always).collect();
    let told = run(&RuleSet::by_level(&many), AlertLimits::default(), &[0.1, 0.1]);
    assert_eq!(told[0].matches("info").count(), ALERTS_OPENED_MAX as usize);
    assert_eq!(told[1], "-");
}

proptest! {
    #[test]
    fn nothing_flaps_over_random_walks(steps in prop::collection::vec(-0.3..0.3_f64, 1..200)) {
        let limits = AlertLimits::default();
        let mut risk = 0.3_f64;
        let risks: Vec<f64> = steps.iter().map(|step| { risk = (risk + step).clamp(0.0, 1.0); risk }).collect();
        let (mut open, mut resolved_at, mut opened) = (false, None, 0);
        for (turn, word) in run(&RuleSet::by_level("episodes_max = 1000"), limits, &risks).iter().enumerate() {
            match word.as_str() {
                "-" => {}
                "recovered" => {
                    prop_assert!(open);
                    prop_assert!(risks[turn] < 0.40 && risks[turn - 1] < 0.40);
                    (open, resolved_at) = (false, Some(turn));
                }
                "raised" => prop_assert!(open),
                _ => {
                    prop_assert!(!open);
                    let quiet = resolved_at.map_or(u32::MAX, |at| (turn - at) as u32 * STEP_SECONDS);
                    prop_assert!(quiet >= limits.cooldown_seconds);
                    opened += 1;
                    open = true;
                }
            }
        }
        prop_assert!(opened <= ALERTS_OPENED_MAX);
    }
}
