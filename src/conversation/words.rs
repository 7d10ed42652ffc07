//! The words of a turn, folded once for everything that compares words: repetition, steps, facts, phrases.
//!
//! Holds always: a function of the text alone, the same on every machine and in every run; at most [`WORDS_MAX`]
//! words of a text are looked at; places are code points of the given text. The lists of words are English; texts
//! in other languages are still matched word by word.
//! Called by [`super::phrases`] and by the detectors.

use std::ops::Range;

use super::lexicon::{Class, stem};

/// Words of a text beyond these say nothing new about it.
pub const WORDS_MAX: usize = 400;
/// Room made for them at once, in bytes.
const FOLDED_BYTES: usize = 4_096;
/// Distinct content words kept of a text: 192 bytes.
pub const CONTENT_MAX: usize = 48;
/// Distinct figures kept of a text.
pub const FIGURES_MAX: usize = 8;
/// A word with fewer digits does not tell one thing from another.
const FIGURE_DIGITS_MIN: usize = 3;
/// Nor does a shorter one: `404` or `2nd`.
const FIGURE_CHARS_MIN: usize = 4;

/// A text as lower-case words without punctuation; `don't` is the word `dont`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// The words with one blank between them.
    folded: String,
    spans: Vec<Span>,
    sentences: Vec<Sentence>,
}

/// One word: bytes of `folded`, and code points of the text.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    from: usize,
    to: usize,
    start: u32,
    end: u32,
    /// Whether it began with a capital.
    capital: bool,
    /// Whether it is part of an e-mail address or a user name, as far as that shows: `@acme`, `sam@acme.org`.
    linked: bool,
}

/// Words up to a full stop, a question or exclamation mark, a semicolon or the end of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// Indices of its words.
    pub words: Range<usize>,
    pub question: bool,
}

/// What a text is about, word by word.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// Hashes of the stems of its content words, ascending; at most [`CONTENT_MAX`].
    pub words: Vec<u32>,
    /// How many of them tell something by themselves, unlike `order`, `number` or `4417`.
    pub telling: usize,
    /// Hashes of what tells one thing from another, such as order numbers, ascending; at most [`FIGURES_MAX`].
    pub figures: Vec<u32>,
    /// Whether it says what is not.
    pub negated: bool,
}

/// FNV-1a: the same in every run, as offline results must be. What is hashed so never leaves a bounded memory.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The same in 32 bits.
pub fn short_hash(bytes: &[u8]) -> u32 {
    let hash = hash(bytes);
    (hash ^ (hash >> 32)) as u32
}

