//! What the shipped weights must give, and that a risk is the sum of its terms.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::detectors::course::Course;
use crate::detectors::{Change, Discovery};
use crate::scoring::{LabelScore, Name, Scores, Sentiment};
use crate::wire::{Act, Found, Mistake, Role, Signal};

/// Features and weights in another language gave these log-odds; the weights are its own, not those that are shipped now.
const GOLDEN: &str = include_str!("risk_golden.json");

fn scores(negative: f64, positive: f64, labels: &[(Name, f64)]) -> Scores {
    let sentiment = Sentiment { negative, neutral: 1.0 - negative - positive, positive };
    let label = |&(name, probability): &(Name, f64)| LabelScore { name, probability, evidence: None };
    Scores { labels: labels.iter().map(label).collect(), ..Scores::of_sentiment(sentiment) }
}

/// A customer's turn with this score; frustration comes with a bad mood.
fn mood(score: f64) -> Scores {
    let frustration = Name::Signal(Signal::Frustration);
    let rest = (1.0 - score.abs()) * 0.1;
    let (negative, positive) = ((-score).max(0.0) + rest, score.max(0.0) + rest);
    scores(negative, positive, &[(frustration, (1.15 * negative - 0.2).clamp(0.02, 0.95))])
}

fn after(turns: &[Scores]) -> Course {
    let mut course = Course::default();
    turns.iter().for_each(|turn| course.turn(Role::Customer, turn, 0.0));
    course
}

fn risk_of(course: &Course, waiting: f64) -> f64 {
    RiskModel::default().assess(&course.features(waiting)).risk
}

#[test]
fn features_and_weights_give_what_they_gave_where_they_were_fitted() {
    let golden: Value = serde_json::from_str(GOLDEN).expect("JSON");
    let model = RiskModel::parse(&golden["model"].to_string()).expect("weights");
    for case in golden["cases"].as_array().expect("cases") {
        let mut course = Course::default();
        let turns = case["turns"].as_array().expect("turns").iter();
        for (turn, expect) in turns.zip(case["log_odds"].as_array().expect("figures")) {
            let labels: Vec<(Name, f64)> = turn["probabilities"]
                .as_object()
                .expect("figures")
                .iter()
                .map(|(name, figure)| {
                    let signal = Signal::parse(name).map(Name::Signal);
                    let name = signal.or(Mistake::parse(name).map(Name::Mistake));
                    let name = name.or(Act::parse("question").map(Name::Act)).expect("a name");
                    (name, figure.as_f64().expect("a figure"))
                })
                .collect();
            let figure = |name: &str| turn["sentiment"][name].as_f64().unwrap_or(0.0);
            let role = Role::parse(turn["role"].as_str().expect("a role")).expect("a role");
            course.turn(role, &scores(figure("negative"), figure("positive"), &labels), 0.0);
            let log_odds = model.log_odds(&course.features(0.0).values());
            let expect = expect.as_f64().expect("a figure");
            assert!((log_odds - expect).abs() < 2e-3, "{}: {log_odds}, expected {expect}", case["name"]);
        }
    }
}

#[test]
fn levels_follow_what_a_supervisor_would_say() {
    let check = |moods: &[f64], expect: Level| {
        let turns: Vec<Scores> = moods.iter().map(|score| mood(*score)).collect();
        let risk = risk_of(&after(&turns), 0.0);
        assert_eq!(plain_level(risk), expect, "{moods:?} has a risk of {risk}");
    };
    check(&[], Level::Calm);
    check(&[0.0, -0.1, 0.1, -0.2], Level::Calm);
    check(&[-0.9], Level::High);
    check(&[0.0, 0.0, 0.0, -0.9], Level::High);
    check(&[0.8, 0.8, 0.8, -0.9], Level::High);
    check(&[-0.9, -0.9], Level::Critical);
    check(&[0.0, 0.0, -0.9, -0.9], Level::Critical);
    check(&[-0.9, -0.9, 0.7, 0.7, 0.7], Level::Calm);
    check(&[-0.9, -0.9, -0.9, 0.6, 0.7, 0.7], Level::Calm);
}

#[test]
fn a_clear_threat_request_abuse_or_distress_is_enough_alone() {
    for signal in TRIGGERS.map(|(signal, ..)| signal) {
        let course = after(&[scores(0.05, 0.05, &[(Name::Signal(signal), 0.95)])]);
        let risk = risk_of(&course, 0.0);
        assert!(plain_level(risk) >= Level::High, "{} gives {risk}", signal.as_str());
    }
}

#[test]
fn a_neutral_conversation_stays_under_a_fifth_even_while_waiting() {
    for moods in [vec![], vec![0.1], vec![-0.2; 8], vec![0.1, -0.1, 0.2, -0.2]] {
        let turns: Vec<Scores> = moods.iter().map(|score| mood(*score)).collect();
        let risk = risk_of(&after(&turns), 1.0);
        assert!(risk < 0.2, "{moods:?}: {risk}");
    }
}

#[test]
fn what_was_found_raises_the_risk_until_it_is_settled() {
    let found = |found: Found| {
        let evidence = Vec::new();
        Change::Opened(Discovery { found, about: "m".into(), turn_id: None, evidence, value: 1.0 })
    };
    for name in [
        Found::Signal(Signal::EscalationRequest),
        Found::Signal(Signal::Stuck),
        Found::Mistake(Mistake::EmptyPromise),
    ] {
        let mut course = after(&[mood(-0.5)]);
        let before = risk_of(&course, 0.0);
        course.note(&found(name));
        assert!(risk_of(&course, 0.0) > before, "{name:?}");
        course.note(&Change::Resolved { found: name, about: None, value: 1.0 });
        assert_eq!(risk_of(&course, 0.0), before, "{name:?}");
    }
}

