//! Rules as people write them, and what they are told when they write them wrong.

use super::*;

fn rule(condition: &str) -> String {
    format!(
        "version = \"t@1\"\n[[rule]]\nname = \"R\"\nkind = \"service\"\nseverity = \"info\"\nsummary = \"s\"\nwhen = '''\n{condition}'''\n"
    )
}

#[test]
fn a_condition_that_makes_no_sense_is_refused_with_its_place_and_a_suggestion() {
    let check = |condition: &str, line: usize, expect: &str| match RuleSet::parse(&rule(condition), "r.toml")
    {
        Ok(_) => panic!("taken: {condition}"),
        Err(RulesError::Invalid { line: told, message, .. }) => {
            assert!(message.contains(expect), "{condition}: {message}");
            assert_eq!(told, line, "{condition}: {message}");
        }
        Err(other) => panic!("{other}"),
    };
    check("risk > ", 8, "column 8 of the condition");
    check("rissk > 0.5", 8, "did you mean risk?");
    check("risk > 0.5 &&\n found(\"left_wating\") > 0", 9, "did you mean left_waiting?");
    check("count(\"left_waiting\") > \"a\"", 8, "only numbers are more or less");
    check("level == \"hihg\"", 8, "did you mean high?");
    check("level in [\"high\", \"criticl\"]", 8, "did you mean critical?");
    check("channel == \"fax\"", 8, "there are chat, email");
    check("level > \"watch\"", 8, "level_at_least");
    check("risk", 8, "a condition is true or false");
    check("count(\"frustration\", 33) > 1", 8, "from 1 to 32");
    check("count(frustration) > 1", 8, "takes a name in quotes");
    check("count() > 1", 8, "count is written");
    check("cuont(\"frustration\") > 1", 8, "did you mean count?");
    check("[1, 2].exists(x, x > 1)", 8, "no loops");
    check("risk * 2 > 1.0", 8, "both have a fraction");
    check("queue == 3", 8, "different kinds");
    check("queue.matches(\"a*\")", 8, "startsWith, endsWith and contains");
    check("risk.x > 1", 8, "only attributes have fields");
    check(&vec!["risk > 0.5"; 101].join(" || "), 8, "at most 200 parts");
    check(&format!("queue == \"{}\"", "x".repeat(2_000)), 8, "at most 2000 characters");
}

#[test]
fn a_file_that_makes_no_sense_is_refused_with_its_line() {
    let check = |from: &str, to: &str, line: usize, expect: &str| {
        let good = rule("risk > 0.5");
        assert!(good.contains(from), "{from}");
        let error = RuleSet::parse(&good.replace(from, to), "r.toml").expect_err(to);
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("r.toml:{line}: ")) && shown.contains(expect), "{shown}");
    };
    check("kind = \"service\"", "kind = \"servise\"", 4, "customer_risk, service");
    check("severity = \"info\"", "severity = \"page\"", 5, "info, warning, critical");
    check("name = \"R\"", "name = \"r-1\"", 3, "begins with a capital");
    check("summary = \"s\"", "sumary = \"s\"", 6, "unknown field");
    check("summary = \"s\"", "summary = \"\"", 6, "1 to 200 characters");
    check("summary = \"s\"", "summary = \"s\"\nresolve_turns = 101", 7, "from 0 to 100");
    check("summary = \"s\"", "summary = \"s\"\nquotes = [\"aplogy\"]", 7, "did you mean apology?");
    check("version = \"t@1\"", "version = 1", 1, "expected a string");
    let twice = rule("risk > 0.5").replace("version = \"t@1\"\n", "");
    let error = RuleSet::parse(&(rule("closed") + &twice), "r.toml").expect_err("twice");
    assert!(error.to_string().contains("there is a rule R already"), "{error}");
}

#[test]
fn versions_tell_files_apart() {
    let version = |condition: &str| RuleSet::parse(&rule(condition), "r").expect("good").version().to_owned();
    assert!(version("risk > 0.5").starts_with("t@1-"));
    assert_eq!(version("risk > 0.5"), version("risk > 0.5"));
    assert_ne!(version("risk > 0.5"), version("risk > 0.6"));
}

#[test]
fn the_shipped_rules_are_good() {
    assert!(!RuleSet::default().rules().is_empty());
}

// === what conditions see ===

use std::sync::Arc as Shared;

use jiff::Timestamp;

use crate::conversation::{Said, State, moments};
use crate::detectors::{Discovery, Shown};
use crate::scoring::Name;
use crate::wire::{Act, Channel, Found, Level, Mistake, Role, Signal, Turn, Visibility};

const MINUTE: u32 = 60;

/// A conversation of one turn a minute, each showing these names.
fn conversation(turns: &[(Role, &[Name])]) -> State {
    let mut state = State::default();
    for (minute, (role, names)) in (0_u32..).zip(turns) {
        let turn = Turn {
            turn_id: minute.to_string(),
            conversation_id: "c".to_owned(),
            role: *role,
            text: "words".to_owned(),
            ts: moments::later(Timestamp::UNIX_EPOCH, minute * MINUTE),
            channel: Channel::Chat,
            queue: Some("billing".to_owned()),
            customer_id: None,
            agent_id: None,
            lang: None,
            visibility: Visibility::Public,
            attributes: [("tier".to_owned(), "gold".to_owned()), ("spend".to_owned(), "120.5".to_owned())]
                .into(),
        };
        let shown = names.iter().fold(Shown::default(), |shown, name| shown.with(*name));
        let places = names.iter().map(|name| (*name, 0..5)).collect();
        state.apply(&turn, &Said::of(&Shared::from("words")), Some(-0.5), shown, places);
    }
    state
}

