//! The kinds of facts that a customer's turn gives: numbers, names, addresses, devices, error texts, the problem.
//!
//! Holds always: pure; a fact is read by its pattern, by the word that names it, or as the answer to what was just
//! asked for; of a fact only a 32-bit hash is kept. Facts that nothing names are left out. English.
//! Called by `start_over`.

use std::sync::LazyLock;

use regex::Regex;

use super::english::pattern;
use crate::conversation::words::{Words, short_hash};

/// How many words a name has that is given as an answer.
const NAME_WORDS_MAX: usize = 4;
/// How far before a number the word may stand that says what number it is.
const LABEL_WORDS_MAX: usize = 6;
/// A turn with as many words that tell something tells a problem.
const PROBLEM_TELLING_MIN: usize = 3;
/// Facts read off one turn.
pub const FACTS_PER_TURN_MAX: usize = 16;

/// What can be asked for and given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Order,
    Booking,
    Case,
    Account,
    Tracking,
    /// A number that is only called a reference.
    Reference,
    Name,
    Email,
    Phone,
    Postcode,
    BirthDate,
    Device,
    Error,
    Problem,
}

/// All of them, in the order of their declaration.
pub const KINDS: [Kind; 14] = [
    Kind::Order,
    Kind::Booking,
    Kind::Case,
    Kind::Account,
    Kind::Tracking,
    Kind::Reference,
    Kind::Name,
    Kind::Email,
    Kind::Phone,
    Kind::Postcode,
    Kind::BirthDate,
    Kind::Device,
    Kind::Error,
    Kind::Problem,
];

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u16);

static EMAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\w.+-]+@[\w-]+\.\w{2,}"));
/// A number that can only be a telephone's.
static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:\+\d|\b0)\d{1,4}(?:[ ()/.-]{0,2}\d){6,11}\b"));
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b(?:\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)?\d\d|(?:19|20)\d\d-\d\d-\d\d",
        r"|\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov",
        r"|dec)\w*,? (?:19|20)\d\d)\b",
    ))
});
static BORN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:born|birth|birthday|birthdate|dob)\b"));
/// British, Canadian and Dutch ones can be told by their form.
static POSTCODE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:[a-z]{1,2}\d[a-z\d]? \d[a-z]{2}|[a-z]\d[a-z] \d[a-z]\d|\d{4} ?[a-z]{2})\b")
});
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?:(?i:my (?:full |first )?name(?:'s|’s| is)|\bname:|the name is|\bi'm called)\s+\w+",
        r"|(?i:this is|i am|i'm)\s+[A-Z][\w'-]+ [A-Z][\w'-]+",
        r"|(?i:regards|sincerely|faithfully|cheers|wishes),?\s*\n\s*[A-Z])",
    ))
});
static NAME_HINT: LazyLock<Regex> =
    LazyLock::new(|| pattern("name|called|this is|i am|im |regards|sincerely|faithfully|cheers|wishes"));
static DEVICE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:iphone|ipad|macbook|imac|galaxy|pixel \d|oneplus|huawei|xiaomi|thinkpad|chromebook",
        r"|xbox|playstation",
        r"|ps[45]|nintendo|kindle|fritzbox|android \d+|windows \d+|model \w*\d\w*)\b",
    ))
});
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)(?:\berror(?: code| message| number)?[:\s#]+\S*\d|\b(?:it|screen|message|error|app|site|page)",
        r"(?: message)? (?:just |only |still )?(?:says|said|reads|shows|is)[:\s]+[“”\x22‘«])",
    ))
});

