//! The steps that the business side proposes, and whether it proposes the same one again.
//!
//! Holds always: pure; a memory holds at most [`STEPS_MAX`] steps. A step counts as proposed twice only if the
//! customer has spoken in between, and did not ask how, say that it is not done yet, or wish it again; nor does it
//! if the second proposal says what is different this time. English.
//! Called by `recall`.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Quoted;
use super::english::pattern;
use super::repetition::Repeat;
use crate::conversation::lexicon::{Class, stem};
use crate::conversation::words::{Sentence, Words, shared, short_hash};

/// Steps remembered per conversation, the oldest leaves first.
pub const STEPS_MAX: usize = 8;
/// Steps read off one turn.
pub const STEPS_PER_TURN_MAX: usize = 4;
/// What a step is done to is looked for in this many words behind its verb.
const OBJECT_WORDS_MAX: usize = 6;
/// Who is to do it is looked for in this many words before its verb.
const SUBJECT_WORDS_MAX: usize = 8;

/// The customer wants to be told again, or has not got to it.
static WISHES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:how (?:do|to|can|should|would) |where (?:is|do|can|exactly)|which (?:one|button|menu",
        r"|step|app)",
        r"|what (?:do you mean|was|button|menu|does that)|not yet|havent (?:yet|tried|done)",
        r"|have not (?:tried|done)",
        r"|didnt (?:try|do)|repeat|(?:say|tell me|send|explain)(?: \w+)* (?:again|once more)",
        r"|cant find|dont (?:see|understand)",
        r"|(?:should|shall|can) i|want me to|let me|will (?:do|try)|ill (?:do|try)|later)\b",
    ))
});
/// A question or a "no" to "have you tried…?".
static UNDONE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:no|nope|nah|not)\b(?:$| (?:i|not|yet|but i (?:can|will)|sorry|should))"));
/// These only look like wishes.
static WEARY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bhow (?:many times|often)|already|again and again"));
/// What is different this time, or asked for.
static EXPLAINS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:this time|while i|so (?:that )?i can|as you (?:asked|wished)|as requested|i know youve",
        r"|even though)\b",
    ))
});

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Restart,
    Reset,
    Reinstall,
    Update,
    Clear,
    SignIn,
    SignOut,
    Reconnect,
    Send,
    FillIn,
    Contact,
    Check,
}

/// A step that a turn proposes.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub action: Action,
    /// Where it is proposed, in code points.
    pub place: Range<u32>,
    /// Hashes of the stems of what it is done to, ascending; empty for "it".
    objects: Vec<u32>,
    /// Whether it says why again.
    explained: bool,
}

/// The steps proposed in a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    kept: VecDeque<Kept>,
    /// Grows with every customer turn.
    round: u32,
    wished: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    quoted: Quoted,
    round: u32,
    step: Step,
}

/// The steps that a turn of the business side proposes to the customer, at most [`STEPS_PER_TURN_MAX`].
pub fn proposed(words: &Words) -> Vec<Step> {
    let explained = EXPLAINS.is_match(words.folded());
    let mut steps: Vec<Step> = Vec::new();
    for sentence in words.sentences() {
        let mut at = sentence.words.start;
        while at < sentence.words.end && steps.len() < STEPS_PER_TURN_MAX {
            let Some((action, length)) = action_at(words, at) else {
                at += 1;
                continue;
            };
            if is_proposal(words, sentence, at) {
                let (mut objects, end) = objects(words, at + length..sentence.words.end);
                // A factory reset is another step than a manual one.
                if action == Action::Reset
                    && matches!(words.word(at.max(1) - 1), "factory" | "manual" | "hard" | "soft")
                {
                    objects = vec![short_hash(words.word(at - 1).as_bytes())];
                }
                let of_staff =
                    action == Action::Contact && matches!(words.word(at + length), "us" | "me" | "you");
                let promise = matches!(words.word(at + length), "you" | "your" if action == Action::Update);
                if !of_staff && !promise {
                    steps.push(Step { action, place: words.place(at..end), objects, explained });
                }
            }
            at += length;
        }
    }
    steps
}

/// The earlier turn that proposed one of the steps already.
pub fn same_step_twice(memory: &Steps, new: &[Step]) -> Option<Repeat> {
    if memory.wished {
        return None;
    }
    new.iter().filter(|step| !step.explained).find_map(|step| {
        let earlier = memory.kept.iter().filter(|kept| kept.round < memory.round);
        earlier
            .filter_map(|kept| Some((kept, step.alike(&kept.step)?)))
            .map(|(kept, similarity)| Repeat { earlier: kept.quoted.clone(), similarity })
            .reduce(|best, next| if next.similarity > best.similarity { next } else { best })
    })
}