const UPSET: Name = Name::Signal(Signal::Frustration);
const APOLOGY: Name = Name::Act(Act::Apology);
const COLD: Name = Name::Mistake(Mistake::NoEmpathy);

/// Frustration at 0:00, an apology at 1:00, frustration at 2:00, a cold answer at 3:00; asked at 5:00, when a wait has
/// been found that began at 4:00.
fn upset() -> State {
    let mut state = conversation(&[
        (Role::Customer, &[UPSET]),
        (Role::Agent, &[APOLOGY]),
        (Role::Customer, &[UPSET]),
        (Role::Agent, &[COLD]),
        (Role::Customer, &[]),
    ]);
    let found = Found::Mistake(Mistake::LeftWaiting);
    let discovery =
        Discovery { found, about: Shared::from("4"), turn_id: None, evidence: Vec::new(), value: 60.0 };
    state.findings.open("c", discovery, moments::later(Timestamp::UNIX_EPOCH, 5 * MINUTE));
    state
}

#[test]
fn conditions_see_what_the_conversation_is() {
    let state = upset();
    let at = moments::later(Timestamp::UNIX_EPOCH, 5 * MINUTE);
    let facts = Facts { state: &state, level: Level::High, risk: 0.6, trend: -0.2, at, promises: (2, 1) };
    let check = |source: &str| {
        let condition =
            Condition::parse(source).unwrap_or_else(|fault| panic!("{source}: {}", fault.message));
        assert!(condition.holds(&facts), "{source}");
        let not = Condition::parse(&format!("!({source})")).expect("its contrary");
        assert!(!not.holds(&facts), "not: {source}");
    };
    check("risk == 0.6 && trend < 0.0 && sentiment == -0.5 && worst == -0.5");
    check("level == \"high\" && level_at_least(\"watch\") && !level_at_least(\"critical\")");
    check("level in [\"high\", \"critical\"] && risk in [0.6, 0.7]");
    check("customer_turns == 3 && agent_turns == 2 && bot_turns == 0");
    check("waiting_seconds == 60.0 && waiting_seconds > 59 && age_seconds == 300.0");
    check("promises_open == 2 && promises_overdue == 1");
    check(
        "role == \"customer\" && channel == \"chat\" && queue == \"billing\" && queue.startsWith(\"bill\")",
    );
    check(
        "attributes.tier == \"gold\" && \"tier\" in attributes && has(attributes.tier) && !has(attributes.no)",
    );
    check("attributes[\"tier\"] == \"gold\" && double(attributes.spend) > 120.0");
    check("!closed");
    check("count(\"frustration\") == 2 && count(\"frustration\", 3) == 1 && count(\"apology\", 4) == 1");
    check("count_within(\"frustration\", 180) == 1 && count_within(\"frustration\", 300) == 2");
    check("count(\"left_waiting\") == 1 && count(\"left_waiting\", 1) == 1 && found(\"left_waiting\") == 1");
    check("found(\"stuck\") == 0 && mistakes(5) == 1 && mistakes(1) == 0");
    check("seconds_since(\"frustration\") == 180.0 && turns_since(\"frustration\") == 2");
    check("seconds_since(\"left_waiting\") == 0.0 && turns_since(\"left_waiting\") == 0");
    check("missing_since(\"apology\", \"frustration\") && !missing_since(\"frustration\", \"apology\")");
    check("!missing_since(\"apology\", \"churn_threat\") && turns_since(\"churn_threat\") > 1000");
    check("risk > 0.5 ? queue == \"billing\" : closed");
}

#[test]
fn a_condition_that_cannot_be_evaluated_does_not_hold() {
    let state = conversation(&[(Role::Customer, &[])]);
    let facts = Facts {
        state: &state,
        level: Level::Calm,
        risk: 0.1,
        trend: 0.0,
        at: Timestamp::UNIX_EPOCH,
        promises: (0, 0),
    };
    let check = |source: &str| assert!(!Condition::parse(source).expect("good").holds(&facts), "{source}");
    check("attributes.no == \"gold\"");
    check("double(attributes.tier) > 1.0");
    check("customer_turns / bot_turns > 0");
}

#[test]
fn rules_that_speak_of_time_say_so() {
    let uses_time = |condition: &str| RuleSet::parse(&rule(condition), "r").expect("good").uses_time();
    assert!(uses_time("waiting_seconds > 30") && uses_time("seconds_since(\"apology\") > 60.0"));
    assert!(!uses_time("risk > 0.5 && found(\"left_waiting\") > 0"));
}

#[test]
fn the_names_of_a_condition_are_what_its_alert_quotes() {
    let set =
        RuleSet::parse(&rule("count(\"churn_threat\", 6) + count(\"frustration\") > 1"), "r").expect("good");
    assert_eq!(set.rules()[0].quotes, ["churn_threat", "frustration"]);
}

#[test]
fn the_documentation_lists_what_conditions_may_name() {
    let document = include_str!("../../../docs/rules.md");
    let variables = vocabulary::VARIABLES.iter().map(|(name, ..)| format!("`{name}`"));
    let functions = vocabulary::FUNCTIONS.iter().map(|known| format!("`{}(", known.name));
    for shown in variables.chain(functions) {
        assert!(document.contains(&shown), "docs/rules.md does not list {shown}");
    }
    for rule in RuleSet::default().rules() {
        assert!(
            document.contains(&format!("`{}`", rule.name)),
            "docs/rules.md says nothing of {}",
            rule.name
        );
    }
}
