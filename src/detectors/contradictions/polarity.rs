//! Yes or no: what a clause says is so or is not so, by its verb.
//!
//! Holds always: English only; a clause without a subject, or about the speaker, says nothing; a state that may
//! change with time (ready, shipped) is told apart from what holds lastingly (covered, can be returned). It looks at
//! every clause of the business side, so it reads words, and uses a regex only where a plain look found a reason.
//! Called by `claims`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::lexicon::{ACTIVE, ADVERBS, LASTING, NAMES, NO_PARTICIPLES, PARTICIPLES};
use super::subject::{verb_stem, words};
use crate::detectors::english::pattern;

/// What a clause says of its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub predicate: String,
    pub holds: bool,
    /// Whether it does not change by itself.
    pub lasting: bool,
    /// "It", "that", "you": the subject is named elsewhere.
    pub pronoun: bool,
    /// The bytes of the clause that say it.
    pub range: Range<usize>,
}

/// How a verb group says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tense {
    Is,
    Done,
    Can,
    Active,
}

/// Words without which nothing is disturbed.
static TROUBLES: LazyLock<Regex> =
    LazyLock::new(|| pattern("outage|fault|disr|delay|strike|interrupt|disturbed"));
static THERE: LazyLock<Regex> = LazyLock::new(|| {
    let what = "outage|fault|disruption|delay|strike|interruption";
    let kind = "(?:known |major |reported |current |general |network )?";
    pattern(&format!(
        r"\b(?:(?:there(?:'s| is| are)|we(?:'ve| have| see)) (?:currently |indeed )?(?P<some>no|an?|one)|(?P<none>no|isn't an?|isn't any|is not an?|is not any|aren't any)) {kind}(?P<what>{what})s?\b|\b(?:is|are) (?P<down>disturbed|disrupted|interrupted)\b"
    ))
});
/// "I can see that" has no more words.
const SEEN_WORDS_MAX: usize = 5;
/// "Breakfast included" has no more words.
const VERBLESS_WORDS_MAX: usize = 5;
/// Subjects that are named elsewhere.
const PRONOUNS: [&str; 9] = ["it", "that", "this", "they", "these", "those", "you", "it's", "that's"];

/// What a clause states of its subject, if it does.
pub fn stated(clause: &str) -> Option<Stated> {
    let places: Vec<Range<usize>> = words(clause).collect();
    let texts: Vec<&str> = places.iter().map(|place| &clause[place.clone()]).collect();
    // Of "I can see that the deposit is released" what comes after "that" counts.
    let seen = texts.iter().take(SEEN_WORDS_MAX).position(|word| matches!(*word, "see" | "note" | "confirm"));
    let from = seen.map_or(0, |at| at + 1 + usize::from(texts.get(at + 1) == Some(&"that")));
    let (places, texts) = (&places[from..], &texts[from..]);
    let first = texts.first()?;
    if matches!(*first, "i" | "i'm" | "i've" | "my") {
        return None;
    }
    let verb = (0..texts.len()).find_map(|at| Some((at, verb_group(texts, at)?)));
    let (at, group) = verb.or_else(|| verbless(texts))?;
    let subject = &texts[..at];
    let contracted = matches!(texts[at], "it's" | "that's" | "you're" | "they're" | "you've");
    let pronoun = contracted || subject.last().is_some_and(|word| PRONOUNS.contains(word));
    let speaker = subject.iter().any(|word| matches!(*word, "i" | "we" | "he" | "she"));
    if subject.is_empty() && !contracted
        || speaker && group.tense != Tense::Active && group.tense != Tense::Can
    {
        return None;
    }
    let no =
        subject.windows(2).any(|two| two[0] == "no" && !matches!(two[1], "worries" | "problem" | "doubt"));
    let predicate = match group.tense {
        Tense::Is => format!("is {}", group.name),
        Tense::Done => format!("done {}", group.name),
        Tense::Can if LASTING.contains(&group.name.as_str()) => format!("is {}", group.name),
        Tense::Can => format!("can {}", group.name),
        Tense::Active => format!("does {}", group.name),
    };
    let lasting = group.tense == Tense::Can
        || group.tense == Tense::Active
        || group.tense == Tense::Is && LASTING.contains(&group.name.as_str());
    let (start, end) = (places[at].start, places[group.end - 1].end);
    Some(Stated { predicate, holds: group.holds != no, lasting, pronoun, range: start..end })
}

/// "Breakfast included".
fn verbless(texts: &[&str]) -> Option<(usize, Group)> {
    let (at, word) =
        texts.iter().enumerate().next_back().filter(|(at, _)| (1..VERBLESS_WORDS_MAX).contains(at))?;
    let holds = match *word {
        "included" => true,
        "excluded" => false,
        _ => return None,
    };
    let holds = holds != (texts[at - 1] == "not");
    Some((at, Group { name: "cover".to_owned(), holds, tense: Tense::Is, end: at + 1 }))
}

/// A verb group: what it says, and where it ends.
struct Group {
    name: String,
    holds: bool,
    tense: Tense,
    end: usize,
}

