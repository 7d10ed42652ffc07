//! The promises of this room, on the shipped model: batch invariance against rust-bert's masked forward pass,
//! windows at their edges, roles and context, special tokens, damaged files; the queue's in `queue`.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rust_bert::bert::BertConfig;

use super::*;
use crate::training::{Network, Padded};
use crate::wire::{Act, Label, Mistake, Signal};

mod queue;

const TOLERANCE: f64 = 1e-5;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/undertone-en")
}

fn model() -> Model {
    tch::set_num_threads(1);
    Model::load(&folder()).unwrap()
}

/// One turn and what was said before it.
type Asked<'a> = (Role, &'a str, Option<&'a str>);

fn ask(model: &Model, turns: &[Asked<'_>]) -> Vec<Scores> {
    let prepared: Vec<Prepared> =
        turns.iter().map(|(role, text, context)| model.tokenizing.prepare(*role, text, *context)).collect();
    model.engine.score(&prepared.iter().collect::<Vec<_>>()).unwrap()
}

/// Of a customer's turns without context.
fn score(model: &Model, texts: &[&str]) -> Vec<Scores> {
    ask(model, &texts.iter().map(|text| (Role::Customer, *text, None)).collect::<Vec<_>>())
}

fn score_one(model: &Model, text: &str) -> Scores {
    score(model, &[text]).remove(0)
}

/// Every text in every role, alone and behind another one.
fn questions() -> Vec<Asked<'static>> {
    let mut questions = Vec::new();
    for (at, text) in TEXTS.into_iter().enumerate() {
        for role in [Role::Customer, Role::Agent, Role::Bot] {
            questions.push((role, text, None));
            questions.push((role, text, Some(TEXTS[(at + 3) % TEXTS.len()])));
        }
    }
    questions
}

fn assert_near(a: &Scores, b: &Scores) {
    let near = |a: f64, b: f64| (a - b).abs() < TOLERANCE;
    let (one, other) = (a.sentiment, b.sentiment);
    assert!(
        near(one.negative, other.negative)
            && near(one.neutral, other.neutral)
            && near(one.positive, other.positive),
        "{one:?} against {other:?}"
    );
    assert_eq!(a.labels.len(), b.labels.len());
    for (one, other) in a.labels.iter().zip(&b.labels) {
        assert!(
            one.name == other.name && near(one.probability, other.probability),
            "{one:?} against {other:?}"
        );
    }
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
    let questions = questions();
    let alone: Vec<Scores> = questions.iter().map(|question| ask(&model, &[*question]).remove(0)).collect();
    proptest!(ProptestConfig::with_cases(24), |(picks in prop::collection::vec(0..questions.len(), 1..20))| {
        let turns: Vec<Asked<'_>> = picks.iter().map(|&pick| questions[pick]).collect();
        for (pick, scores) in picks.iter().zip(ask(&model, &turns)) {
            assert_near(&scores, &alone[*pick]);
        }
    });
}

#[test]
fn packed_scores_equal_the_masked_forward_pass_of_rust_bert() {
    let model = model();
    let config: BertConfig = read_json(&folder().join(CONFIG_FILE)).unwrap();
    let mut network = Network::new(&config, 0.0);
    network.fill(&folder().join(WEIGHTS_FILE)).unwrap();
    let questions = questions();
    let prepared: Vec<Prepared> = questions
        .iter()
        .map(|(role, text, context)| model.tokenizing.prepare(*role, text, *context))
        .collect();
    let windows: Vec<&Window> = prepared.iter().map(|turn| &turn.windows()[0]).collect();
    let reference = tch::no_grad(|| network.outputs(&Padded::new(&windows), false).unwrap());
    let row = |table: &tch::Tensor, row: usize| -> Vec<f64> {
        Vec::<f64>::try_from(table.get(row as i64).to_kind(tch::Kind::Double)).unwrap()
    };
    // The reference's outputs stand in the order of the manifest.
    let heads = &model.manifest.heads;
    let names: Vec<Name> = (heads.signals.iter().map(|output| Name::Signal(output.name)))
        .chain(heads.mistakes.iter().map(|output| Name::Mistake(output.name)))
        .chain(heads.acts.iter().map(|output| Name::Act(output.name)))
        .collect();
    for (at, scores) in ask(&model, &questions).iter().enumerate() {
        let logits = row(&reference.sentiment, at);
        let exp: Vec<f64> = logits.iter().map(|logit| (logit / heads.sentiment.temperature).exp()).collect();
        let all: f64 = exp.iter().sum();
        let sentiment = Sentiment { negative: exp[0] / all, neutral: exp[1] / all, positive: exp[2] / all };
        let logits = row(&reference.classes, at);
        let labels = scores.labels.iter().map(|label| {
            let column = names.iter().position(|name| *name == label.name).unwrap();
            LabelScore { probability: probability(heads, label.name, logits[column]), ..label.clone() }
        });
        let labels = labels.collect();
        assert_near(scores, &Scores { sentiment, labels, abstained: None });
    }
}