/// What a customer's turn gives, with a hash of each value; `asked` is what the turn before it asked for.
pub fn given(text: &str, words: &Words, asked: Kinds) -> Vec<(Kind, u32)> {
    let mut facts = numbers(text, words, asked);
    let folded = words.folded();
    // Most texts have none of these signs, and then most of the patterns need no look.
    let (digits, names) = (has_digit(text), text.bytes().any(|byte| byte.is_ascii_uppercase()));
    let mut add = |kind: Kind, value: &str| facts.push((kind, short_hash(value.as_bytes())));
    if text.contains('@') {
        EMAIL.find_iter(text).take(2).for_each(|email| add(Kind::Email, &email.as_str().to_lowercase()));
    }
    if digits && let Some(phone) = PHONE.find(text) {
        let digits: String = phone.as_str().chars().filter(char::is_ascii_digit).collect();
        add(Kind::Phone, &digits);
    }
    if digits
        && (asked.has(Kind::BirthDate) || BORN.is_match(folded))
        && let Some(date) = DATE.find(text)
    {
        add(Kind::BirthDate, date.as_str());
    }
    if digits
        && let Some(postcode) = POSTCODE.find(folded)
        && (asked.has(Kind::Postcode) || !postcode.as_str().starts_with(|sign: char| sign.is_ascii_digit()))
    {
        add(Kind::Postcode, postcode.as_str());
    }
    if (names && NAME_HINT.is_match(folded) && NAME.is_match(text))
        || (asked.has(Kind::Name) && is_bare_name(words))
    {
        add(Kind::Name, "");
    }
    if let Some(device) = DEVICE.find(folded) {
        add(Kind::Device, device.as_str());
    }
    if (folded.contains("error") || text.contains(['"', '“', '”', '‘', '«'])) && ERROR.is_match(text) {
        add(Kind::Error, "");
    }
    if words.content().telling >= PROBLEM_TELLING_MIN {
        add(Kind::Problem, "");
    }
    facts.truncate(FACTS_PER_TURN_MAX);
    facts
}

/// Numbers that are named, and those that answer the only question for one.
fn numbers(text: &str, words: &Words, asked: Kinds) -> Vec<(Kind, u32)> {
    let mut facts = Vec::new();
    let mut unnamed = Vec::new();
    let mut at = 0;
    while at < words.len() && facts.len() < FACTS_PER_TURN_MAX {
        let start = at;
        while has_digit(words.word(at)) {
            at += 1;
        }
        if at == start {
            at += 1;
            continue;
        }
        if !words.slice(start..at).split(' ').any(is_figure) || is_quantity(text, words, start, at) {
            continue;
        }
        let value = short_hash(words.slice(start..at).replace(' ', "").as_bytes());
        match label_before(words, start) {
            Some(kind) => facts.push((kind, value)),
            None => unnamed.push(value),
        }
    }
    let wanted: Vec<Kind> = KINDS.into_iter().filter(|kind| kind.is_number() && asked.has(*kind)).collect();
    if !wanted.is_empty() && unnamed.len() >= wanted.len() {
        facts.extend(wanted.into_iter().zip(unnamed));
    }
    facts
}

/// What kind of number the words before it say that it is.
fn label_before(words: &Words, number: usize) -> Option<Kind> {
    let mut fallback = None;
    for at in (number.saturating_sub(LABEL_WORDS_MAX)..number).rev() {
        let word = words.word(at);
        match word {
            "order" | "orders" | "purchase" => return Some(Kind::Order),
            "booking" | "bookings" | "reservation" | "confirmation" | "pnr" => return Some(Kind::Booking),
            "case" | "ticket" | "claim" | "incident" | "complaint" => return Some(Kind::Case),
            "account" | "customer" | "policy" | "contract" | "member" | "membership" | "client" => {
                return Some(Kind::Account);
            }
            "tracking" | "parcel" | "shipment" | "package" | "consignment" => return Some(Kind::Tracking),
            "phone" | "mobile" | "cell" | "tel" | "telephone" | "landline" => return Some(Kind::Phone),
            "postcode" | "zip" | "postal" => return Some(Kind::Postcode),
            "ref" | "reference" => fallback = Some(Kind::Reference),
            "number" | "code" | "is" | "was" | "its" | "ends" | "ending" | "with" | "and" | "are"
            | "this" => {}
            _ if word.len() <= 3 || has_digit(word) => {}
            _ => return fallback,
        }
    }
    fallback
}

