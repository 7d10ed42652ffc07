//! Which turns the model should not judge: nothing said, another language, no language at all.
//!
//! Rules, not a model: they cost microseconds, and each can be said in a sentence. A turn abstains
//! * as `too_short` where it has no token (empty, white space);
//! * as `garbage` where most of it is symbols, one repeated character, control characters, a block of base64, or
//!   words that no language has (typed with the flat hand: broken into crumbs by the vocabulary, with four or more
//!   consonants in a row);
//! * as `language` where most letters are of another script than Latin; or, from three words on, where small words of
//!   other languages (`foreign_words`) outnumber common English ones; or, from four words on, where hardly a word is
//!   common English and the vocabulary breaks most of them. Common English are the [`COMMON_WORDS`] words that come
//!   first in the model's vocabulary, which is sorted by frequency. Names, links, user names and hashtags do not count.
//!
//! "ok", "???", "lol", emoji, an order number and "AAAARGH" are things that customers say: they are judged.
//! Holds always: a function of the text alone. Called by `prepared`.

use std::collections::HashSet;
use std::ops::Range;

use super::foreign_words::{FOREIGN, PARTICLES};
use super::text::{Text, Tokens};

/// Why a turn is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abstention {
    /// It is in a language that the model has not learned.
    Language,
    /// Nothing is said.
    TooShort,
    /// It is no language at all.
    Garbage,
}

/// How many words count as common English.
const COMMON_WORDS: usize = 4_000;
/// The first frequent word; before it the vocabulary has special and single signs.
const FIRST_COMMON: &str = "the";
/// Symbols of which a turn may consist.
const SYMBOLS_MAX: usize = 7;
/// Times that one letter or digit may make up the whole turn.
const REPEATS_MAX: usize = 11;
/// Characters of a block of base64, at least.
const BLOCK_CHARS_MIN: usize = 24;
/// Letters of a word that may be typed with the flat hand, and of all of them.
const MASH_LETTERS_MIN: usize = 5;
const MASH_LETTERS_ALL_MIN: usize = 8;
/// Consonants in a row that English words hardly have.
const CONSONANTS_MIN: usize = 4;

/// What is known of the vocabulary.
pub struct Judge {
    /// By the number of the token.
    tokens: Vec<Token>,
    foreign: HashSet<&'static str>,
    particles: HashSet<&'static str>,
}

struct Token {
    /// Without the mark of a continuation.
    text: Box<str>,
    continues: bool,
    common: bool,
}

/// The words of a turn, counted. Names do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Words {
    all: usize,
    letters: usize,
    /// Pieces that the vocabulary breaks them into.
    pieces: usize,
    common: usize,
    foreign: usize,
    /// Of the foreign ones, those that are in no name.
    telling: usize,
    /// Letters of words that no language has.
    mashed: usize,
}

impl Abstention {
    /// The reason on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Abstention::Language => "language",
            Abstention::TooShort => "too_short",
            Abstention::Garbage => "garbage",
        }
    }
}

// === impl Judge ===

impl Judge {
    pub fn new(text: &Text) -> Self {
        let vocabulary = text.vocabulary();
        let first = vocabulary.iter().position(|token| token == FIRST_COMMON).unwrap_or(0);
        let common = first..first + COMMON_WORDS;
        let foreign: HashSet<&str> = FOREIGN.iter().flat_map(|words| words.split(' ')).collect();
        let particles: HashSet<&str> = PARTICLES.split(' ').collect();
        let token = |(id, token): (usize, String)| {
            let bare = token.strip_prefix("##");
            let text: Box<str> = bare.unwrap_or(&token).into();
            Token { continues: bare.is_some(), common: common.contains(&id), text }
        };
        Judge { tokens: vocabulary.into_iter().enumerate().map(token).collect(), foreign, particles }
    }

