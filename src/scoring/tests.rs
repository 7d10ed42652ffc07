//! The promises of this room, on the shipped model: batch invariance against rust-bert's masked forward pass,
//! windows at their edges, special tokens, damaged files, the queue's bounds.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;
use rust_bert::bert::BertConfig;

use super::*;
use crate::training::{Network, Padded};

const TOLERANCE: f64 = 1e-5;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/undertone-en")
}

fn model() -> Model {
    tch::set_num_threads(1);
    Model::load(&folder()).unwrap()
}

fn score(model: &Model, texts: &[&str]) -> Vec<Scores> {
    let prepared: Vec<Prepared> = texts.iter().map(|text| model.tokenizing.prepare(text)).collect();
    model.engine.score(&prepared.iter().collect::<Vec<_>>()).unwrap()
}

fn assert_near(a: &Scores, b: &Scores) {
    let (a, b) = (a.sentiment, b.sentiment);
    let apart = [a.negative - b.negative, a.neutral - b.neutral, a.positive - b.positive];
    assert!(apart.iter().all(|d| d.abs() < TOLERANCE), "{a:?} against {b:?}");
}

const TEXTS: [&str; 8] = [
    "hi",
    "my order 4417 has not arrived yet, can you check?",
    "This is the THIRD time I am asking. Nobody answers, nobody cares.",
    "thank you so much, that fixed it 😊",
    "I was told on Monday that somebody would call me back within the hour. It is Thursday now, and what I have got is \
     a text message that says you tried to reach me, which is not true, since my phone has been in my hand all week.",
    "?",
    "any antivirus issues with the new update?",
    "great, another outage. love it.",
];

#[test]
fn a_score_does_not_depend_on_batch_mates() {
    let model = model();
    let alone: Vec<Scores> = TEXTS.iter().map(|text| score(&model, &[*text])[0]).collect();
    proptest!(ProptestConfig::with_cases(24), |(picks in prop::collection::vec(0..TEXTS.len(), 1..20))| {
        let texts: Vec<&str> = picks.iter().map(|&pick| TEXTS[pick]).collect();
        for (pick, scores) in picks.iter().zip(score(&model, &texts)) {
            assert_near(&scores, &alone[*pick]);
        }
    });
}

#[test]
fn packed_scores_equal_the_masked_forward_pass_of_rust_bert() {
    let model = model();
    let config: BertConfig = read_json(&folder().join(CONFIG_FILE)).unwrap();
    let mut network = Network::new(&config, 3, 0.0);
    network.fill(&folder().join(WEIGHTS_FILE)).unwrap();
    let prepared: Vec<Prepared> = TEXTS.iter().map(|text| model.tokenizing.prepare(text)).collect();
    let windows: Vec<&[i64]> = prepared.iter().map(|p| p.windows()[0].as_slice()).collect();
    let logits = tch::no_grad(|| network.logits(&Padded::new(&windows), false).unwrap());
    let reference = (logits / model.manifest.temperature).softmax(-1, tch::Kind::Double);
    for (row, scores) in score(&model, &TEXTS).iter().enumerate() {
        let row = Vec::<f64>::try_from(reference.get(row as i64)).unwrap();
        let reference = Sentiment { negative: row[0], neutral: row[1], positive: row[2] };
        assert_near(scores, &Scores { sentiment: reference, abstained: None });
    }
}

#[test]
fn turns_of_every_length_are_scored_whole() {
    let model = model();
    let window = model.manifest.window_tokens - 2;
    for tokens in [1, 62, 63, 64, 65, window - 1, window, window + 1, 511, 512, 513, 2_500] {
        // Every "a" is one token.
        let text = vec!["a"; tokens].join(" ");
        let prepared = model.tokenizing.prepare(&text);
        assert_eq!(prepared.windows().len(), tokens.div_ceil(window), "{tokens} tokens");
        assert_eq!(prepared.tokens(), tokens + 2 * prepared.windows().len());
        let Sentiment { negative, neutral, positive } = score(&model, &[&text])[0].sentiment;
        assert!((negative + neutral + positive - 1.0).abs() < 1e-6, "{tokens} tokens");
    }
}

#[test]
fn a_long_turn_is_the_token_weighted_mean_of_its_windows() {
    let model = model();
    let text = format!(
        "{} {}",
        "The parcel was sent on Monday. ".repeat(30),
        "This is outrageous, I am furious! ".repeat(30)
    );
    let prepared = model.tokenizing.prepare(&text);
    assert!(prepared.windows().len() > 2);
    let whole = score(&model, &[&text])[0].sentiment;
    let first = score(&model, &["The parcel was sent on Monday."])[0].sentiment;
    let last = score(&model, &["This is outrageous, I am furious!"])[0].sentiment;
    assert!(first.negative < whole.negative && whole.negative < last.negative);
}

#[test]
fn the_longest_text_in_four_byte_characters_is_scored() {
    let model = model();
    for text in
        ["😡".repeat(crate::wire::limits::TEXT_CHARS_MAX), "𝔘".repeat(crate::wire::limits::TEXT_CHARS_MAX)]
    {
        let scores = score(&model, &[&text])[0];
        assert!(scores.sentiment.negative.is_finite());
    }
}

#[test]
fn nothing_said_abstains_and_takes_no_side() {
    let model = model();
    for text in ["", "   \n", "\u{200d}"] {
        let scores = score(&model, &[text])[0];
        assert_eq!(scores.abstained, Some(Abstention::TooShort));
        assert_eq!((scores.sentiment.label(), scores.sentiment.score()), (Label::Neutral, 0.0));
    }
    assert_eq!(score(&model, &["???"])[0].abstained, None);
}