/// Whether the words are nothing but a name.
fn is_bare_name(words: &Words) -> bool {
    let core = words.core();
    let bare = words.slice(core.clone());
    (1..=NAME_WORDS_MAX).contains(&core.len())
        && !bare.bytes().any(|byte| byte.is_ascii_digit())
        && !bare
            .split(' ')
            .any(|word| matches!(word, "no" | "not" | "why" | "what" | "again" | "already" | "dont" | "yes"))
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Three digits, or letters and digits as in `KX77P`.
pub fn is_figure(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    digits >= 3 || (digits >= 2 && word.len() >= 5)
}

/// `$2500`, `300 minutes`, `at 1030 am`.
fn is_quantity(text: &str, words: &Words, start: usize, end: usize) -> bool {
    let unit = matches!(
        words.word(end),
        "euro"
            | "euros"
            | "eur"
            | "usd"
            | "dollars"
            | "pounds"
            | "gbp"
            | "quid"
            | "minutes"
            | "hours"
            | "days"
            | "weeks"
            | "months"
            | "years"
            | "times"
            | "people"
            | "gb"
            | "mb"
            | "mbps"
            | "mbit"
            | "am"
            | "pm"
            | "km"
    );
    let sign = (words.place(start..end).start as usize).checked_sub(1).and_then(|at| text.chars().nth(at));
    unit || matches!(sign, Some('$' | '€' | '£'))
}

// === impl Kind ===

impl Kind {
    const fn is_number(self) -> bool {
        (self as u16) <= Kind::Reference as u16 || matches!(self, Kind::Phone | Kind::Postcode)
    }
}

// === impl Kinds ===

impl Kinds {
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    pub const fn with(self, kind: Kind) -> Self {
        Kinds(self.0 | (1 << kind as u16))
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Kinds::default(), Kinds::with)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check_asked(asked: &[Kind], text: &str, expect: &[Kind]) {
        let facts = given(text, &Words::of(text), asked.iter().copied().collect());
        let mut kinds: Vec<Kind> = facts.into_iter().map(|(kind, _)| kind).collect();
        kinds.retain(|kind| *kind != Kind::Problem);
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds, expect, "{text:?}");
    }

    fn check(text: &str, expect: &[Kind]) {
        check_asked(&[], text, expect);
    }

    #[test]
    fn numbers_are_told_by_the_word_that_names_them() {
        check("Order 8812, as I told the bot", &[Kind::Order]);
        check("my order number is 4417-8821", &[Kind::Order]);
        check("booking reference KX77P", &[Kind::Booking]);
        check("Ref KX77P. Who changes my seat??", &[Kind::Reference]);
        check("claim no. 77-1082-A, status??", &[Kind::Case]);
        check("Policy: HH-20931. Bicycle stolen", &[Kind::Account]);
        check("tracking VX220144 says delivered", &[Kind::Tracking]);
        check("I live in SW1A 1AA", &[Kind::Postcode]);
        check("zip 90210", &[Kind::Postcode]);
        check("my order came after 300 minutes", &[]);
        check("my order for $2500 is late", &[]);
        check("I ordered on 12 May", &[]);
        check("it costs 4417", &[]);
        check("", &[]);
    }

    #[test]
    fn other_facts_are_told_by_their_form() {
        check("write to Sam.K@acme-x.org please", &[Kind::Email]);
        check("call me on +44 20 7946 0018", &[Kind::Phone]);
        check("born 17.03.1984", &[Kind::BirthDate]);
        check("it came on 17.03.2025", &[]);
        check("my name is Sam", &[Kind::Name]);
        check("Hi, this is Helen Ashdown", &[Kind::Name]);
        check("This is a joke. I'm angry", &[]);
        check("I want an answer.\nRegards,\nHelen Ashdown", &[Kind::Name]);
        check("the map won't load on my iPhone", &[Kind::Device]);
        check("it says \"licence expired\"", &[Kind::Error]);
        check("error code E-4031 again", &[Kind::Error]);
    }

    #[test]
    fn answers_give_what_was_asked_for() {
        check_asked(&[Kind::Order], "4417882", &[Kind::Order]);
        check_asked(&[Kind::Order, Kind::Postcode], "4417882", &[]);
        check_asked(&[Kind::Name], "Jan Wouters", &[Kind::Name]);
        check_asked(&[Kind::Name], "why?", &[]);
        check_asked(&[Kind::Name], "I do not want to give my name to a machine", &[]);
        check_asked(&[Kind::BirthDate], "3 March 1984", &[Kind::BirthDate]);
        check_asked(&[Kind::Order], "I don't have it here", &[]);
    }

    #[test]
    fn a_problem_takes_a_few_words() {
        let check = |text: &str, expect: bool| {
            let facts = given(text, &Words::of(text), Kinds::default());
            assert_eq!(facts.iter().any(|(kind, _)| *kind == Kind::Problem), expect, "{text:?}");
        };
        check("hi", false);
        check("Hello, I need help with my order", false);
        check("the router drops the connection every evening", true);
    }

    proptest! {
        #[test]
        fn any_text_gives_a_bounded_list(text in "\\PC{0,60}|[a-z0-9@. +-]{0,80}|(order 123 ){0,40}") {
            let facts = given(&text, &Words::of(&text), KINDS.into_iter().collect());
            prop_assert!(facts.len() <= FACTS_PER_TURN_MAX);
        }
    }
}