    /// Why this text should not be judged, if so.
    pub fn reason(&self, text: &str, tokens: &Tokens) -> Option<Abstention> {
        if tokens.ids.is_empty() {
            return Some(Abstention::TooShort);
        }
        let signs: Vec<char> = text.chars().collect();
        if is_noise(&signs) || is_block(text) {
            return Some(Abstention::Garbage);
        }
        if in_other_script(&signs) {
            return Some(Abstention::Language);
        }
        let words = self.count(&signs, tokens);
        if words.are_mashed() {
            Some(Abstention::Garbage)
        } else {
            words.are_foreign().then_some(Abstention::Language)
        }
    }

    fn count(&self, signs: &[char], tokens: &Tokens) -> Words {
        let mut words = Words::default();
        let mut spelled = String::new();
        let mut at = 0;
        while at < tokens.ids.len() {
            let first = at;
            at += 1;
            while at < tokens.ids.len() && self.token(tokens.ids[at]).is_some_and(|token| token.continues) {
                at += 1;
            }
            let place = tokens.places[first].start as usize..tokens.places[at - 1].end as usize;
            if !is_word(signs, &place) {
                continue;
            }
            spelled.clear();
            let pieces = &tokens.ids[first..at];
            pieces.iter().filter_map(|id| self.token(*id)).for_each(|token| spelled.push_str(&token.text));
            let common = at - first == 1 && self.token(pieces[0]).is_some_and(|token| token.common);
            words.add(self, &spelled, pieces.len(), common, &signs[place.clone()], is_name(signs, &place));
        }
        words
    }

    fn token(&self, id: u32) -> Option<&Token> {
        self.tokens.get(id as usize)
    }
}

// === impl Words ===

impl Words {
    fn add(&mut self, judge: &Judge, spelled: &str, pieces: usize, common: bool, signs: &[char], name: bool) {
        let telling = judge.foreign.contains(spelled);
        if telling || judge.particles.contains(spelled) {
            self.foreign += 1;
            self.telling += usize::from(telling);
        } else if common {
            self.common += 1;
        } else if name {
            return;
        } else if signs.iter().any(|sign| matches!(sign, 'À'..='ɏ' | 'Ḁ'..='ỿ')) {
            // English borrows words, seldom their accents.
            self.foreign += 1;
            self.telling += 1;
        } else if spelled.len() >= MASH_LETTERS_MIN
            && pieces * 2 > spelled.len()
            && consonants_in_a_row(spelled) >= CONSONANTS_MIN
        {
            self.mashed += signs.len();
        }
        self.all += 1;
        self.letters += signs.len();
        self.pieces += pieces;
    }

    fn are_mashed(&self) -> bool {
        let none_known = self.common + self.foreign == 0;
        none_known && self.letters >= MASH_LETTERS_ALL_MIN && self.mashed * 2 >= self.letters
    }

    /// The bounds were set on real English turns; `tests/public_data.rs` says how many of them they still take out.
    fn are_foreign(&self) -> bool {
        let Words { all, letters, pieces, common, foreign, telling, .. } = *self;
        let outnumbered = telling >= 1 && foreign >= 2 && foreign > common && common * 20 <= all * 9;
        // "I want" is English with any noun behind it; two broken words may be names.
        let broken = telling >= 1 && common * 4 <= all && pieces * 2 >= all * 3;
        // Abbreviations break too, but they are short.
        let unheard_of = common * 5 <= all && pieces * 5 >= all * 11 && letters >= all * 5;
        (all >= 3 && outnumbered) || (all >= 4 && (broken || unheard_of))
    }
}

/// Letters alone, at least two of them, and no part of a user name, a hashtag or a code.
fn is_word(signs: &[char], place: &Range<usize>) -> bool {
    let before = place.start.checked_sub(1).map(|at| signs[at]);
    place.len() >= 2
        && signs[place.clone()].iter().all(|sign| sign.is_alphabetic())
        && !before.is_some_and(|sign| matches!(sign, '@' | '#' | '_') || sign.is_numeric())
        && !signs.get(place.end).is_some_and(|sign| *sign == '_' || sign.is_numeric())
}

