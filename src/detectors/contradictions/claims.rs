//! Claims in texts of the business side: amounts, durations, days, percentages, yes or no, each about something.
//!
//! Holds always: English only; a sentence that asks, offers choices, sets conditions, recalls what happened or names
//! several values of one kind gives no claim of that kind; at most [`CLAIMS_PER_TEXT_MAX`] claims are read of a
//! text, oldest first, each with at most [`SUBJECT_WORDS_MAX`] subject words. Called by the module above.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::subject::{clause_at, subject_words};
use crate::detectors::english::{Folded, MONTH, NUMBER_WORD, WEEKDAY, month, number, pattern, sentences};

/// Claims read of one text.
pub const CLAIMS_PER_TEXT_MAX: usize = 8;
/// Subject words kept of a claim; one that has more is too unclear to be compared.
pub const SUBJECT_WORDS_MAX: usize = 8;

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// In hundredths of the currency; none where only the number is given. "Free" is 0.
    Money {
        cents: u64,
        currency: Option<String>,
    },
    /// From the shortest to the longest, in hours; working days apart from days.
    Duration {
        shortest: u32,
        longest: u32,
        working: bool,
    },
    /// A day of the week: 0 is Monday.
    Weekday {
        day: u8,
    },
    Date {
        month: i8,
        day: i8,
    },
    /// In hundredths of a percent.
    Percent {
        hundredths: u32,
    },
    /// Whether something is so: it is covered, it can be returned.
    Holds {
        predicate: String,
        holds: bool,
    },
}

/// One claim of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub value: Value,
    /// What it is about, in sorted stems; borrowed from the question where its own sentence only says "it".
    pub subject: Vec<String>,
    pub borrowed: bool,
    /// "Per month", "with VAT" and the like: claims with different terms are not compared.
    pub terms: Vec<String>,
    /// Whether the text explains a change: "I was wrong", "it has been moved".
    pub explained: bool,
    /// The clause that states it, in code points of the text.
    pub start: usize,
    pub end: usize,
}

/// A value found in a clause.
struct Found {
    value: Value,
    range: Range<usize>,
}