fn probability(heads: &Heads, name: Name, logit: f64) -> f64 {
    match name {
        Name::Signal(name) => heads.signals.iter().find(|o| o.name == name).unwrap().probability(logit),
        Name::Mistake(name) => heads.mistakes.iter().find(|o| o.name == name).unwrap().probability(logit),
        Name::Act(name) => heads.acts.iter().find(|o| o.name == name).unwrap().probability(logit),
    }
}

#[test]
fn customers_are_asked_for_signals_and_the_business_side_for_mistakes_and_acts() {
    let model = model();
    let names = |role| -> Vec<Name> {
        ask(&model, &[(role, "hello there", None)])[0].labels.iter().map(|label| label.name).collect()
    };
    let customer = names(Role::Customer);
    assert_eq!(customer, Signal::IN_TEXT.map(Name::Signal));
    let agent = names(Role::Agent);
    assert_eq!(agent[..11], Mistake::IN_TEXT.map(Name::Mistake));
    assert_eq!(agent[11..], Act::ALL.iter().map(|act| Name::Act(*act)).collect::<Vec<_>>());
    assert_eq!(names(Role::Bot), agent);
}

#[test]
fn a_label_has_evidence_within_the_text_exactly_where_it_is_above_its_threshold() {
    let model = model();
    let scores = ask(&model, &questions());
    let mut seen = 0;
    for ((_, text, _), scores) in questions().iter().zip(&scores) {
        for (label, span) in scores.raised() {
            let length = text.chars().count() as u32;
            assert!(span.start < span.end && span.end <= length, "{:?} {span:?} of {text:?}", label.name);
            let cut: String = text.chars().skip(span.start as usize).take(span.len()).collect();
            assert_eq!(cut.trim(), cut, "of {text:?}");
            seen += 1;
        }
        for label in &scores.labels {
            let threshold = threshold(&model.manifest.heads, label.name);
            assert_eq!(label.evidence.is_some(), label.probability >= threshold, "{label:?}");
        }
    }
    assert!(seen > 0);
}

fn threshold(heads: &Heads, name: Name) -> f64 {
    match name {
        Name::Signal(name) => heads.signals.iter().find(|o| o.name == name).unwrap().threshold,
        Name::Mistake(name) => heads.mistakes.iter().find(|o| o.name == name).unwrap().threshold,
        Name::Act(name) => heads.acts.iter().find(|o| o.name == name).unwrap().threshold,
    }
}

#[test]
fn the_context_is_read_up_to_its_limit_and_its_end_counts() {
    let model = model();
    let most = model.manifest.context_tokens;
    let with = |context: Option<&str>| model.tokenizing.prepare(Role::Customer, "and now?", context);
    let alone = with(None).tokens();
    assert_eq!(with(Some("")).tokens(), alone);
    assert_eq!(with(Some("yes")).tokens(), alone + 2);
    let long = "a ".repeat(most + 20);
    assert_eq!(with(Some(&long)).tokens(), alone + most + 1);
    let (one, other) = (format!("b {long}"), format!("c {long}"));
    assert_eq!(with(Some(&one)), with(Some(&other)), "only the beginning differs");
    for (text, context) in [("", None), ("", Some("hm")), ("a b", Some(long.as_str()))] {
        let turn = model.tokenizing.tokenize(Role::Agent, text);
        let bound = turn.tokens_max();
        assert!(model.tokenizing.assemble(turn, context).tokens() <= bound);
    }
}