/// Whether it begins with a capital within a sentence.
fn is_name(signs: &[char], place: &Range<usize>) -> bool {
    let own = &signs[place.clone()];
    let capital = own[0].is_uppercase() && !own.iter().all(|sign| sign.is_uppercase());
    let before = signs[..place.start].iter().rev().find(|sign| !sign.is_whitespace());
    capital && before.is_some_and(|sign| !matches!(sign, '.' | '!' | '?' | '¿' | '¡'))
}

fn consonants_in_a_row(word: &str) -> usize {
    let (mut most, mut run) = (0, 0);
    for sign in word.chars() {
        run = if matches!(sign, 'a' | 'e' | 'i' | 'o' | 'u' | 'y') { 0 } else { run + 1 };
        most = most.max(run);
    }
    most
}

/// Symbols, one repeated sign, or what no keyboard types.
fn is_noise(signs: &[char]) -> bool {
    // What people write in anger, doubt and joy is no noise, however long.
    let speaks =
        |sign: &char| matches!(sign, '?' | '!' | '.' | ',' | '(' | ')') || !sign.is_ascii_punctuation();
    let seen = signs.iter().filter(|sign| !sign.is_whitespace());
    let (mut all, mut symbols, mut unprintable) = (0_usize, 0, 0);
    for sign in seen {
        all += 1;
        symbols += usize::from(!speaks(sign));
        unprintable += usize::from(sign.is_control() || matches!(sign, '\u{fffd}' | '\u{e000}'..='\u{f8ff}'));
    }
    let mut letters = signs.iter().filter(|sign| sign.is_alphanumeric()).flat_map(|sign| sign.to_lowercase());
    let first = letters.next();
    let mut repeats = usize::from(first.is_some());
    let one_alone = letters.all(|sign| {
        repeats += 1;
        Some(sign) == first
    });
    (symbols > SYMBOLS_MAX && symbols * 2 > all)
        || (unprintable >= 3 && unprintable * 5 >= all)
        || (one_alone && repeats > REPEATS_MAX)
}

/// Whether more than half of it are long runs of capitals, small letters and digits mixed, as base64 has.
fn is_block(text: &str) -> bool {
    let in_block = |word: &str| {
        let has = |kind: fn(&u8) -> bool| word.bytes().filter(kind).count();
        word.len() >= BLOCK_CHARS_MIN
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'))
            && has(u8::is_ascii_uppercase) * 8 >= word.len()
            && has(u8::is_ascii_lowercase) * 8 >= word.len()
            && has(u8::is_ascii_digit) >= 1
    };
    let all: usize = text.split_whitespace().map(str::len).sum();
    let blocks: usize = text.split_whitespace().filter(|word| in_block(word)).map(str::len).sum();
    blocks * 2 > all
}

/// Whether most letters are not Latin. A single sign, as in "¯\_(ツ)_/¯", is a picture.
fn in_other_script(signs: &[char]) -> bool {
    let (mut letters, mut others, mut pairs) = (0_usize, 0_usize, false);
    let mut before = false;
    for sign in signs {
        let other = sign.is_alphabetic() && !is_latin(*sign);
        letters += usize::from(sign.is_alphabetic());
        others += usize::from(other);
        pairs |= other && before;
        before = other;
    }
    pairs && others * 2 > letters
}

