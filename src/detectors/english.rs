//! Reading short English texts by their words: folding, sentences, places, numbers, names of days and months.
//!
//! Holds always: a folded text has the code points of the given one, place by place, so that offsets agree; nothing
//! here knows other languages, and what is not recognised is left alone. Called by `promises` and `contradictions`, and for
//! constant patterns by all detectors that read words.

use std::ops::Range;

use jiff::civil::Weekday;
use regex::Regex;

/// Full stops after these end no sentence.
const ABBREVIATIONS: [&str; 14] =
    ["mr", "mrs", "ms", "dr", "no", "st", "approx", "e.g", "i.e", "a.m", "p.m", "incl", "excl", "tel"];
/// A regex of the names of days, full and short.
pub const WEEKDAY: &str = "monday|tuesday|wednesday|thursday|friday|saturday|sunday\
    |mon|tues|tue|weds|wed|thurs|thur|thu|fri|sat|sun";
/// A regex of the names of months, full and short.
pub const MONTH: &str = "january|february|march|april|may|june|july|august|september|october|november|december\
    |jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec";
/// A regex of small numbers in words.
pub const NUMBER_WORD: &str = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty\
    |forty|fifty|sixty|ninety";
const NUMBERS: [(&str, u32); 19] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("ninety", 90),
];

/// A text in small letters with plain apostrophes, hyphens and spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    text: String,
}

impl Folded {
    pub fn of(text: &str) -> Self {
        let mut folded = String::with_capacity(text.len());
        folded.extend(text.chars().map(fold));
        Folded { text: folded }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The code points of some bytes.
    pub fn places(&self, bytes: &Range<usize>) -> (usize, usize) {
        let start = self.text[..bytes.start].chars().count();
        (start, start + self.text[bytes.clone()].chars().count())
    }

    /// The bytes of some code points, cut to the text.
    pub fn bytes(&self, places: &Range<usize>) -> Range<usize> {
        let byte = |place| self.text.char_indices().nth(place).map_or(self.text.len(), |(byte, _)| byte);
        let start = byte(places.start);
        start..byte(places.end).max(start)
    }
}

/// Compiles a constant pattern.
pub fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a constant pattern: this is a bug")
}

/// The sentences of a folded text, with the signs that end them, without the spaces around them.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let end = at + sign.len_utf8();
        let followed_by_space = signs.peek().is_none_or(|(_, next)| next.is_whitespace());
        let ends = match sign {
            '\n' => true,
            '!' | '?' | ';' => followed_by_space,
            '.' => followed_by_space && !ends_in_abbreviation(&text[start..at]),
            _ => false,
        };
        if ends {
            found.push(start..end);
            start = end;
        }
    }
    found.push(start..text.len());
    found.into_iter().map(|range| trimmed(text, range)).filter(|range| !range.is_empty()).collect()
}

/// A range without the white space at its ends.
pub fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let start = range.start + inside.len() - inside.trim_start().len();
    start..(range.start + inside.trim_end().len()).max(start)
}

/// A number in digits or in words.
pub fn number(text: &str) -> Option<u32> {
    text.parse().ok().or_else(|| NUMBERS.iter().find(|(name, _)| *name == text).map(|(_, value)| *value))
}

/// The day that a name of [`WEEKDAY`] means.
pub fn weekday(name: &str) -> Option<Weekday> {
    Some(match name.get(..3)? {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// The number of the month that a name of [`MONTH`] means.
pub fn month(name: &str) -> Option<i8> {
    const SHORT: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let short = name.get(..3)?;
    (1..).zip(SHORT).find(|(_, known)| *known == short).map(|(number, _)| number)
}

fn fold(sign: char) -> char {
    match sign {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{b4}' | '`' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\t' | '\r' | '\u{a0}' | '\u{2009}' | '\u{202f}' => ' ',
        _ => sign.to_ascii_lowercase(),
    }
}

fn ends_in_abbreviation(text: &str) -> bool {
    let word = text.rsplit(|sign: char| sign.is_whitespace() || sign == '(').next().unwrap_or_default();
    ABBREVIATIONS.contains(&word)
        || word
            .strip_suffix("a.m")
            .or_else(|| word.strip_suffix("p.m"))
            .is_some_and(|rest| rest.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_every_place() {
        let folded = Folded::of("Ünlike I’ll — wait 🙂 OK");
        assert_eq!(folded.text(), "Ünlike i'll - wait 🙂 ok");
        let byte = folded.text().find("ok").expect("it is there");
        assert_eq!(folded.places(&(byte..byte + 2)), (21, 23));
        assert_eq!(folded.bytes(&(21..23)), byte..byte + 2);
        assert_eq!(folded.bytes(&(900..1000)), folded.text().len()..folded.text().len());
    }

    #[test]
    fn sentences_end_at_signs_but_not_in_numbers_and_abbreviations() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<&str> = sentences(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expect, "{text:?}");
        };
        check("", &[]);
        check("it's 9.90. ok?  yes!", &["it's 9.90.", "ok?", "yes!"]);
        check("by 5 p.m. today", &["by 5 p.m. today"]);
        check("by 5p.m. today", &["by 5p.m. today"]);
        check("dear mr. may\nhello", &["dear mr. may", "hello"]);
        check("really?! wow", &["really?!", "wow"]);
    }

    #[test]
    fn names_and_numbers_are_read() {
        assert_eq!(number("12"), Some(12));
        assert_eq!(number("twelve"), Some(12));
        assert_eq!(number("dozen"), None);
        assert_eq!(weekday("thurs"), Some(Weekday::Thursday));
        assert_eq!(month("sept"), Some(9));
    }
}