/// Reads what a pattern of a kind has caught in a sentence.
type Reader = fn(&str, &Captures<'_>) -> Option<Value>;

static MONEY: LazyLock<Regex> = LazyLock::new(|| {
    let amount = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,7}(?:[.,]\d{1,2})?";
    pattern(&format!(
        r"(?P<before>[€$£])\s?(?P<a>{amount})\b|\b(?P<b>{amount})\s?(?P<after>€|\$|£|euros?\b|eur\b|dollars?\b|usd\b|pounds?\b|gbp\b|quid\b)|\b(?:fee|price|cost|charge|rate)s? (?:is|are|of|:) (?P<c>\d{{1,5}}[.,]\d{{2}})\b|\b(?:is|are|costs?) (?P<d>\d{{1,5}}[.,]\d{{2}}) (?:a|per) (?:month|year|night|person|piece)\b|\b(?P<free>free of charge|for free|free)\b"
    ))
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
/// "You can return", "it isn't covered", "there is no outage".
static CAN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:you|it|that|this|they|these|those|[a-z]+s?) (?P<aux>can|can't|cannot|can not|could not|are able to|are not able to|aren't able to|are allowed to|are not allowed to|aren't allowed to|may not|may) (?:be )?(?P<verb>return|exchange|refund|cancel|replace|change|upgrade|transfer|claim|repair|combine|extend|insure)(?:ed|d|led|red)?\b",
    )
});
static IS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:\b(?:is|are)|'s|'re) (?P<not>not |never )?(?:(?:definitely|fully|also|indeed|actually|currently|always) )?(?P<state>covered|excluded|included|eligible|ineligible|entitled|available|unavailable|in stock|out of stock|refundable|non-refundable|returnable|non-returnable|possible|impossible|allowed|compatible|incompatible|valid|required)\b|(?:\b(?:is|are)n't) (?:(?:actually|currently|fully) )?(?P<denied>covered|included|eligible|entitled|available|in stock|refundable|returnable|possible|allowed|compatible|valid|required)\b",
    )
});
static THERE: LazyLock<Regex> = LazyLock::new(|| {
    let what = "outage|fault|disruption|delay|strike|interruption";
    let kind = "(?:known |major |reported |current |general |network )?";
    pattern(&format!(
        r"\b(?:(?:there(?:'s| is| are)|we(?:'ve| have| see)) (?:currently |indeed )?(?P<some>no|an?|one)|(?P<none>no|isn't an?|isn't any|is not an?|is not any|aren't any)) {kind}(?P<what>{what})s?\b"
    ))
});
/// States that deny another one.
const OPPOSITES: [(&str, &str); 8] = [
    ("excluded", "covered"),
    ("ineligible", "eligible"),
    ("unavailable", "available"),
    ("out of stock", "in stock"),
    ("non-refundable", "refundable"),
    ("non-returnable", "returnable"),
    ("impossible", "possible"),
    ("incompatible", "compatible"),
];
/// Clauses with these words claim nothing firm.
static HEDGED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:if|unless|whether|should you|in case|provided|depending|depends|except|only|otherwise|maybe|perhaps|probably|possibly|i think|i believe|i guess|might|may be|could be|would|about|around|approximately|approx|roughly|at least|at most|up to|from|starting|between|more than|less than|over [€$£\d]|under [€$£\d]|or|usually|normally|generally|typically|example|instance|say|assume|option|choose|either|minus|plus [€$£\d]|extra|additional|another|save|off|discount|each|first|second|third|last|previous|yesterday|ago|since|was|were|had|did|you said|you told|you wrote|you mentioned|you see|i see|i can see|i'll|we'll|i will|we will|let me|want|prefer|like|waiting|wait|queue)\b",
    )
});
/// Facts of one transaction, and not of what holds: two of them are two transactions.
static HAPPENED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:charged|paid|debited|refunded|credited|transferred|sent|ordered|bought|booked|withdrawn|billed|back|owe|spent|dated|issued|opened|called|wrote)\b",
    )
});
/// Days on which something is open or free are not the only ones.
static ONE_OF_MANY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:open|opens|closed|closes|available|free|slots?|every|each|also|until|till)\b")
});
/// Conditions anywhere in the sentence.
static CONDITIONAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:if|unless|provided|except|as long as|depending|otherwise|once|when|within|after|before)\b")
});
static IN_OR_AGO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:in|for|after|next|another|every|give me|give us|of|past)\s+(?:the )?(?:next )?$")
});
static TERMS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b(?:with|incl(?:uding|\.)?|inclusive of|including) (?:the )?(?:vat|tax|taxes|gst)\b|\bgross\b|\b(?:vat|tax) (?:is )?included\b", "with tax"),
        (r"\b(?:without|excl(?:uding|\.)?|exclusive of|before|plus) (?:the )?(?:vat|tax|taxes|gst)\b|\bnet\b|\+ ?vat\b", "without tax"),
        (r"\b(?:per|a|each|every) month\b|\bmonthly\b|/ ?mo(?:nth)?\b", "month"),
        (r"\b(?:per|a|each|every) year\b|\b(?:yearly|annual|annually)\b|/ ?y(?:ea)?r\b", "year"),
        (r"\b(?:per|a|each|every) (?:day|night)\b|\b(?:daily|nightly)\b", "day"),
        (r"\b(?:per|a|each|every) week\b|\bweekly\b", "week"),
        (r"\b(?:per|each|a) (?:person|head|adult|child|item|piece|unit|bag|ticket|line|user|gb)\b", "each"),
        (r"\b(?:one-off|one-time|once|single)\b", "once"),
        (r"\b(?:online|web|app)\b", "online"),
        (r"\b(?:in-store|in store|shop|branch|airport|desk|counter)\b", "on site"),
    ]
    .iter()
    .map(|(source, name)| (pattern(source), *name))
    .collect()
});
/// Words that explain a change wherever they stand in the text.
static EXPLAINS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:i was (?:\w+ )?(?:wrong|mistaken)|we were (?:wrong|mistaken)|(?:was|were) (?:wrong|incorrect|a mistake|an error|outdated|the old)|(?:my|our) (?:mistake|error|bad|fault|apologies, )|by mistake|in error|wrongly|correction|correct(?:ed|ing)? (?:myself|that|it|this|you|the)|let me (?:correct|rephrase|start again|clarify|fix)|stand corrected|i meant|i mean|i misread|i mixed|mixed up|mix-up|misunderst\w+|mistyped|typo|misspoke|ha(?:s|ve|d) (?:just |now |since |been |already |recently )*(?:changed|moved|shifted|rescheduled|postponed|delayed|brought forward|updated|extended|shortened|increased|decreased|reduced|raised|dropped|risen|gone up|gone down|pushed)|'s (?:just |now |since |been )*(?:changed|moved|rescheduled|postponed|delayed|updated)|(?:just|been|was|were) (?:moved|changed|rescheduled|postponed|delayed|updated|brought forward)|moved (?:it|to|on)|changed (?:it|to|on)|no longer|used to be|until (?:recently|yesterday|now)|earlier (?:i|we)|(?:i|we) (?:said|told you|wrote|quoted|gave you|read|looked at) (?:earlier|before|the|that|\d)|not (?:\w+ ){0,3}as (?:i|we) (?:said|wrote|told)|as an exception|exceptionally|as a goodwill|goodwill|i've talked|talked nonsense|the (?:carrier|courier|airline|supplier|manufacturer|bank|depot) (?:has|have|just|moved|changed|told)|different (?:product|item|order|plan|account)|before (?:january|february|march|april|may|june|july|august|september|october|november|december|20\d\d))\b",
    )
});
/// Words that explain a change in their own sentence only.
static EXPLAINS_HERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:actually|now|instead|rather|new|meanwhile|after all|in fact|updated|since|as of|revised|correct|however|the other|whereas|while|still)\b",
    )
});

