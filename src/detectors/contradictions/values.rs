//! Amounts, durations, days and percentages in a sentence of the business side.
//!
//! Holds always: English only; a sentence that names several values of one kind gives none of that kind, unless all
//! say "free". Called by `claims`, which knows what each is about.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::claims::Value;
use crate::detectors::english::{MONTH, NUMBER_WORD, WEEKDAY, month, number, pattern, weekday};

/// A sentence this short may only name a day.
const SHORT_DAY_BYTES_MAX: usize = 40;

/// A value found in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub value: Value,
    pub range: Range<usize>,
    /// "The 30 days": spoken of as known.
    pub definite: bool,
}

/// Reads what a pattern of a kind has caught in a sentence.
type Reader = fn(&str, &Captures<'_>) -> Option<Value>;

static MONEY: LazyLock<Regex> = LazyLock::new(|| {
    let amount = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,7}(?:[.,]\d{1,2})?";
    pattern(&format!(
        r"(?P<before>[€$£])\s?(?P<a>{amount})\b|\b(?P<b>{amount})\s?(?P<after>€|\$|£|euros?\b|eur\b|dollars?\b|usd\b|pounds?\b|gbp\b|quid\b)|\b(?:fee|price|cost|charge|rate)s? (?:[a-z ]{{3,40}} )?(?:is|are|of|:) (?P<c>{amount})\b|\b(?:is|are|costs?) (?P<d>\d{{1,5}}[.,]\d{{2}}|\d{{1,5}}) (?:a|per) (?:month|year|night|person|piece)\b|\bcosts? (?P<e>{amount})(?: each| per \w+)?\b|\b(?:plus|and) (?P<f>\d{{1,4}}) for (?:the|your|a)\b|{FREE}"
    ))
});
const FREE: &str = r"\b(?P<free>free of charge|for free|free|at no (?:extra |additional )?(?:cost|charge)|without (?:extra |additional )?(?:cost|charge)|(?:there's|there is|there are|is|are) no (?:extra |additional )?(?:cost|fee|charge|surcharge)s?|costs? nothing|cost you nothing)\b";
/// A cost without its amount.
static FEE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:incurs?|carries|carry|subject to|there's|there is|comes with|come with) (?:always )?an? (?:\w+ )?(?:fee|charge|surcharge)|(?:is|are|isn't|aren't) not? ?free(?: of charge)?|costs? extra|(?:fee|charge|surcharge) (?:always )?applies)\b",
    )
});
static DURATION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?P<low>\d{{1,3}}|{NUMBER_WORD})(?:\s*(?:-|to|or)\s*(?P<high>\d{{1,3}}|{NUMBER_WORD}))?[\s-]*(?P<working>business|working)?[\s-]*(?P<unit>hours?|days?|weeks?|months?|years?)\b"
    ))
});
static DAY: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\b(?P<day>{WEEKDAY})\b")));
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m1>{MONTH})|(?P<m2>{MONTH}) (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?)\b"
    ))
});
static PERCENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?P<whole>\d{1,3})(?:[.,](?P<part>\d{1,2}))?\s?(?:%|percent\b|per cent\b)"));
static IN_OR_AGO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:in|for|after|next|another|every|give me|give us|of|past)\s+(?:the )?(?:next )?$")
});
/// "For 60 days" says how long something lasts only after these.
static LASTS_FOR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:valid|online|stays?|lasts?|runs?|stored|kept|held|active|open|guaranteed|covered) for $")
});
static THE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:after|within|during|of|once) the $"));

/// The values of a sentence: of each kind the only one, or none; all where each says "free".
pub fn values(sentence: &str) -> Vec<Found> {
    let digits = sentence.bytes().any(|byte| byte.is_ascii_digit());
    let mut found = Vec::new();
    if digits || ["free", "cost", "charge", " fee"].iter().any(|word| sentence.contains(word)) {
        found.extend(money(sentence));
    }
    let timed = ["hour", "day", "week", "month", "year"].iter().any(|unit| sentence.contains(unit));
    let kinds: [(bool, &Regex, Reader); 4] = [
        (timed, &DURATION, duration),
        (timed || sentence.len() < SHORT_DAY_BYTES_MAX, &DAY, |_, caught| day(caught)),
        (digits, &DATE, |_, caught| date(caught)),
        (digits, &PERCENT, |_, caught| percent(caught)),
    ];
    for (likely, regex, read) in kinds {
        if !likely {
            continue;
        }
        let mut matches = regex.captures_iter(sentence);
        let Some(first) = matches.next().filter(|_| matches.next().is_none()) else { continue };
        if let (Some(value), Some(whole)) = (read(sentence, &first), first.get(0)) {
            let definite = timed && THE.is_match(&sentence[..whole.start()]);
            found.push(Found { value, range: whole.range(), definite });
        }
    }
    found
}

