//! Whether a customer says again what they have said: the same words, mostly the same words, or, where a model that
//! reads the context takes the turn for a repeat, some of the words.
//!
//! The mean vectors of turns are not asked: the encoder is tuned to tell moods and acts apart, so that they say how
//! alike two turns feel, not whether they say the same. On 3,659 turns of real customers (364 of them repeats) the
//! cosine to the nearest earlier turn ranks repeats with an area under the curve of 0.46, 0.60 about the mean
//! vector; shared words 0.66, the model's own `repeats_self` 0.85.
//!
//! Holds always: pure; a memory holds at most [`SAID_MAX`] statements, about 300 bytes each; what is said again
//! before the other side has answered is no repeat (a network that sends twice, emphasis, `hello? hello?`), and
//! neither are yes, no, thanks, good news, or figures given when asked. English.
//! Called by `recall`.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Quoted;
use super::english::pattern;
use crate::conversation::words::{Content, Words, hash, shared};

/// Statements of a customer kept per conversation: the first one, and the last ones.
pub const SAID_MAX: usize = 12;
/// The same words again are a repeat from this many on.
const EXACT_WORDS_MIN: usize = 3;
/// Similar words are, if both sides have this many that tell something.
const TELLING_MIN: usize = 3;
/// And share this many content words; one fewer where the customer says that they say it again.
const SHARED_MIN: usize = 3;
/// Shared by all content words.
const JACCARD_MIN: f64 = 0.6;
const JACCARD_MIN_STRESSED: f64 = 0.4;
/// Shared by the content words of the shorter one, which must have [`CONTAINED_WORDS_MIN`].
const CONTAINMENT_MIN: f64 = 0.8;
const CONTAINED_WORDS_MIN: usize = 4;
/// And by all: a few words of a long text are soon found in another.
const CONTAINED_JACCARD_MIN: f64 = 0.35;
/// Up to as many words after a question are its answer, said before or not.
const ANSWER_WORDS_MAX: usize = 4;
/// Where a model takes the turn for a repeat, the words only say of what: on real conversations 7 of 10 such turns
/// are repeats with this, 5 of 10 without.
const JACCARD_MIN_SEEN: f64 = 0.1;

/// "As I said", "for the third time", "how often do I have to": says that it was said.
static STRESSES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:(?:as|like) (?:i|we)(?:ve)? (?:\w+ )?(?:said|wrote|told|mentioned|explained|stated)",
        r"|(?:ive|weve|i have|we have|i|we) (?:already|literally|just) (?:\w+ )?",
        r"(?:said|told|sent|explained|tried|given|gave|did|done|wrote|asked|answered)",
        r"|(?:ive|i have|i) (?:told|asked) (?:you|him|her|them|everyone) (?:\w+ )?(?:twice|times",
        r"|already|again|before)",
        r"|for the (?:second|third|fourth|fifth|sixth|last|hundredth|umpteenth|2nd|3rd|[4-9]th|10th) time",
        r"|how (?:many times|often) (?:do|must|should|shall|will) i|(?:again and again|over and over)",
        r"|same (?:question|thing) as (?:before|yesterday|this|last|on)|see above|once again i",
        r"|i (?:keep|kept) (?:saying|telling|repeating|asking|explaining))\b",
    ))
});

/// "Works now": what was a problem is none any more, however alike the words.
static GOOD_NEWS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:works (?:now|again|fine)|(?:fixed|solved|sorted|arrived) (?:now|at last|finally)|all good",
        r"|(?:is|are|its|everythings|all|now|finally) (?:working|fixed|solved|sorted|resolved)",
        r"|(?:it|that|everything|all) works$|that (?:worked|did it|fixed it|solved it|helped))\b",
    ))
});

/// What is kept of a statement, and what a new one is compared by.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    hash: u64,
    /// Words of the normalised text.
    words: usize,
    content: Content,
    asks: bool,
    /// Whether the customer says that it was said.
    stressed: bool,
    seen: bool,
    good_news: bool,
}

/// What a customer has said in a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    said: VecDeque<Said>,
    /// Grows when the other side says something.
    round: u32,
    /// Whether it asked something last.
    asked: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Said {
    quoted: Quoted,
    round: u32,
    statement: Statement,
}

