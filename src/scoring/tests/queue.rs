//! The queue's bounds and promises.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use super::*;

fn scorer(turns_max: usize, wait_max: Duration) -> Scorer {
    let options = ScorerOptions { threads: 2, turns_max, tokens_max: 100_000, batch_tokens: 256, wait_max };
    Scorer::start(model(), options, Arc::new(Silent))
}

/// The question of one round: every text in several roles, with a context and without.
fn asked(round: usize) -> (Role, &'static str, Option<&'static str>) {
    let role = [Role::Customer, Role::Agent, Role::Bot][round / TEXTS.len() % 3];
    let context = (!round.is_multiple_of(3)).then(|| TEXTS[(round + 3) % TEXTS.len()]);
    (role, TEXTS[round % TEXTS.len()], context)
}

#[test]
fn every_submitted_turn_is_answered_once_and_equals_its_score_alone() {
    let scorer = scorer(1_000, Duration::from_secs(60));
    let (sender, answers) = mpsc::channel();
    for round in 0..200 {
        let sender = sender.clone();
        let done = Box::new(move |result| sender.send((round, result)).unwrap());
        let (role, text, context) = asked(round);
        scorer.reserve(role, text).unwrap().submit(context, done);
    }
    scorer.drain();
    drop(sender);
    let mut answers: Vec<(usize, Result<Scores, ScoreError>)> = answers.iter().collect();
    answers.sort_by_key(|(round, _)| *round);
    assert_eq!(answers.iter().map(|(round, _)| *round).collect::<Vec<_>>(), (0..200).collect::<Vec<_>>());
    let model = model();
    for (round, result) in answers.iter().take(3 * TEXTS.len()) {
        let (role, text, context) = asked(*round);
        let prepared = model.tokenizing.prepare(role, text, context);
        assert_near(result.as_ref().unwrap(), &model.engine.score(&[&prepared]).unwrap()[0]);
    }
}

#[test]
fn a_full_queue_refuses_with_advice_and_takes_turns_again_later() {
    let scorer = scorer(2, Duration::from_secs(60));
    let first = scorer.reserve(Role::Customer, "one").unwrap();
    let second = scorer.reserve(Role::Agent, "two").unwrap();
    assert!((scorer.pressure() - 1.0).abs() < 1e-9);
    match scorer.reserve(Role::Customer, "three").err() {
        Some(ScoreError::Overloaded { retry_after_ms }) => assert!(retry_after_ms >= 100),
        other => panic!("{other:?}"),
    }
    drop(first);
    assert!(scorer.reserve(Role::Customer, "three").is_ok());
    second.submit(Some("well?"), Box::new(|result| assert!(result.is_ok())));
    scorer.drain();
    assert_eq!(scorer.pressure(), 0.0);
}

#[test]
fn a_turn_that_waited_too_long_expires() {
    let scorer = scorer(10, Duration::ZERO);
    let (sender, answer) = mpsc::channel();
    scorer
        .reserve(Role::Bot, "late")
        .unwrap()
        .submit(None, Box::new(move |result| sender.send(result).unwrap()));
    assert_eq!(answer.recv().unwrap(), Err(ScoreError::Expired));
}

#[test]
fn room_is_kept_for_the_longest_context_and_given_back_to_the_last_token() {
    let scorer = scorer(100, Duration::from_secs(60));
    let long = "I was told to wait. ".repeat(40);
    for context in [None, Some("no"), Some(long.as_str())] {
        let reservation = scorer.reserve(Role::Customer, "and now?").unwrap();
        assert!(scorer.pressure() >= 0.01);
        let (sender, answer) = mpsc::channel();
        reservation.submit(context, Box::new(move |result| sender.send(result).unwrap()));
        assert!(answer.recv().unwrap().is_ok());
        scorer.drain();
        assert_eq!(scorer.pressure(), 0.0, "with {context:?}");
    }
    drop(scorer.reserve(Role::Agent, &long).unwrap());
    assert_eq!(scorer.pressure(), 0.0);
}
