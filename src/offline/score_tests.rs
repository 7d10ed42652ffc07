//! Tests of `score` with a scorer that counts words: everything but the model is the real thing.
//!
//! The golden file is tests/golden/score.out.jsonl; `UPDATE_GOLDEN=1` writes it anew.

use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::offline::reader::Events;
use crate::offline::recorded::Spacing;
use crate::pipeline::PipelineConfig;
use crate::scoring::{LabelScore, Name, Sentiment};
use crate::telemetry::{MetricLimits, Metrics};
use crate::wire::{Role, Signal};

/// Negative for each "bad" in the text, positive for each "good".
#[derive(Default)]
struct CountsWords {
    reads_context: bool,
    /// Whether the run shows probabilities.
    probabilities: bool,
    asked: Vec<usize>,
}

impl OfflineScorer for CountsWords {
    fn score_all(&mut self, inputs: &[ScoreInput]) -> Result<Vec<Scores>, ScoreError> {
        self.asked.push(inputs.len());
        if inputs.iter().any(|input| input.text.contains("poison")) {
            return Err(ScoreError::Internal);
        }
        Ok(inputs.iter().map(counted).collect())
    }

    fn read(&self, input: ScoreInput) -> ScoreInput {
        if self.reads_context { input } else { ScoreInput { context: None, ..input } }
    }
}

fn counted(ScoreInput { role, text, .. }: &ScoreInput) -> Scores {
    let count = |word: &str| text.matches(word).count() as f64;
    let (bad, good) = (count("bad"), count("good"));
    let all = 1.0 + 4.0 * (bad + good);
    let sentiment = Sentiment { negative: 4.0 * bad / all, neutral: 1.0 / all, positive: 4.0 * good / all };
    if *role != Role::Customer {
        return Scores::of_sentiment(sentiment);
    }
    let frustration = if bad + good > 0.0 { 0.8 } else { 0.2 };
    let evidence = (frustration > 0.5).then(|| 0..text.chars().count().min(4) as u32);
    let label =
        |signal, probability, evidence| LabelScore { name: Name::Signal(signal), probability, evidence };
    Scores {
        labels: vec![label(Signal::Frustration, frustration, evidence), label(Signal::Distress, 0.1, None)],
        ..Scores::of_sentiment(sentiment)
    }
}

fn score_with(input: &str, scorer: &mut CountsWords, options: ScoreOptions) -> (String, ScoreReport) {
    let metrics =
        Arc::new(Metrics::new(MetricLimits { queues_max: 20, sources_max: 20, alert_series_max: 200 }));
    let config = PipelineConfig { probabilities: scorer.probabilities, ..PipelineConfig::default() };
    let pipeline = Pipeline::new(config, metrics, "words@1".to_owned());
    let events = Events::new(input.as_bytes(), Spacing::from_fixed_start(10));
    let mut output = Vec::new();
    let report = run(events, &pipeline, scorer, &mut output, options, &mut Progress::none())
        .expect("memory can be read");
    (String::from_utf8(output).expect("JSON is UTF-8"), report)
}

fn score(input: &str) -> (String, ScoreReport) {
    score_with(input, &mut CountsWords::default(), ScoreOptions::default())
}

fn turn(conversation: &str, id: &str, minute: u32, text: &str) -> String {
    format!(
        r#"{{"type":"turn","turn_id":"{id}","conversation_id":"{conversation}","role":"customer","text":"{text}","ts":"2026-01-31T10:{minute:02}:00Z","queue":"billing"}}"#
    )
}

fn types(output: &str) -> Vec<String> {
    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    output.lines().map(|line| value(line)["type"].as_str().expect("has a type").to_owned()).collect()
}

#[test]
fn the_golden_conversations_give_the_golden_frames() {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let input = std::fs::read_to_string(golden.join("score.in.jsonl")).expect("the input is committed");
    let (output, report) = score(&input);
    let path = golden.join("score.out.jsonl");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &output).expect("writes");
    }
    let expected = std::fs::read_to_string(&path).expect("the output is committed");
    assert_eq!(output, expected, "if this is wanted, run the test with UPDATE_GOLDEN=1 and read the diff");
    assert_eq!(report.errors, 2);
    assert_eq!(report.scored_alone, 0);
}