#[test]
fn a_customer_who_is_always_sharp_counts_by_change() {
    let risk = |sharpness: f64| {
        let mut course = Course::default();
        course.turn(Role::Customer, &scores(0.7, 0.05, &[]), sharpness);
        risk_of(&course, 0.0)
    };
    assert!(risk(1.0) < risk(0.0));
    let mut threat = Course::default();
    threat.turn(Role::Customer, &scores(0.7, 0.05, &[(Name::Signal(Signal::AgentAbused), 0.9)]), 2.0);
    assert!(plain_level(risk_of(&threat, 0.0)) >= Level::High, "but not a threat");
}

#[test]
fn a_level_is_left_downwards_with_hysteresis_only() {
    let check = |previous, risk, expect| assert_eq!(level(previous, risk), expect, "{previous} at {risk}");
    check(Level::Calm, 0.80, Level::Critical);
    check(Level::Critical, 0.76, Level::Critical);
    check(Level::Critical, 0.74, Level::High);
    check(Level::High, 0.26, Level::Watch);
    check(Level::Watch, 0.24, Level::Calm);
    check(Level::Watch, 0.29, Level::Watch);
}

#[test]
fn a_file_of_weights_that_does_not_fit_says_why() {
    let shipped = RiskModel::default();
    assert_eq!(RiskModel::parse(&shipped.to_json()), Ok(shipped));
    let check = |from: &str, to: &str, expect: &str| {
        let text = shipped.to_json().replace(from, to);
        let problem = RiskModel::parse(&text).expect_err("it does not fit").to_string();
        assert!(problem.starts_with(expect), "{problem}");
    };
    check("\"worst\"", "\"wurst\"", "weights has \"wurst\", which is no feature; those are: sentiment, ");
    check("\"base\"", "\"basis\"", "unknown field `basis`");
    check("\"stuck\": 0.9", "\"stuck\": \"much\"", "\"stuck\" must be a number from -20 to 20");
    check("\"stuck\": 0.9,", "", "weights has no \"stuck\"");
}

fn any_turn() -> impl Strategy<Value = (bool, Scores)> {
    let figures = (0.0..=1.0_f64, 0.0..=1.0_f64, prop::collection::vec(0.0..=1.0_f64, 9));
    (any::<bool>(), figures).prop_map(|(customer, (negative, positive, labels))| {
        let positive = positive * (1.0 - negative);
        let names = if customer {
            Signal::ALL.iter().take(9).map(|name| Name::Signal(*name)).collect::<Vec<_>>()
        } else {
            Mistake::ALL.iter().take(9).map(|name| Name::Mistake(*name)).collect()
        };
        let labels: Vec<_> = names.into_iter().zip(labels).collect();
        (customer, scores(negative, positive, &labels))
    })
}

proptest! {
    #[test]
    fn contributions_sum_to_the_log_odds_and_features_keep_their_range(
        turns in prop::collection::vec(any_turn(), 0..30),
        waiting in 0.0..=1.0_f64,
        sharpness in 0.0..=2.0_f64,
    ) {
        let mut course = Course::default();
        for (customer, scores) in &turns {
            course.turn(if *customer { Role::Customer } else { Role::Agent }, scores, sharpness);
            let features = course.features(waiting);
            for (value, (name, _)) in features.values().into_iter().zip(names()) {
                prop_assert!((0.0..=3.0).contains(&value), "{} is {}", name, value);
            }
            let Assessment { risk, contributions } = RiskModel::default().assess(&features);
            let sum: f64 = contributions.iter().map(|term| term.value).sum();
            prop_assert!(risk > 0.002 && risk < 0.998);
            prop_assert!((sum - (risk / (1.0 - risk)).ln()).abs() < 1e-3, "{} for {}", sum, risk);
            prop_assert_eq!(contributions[0].name, "base");
        }
    }

    #[test]
    fn a_risk_that_trembles_changes_its_level_once_at_most(
        centre in 0.0..=1.0_f64,
        trembles in prop::collection::vec(-0.0249..=0.0249_f64, 2..50),
    ) {
        let first = level(Level::Calm, centre + trembles[0]);
        let levels = trembles.iter().scan(first, |previous, tremble| {
            *previous = level(*previous, centre + tremble);
            Some(*previous)
        });
        let mut levels: Vec<Level> = levels.collect();
        levels.dedup();
        prop_assert!(levels.len() <= 2, "{:?}", levels);
    }

    #[test]
    fn a_worse_newest_turn_never_lowers_the_risk(
        moods in prop::collection::vec(-1.0..=1.0_f64, 1..=8),
        worse_by in 0.0..=1.0_f64,
    ) {
        let turns: Vec<Scores> = moods.iter().map(|score| mood(*score)).collect();
        let mut worse = turns.clone();
        *worse.last_mut().expect("not empty") = mood((moods[moods.len() - 1] - worse_by).max(-1.0));
        prop_assert!(risk_of(&after(&worse), 0.0) >= risk_of(&after(&turns), 0.0) - 1e-9);
    }
}