/// Reads the claims of a text of the business side; `asked` is the customer's turn that it answers.
pub fn claims(text: &str, asked: Option<&str>) -> Vec<Claim> {
    let folded = Folded::of(text);
    let explained = EXPLAINS.is_match(folded.text());
    let lent = asked.map(|asked| subject_words(Folded::of(asked).text(), &[])).unwrap_or_default();
    let mut found = Vec::new();
    for range in sentences(folded.text()) {
        let sentence = &folded.text()[range.clone()];
        if sentence.ends_with('?') {
            continue;
        }
        let explained = explained || EXPLAINS_HERE.is_match(sentence);
        for value in values(sentence) {
            let clause = clause_at(sentence, &value.range);
            let words = &sentence[clause.clone()];
            if HEDGED.is_match(words) || idle(&value.value, sentence, words) {
                continue;
            }
            let inside = value.range.start - clause.start..value.range.end - clause.start;
            let own = subject_words(words, &[inside]);
            let borrowed = own.is_empty();
            let subject = if borrowed { lent.clone() } else { own };
            if subject.len() > SUBJECT_WORDS_MAX {
                continue;
            }
            let (start, end) = folded.places(&(range.start + clause.start..range.start + clause.end));
            let terms = terms(words);
            found.push(Claim { value: value.value, subject, borrowed, terms, explained, start, end });
        }
    }
    found.truncate(CLAIMS_PER_TEXT_MAX);
    found
}

/// Whether a value of that kind says nothing that another could contradict.
fn idle(value: &Value, sentence: &str, clause: &str) -> bool {
    match value {
        Value::Holds { .. } => CONDITIONAL.is_match(sentence),
        Value::Weekday { .. } | Value::Date { .. } => {
            HAPPENED.is_match(clause) || ONE_OF_MANY.is_match(clause)
        }
        Value::Money { .. } | Value::Duration { .. } | Value::Percent { .. } => HAPPENED.is_match(clause),
    }
}

fn terms(words: &str) -> Vec<String> {
    TERMS.iter().filter(|(term, _)| term.is_match(words)).map(|(_, name)| (*name).to_owned()).collect()
}

/// The values of a sentence: of each kind the only one, or none.
fn values(sentence: &str) -> Vec<Found> {
    let kinds: [(&Regex, Reader); 8] = [
        (&MONEY, |_, caught| money(caught)),
        (&DURATION, duration),
        (&DAY, |_, caught| day(caught)),
        (&DATE, |_, caught| date(caught)),
        (&PERCENT, |_, caught| percent(caught)),
        (&CAN, |_, caught| ability(caught)),
        (&IS, |_, caught| state(caught)),
        (&THERE, |_, caught| existence(caught)),
    ];
    let only = |(regex, read): (&Regex, Reader)| {
        let mut matches = regex.captures_iter(sentence);
        let (first, second) = (matches.next()?, matches.next());
        let value = read(sentence, &first)?;
        let whole = first.get(0)?;
        // Of "shoes can be returned" the shoes are the subject.
        let start = first.name("aux").map_or(whole.start(), |aux| aux.start());
        second.is_none().then_some(Found { value, range: start..whole.end() })
    };
    kinds.into_iter().filter_map(only).collect()
}

fn money(caught: &Captures<'_>) -> Option<Value> {
    if caught.name("free").is_some() {
        return Some(Value::Money { cents: 0, currency: None });
    }
    let amount = caught.name("a").or(caught.name("b")).or(caught.name("c")).or(caught.name("d"))?.as_str();
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
    if IN_OR_AGO.is_match(&sentence[..caught.get(0)?.start()]) {
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
    let day = crate::detectors::english::weekday(name)?.to_monday_zero_offset();
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

fn ability(caught: &Captures<'_>) -> Option<Value> {
    let aux = caught.name("aux")?.as_str();
    let holds = !(aux.contains("not") || aux.contains("n't"));
    Some(Value::Holds { predicate: format!("can {}", caught.name("verb")?.as_str()), holds })
}

fn state(caught: &Captures<'_>) -> Option<Value> {
    let (state, plain) = match (caught.name("state"), caught.name("denied")) {
        (Some(state), _) => (state.as_str(), caught.name("not").is_none()),
        (None, denied) => (denied?.as_str(), false),
    };
    let opposite = OPPOSITES.iter().find(|(negative, _)| *negative == state);
    let (predicate, holds) = opposite.map_or((state, plain), |(_, positive)| (*positive, !plain));
    Some(Value::Holds { predicate: predicate.to_owned(), holds })
}

fn existence(caught: &Captures<'_>) -> Option<Value> {
    let holds = caught.name("some").is_some_and(|some| some.as_str() != "no");
    Some(Value::Holds { predicate: format!("there is {}", caught.name("what")?.as_str()), holds })
}