/// A turn says what an earlier one said.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// The earlier turn.
    pub earlier: Quoted,
    /// 0 to 1; 1 for the same words.
    pub similarity: f64,
}

/// The earlier statement that `new` says again: the most similar one, the first of these.
pub fn repeats(memory: &Memory, new: &Statement) -> Option<Repeat> {
    if memory.asked && new.words <= ANSWER_WORDS_MAX && !new.asks && !new.stressed {
        return None;
    }
    let mut best: Option<Repeat> = None;
    for said in memory.said.iter().filter(|said| said.round < memory.round) {
        let Some(similarity) = alike(&said.statement, new) else { continue };
        if best.as_ref().is_none_or(|best| similarity > best.similarity) {
            best = Some(Repeat { earlier: said.quoted.clone(), similarity });
        }
    }
    best
}

/// How alike two statements are, where they say the same; none where they do not. Also for statements of different
/// conversations of one customer.
pub fn alike(earlier: &Statement, new: &Statement) -> Option<f64> {
    if new.good_news || new.words < EXACT_WORDS_MIN || new.content.telling == 0 {
        return None;
    }
    if earlier.hash == new.hash {
        return Some(1.0);
    }
    let (a, b) = (&earlier.content, &new.content);
    let jaccard = a.jaccard(b);
    if new.seen && jaccard >= JACCARD_MIN_SEEN {
        return Some(jaccard);
    }
    if a.negated != b.negated || a.of_other_things(b) || a.telling.min(b.telling) < TELLING_MIN {
        return None;
    }
    let shared_min = SHARED_MIN - usize::from(new.stressed);
    let jaccard_min = if new.stressed { JACCARD_MIN_STRESSED } else { JACCARD_MIN };
    // A part of a question is not its answer.
    let contained = earlier.asks == new.asks && a.words.len().min(b.words.len()) >= CONTAINED_WORDS_MIN;
    let containment = if contained { a.containment(b) } else { 0.0 };
    let found = [
        (jaccard, jaccard >= jaccard_min),
        (containment, containment >= CONTAINMENT_MIN && jaccard >= CONTAINED_JACCARD_MIN),
    ];
    if shared(&a.words, &b.words) < shared_min {
        return None;
    }
    found.into_iter().filter(|(_, enough)| *enough).map(|(value, _)| value.min(1.0)).reduce(f64::max)
}

/// Where a customer says that they have said, asked or tried it before, in code points.
pub fn stresses(words: &Words) -> Option<Range<u32>> {
    let found = STRESSES.find(words.folded())?;
    Some(words.place(words.indices(found.range())))
}

// === impl Statement ===

impl Statement {
    /// `seen`: a model that reads the context takes the turn for a repeat.
    pub fn of(words: &Words, seen: bool) -> Self {
        Statement {
            hash: hash(words.normalised().as_bytes()),
            words: words.core().len(),
            content: words.content(),
            asks: words.asks(),
            stressed: STRESSES.is_match(words.folded()),
            seen,
            good_news: GOOD_NEWS.is_match(words.folded()),
        }
    }

    /// Whether it could ever be said again.
    fn is_worth_keeping(&self) -> bool {
        self.words >= EXACT_WORDS_MIN && self.content.telling > 0
    }
}

// === impl Memory ===

impl Memory {
    /// The other side has said something: what the customer says again from now on, they say again.
    pub fn answered(&mut self, words: &Words) {
        self.round = self.round.saturating_add(1);
        self.asked = words.asks();
    }

    /// Keeps what a turn said, if it could ever be said again. The first statement stays, as it mostly says what
    /// the conversation is about; after it the oldest leaves.
    pub fn remember(&mut self, quoted: &Quoted, statement: Statement) {
        if !statement.is_worth_keeping() {
            return;
        }
        if self.said.len() == SAID_MAX {
            self.said.remove(1);
        }
        self.said.push_back(Said { quoted: quoted.clone(), round: self.round, statement });
    }

    /// What was said first, if it could be said again.
    pub fn opening(&self) -> impl Iterator<Item = &Statement> {
        self.said.iter().map(|said| &said.statement)
    }

    pub fn len(&self) -> usize {
        self.said.len()
    }

    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }
}

#[cfg(test)]
mod tests;