#[test]
fn text_that_spells_a_special_token_stays_text() {
    let model = model();
    for text in ["[SEP]", "good [SEP] terrible [MASK]", "[CLS][PAD]"] {
        let prepared = model.tokenizing.prepare(text);
        let window = &prepared.windows()[0];
        let content = &window[1..window.len() - 1];
        assert!(content.iter().all(|id| ![0, 101, 102, 103].contains(id)), "{text}: {content:?}");
    }
}

fn copy_of_model() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in [MANIFEST_FILE, WEIGHTS_FILE, CONFIG_FILE, VOCAB_FILE] {
        fs::copy(folder().join(file), copy.path().join(file)).unwrap();
    }
    copy
}

fn refusal(copy: &tempfile::TempDir) -> String {
    Model::load(copy.path()).err().expect("the model should be refused").to_string()
}

#[test]
fn a_damaged_model_is_refused_by_the_name_of_its_file() {
    for file in [MANIFEST_FILE, WEIGHTS_FILE, CONFIG_FILE, VOCAB_FILE] {
        let copy = copy_of_model();
        fs::remove_file(copy.path().join(file)).unwrap();
        assert!(refusal(&copy).contains(file), "missing {file}: {}", refusal(&copy));
        let copy = copy_of_model();
        let path = copy.path().join(file);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(refusal(&copy).contains(file), "truncated {file}: {}", refusal(&copy));
    }
}

#[test]
fn weights_that_do_not_fit_the_configuration_are_refused_by_tensor() {
    let copy = copy_of_model();
    let path = copy.path().join(CONFIG_FILE);
    let config = fs::read_to_string(&path).unwrap().replace("\"hidden_size\": 384", "\"hidden_size\": 256");
    fs::write(&path, config).unwrap();
    let mut manifest: Manifest = read_json(&copy.path().join(MANIFEST_FILE)).unwrap();
    manifest.sha256.insert(CONFIG_FILE.into(), file_sha256(&path).unwrap());
    fs::write(copy.path().join(MANIFEST_FILE), serde_json::to_string(&manifest).unwrap()).unwrap();
    let message = refusal(&copy);
    assert!(message.contains(WEIGHTS_FILE) && message.contains("has shape"), "{message}");
}

fn scorer(turns_max: usize, wait_max: Duration) -> Scorer {
    let options = ScorerOptions { threads: 2, turns_max, tokens_max: 100_000, batch_tokens: 256, wait_max };
    Scorer::start(model(), options, Arc::new(Silent))
}

#[test]
fn every_submitted_turn_is_answered_once_and_equals_its_score_alone() {
    let scorer = scorer(1_000, Duration::from_secs(60));
    let (sender, answers) = mpsc::channel();
    for round in 0..200 {
        let sender = sender.clone();
        let done = Box::new(move |result| sender.send((round, result)).unwrap());
        scorer.reserve(TEXTS[round % TEXTS.len()]).unwrap().submit(done);
    }
    scorer.drain();
    drop(sender);
    let mut answers: Vec<(usize, Result<Scores, ScoreError>)> = answers.iter().collect();
    answers.sort_by_key(|(round, _)| *round);
    assert_eq!(answers.iter().map(|(round, _)| *round).collect::<Vec<_>>(), (0..200).collect::<Vec<_>>());
    let model = model();
    for (round, result) in answers.iter().take(TEXTS.len()) {
        assert_near(&result.unwrap(), &score(&model, &[TEXTS[*round]])[0]);
    }
}

#[test]
fn a_full_queue_refuses_with_advice_and_takes_turns_again_later() {
    let scorer = scorer(2, Duration::from_secs(60));
    let first = scorer.reserve("one").unwrap();
    let second = scorer.reserve("two").unwrap();
    assert!((scorer.pressure() - 1.0).abs() < 1e-9);
    match scorer.reserve("three").err() {
        Some(ScoreError::Overloaded { retry_after_ms }) => assert!(retry_after_ms >= 100),
        other => panic!("{other:?}"),
    }
    drop(first);
    assert!(scorer.reserve("three").is_ok());
    second.submit(Box::new(|result| assert!(result.is_ok())));
    scorer.drain();
    assert_eq!(scorer.pressure(), 0.0);
}

#[test]
fn a_turn_that_waited_too_long_expires() {
    let scorer = scorer(10, Duration::ZERO);
    let (sender, answer) = mpsc::channel();
    scorer.reserve("late").unwrap().submit(Box::new(move |result| sender.send(result).unwrap()));
    assert_eq!(answer.recv().unwrap(), Err(ScoreError::Expired));
}

#[test]
fn offline_scores_are_the_same_bits_with_any_number_of_threads() {
    let inputs: Vec<ScoreInput> = (0..40)
        .map(|i| ScoreInput {
            role: crate::wire::Role::Customer,
            text: TEXTS[i * 3 % 8].into(),
            context: None,
        })
        .collect();
    let bits = |threads| -> Vec<[u64; 3]> {
        let scores = BatchScorer::new(model(), threads).score_all(&inputs).unwrap();
        scores
            .iter()
            .map(|s| [s.sentiment.negative, s.sentiment.neutral, s.sentiment.positive].map(f64::to_bits))
            .collect()
    };
    assert_eq!(bits(1), bits(2));
}
