//! Tests of the recorder with a scorer that counts words: everything but the model is the real thing.

use std::sync::Arc;

use super::*;
use crate::offline::progress::Progress;
use crate::offline::reader::Events;
use crate::offline::recorded::Spacing;
use crate::offline::score::{self, OfflineScorer, ScoreOptions};
use crate::pages::TOP_CONVERSATIONS_MAX;
use crate::pipeline::{Pipeline, PipelineConfig};
use crate::scoring::{LabelScore, Name, ScoreError, ScoreInput, Scores, Sentiment};
use crate::telemetry::{MetricLimits, Metrics};
use crate::wire::{FindingKind, Level, Mistake, Role, Signal};

/// Each "bad" makes a customer angry; an agent's "policy" is a mistake.
struct CountsWords;

impl OfflineScorer for CountsWords {
    fn score_all(&mut self, inputs: &[ScoreInput]) -> Result<Vec<Scores>, ScoreError> {
        Ok(inputs.iter().map(counted).collect())
    }
}

fn counted(ScoreInput { role, text, .. }: &ScoreInput) -> Scores {
    let bad = text.matches("bad").count() as f64;
    let negative = 4.0 * bad / (1.0 + 4.0 * bad);
    let sentiment = Sentiment { negative, neutral: 1.0 - negative, positive: 0.0 };
    let label = |name, word: &str| {
        let at = text.find(word);
        let evidence = at.map(|at| at as u32..(at + word.len()) as u32);
        LabelScore { name, probability: if at.is_some() { 0.97 } else { 0.01 }, evidence }
    };
    let labels = if *role == Role::Customer {
        vec![
            label(Name::Signal(Signal::AgentAbused), "bad bad bad"),
            label(Name::Signal(Signal::Frustration), "bad"),
        ]
    } else {
        vec![label(Name::Mistake(Mistake::PolicyWall), "policy")]
    };
    Scores { labels, ..Scores::of_sentiment(sentiment) }
}

fn report(input: &str) -> Report {
    let metrics =
        Arc::new(Metrics::new(MetricLimits { queues_max: 20, sources_max: 20, alert_series_max: 200 }));
    let pipeline = Pipeline::new(PipelineConfig::default(), metrics, "words@1".to_owned());
    let events = Events::new(input.as_bytes(), Spacing::from_fixed_start(10));
    let mut recorder = Recorder::default();
    let (options, mut progress) = (ScoreOptions::default(), Progress::none());
    score::run_lanes(events, &[&pipeline], &mut CountsWords, &mut recorder, options, &mut progress)
        .expect("memory can be read");
    let about = About {
        input: "i".to_owned(),
        model: "words@1".to_owned(),
        rules: RuleSet::default(),
        zone: TimeZone::UTC,
    };
    recorder.into_report(about, None)
}

fn conversation(id: &str, texts: &[&str]) -> String {
    let role = |index: usize| if index.is_multiple_of(2) { "customer" } else { "agent" };
    let turn = |(index, text): (usize, &&str)| format!(r#"{{"role":"{}","text":"{text}"}}"#, role(index));
    let turns: Vec<String> = texts.iter().enumerate().map(turn).collect();
    format!(r#"{{"conversation_id":"{id}","turns":[{}]}}"#, turns.join(","))
}

fn turn(conversation: &str, id: usize, text: &str) -> String {
    format!(
        r#"{{"type":"turn","turn_id":"{id}","conversation_id":"{conversation}","role":"customer","text":"{text}","ts":"2026-01-31T10:{:02}:{:02}Z"}}"#,
        id / 60 % 60,
        id % 60
    )
}

#[test]
fn what_happened_is_counted_and_the_worst_is_kept_with_its_words() {
    let input = [
        conversation("calm", &["hello", "hi", "thank you"]),
        conversation("bad", &["where is it, bad", "that is our policy", "bad bad bad"]),
    ];
    let report = report(&input.join("\n"));
    let Figures { conversations, customer_turns, business_turns, alerted, alerts, .. } = report.figures;
    assert_eq!((conversations, customer_turns, business_turns, alerted), (2, 4, 2, 1));
    assert_eq!(report.figures.reached[Level::Critical as usize], 1);
    assert_eq!(report.span, None, "the times are made up");
    // Which rules alert is theirs to say.
    assert!(alerts > 0);
    assert_eq!(report.rules.iter().flat_map(|rule| rule.alerts).sum::<u64>(), alerts);
    assert_eq!(report.rules.len() + report.silent_rules.len(), RuleSet::default().rules().len());
    let worst = &report.top[0];
    assert_eq!(worst.detail.summary.conversation_id, "bad");
    let texts: Vec<&str> = worst.detail.turns.iter().map(|turn| turn.text.as_str()).collect();
    assert_eq!(texts, ["where is it, bad", "that is our policy", "bad bad bad"]);
    assert_eq!(worst.detail.alerts.len() as u64, alerts);
    assert!(!worst.contributions.is_empty());
    let wall = report.names.iter().find(|count| count.name == "policy_wall").expect("was seen");
    assert_eq!((wall.kind, wall.in_turns, wall.found), (FindingKind::Mistake, 1, 0));
    assert_eq!(wall.examples[0].quote, "policy");
}

#[test]
fn a_turn_that_comes_twice_counts_once() {
    let lines = [turn("c", 1, "bad"), turn("c", 1, "bad"), turn("c", 2, "bad")];
    let report = report(&lines.join("\n"));
    assert_eq!(report.figures.customer_turns, 2);
    assert_eq!(report.top[0].detail.turns.len(), 2);
}

#[test]
fn bad_lines_are_named_and_an_empty_input_has_a_report() {
    let broken = report(&format!("{{\n{}\nnonsense", turn("c", 1, "bad")));
    assert_eq!(broken.figures.bad, 2);
    assert_eq!(broken.bad_lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(broken.figures.customer_turns, 1);
    assert_eq!(report("").figures, Figures::default());
}

#[test]
fn only_the_conversations_most_at_risk_keep_their_turns() {
    let count = held::KEPT_CONVERSATIONS_MAX + 500;
    let text = |index: usize| if index.is_multiple_of(97) { "bad bad bad" } else { "hello" };
    let lines: Vec<String> =
        (0..count).map(|index| conversation(&format!("c{index}"), &[text(index), "hi"])).collect();
    let report = report(&lines.join("\n"));
    assert_eq!(report.figures.conversations, count as u64);
    assert_eq!(report.figures.reached.iter().sum::<u64>(), count as u64);
    let ids: Vec<&str> = report.top.iter().map(|top| top.detail.summary.conversation_id.as_str()).collect();
    let expect: Vec<String> = (0..TOP_CONVERSATIONS_MAX).map(|index| format!("c{}", index * 97)).collect();
    assert_eq!(ids, expect, "of equals the first");
    assert!(report.top.iter().all(|top| top.detail.turns.len() == 2));
}

#[test]
fn a_long_conversation_keeps_its_last_turns_and_says_how_many_came_before() {
    let count = held::KEPT_TURNS_MAX + 25;
    let lines: Vec<String> = (0..count).map(|index| turn("c", index, "bad")).collect();
    let report = report(&lines.join("\n"));
    let detail = &report.top[0].detail;
    assert_eq!((detail.turns.len(), detail.earlier_turns), (held::KEPT_TURNS_MAX, 25));
    assert_eq!(detail.turns.last().map(|turn| turn.turn_id.clone()), Some((count - 1).to_string()));
}