/// The step whose verb stands at a word, and how many words the verb has.
fn action_at(words: &Words, at: usize) -> Option<(Action, usize)> {
    let next = words.word(at + 1);
    Some(match words.word(at) {
        "restart" | "restarting" | "reboot" | "rebooting" | "unplug" | "unplugging" => (Action::Restart, 1),
        "power" if matches!(next, "cycle" | "cycling") => (Action::Restart, 2),
        "turn" | "turning" | "switch" | "switching" => {
            (Action::Restart, (2..=4).find(|ahead| words.word(at + ahead - 1) == "off")?)
        }
        "reset" | "resetting" => (Action::Reset, 1),
        "reinstall" | "reinstalling" | "uninstall" | "uninstalling" => (Action::Reinstall, 1),
        "update" | "updating" | "upgrade" | "upgrading" => (Action::Update, 1),
        "clear" | "clearing" | "delete" | "deleting" => (Action::Clear, 1),
        "log" | "logging" | "sign" | "signing" => match (next, words.word(at + 2)) {
            ("in", _) => (Action::SignIn, 2),
            ("back", "in") => (Action::SignIn, 3),
            ("out" | "off", _) => (Action::SignOut, 2),
            _ => return None,
        },
        "reconnect" | "reconnecting" | "disconnect" | "disconnecting" => (Action::Reconnect, 1),
        "upload" | "uploading" | "send" | "sending" | "attach" | "attaching" | "forward" | "submit" => {
            (Action::Send, 1)
        }
        "fill" | "filling" => (Action::FillIn, if matches!(next, "in" | "out") { 2 } else { 1 }),
        "complete" | "completing" if matches!(next, "the" | "your" | "this" | "our" | "it") => {
            (Action::FillIn, 1)
        }
        "contact" | "contacting" | "call" | "calling" | "phone" | "ring" => (Action::Contact, 1),
        "check" | "checking" => (Action::Check, 1),
        _ => return None,
    })
}

/// Whether the verb at a word is something for the customer to do.
fn is_proposal(words: &Words, sentence: &Sentence, verb: usize) -> bool {
    let first = sentence.words.start;
    // A noun: "your call", "the update".
    if verb > first
        && matches!(words.word(verb - 1), "the" | "a" | "an" | "your" | "my" | "our" | "this" | "phone")
    {
        return false;
    }
    for at in (first.max(verb.saturating_sub(SUBJECT_WORDS_MAX))..verb).rev() {
        match words.word(at) {
            "please" | "kindly" | "try" | "trying" | "tried" | "lets" | "suggest" | "recommend" | "youll" => {
                return true;
            }
            "you" => {
                let before = if at > first { words.word(at - 1) } else { "" };
                return !matches!(
                    before,
                    "when"
                        | "if"
                        | "once"
                        | "after"
                        | "before"
                        | "as"
                        | "while"
                        | "since"
                        | "that"
                        | "because"
                        | "for"
                        | "thank"
                        | "were"
                );
            }
            "i" | "ill" | "ive" | "id" | "we" | "well" | "weve" | "he" | "she" | "they" | "theyll"
            | "team" | "technician" | "engineer" | "automatically" | "able" | "option" | "issue"
            | "issues" | "trouble" | "see" | "success" => return false,
            _ => {}
        }
    }
    let is_filler = |word: &str| {
        matches!(
            word,
            "first"
                | "then"
                | "next"
                | "now"
                | "and"
                | "also"
                | "ok"
                | "okay"
                | "so"
                | "just"
                | "simply"
                | "again"
        )
    };
    let opening = sentence.words.clone().find(|&at| !is_filler(words.word(at))).unwrap_or(verb);
    opening == verb
        || (opening < verb && action_at(words, opening).is_some() && opening + SUBJECT_WORDS_MAX >= verb)
}

/// What is done to, and where the description ends.
fn objects(words: &Words, behind: Range<usize>) -> (Vec<u32>, usize) {
    let (mut objects, mut end) = (Vec::new(), behind.start);
    for at in behind.take(OBJECT_WORDS_MAX) {
        let word = words.word(at);
        if matches!(
            word,
            "and" | "then" | "or" | "so" | "if" | "but" | "to" | "while" | "because" | "for" | "let"
        ) {
            break;
        }
        end = at + 1;
        if !Class::of(word).is_stop() {
            objects.push(short_hash(stem(word).as_bytes()));
        }
    }
    objects.sort_unstable();
    objects.dedup();
    (objects, end)
}

// === impl Action ===

impl Action {
    /// Whether it says enough without what it is done to.
    const fn stands_alone(self) -> bool {
        matches!(
            self,
            Action::Restart | Action::Reset | Action::Reinstall | Action::Reconnect | Action::FillIn
        )
    }
}

// === impl Step ===

impl Step {
    /// How alike two steps are, if they are the same: 0.5 to 1.
    fn alike(&self, other: &Step) -> Option<f64> {
        if self.action != other.action {
            return None;
        }
        let fewer = self.objects.len().min(other.objects.len());
        if fewer == 0 {
            return self.action.stands_alone().then_some(0.75);
        }
        let share = shared(&self.objects, &other.objects) as f64 / fewer as f64;
        (share >= 0.5).then_some(share)
    }
}

// === impl Steps ===

impl Steps {
    /// The customer has said something.
    pub fn customer_said(&mut self, words: &Words) {
        self.round = self.round.saturating_add(1);
        let text = if self.kept.is_empty() { "" } else { words.normalised() };
        self.wished = !WEARY.is_match(text) && (WISHES.is_match(text) || UNDONE.is_match(text));
    }

    /// Keeps the steps that a turn proposed.
    pub fn remember(&mut self, quoted: &Quoted, steps: &[Step]) {
        for step in steps.iter().take(STEPS_PER_TURN_MAX) {
            if self.kept.len() == STEPS_MAX {
                self.kept.pop_front();
            }
            self.kept.push_back(Kept {
                quoted: Quoted { place: Some(step.place.clone()), ..quoted.clone() },
                round: self.round,
                step: step.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
