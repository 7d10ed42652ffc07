//! What a clause is about: its words without the small and the general ones, in stems.
//!
//! Holds always: sorted, each stem once, so that two subjects can be compared as they are. Called by `claims`.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use crate::detectors::english::{month, trimmed};

/// Signs and words at which a clause ends.
const BREAKS: [&str; 12] =
    [", ", "; ", " - ", "(", ")", " but ", " and ", " so ", " because ", " which ", " while ", " whereas "];
/// Words that say nothing about the subject, among them those that every claim of a kind has.
const SMALL_WORDS: &str = "\
    a about above after again ah all already also always am an and any anything are aren't as at be been before being \
    both but by can can't cannot come comes could currently dear definitely did do does doesn't don't done each else \
    even ever every exactly fine for fully further get gets give go goes going good got great had happy has have \
    haven't he hello help her here hi him his how i i'd i'll i'm i've in indeed is isn't it it'll it's its just know \
    let look make may me more most my need needs never no not now of off oh ok okay on one only or our ours out over \
    perfect please possible quite really right same see she should simply so some sorry still such sure take takes \
    taking than thank thanks that that'll that's the their them then there there's these they they're this those to \
    today tomorrow too under up us very want was wasn't we we'll we're we've welcome well were what what's when where \
    which who why will with within without would yes yet you you'd you'll you're you've your yours \
    fee fees price prices priced cost costs charge charges charged rate rates amount amounts total pay paid \
    contract plan policy account case day days hour hours week weeks month months year years business working \
    monthly yearly per percent euro euros eur dollars dollar usd pound pounds gbp vat tax taxes net gross including \
    incl excluding excl period time times date arrive arrives arriving due scheduled booked planned set expected \
    allowed able accepted valid applies apply customer customers madam sir mr mrs ms online app web shop store \
    believe hope inform confirm confirmed note informed afraid glad told said says say checked check system tonight \
    according accordance from since through back get including terms \
    morning afternoon evening noon monday tuesday wednesday thursday friday saturday sunday once";
/// Words whose plain stem would differ.
const STEMS: [(&str, &str); 12] = [
    ("delivery", "deliver"),
    ("deliveries", "deliver"),
    ("shipping", "ship"),
    ("shipment", "ship"),
    ("shipped", "ship"),
    ("cancellation", "cancel"),
    ("cancelled", "cancel"),
    ("replacement", "replace"),
    ("replaced", "replace"),
    ("installation", "install"),
    ("guarantee", "warranty"),
    ("exchanges", "exchange"),
];
const TIMES: [&str; 6] = ["minute", "hour", "day", "week", "month", "year"];
static SMALL: LazyLock<HashSet<&str>> = LazyLock::new(|| SMALL_WORDS.split(' ').collect());
const VERB_LETTERS_MIN: usize = 3;
const STEM_LETTERS_MIN: usize = 4;

/// The clause of a sentence in which a value stands.
pub fn clause_at(sentence: &str, value: &Range<usize>) -> Range<usize> {
    let before = &sentence[..value.start];
    let start = BREAKS.iter().filter_map(|sign| before.rfind(sign).map(|at| at + sign.len())).max();
    let after = &sentence[value.end..];
    let end = BREAKS.iter().filter_map(|sign| after.find(sign)).min().unwrap_or(after.len());
    let end = value.end + after[..end].trim_end_matches(['.', '!', ' ', ',', ';']).len();
    start.unwrap_or(0)..end
}

/// The stems of a clause, without those within `skip`.
pub fn subject_words(clause: &str, skip: &[Range<usize>]) -> Vec<String> {
    let mut stems: Vec<String> = words(clause)
        .filter(|range| !skip.iter().any(|skip| range.start < skip.end && skip.start < range.end))
        .map(|range| clause[range].trim_matches('\'').trim_end_matches("'s"))
        .filter(|word| !word.is_empty() && !SMALL.contains(*word))
        .map(stem)
        .collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// The words of a text, with their apostrophes.
pub fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let of_word = |sign: char| sign.is_alphanumeric() || sign == '\'';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(of_word)?;
        let end = text[start..].find(|sign: char| !of_word(sign)).map_or(text.len(), |length| start + length);
        at = end;
        Some(start..end)
    })
}