/// Latin letters with all their accents, and those that fonts and mathematics made of them.
fn is_latin(sign: char) -> bool {
    matches!(
        sign,
        '\0'..='\u{2ff}' | '\u{1d00}'..='\u{1eff}' | '\u{2070}'..='\u{218f}' | '\u{2460}'..='\u{24ff}'
            | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}' | '\u{fb00}'..='\u{fb06}' | '\u{ff21}'..='\u{ff5a}'
            | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}'
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    struct Bench {
        text: Text,
        judge: Judge,
    }

    impl Bench {
        fn new() -> Self {
            let vocabulary = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/undertone-en/vocab.txt");
            let text = Text::load(&vocabulary).expect("the shipped vocabulary");
            let judge = Judge::new(&text);
            Bench { text, judge }
        }

        fn reason(&self, text: &str) -> Option<Abstention> {
            self.judge.reason(text, &self.text.tokens(text))
        }
    }

    #[test]
    fn what_customers_say_is_judged() {
        let bench = Bench::new();
        for text in [
            "ok",
            "k",
            "???",
            "!!!!!!!!!!!!",
            "lol",
            "thx",
            "ty",
            "no",
            "AAAARGH",
            "noooooooooo",
            "hahahahahahaha",
            "😡😡😡😡😡😡😡😡😡😡",
            "👍🏽",
            "4417",
            "XK4417-QZ",
            "order #AB-12-99/X",
            "1Z999AA10123456784",
            "550e8400-e29b-41d4-a716-446655440000",
            "a.b@acme.example",
            "https://acme.example/a?b=c&d=Zm9vYmFyMTIzNDU2Nzg5MA",
            "@AcmeCare",
            "#fail",
            ":)))))))",
            "¯\\_(ツ)_/¯",
            "tmrw pls rspnd",
            "idk tbh",
            "omg smh wtf",
            "pls fx my interent asap",
            "plz chek my ordr nt arivd",
            "wtf is ur problem bro",
            "Wolfgang Schmidt",
            "Krzysztof Brzęczyszczykiewicz",
            "Wolfgang Schmidt, Hauptstrasse 12, Berlin",
            "El Paso to Los Angeles via San Jose",
            "iPhone XR iOS 13 crashlytics Samsung Galaxy",
            "BTW ur kiosk @ JFK T4 iz borked",
            "ASAP FYI IMEI IMSI APN",
            "I ordered the pain au chocolat and the crème brûlée",
            "my name is José Núñez",
            "hola, I need help with my order",
            "gracias!",
            "what the #@$% is this",
            "$20 + $5 = $25",
            "grrrr",
            "hmmmmph",
            "the the the the the",
            "DE89 3704 0044 0532 0130 00",
            "𝔗𝔥𝔦𝔰 𝔦𝔰 𝔟𝔞𝔡",
            "ｏｋ ｓｕｒｅ",
            "3:00 - 4:30 / Gate B12",
            "ugh.............",
            "thnks",
            "zzz",
        ] {
            assert_eq!(bench.reason(text), None, "{text:?}");
        }
    }

    #[test]
    fn noise_is_garbage_and_nothing_is_too_short() {
        let bench = Bench::new();
        for text in [
            "asdkjh qwkejh zxmcn",
            "sdfkjhsdf",
            "jkhkjhkj kjhkjh",
            "lkjasdlkj asdlkjasd",
            "hjgfjhgf hjgfhjgf",
            "ajshdkjashd aksjdhakjshd akjsdhkajsh kjsdhf lkjhsdf",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "0000000000000000",
            "$%^&*()_+{}|<>~`$%^&",
            "=-=-=-=-=-=-=-=-=",
            "*&^%$#@*&^%$#@ *&^%$#@",
            "iVBORw0KGgoAAAANSUhEUgAAAAUA AAAFCAYAAACNbyblAAAAHElEQVQI12P4",
            "\u{fffd}\u{fffd}\u{1}\u{2}PNG\u{fffd}\u{fffd}\u{1a}",
        ] {
            assert_eq!(bench.reason(text), Some(Abstention::Garbage), "{text:?}");
        }
        for text in ["", "  \n", "\u{200d}"] {
            assert_eq!(bench.reason(text), Some(Abstention::TooShort), "{text:?}");
        }
    }

    #[test]
    fn other_languages_are_found() {
        let bench = Bench::new();
        let samples = include_str!("../../tests/data/foreign-turns.tsv");
        let mut missed = Vec::new();
        let mut all = 0;
        for (language, text) in samples.lines().filter_map(|line| line.split_once('\t')) {
            all += 1;
            if bench.reason(text) != Some(Abstention::Language) {
                missed.push((language, text));
            }
        }
        assert!(all >= 120, "{all} samples");
        assert!(missed.len() * 20 < all, "{} of {all} missed: {missed:?}", missed.len());
    }
}