/// The verb group that begins at a word: auxiliary, negation, adverbs, verb.
fn verb_group(texts: &[&str], at: usize) -> Option<Group> {
    let (mut holds, tense) = auxiliary(texts[at])?;
    let mut next = at + 1;
    if tense == Tense::Active && !matches!(texts[at], "don't" | "doesn't" | "do" | "does") {
        // Only "includes" of itself; "to include" and "can include" are something else.
        let before = at.checked_sub(1).map(|before| texts[before])?;
        let plain = if texts[at].ends_with('s') {
            !matches!(before, "to" | "not" | "the" | "your" | "our" | "and" | "no")
        } else {
            matches!(before, "we" | "they" | "you")
        };
        return plain.then(|| Group { name: active(texts[at]).unwrap_or_default(), holds, tense, end: next });
    }
    let mut passive = false;
    while let Some(word) = texts.get(next) {
        match *word {
            "not" | "never" => holds = false,
            "able" | "to" if tense != Tense::Active => {}
            "be" | "been" => passive = true,
            word if ADVERBS.contains(&word) => {}
            _ => break,
        }
        next += 1;
    }
    let word = *texts.get(next)?;
    let (name, affirms, length) = match tense {
        Tense::Active => {
            // "Do include" is an order.
            let name = active(word).filter(|_| !holds)?;
            (name, true, 1)
        }
        Tense::Is | Tense::Done => state(texts, next)?,
        Tense::Can if passive => state(texts, next)?,
        Tense::Can if word.len() > 2 => (verb_stem(word), true, 1),
        Tense::Can => return None,
    };
    let will = matches!(texts[at], "will" | "won't");
    if will && !passive {
        return None;
    }
    // What was sent out is so by then: "is shipped" and "has been shipped" say the same.
    let tense = if tense == Tense::Is && matches!(name.as_str(), "ship" | "send" | "pay") {
        Tense::Done
    } else {
        tense
    };
    Some(Group { name, holds: holds == affirms, tense, end: next + length })
}

/// What an auxiliary says by itself: yes or no, and how.
fn auxiliary(word: &str) -> Option<(bool, Tense)> {
    Some(match word {
        "is" | "are" | "it's" | "that's" | "you're" | "they're" | "will" => (true, Tense::Is),
        "isn't" | "aren't" | "won't" => (false, Tense::Is),
        "was" | "were" | "has" | "have" | "you've" => (true, Tense::Done),
        "wasn't" | "weren't" | "hasn't" | "haven't" => (false, Tense::Done),
        "can" | "may" => (true, Tense::Can),
        "can't" | "cannot" => (false, Tense::Can),
        "do" | "does" => (true, Tense::Active),
        "don't" | "doesn't" => (false, Tense::Active),
        _ => return active(word).map(|_| (true, Tense::Active)),
    })
}

/// A state: a participle or an adjective that has a name here.
fn state(texts: &[&str], at: usize) -> Option<(String, bool, usize)> {
    if texts[at] == "non" && at + 1 < texts.len() {
        return state(texts, at + 1).map(|(name, affirms, length)| (name, !affirms, length + 1));
    }
    let word = texts[at];
    let next = texts.get(at + 1).copied().unwrap_or_default();
    match (word, next) {
        ("in", "stock") => return Some(("available".to_owned(), true, 2)),
        ("out", "of") if texts.get(at + 2) == Some(&"stock") => {
            return Some(("available".to_owned(), false, 3));
        }
        ("sold", "out") => return Some(("available".to_owned(), false, 2)),
        ("excluded", "from") if texts.get(at + 2).is_some_and(|word| word.starts_with("return")) => {
            return Some(("return".to_owned(), false, 3));
        }
        ("excluded", "from") if texts.get(at + 2).is_some_and(|word| word.starts_with("refund")) => {
            return Some(("refund".to_owned(), false, 3));
        }
        _ => {}
    }
    if let Some((name, affirms)) = NAMES.get(word) {
        return Some(((*name).to_owned(), *affirms, 1));
    }
    let participle = word.len() >= 5 && word.ends_with("ed") || PARTICIPLES.contains(&word);
    (participle && !NO_PARTICIPLES.contains(&word)).then(|| (verb_stem(word), true, 1))
}

/// The plain form of a verb of [`ACTIVE`].
fn active(word: &str) -> Option<String> {
    let plain = word.strip_suffix('s').unwrap_or(word);
    ACTIVE.contains(&plain).then(|| plain.to_owned())
}

/// "You'll get the fare back" is a refund.
pub fn given_back(clause: &str) -> Option<Stated> {
    let start = clause.find("you")?;
    let end = start + clause[start..].find(" back")? + " back".len();
    let verb = words(&clause[start..end]).nth(1).map(|place| &clause[start..][place])?;
    let verb = if verb == "will" {
        words(&clause[start..end]).nth(2).map(|place| &clause[start..][place])?
    } else {
        verb
    };
    let gets = matches!(verb, "get" | "receive") && clause[start..].starts_with("you");
    let range = start..start + "you".len();
    gets.then(|| Stated {
        predicate: "is refund".to_owned(),
        holds: true,
        lasting: true,
        pronoun: false,
        range,
    })
}

/// Whether a sentence speaks of all: "all", or "opened or unopened".
pub fn of_all(sentence: &str) -> bool {
    let texts: Vec<&str> = words(sentence).map(|place| &sentence[place]).collect();
    texts.iter().any(|word| matches!(*word, "all" | "any" | "every" | "regardless" | "always"))
        || texts.windows(3).any(|three| {
            three[1] == "or"
                && (three[2].strip_prefix("un") == Some(three[0]) || matches!(three[2], "without" | "not"))
        })
}

/// "There is no outage", "mobile data is disturbed".
pub fn existence(clause: &str) -> Option<Stated> {
    if !TROUBLES.is_match(clause) {
        return None;
    }
    let caught = THERE.captures(clause)?;
    let range = caught.get(0)?.range();
    let holds =
        caught.name("down").is_some() || caught.name("some").is_some_and(|some| some.as_str() != "no");
    let name = match caught.name("what").map_or("outage", |what| what.as_str()) {
        "fault" | "disruption" | "interruption" => "outage",
        what => what,
    };
    Some(Stated { predicate: format!("there is {name}"), holds, lasting: true, pronoun: false, range })
}