/// When something is: "at 19:02", "30 days", "11 march". Facts, and no part of what a yes or no is about.
pub fn when(clause: &str) -> Vec<Range<usize>> {
    let places: Vec<Range<usize>> = words(clause).collect();
    let text = |at: usize| places.get(at).map_or("", |place| &clause[place.clone()]);
    let figure = |at: usize| text(at).starts_with(|sign: char| sign.is_ascii_digit());
    let mut found = Vec::new();
    for at in (0..places.len()).filter(|at| figure(*at)) {
        let unit = TIMES.iter().any(|unit| text(at + 1).starts_with(unit)) || month(text(at + 1)).is_some();
        let clock = clause[places[at].end..].starts_with(':') || clause[..places[at].start].ends_with(':');
        let before = at.checked_sub(1).map_or("", text);
        if unit || clock || month(before).is_some() || matches!(before, "at" | "since" | "by") {
            found.push(places[at].start..places[if unit { at + 1 } else { at }].end);
        }
    }
    found
}

/// The clauses of a sentence, without the signs around them.
pub fn clauses(sentence: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < sentence.len() {
        let rest = &sentence.as_bytes()[at..];
        let sign = match rest[0] {
            b' ' | b',' | b';' | b'(' | b')' => BREAKS.iter().find(|sign| rest.starts_with(sign.as_bytes())),
            _ => None,
        };
        if let Some(sign) = sign {
            found.push(start..at);
            start = at + sign.len();
            // The space that ends one sign may begin the next.
            at = start.saturating_sub(usize::from(sign.ends_with(' '))).max(at + 1);
        } else {
            at += 1;
        }
    }
    found.push(start.min(sentence.len())..sentence.len());
    found
        .into_iter()
        .filter(|range| range.start < range.end)
        .map(|range| trimmed(sentence, range))
        .filter(|range| !range.is_empty())
        .collect()
}

/// What the forms of a verb have in common: "shipped", "ships", "ship".
pub fn verb_stem(word: &str) -> String {
    if let Some((_, stem)) = STEMS.iter().find(|(known, _)| *known == word) {
        return (*stem).to_owned();
    }
    let stem = ["ing", "ed", "es", "e", "s"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.len() >= VERB_LETTERS_MIN));
    let stem = stem.unwrap_or(word);
    let mut letters = stem.chars().rev();
    let doubled = letters.next().is_some_and(|last| letters.next() == Some(last));
    if doubled && !stem.ends_with(['s', 'e', 'o']) {
        stem[..stem.len() - 1].to_owned()
    } else {
        stem.to_owned()
    }
}

fn stem(word: &str) -> String {
    if let Some((_, stem)) = STEMS.iter().find(|(known, _)| *known == word) {
        return (*stem).to_owned();
    }
    for ending in ["ing", "ed", "s"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.len() >= STEM_LETTERS_MIN
            && !stem.ends_with('s')
        {
            return stem.to_owned();
        }
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_what_is_left_of_a_clause() {
        let check =
            |clause: &str, expect: &[&str]| assert_eq!(subject_words(clause, &[]), expect, "{clause:?}");
        check("the fee is", &[]);
        check("returns within", &["return"]);
        check("you can return it within", &["return"]);
        check("it'll be delivered on", &["deliver"]);
        check("the delivery is on", &["deliver"]);
        check("ssl is free on the s plan", &["free", "s", "ssl"]);
        check("the customer's shoes, the shoe", &["shoe"]);
        check("express shipping", &["express", "ship"]);
        check("", &[]);
    }

    #[test]
    fn a_value_has_its_clause() {
        let check = |sentence: &str, value: &str, expect: &str| {
            let start = sentence.find(value).expect("it is there");
            assert_eq!(&sentence[clause_at(sentence, &(start..start + value.len()))], expect);
        };
        check("hello, the fee is 9.90.", "9.90", "the fee is 9.90");
        check("delivery: tuesday", "tuesday", "delivery: tuesday");
        check("it's 8 in the shop and 12 at home", "12", "12 at home");
    }
}