/// How many values two ascending lists share.
pub fn shared(a: &[u32], b: &[u32]) -> usize {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while let (Some(left), Some(right)) = (a.get(i), b.get(j)) {
        shared += usize::from(left == right);
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
    shared
}

// === impl Words ===

impl Words {
    pub fn of(text: &str) -> Self {
        let mut words =
            Words { folded: String::with_capacity(text.len().min(FOLDED_BYTES)), ..Words::default() };
        let (mut open, mut first, mut before) = (None, 0, ' ');
        let mut signs = (0_u32..).zip(text.chars()).peekable();
        while let Some((at, sign)) = signs.next() {
            let goes_on = signs.peek().is_some_and(|(_, next)| next.is_alphanumeric());
            if sign.is_alphanumeric() {
                if open.is_none() && words.spans.len() == WORDS_MAX {
                    break;
                }
                let span = open.get_or_insert_with(|| words.begin(at, sign, before));
                if sign.is_ascii() {
                    words.folded.push(sign.to_ascii_lowercase());
                } else {
                    words.folded.extend(sign.to_lowercase());
                }
                (span.to, span.end) = (words.folded.len(), at + 1);
                let next = signs.peek().map(|(_, next)| *next);
                if !next.is_some_and(|next| next.is_alphanumeric() || joins(next)) {
                    span.linked |= next == Some('@');
                    words.spans.extend(open.take());
                }
            } else if joins(sign) {
                if !goes_on {
                    words.spans.extend(open.take());
                }
            } else if matches!(sign, '!' | '?' | '\n' | ';' | '…') || (sign == '.' && !goes_on) {
                words.end_sentence(&mut first, sign == '?');
            }
            before = sign;
        }
        words.end_sentence(&mut first, false);
        words
    }

    pub fn len(&self) -> usize {
        self.spans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The words with one blank between them.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    pub fn sentences(&self) -> &[Sentence] {
        &self.sentences
    }

    /// Whether a sentence ends with a question mark.
    pub fn asks(&self) -> bool {
        self.sentences.iter().any(|sentence| sentence.question)
    }

    /// The word at an index; empty beyond the last.
    pub fn word(&self, index: usize) -> &str {
        self.spans.get(index).map_or("", |span| &self.folded[span.from..span.to])
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.spans.iter().map(|span| &self.folded[span.from..span.to])
    }

    /// Whether the word begins with a capital.
    pub fn is_capital(&self, index: usize) -> bool {
        self.spans.get(index).is_some_and(|span| span.capital)
    }

    /// The words from one index up to another, with one blank between them.
    pub fn slice(&self, words: Range<usize>) -> &str {
        match (self.spans.get(words.start), words.end.checked_sub(1).and_then(|last| self.spans.get(last))) {
            (Some(first), Some(last)) if first.from < last.to => &self.folded[first.from..last.to],
            _ => "",
        }
    }

    /// The words that bytes of [`Words::folded`] touch.
    pub fn indices(&self, bytes: Range<usize>) -> Range<usize> {
        let first = self.spans.partition_point(|span| span.to <= bytes.start);
        let end = self.spans.partition_point(|span| span.from < bytes.end);
        first..end.max(first)
    }

    /// Where some words stand in the text, in code points.
    pub fn place(&self, words: Range<usize>) -> Range<u32> {
        match (self.spans.get(words.start), words.end.checked_sub(1).and_then(|last| self.spans.get(last))) {
            (Some(first), Some(last)) => first.start..last.end.max(first.end),
            _ => 0..0,
        }
    }

    /// Without the greeting before and the courtesies behind; empty where there was nothing else.
    pub fn normalised(&self) -> &str {
        self.slice(self.core())
    }

    /// The indices of what [`Words::normalised`] keeps.
    pub fn core(&self) -> Range<usize> {
        const GREETINGS: [&str; 18] = [
            "afternoon",
            "day",
            "dear",
            "evening",
            "everyone",
            "folks",
            "good",
            "hello",
            "hey",
            "hi",
            "hiya",
            "madam",
            "morning",
            "ok",
            "okay",
            "sir",
            "team",
            "there",
        ];
        const COURTESIES: [&str; 9] =
            ["cheers", "kindly", "please", "pls", "plz", "regards", "thanks", "thx", "ty"];
        let start = self.iter().position(|word| GREETINGS.binary_search(&word).is_err());
        let start = start.unwrap_or(self.len());
        let mut end = self.len();
        while end > start {
            if COURTESIES.binary_search(&self.word(end - 1)).is_ok() {
                end -= 1;
            } else if end >= start + 2 && self.word(end - 2) == "thank" && self.word(end - 1) == "you" {
                end -= 2;
            } else {
                break;
            }
        }
        start..end
    }

    /// What the text is about.
    pub fn content(&self) -> Content {
        let mut content = Content::default();
        for sentence in &self.sentences {
            for index in sentence.words.clone() {
                let word = self.word(index);
                // "No, it works" answers; "I have no signal" says what is not.
                let class = Class::of(word);
                content.negated |= class.is_negation() && !(word == "no" && index == sentence.words.start);
                // Whom a customer writes to, or at which address, is not what they write about.
                if !self.spans[index].linked && !class.is_stop() {
                    content.add(word, class);
                }
            }
        }
        content
    }

    /// A word begins at a code point, after another sign.
    fn begin(&mut self, at: u32, sign: char, before: char) -> Span {
        if !self.folded.is_empty() {
            self.folded.push(' ');
        }
        let from = self.folded.len();
        let goes_on = |last: &Span| last.linked && last.end + 1 == at && matches!(before, '.' | '-' | '_');
        let linked = before == '@' || self.spans.last().is_some_and(goes_on);
        Span { from, to: from, start: at, end: at, capital: sign.is_uppercase(), linked }
    }

    fn end_sentence(&mut self, first: &mut usize, question: bool) {
        if self.spans.len() > *first {
            self.sentences.push(Sentence { words: *first..self.spans.len(), question });
            *first = self.spans.len();
        } else if question && let Some(last) = self.sentences.last_mut() {
            // "What?!?"
            last.question = true;
        }
    }
}

/// Signs that join what is on both sides to one word.
fn joins(sign: char) -> bool {
    matches!(sign, '\'' | '’' | 'ʼ' | '`' | '\u{300}'..='\u{36f}')
}

// === impl Content ===

impl Content {
    /// Shared content words by all content words of both, 0 to 1.
    pub fn jaccard(&self, other: &Content) -> f64 {
        let shared = shared(&self.words, &other.words);
        ratio(shared, self.words.len() + other.words.len() - shared)
    }

    /// Shared content words by those of the text that has fewer, 0 to 1.
    pub fn containment(&self, other: &Content) -> f64 {
        ratio(shared(&self.words, &other.words), self.words.len().min(other.words.len()))
    }

    /// Whether both name things by number, and not one in common: two different orders.
    pub fn of_other_things(&self, other: &Content) -> bool {
        !self.figures.is_empty() && !other.figures.is_empty() && shared(&self.figures, &other.figures) == 0
    }

    fn add(&mut self, word: &str, class: Class) {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let hash = short_hash(stem(word).as_bytes());
        if digits >= FIGURE_DIGITS_MIN && word.len() >= FIGURE_CHARS_MIN {
            insert(&mut self.figures, hash, FIGURES_MAX);
        }
        let new = insert(&mut self.words, hash, CONTENT_MAX);
        let tells = digits == 0 && !class.is_label() && word.chars().nth(1).is_some();
        self.telling += usize::from(new && tells);
    }
}

/// Puts a value in its place of an ascending list, unless it is there or the list is full.
fn insert(list: &mut Vec<u32>, value: u32, max: usize) -> bool {
    match list.binary_search(&value) {
        Err(at) if list.len() < max => {
            list.insert(at, value);
            true
        }
        _ => false,
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests;