#[test]
fn turns_of_every_length_are_scored_whole() {
    let model = model();
    let window = model.manifest.window_tokens - 2;
    for tokens in [1, 62, 63, 64, 65, window - 1, window, window + 1, 511, 512, 513, 2_500] {
        // Every "a" is one token.
        let text = vec!["a"; tokens].join(" ");
        let prepared = model.tokenizing.prepare(Role::Customer, &text, None);
        assert_eq!(prepared.windows().len(), tokens.div_ceil(window), "{tokens} tokens");
        assert_eq!(prepared.tokens(), tokens + 2 * prepared.windows().len());
        let Sentiment { negative, neutral, positive } = score_one(&model, &text).sentiment;
        assert!((negative + neutral + positive - 1.0).abs() < 1e-6, "{tokens} tokens");
    }
}

#[test]
fn a_long_turn_is_the_token_weighted_mean_of_its_windows() {
    let model = model();
    let (glad, angry) = (
        "Thank you so much, you were very kind! ".repeat(30),
        "This is outrageous, I am furious! ".repeat(30),
    );
    let text = format!("{glad} {angry}");
    let prepared = model.tokenizing.prepare(Role::Customer, &text, None);
    assert!(prepared.windows().len() > 2);
    let [first, whole, last] = [&glad, &text, &angry].map(|text| score_one(&model, text).sentiment);
    assert!(first.negative < whole.negative && whole.negative < last.negative);
}

#[test]
fn the_longest_text_in_four_byte_characters_is_scored() {
    let model = model();
    for text in
        ["😡".repeat(crate::wire::limits::TEXT_CHARS_MAX), "𝔘".repeat(crate::wire::limits::TEXT_CHARS_MAX)]
    {
        let scores = score_one(&model, &text);
        assert!(scores.sentiment.negative.is_finite());
        assert!(scores.labels.iter().all(|label| label.probability.is_finite()));
    }
}

#[test]
fn nothing_said_abstains_and_takes_no_side() {
    let model = model();
    for text in ["", "   \n", "\u{200d}"] {
        let scores = score_one(&model, text);
        assert!(
            scores.raised().next().is_none() && scores.labels.iter().all(|label| label.probability == 0.0)
        );
        assert_eq!(scores.abstained, Some(Abstention::TooShort));
        assert_eq!((scores.sentiment.label(), scores.sentiment.score()), (Label::Neutral, 0.0));
    }
    assert_eq!(score_one(&model, "???").abstained, None);
}

#[test]
fn text_that_spells_a_special_token_stays_text() {
    let model = model();
    for text in ["[SEP]", "good [SEP] terrible [MASK]", "[CLS][PAD]"] {
        let prepared = model.tokenizing.prepare(Role::Customer, text, None);
        let window = &prepared.windows()[0];
        let content = &window.ids[window.turn.clone()];
        assert!(content.iter().all(|id| ![0, 101, 102, 103].contains(id)), "{text}: {content:?}");
    }
}

fn copy_of_model() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in [MANIFEST_FILE, WEIGHTS_FILE, CONFIG_FILE, VOCAB_FILE, RISK_FILE] {
        fs::copy(folder().join(file), copy.path().join(file)).unwrap();
    }
    copy
}

fn refusal(copy: &tempfile::TempDir) -> String {
    Model::load(copy.path()).err().expect("the model should be refused").to_string()
}

#[test]
fn a_damaged_model_is_refused_by_the_name_of_its_file() {
    for file in [MANIFEST_FILE, WEIGHTS_FILE, CONFIG_FILE, VOCAB_FILE, RISK_FILE] {
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

#[test]
fn offline_scores_are_the_same_bits_with_any_number_of_threads() {
    let input = |at: usize| ScoreInput {
        role: [Role::Customer, Role::Agent][at % 2],
        text: TEXTS[at * 3 % 8].into(),
        context: (!at.is_multiple_of(3)).then(|| TEXTS[at * 5 % 8].into()),
    };
    let inputs: Vec<ScoreInput> = (0..40).map(input).collect();
    let bits = |threads| -> Vec<Vec<u64>> {
        let scores = BatchScorer::new(model(), threads).score_all(&inputs).unwrap();
        let figures = |scores: &Scores| {
            let Sentiment { negative, neutral, positive } = scores.sentiment;
            let labels = scores.labels.iter().map(|label| label.probability);
            [negative, neutral, positive].into_iter().chain(labels).map(f64::to_bits).collect()
        };
        scores.iter().map(figures).collect()
    };
    assert_eq!(bits(1), bits(2));
}