#[test]
fn the_same_input_gives_the_same_bytes_and_chunks_leave_no_seam() {
    let lines: Vec<String> = (0..3 * CHUNK_EVENTS_MAX + 7)
        .map(|n| turn(&format!("c{}", n % 11), &n.to_string(), 1, ["bad", "good", "so so"][n % 3]))
        .collect();
    let mut scorer = CountsWords::default();
    let (first, report) = score_with(&lines.join("\n"), &mut scorer, ScoreOptions::default());
    assert_eq!(score(&lines.join("\n")).0, first);
    assert_eq!(first.lines().filter(|line| line.starts_with(r#"{"type":"scored""#)).count(), lines.len());
    assert_eq!(report.turns, lines.len() as u64);
    assert_eq!(scorer.asked, [3, 3, 3, 3], "each chunk asks once, for each text once");
}

#[test]
fn a_model_that_reads_the_context_is_asked_for_it_and_the_frames_are_the_same() {
    let input = r#"{"conversation_id":"c","turns":[{"role":"customer","text":"bad"},{"role":"agent","text":"sorry"},{"role":"customer","text":"bad"}]}"#;
    let mut scorer = CountsWords { reads_context: true, ..CountsWords::default() };
    let (output, report) = score_with(input, &mut scorer, ScoreOptions::default());
    assert_eq!(output, score(input).0);
    assert_eq!(report.scored_alone, 0, "contexts are foreseen");
    assert_eq!(scorer.asked, [3], "the same words in another context are another question");
}

#[test]
fn offline_frames_have_no_latency_and_the_seq_of_their_frame_if_it_had_one() {
    let with_seq = turn("c", "2", 2, "bad").replace(r#""turn","#, r#""turn","seq":7,"#);
    let (output, _) = score(&format!("{}\n{with_seq}", turn("c", "1", 1, "good")));
    let lines: Vec<&str> = output.lines().filter(|line| line.starts_with(r#"{"type":"scored""#)).collect();
    assert!(!output.contains("latency_ms") && !output.contains("probabilities"));
    assert!(!lines[0].contains(r#""seq""#));
    assert!(lines[1].starts_with(r#"{"type":"scored","seq":7,"#), "{}", lines[1]);
}

#[test]
fn contexts_are_foreseen_over_chunks_and_a_wrong_guess_is_scored_on_the_spot() {
    let line = |n: usize, id: &str| {
        let role = if n.is_multiple_of(2) { "customer" } else { "agent" };
        turn(&format!("c{}", n % 3), id, 1, ["bad", "good", "so so"][n % 3]).replace("customer", role)
    };
    let mut lines: Vec<String> = (0..CHUNK_EVENTS_MAX + 60).map(|n| line(n, &n.to_string())).collect();
    let options = ScoreOptions::default();
    let reading = || CountsWords { reads_context: true, ..CountsWords::default() };
    let (output, report) = score_with(&lines.join("\n"), &mut reading(), options);
    assert_eq!(output, score(&lines.join("\n")).0);
    assert_eq!(report.scored_alone, 0);
    // A turn of the first chunk comes again at the end, and an answer to it: the repeat is no context.
    lines.push(line(0, "0").replace("bad", "other words"));
    lines.push(line(3, "answer").replace("bad", "a new answer"));
    let (output, report) = score_with(&lines.join("\n"), &mut reading(), options);
    assert_eq!(output, score(&lines.join("\n")).0);
    assert_eq!(report.scored_alone, 1);
}

#[test]
fn probabilities_are_shown_on_demand_for_every_name_of_the_role() {
    let mut scorer = CountsWords { probabilities: true, ..CountsWords::default() };
    let (output, _) = score_with(&turn("c", "1", 1, "good"), &mut scorer, ScoreOptions::default());
    assert!(output.contains(r#""probabilities":{"distress":0.1,"frustration":0.8}"#), "{output}");
    assert!(
        output.contains(r#""signals":[{"name":"frustration","probability":0.8,"start":0,"end":4}]"#),
        "{output}"
    );
}

#[test]
fn a_bad_line_gets_an_error_with_its_line_in_its_place() {
    let input = format!("{}\n{{\n{}", turn("c", "1", 1, "good"), turn("c", "2", 2, "good"));
    let (output, report) = score(&input);
    assert_eq!(types(&output), ["scored", "error", "scored"]);
    assert!(output.contains(r#""line":2"#));
    assert_eq!(report.errors, 1);
}

#[test]
fn a_turn_that_cannot_be_scored_is_an_error_and_harms_no_other() {
    let input = format!("{}\n{}", turn("c", "1", 1, "poison"), turn("c", "2", 2, "good"));
    let (output, report) = score(&input);
    assert_eq!(types(&output), ["error", "scored"]);
    assert!(output.contains(r#""code":"internal""#) && output.contains(r#""line":1"#), "{output}");
    assert_eq!(report.errors, 1);
}

#[test]
fn a_ts_before_the_newest_one_does_not_turn_the_clock_back() {
    // With an idle limit of four hours, the second conversation would be gone if the third turn's ts counted.
    let late = turn("b", "1", 0, "bad").replace("2026-01-31T10", "2026-01-31T20");
    let input = [turn("a", "1", 0, "bad"), late, turn("b", "2", 1, "bad")].join("\n");
    let (output, _) = score(&input);
    let last = output.lines().rfind(|line| line.starts_with(r#"{"type":"scored""#)).expect("scored");
    assert!(last.contains(r#""customer_turns":2"#), "{last}");
}

#[test]
fn timers_still_pending_at_the_end_fire_only_up_to_until() {
    let input = [turn("c", "1", 0, "bad bad bad"), turn("c", "2", 1, "bad bad bad")].join("\n");
    let (without, _) = score(&input);
    assert!(types(&without).contains(&"alert.opened".to_owned()), "{without}");
    assert!(!types(&without).contains(&"alert.resolved".to_owned()), "{without}");
    let until = |time: &str| {
        let options = ScoreOptions { until: Some(time.parse().expect("a time")) };
        score_with(&input, &mut CountsWords::default(), options).0
    };
    assert_eq!(until("2026-01-31T10:02:00Z"), without);
    let idle = until("2026-02-05T10:00:00Z");
    assert!(idle.contains(r#""resolution":"expired""#), "{idle}");
}

/// The findings of tests/golden/findings.in.jsonl, as they are printed.
fn golden_findings(options: ScoreOptions) -> Vec<String> {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let input = std::fs::read_to_string(golden.join("findings.in.jsonl")).expect("the input is committed");
    let (output, report) = score_with(&input, &mut CountsWords::default(), options);
    assert_eq!(report.errors, 0);
    output.lines().filter(|line| line.starts_with(r#"{"type":"finding""#)).map(str::to_owned).collect()
}

#[test]
fn what_time_finds_is_printed_in_order_and_what_is_pending_is_not() {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/findings.out.jsonl");
    let expected = std::fs::read_to_string(golden).expect("the output is committed");
    let found = golden_findings(ScoreOptions::default());
    assert_eq!(found, expected.lines().collect::<Vec<_>>());
    let until = ScoreOptions { until: Some("2026-01-31T10:30:00Z".parse().expect("a time")) };
    let with_pending = golden_findings(until);
    assert_eq!(with_pending[..found.len()], found[..]);
    let [late] = &with_pending[found.len()..] else { panic!("{with_pending:?}") };
    assert!(late.contains(r#""conversation_id":"c-late""#) && late.contains("10:22:00.000Z"), "{late}");
}

#[test]
fn recorded_conversations_without_times_find_nobody_waiting() {
    let turns = r#"{"role":"customer","text":"where is it?"},{"role":"agent","text":"in Leeds"},"#.repeat(40);
    let line =
        |id: &str| format!(r#"{{"conversation_id":"{id}","turns":[{}]}}"#, turns.trim_end_matches(','));
    let (output, _) = score(&[line("a"), line("b")].join("\n"));
    assert!(!types(&output).contains(&"finding".to_owned()), "{output}");
}

#[test]
fn whoever_has_read_enough_ends_the_run_quietly() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let metrics =
        Arc::new(Metrics::new(MetricLimits { queues_max: 20, sources_max: 20, alert_series_max: 200 }));
    let pipeline = Pipeline::new(PipelineConfig::default(), metrics, "words@1".to_owned());
    let input = turn("c", "1", 1, "good");
    let events = Events::new(input.as_bytes(), Spacing::from_fixed_start(10));
    let mut scorer = CountsWords::default();
    let report = run(events, &pipeline, &mut scorer, Closed, ScoreOptions::default(), &mut Progress::none());
    assert!(report.expect("no error").output_closed);
}