/// "Free", a fee, or an amount.
fn money(sentence: &str) -> Vec<Found> {
    if let Some(fee) = FEE.find(sentence) {
        return vec![Found { value: Value::Fee, range: fee.range(), definite: false }];
    }
    let found: Vec<Found> = MONEY
        .captures_iter(sentence)
        .filter_map(|caught| {
            let whole = caught.get(0)?;
            // Of "the fee for a change is 75" the change is the subject.
            let figure = |name: &str| caught.name(name).map(|figure| figure.range());
            let range = figure("c").or_else(|| figure("f")).unwrap_or(whole.range());
            Some(Found { value: amount(&sentence[whole.end()..], &caught)?, range, definite: false })
        })
        .collect();
    let free = |found: &Found| matches!(found.value, Value::Money { cents: 0, .. });
    if found.len() > 1 && !found.iter().all(free) { Vec::new() } else { found }
}

fn amount(rest: &str, caught: &Captures<'_>) -> Option<Value> {
    if caught.name("free").is_some() {
        return Some(Value::Money { cents: 0, currency: None });
    }
    let bare = ["c", "d", "e", "f"].iter().find_map(|name| caught.name(name));
    let rest = rest.trim_start();
    // "The rate is 5 %" and "the cost of 2 hours" name no money.
    if bare.is_some()
        && ["%", "perc", "per c", "hour", "day", "week", "minute", "gb", "th", ":"]
            .iter()
            .any(|unit| rest.starts_with(unit))
    {
        return None;
    }
    let amount = caught.name("a").or(caught.name("b")).or(bare)?.as_str();
    let sign = caught.name("before").or(caught.name("after")).map(|sign| sign.as_str());
    let currency = sign.map(|sign| match sign {
        "$" | "usd" => "usd".to_owned(),
        "£" | "gbp" | "quid" => "gbp".to_owned(),
        _ if sign.starts_with("dollar") => "usd".to_owned(),
        _ if sign.starts_with("pound") => "gbp".to_owned(),
        _ => "eur".to_owned(),
    });
    Some(Value::Money { cents: cents(amount)?, currency })
}

/// "1,200", "9.90" and "9,90".
fn cents(amount: &str) -> Option<u64> {
    let (whole, part) = match amount.rfind(['.', ',']) {
        Some(at) if amount.len() - at <= 3 => (&amount[..at], &amount[at + 1..]),
        _ => (amount, ""),
    };
    let whole: u64 = whole.replace(',', "").parse().ok()?;
    let part: u64 = match part.len() {
        0 => 0,
        1 => part.parse::<u64>().ok()? * 10,
        _ => part.parse().ok()?,
    };
    Some(whole * 100 + part)
}

fn duration(sentence: &str, caught: &Captures<'_>) -> Option<Value> {
    // "In 3 days" is another day tomorrow.
    let before = &sentence[..caught.get(0)?.start()];
    if IN_OR_AGO.is_match(before) && !LASTS_FOR.is_match(before) && !THE.is_match(before) {
        return None;
    }
    let amount = |name: &str| caught.name(name).and_then(|digits| number(digits.as_str()));
    let hours = match caught.name("unit")?.as_str().as_bytes() {
        [b'h', ..] => 1,
        [b'd', ..] => 24,
        [b'w', ..] => 168,
        [b'm', ..] => 720,
        _ => 8_760,
    };
    let shortest = amount("low")?;
    let longest = if caught.name("high").is_some() { amount("high")? } else { shortest };
    let working = caught.name("working").is_some();
    Some(Value::Duration {
        shortest: shortest.min(longest) * hours,
        longest: shortest.max(longest) * hours,
        working,
    })
}

fn day(caught: &Captures<'_>) -> Option<Value> {
    let name = caught.name("day")?.as_str();
    // "Sun", "sat" and "wed" are words too.
    if matches!(name, "mon" | "wed" | "sat" | "sun" | "thu") {
        return None;
    }
    let day = weekday(name)?.to_monday_zero_offset();
    Some(Value::Weekday { day: u8::try_from(day).ok()? })
}

fn date(caught: &Captures<'_>) -> Option<Value> {
    let name = caught.name("m1").or(caught.name("m2"))?.as_str();
    let day = caught.name("d1").or(caught.name("d2"))?.as_str().parse().ok()?;
    Some(Value::Date { month: month(name)?, day })
}

fn percent(caught: &Captures<'_>) -> Option<Value> {
    let whole: u32 = caught.name("whole")?.as_str().parse().ok()?;
    let part = match caught.name("part").map(|part| part.as_str()) {
        None => 0,
        Some(tenths) if tenths.len() == 1 => tenths.parse::<u32>().ok()? * 10,
        Some(hundredths) => hundredths.parse().ok()?,
    };
    Some(Value::Percent { hundredths: whole * 100 + part })
}
