//! `canned_reply`: the business side says the same words again in one conversation, or says what it says to everybody
//! where the customer needed an answer.
//!
//! Holds always: pure; a formula of a few words is no reply out of the can, nor is a template that answers; a
//! memory holds at most [`SENTENCES_MAX`] hashes. Called by `recall`.

use std::collections::VecDeque;

use super::Shown;
use crate::conversation::phrases::Seen;
use crate::conversation::words::{Words, hash};
use crate::wire::{Act, Mistake};

/// Sentences of the business side remembered of a conversation, the oldest leaves first.
pub const SENTENCES_MAX: usize = 32;
/// Shorter sentences are formulas: "How can I help you today?"
const SENTENCE_WORDS_MIN: usize = 6;
/// What follows one of these is a signature, where they are the most of their line.
const SIGNATURES: [&str; 5] = ["regards", "sincerely", "faithfully", "rgds", "wishes"];
const SIGNATURE_WORDS_MAX: usize = 4;
/// What was said in so many conversations is a template.
pub const CONVERSATIONS_MIN: u32 = 5;

/// What the business side has said in a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Canned {
    sentences: VecDeque<Sentence>,
    /// Grows with every turn of the customer.
    round: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sentence {
    hash: u64,
    round: u32,
}

impl Canned {
    /// The customer has said something: what is said from now on is another answer.
    pub fn customer_said(&mut self) {
        self.round = self.round.saturating_add(1);
    }

    /// The business side says something; how many conversations, or answers of this one, it was heard in, if that
    /// makes it a reply out of the can.
    pub fn heard(&mut self, words: &Words, shown: Shown, phrase: Seen) -> Option<u32> {
        let again = self.said_before(words);
        let template = phrase.conversations >= CONVERSATIONS_MIN && shown.mistake(Mistake::CannedReply);
        // Good-byes and thanks are alike everywhere, and at their place.
        let at_its_place = shown.only_act(Act::Closing);
        match (again, template) {
            (Some(times), _) if !at_its_place => Some(times),
            (_, true) => Some(phrase.conversations),
            _ => None,
        }
    }

    /// How often the sentence of this turn that was said most was said, where that is more than once and in answer
    /// to different turns.
    fn said_before(&mut self, words: &Words) -> Option<u32> {
        let mut most = None;
        for sentence in words.sentences() {
            let is_signature = |at: usize| SIGNATURES.contains(&words.word(at));
            if sentence.words.len() <= SIGNATURE_WORDS_MAX && sentence.words.clone().any(is_signature) {
                break;
            }
            // "2. Tap the icon": a step that is said again is looked at elsewhere.
            let is_number = |at: usize| words.word(at).bytes().all(|byte| byte.is_ascii_digit());
            let start = sentence.words.start;
            let is_step = is_number(start) || start > 0 && is_number(start - 1);
            if sentence.words.len() < SENTENCE_WORDS_MIN || is_step {
                continue;
            }
            let hash = hash(words.slice(sentence.words.clone()).as_bytes());
            let earlier = self.sentences.iter().filter(|said| said.hash == hash && said.round < self.round);
            let times = earlier.count() as u32;
            most = most.max((times > 0).then_some(times + 1));
            if self.sentences.len() == SENTENCES_MAX {
                self.sentences.pop_front();
            }
            self.sentences.push_back(Sentence { hash, round: self.round });
        }
        most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::Name;

    const NONE: Seen = Seen { conversations: 1, times_in_this: 1 };

    /// What each answer is found to be, with a turn of the customer before each.
    fn run(answers: &[(&str, Shown, Seen)]) -> Vec<Option<u32>> {
        let mut canned = Canned::default();
        let heard = answers.iter().map(|(text, shown, seen)| {
            canned.customer_said();
            canned.heard(&Words::of(text), *shown, *seen)
        });
        heard.collect()
    }

    #[test]
    fn the_same_sentence_in_another_answer_is_out_of_the_can() {
        let plain = Shown::default();
        let said = |text| (text, plain, NONE);
        let slogan = "Your journey is our passion, every day.";
        let (shouted, begun) = (
            format!("I see. {}", slogan.to_uppercase()),
            format!("{slogan} Rebooking options are shown in the app."),
        );
        assert_eq!(
            run(&[
                said(slogan),
                said(&shouted),
                said("Let me check your booking of Monday for you."),
                said(&begun),
            ]),
            [None, Some(2), None, Some(3)]
        );
        let signed = "Done.\n\nKind regards\nYour team at the large pet shop in town";
        assert_eq!(run(&[said(signed), said(signed)]), [None, None]);
        let step = "2. Tap the icon at the bottom of the screen";
        assert_eq!(run(&[said(step), said(step)]), [None, None]);
        assert_eq!(run(&[said("How can I help you?"), said("How can I help you?")]), [None, None]);
        assert_eq!(run(&[said(slogan), (slogan, plain.with(Name::Act(Act::Closing)), NONE)]), [None, None]);
    }

    #[test]
    fn the_same_sentence_twice_in_one_answer_is_not() {
        let mut canned = Canned::default();
        let words = Words::of("We are very sorry for the trouble you had.");
        canned.customer_said();
        assert_eq!(canned.heard(&words, Shown::default(), NONE), None);
        assert_eq!(canned.heard(&words, Shown::default(), NONE), None);
    }

    #[test]
    fn a_template_is_a_mistake_only_where_it_does_not_answer() {
        let often = Seen { conversations: CONVERSATIONS_MIN, times_in_this: 1 };
        let text = "Returns are free within 30 days, the label is in your parcel.";
        let canned = Shown::default().with(Name::Mistake(Mistake::CannedReply));
        assert_eq!(run(&[(text, Shown::default(), often)]), [None]);
        assert_eq!(run(&[(text, canned, often)]), [Some(CONVERSATIONS_MIN)]);
        assert_eq!(run(&[(text, canned, NONE)]), [None]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut canned = Canned::default();
        for number in 0..100 {
            canned.customer_said();
            canned.heard(
                &Words::of(&format!("this is the long sentence number {number}")),
                Shown::default(),
                NONE,
            );
        }
        assert_eq!(canned.sentences.len(), SENTENCES_MAX);
    }
}
