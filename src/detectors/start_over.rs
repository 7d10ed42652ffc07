//! Whether the business side asks for what the customer has given already: the order number, the name, the problem.
//!
//! Holds always: pure; a [`Given`] holds at most one entry per kind of fact. Silent where the value is shown for
//! confirmation, where security or a wrong value is given as the reason, where another item is asked for, and where
//! the customer has given several of the kind. English.
//! Called by `recall`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::Quoted;
use super::english::pattern;
use super::facts::{self, KINDS, Kind, Kinds, given};
use crate::conversation::words::{Sentence, Words};

/// What each kind is called where it is asked for, in the order of [`KINDS`].
const NOUNS: [&str; 13] = [
    concat!(
        r"\b(?:order|purchase) (?:number|no|nr|id|ref|reference|confirmation)\b",
        r"|\b(?:number|id) of (?:your|the) order\b"
    ),
    concat!(
        r"\b(?:booking|reservation|confirmation) (?:number|no|nr|id|ref|reference|code)\b",
        r"|\bpnr\b|\brecord locator\b"
    ),
    r"\b(?:case|ticket|claim|complaint|incident) (?:number|no|nr|id|ref|reference)\b",
    r"\b(?:account|customer|policy|contract|member|membership|client) (?:number|no|nr|id)\b",
    r"\b(?:tracking|parcel|shipment|package|consignment) (?:number|no|nr|id|code)\b",
    r"\breference(?: number| code)?\b|\bref(?: number| no)?\b",
    concat!(
        r"\b(?:full|first|last|family|customer) name\b|\byour (?:full |first |last )?name\b",
        r"|\bsurname\b|\bwho are you\b",
        r"|\bwhom? am i (?:speaking|talking|chatting) (?:to|with)\b|\bname please\b"
    ),
    concat!(
        r"\b(?:your|the|an|registered|contact) e ?mail(?: address)?\b",
        r"|\be ?mail address\b|\b(?:which|what) e ?mail\b"
    ),
    concat!(
        r"\b(?:phone|mobile|telephone|contact|cell|callback) (?:number|no)\b",
        r"|\bnumber (?:to call|we can (?:call|reach))\b"
    ),
    r"\bpost ?code\b|\bzip(?: code)?\b|\bpostal code\b",
    r"\bdate of birth\b|\bbirth ?date\b|\bbirthday\b|\bdob\b|\bwhen were you born\b",
    concat!(
        r"\b(?:which|what) (?:device|phone|handset)\b|\b(?:device|phone|handset) (?:name|type)\b",
        r"|\bmake and model\b|\b(?:type|kind|make) of (?:device|phone|handset)\b"
    ),
    concat!(
        r"\b(?:error|exact) (?:message|code|text)\b",
        r"|\b(?:which|what) (?:error|message) (?:do|did|are|is|was)\b",
        r"|\bwhat does (?:the error|the message|it) (?:message )?say\b"
    ),
];

/// A turn without a question mark that asks for a number has one of these.
const ASKING: [&str; 9] =
    ["please", "need", "provide", "share", "give", "tell", "confirm", "again", "number"];

static NOUN_SET: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(NOUNS).expect("constant patterns: this is a bug"));
static NOUN_PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| NOUNS.into_iter().map(pattern).collect());

/// Asks for the problem as if nothing had been said. Only after a change of agent is that starting over.
static WHAT_PROBLEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\bhow (?:can|may|could) (?:i|we) (?:help|assist|be of)|\bwhat (?:can|may) (?:i|we) (?:do for|help)",
        r"|\bwhats? (?:is |are |seems to be |appears to be )?(?:the|your)",
        r" (?:problem|issue|matter|concern|question|request)\b",
        r"|\bwhat(?:s| is) (?:it|this|your (?:call|message)|the claim) about|\bwhat brings you",
        r"|\breason for (?:your )?(?:contact|call|chat|message)",
        r"|\b(?:tell|let) me (?:know )?(?:all$|what(?:s| is| has)? (?:going on|happened$",
        r"|the (?:problem|issue)|its about|it is about)",
        r"|about (?:the|your) (?:problem|issue|request))|\bwhat your (?:issue|problem|concern) is",
        r"|\b(?:describe|explain|summari[sz]e|outline) ",
        r"(?:(?:the|your)(?: \w+)? (?:problem|issue|concern|situation|request|case)",
        r"|what happened|whats been happening)\b|\bwhats up$",
        r"|\bwhat(?:s| is| seems to be| has been) (?:been )?(?:going on|happening|wrong$)",
    ))
});
/// Says openly that all is to be said again.
static ALL_AGAIN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:tell|explain|describe|submit|attach|ask you for|take down)(?: \w+){0,12}",
        r" (?:again|once more|one more time|anew|from the (?:beginning|start|top))\b",
        r"|\bfrom (?:the very beginning|the beginning|scratch)\b|\bthe whole story\b",
        r"|\b(?:tell|explain|describe|give|write)(?: \w+){0,4} the whole thing\b|\bagain from the (?:start|beginning)\b",
        r"|\b(?:begin|start) (?:all )?(?:again|over|anew) *$|\blets (?:begin|start) (?:again|over)\b",
        r"|\bstart(?:ing)? over\b",
    ))
});
/// Takes it back: no need to, you will not have to, I am sorry that you had to.
static SPARES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:no need|neednt|dont|do not|wont|will not|not|never|nothing|without|instead of|had to|having to",
        r"|so that you|let me|ill|well|i can|we can|happy to)\b",
    ))
});
/// Shows that what was said has been taken in.
static KNOWS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:i|we) (?:can )?see (?:that |here )?(?:you|your|the)|",
        r"\b(?:ive|i have|weve|having) (?:just )?(?:read|gone through|seen|looked)",
        r"|\bi understand (?:that )?(?:you|your|the)|\bhow else|\belse\b|\bfurther\b",
        r"|\bhelp you with (?:that|this|it)\b",
    ))
});
static SECURITY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:security|protection|verify|verification|identity|identify you|identification|gdpr",
        r"|privacy|authenticat\w+",
        r"|protect your|make sure (?:its|it is|im speaking|i am speaking|that its|that it is))\b",
    ))
});
/// The value given was of no use.
static UNUSABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:doesnt|does not|didnt|did not|isnt|is not|not|cant|cannot|couldnt|wont|no) (?:\w+ ){0,4}",
        r"(?:match|valid|recogni[sz]ed?|correct|find|found|accepted|work|exist|results?|catch|read)\b",
        r"|\b(?:typo|mistyped|double check|digits? (?:missing|short)|too short|too long|wrong number",
        r"|misread|incomplete)\b",
    ))
});

/// How many words before "explain it again" may spare the customer that.
const SPARING_WORDS_MAX: usize = 4;

/// The facts that a customer has given in a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// At most one of each kind.
    facts: Vec<Fact>,
    /// What the business side has asked for last.
    asked: Kinds,
}

#[derive(Clone, Debug, PartialEq)]
struct Fact {
    kind: Kind,
    quoted: Quoted,
    value: u32,
    /// Whether the customer has given different values.
    several: bool,
}

/// A question for what was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub kind: Kind,
    /// The turn that gave it first.
    pub given_in: Quoted,
    /// Where it is asked for, in code points.
    pub start: u32,
    pub end: u32,
}

/// The question of a turn of the business side for something given before, if it has one. `moved`: the conversation
/// has come to another agent, queue or channel, or from a bot to a person, since the fact was given.
pub fn asked_again(given: &Given, words: &Words, moved: bool) -> Option<Asked> {
    if given.facts.is_empty() {
        return None;
    }
    let asked = |fact: &Fact, at: Range<usize>| {
        let place = words.place(at);
        Asked { kind: fact.kind, given_in: fact.quoted.clone(), start: place.start, end: place.end }
    };
    let known = questions(words).into_iter().find_map(|(kind, noun)| Some((kind, given.of(kind)?, noun)));
    if let Some((kind, fact, noun)) = known
        && !SECURITY.is_match(words.folded())
        && !UNUSABLE.is_match(words.folded())
    {
        return Some(Asked { kind, ..asked(fact, noun) });
    }
    let fact = given.of(Kind::Problem)?;
    Some(asked(fact, problem_question(words, moved)?))
}

/// Where a turn of the business side asks for one of these kinds, or for the problem as if nothing had been said; for
/// a customer who comes back with the same problem.
pub fn starts_at_zero(words: &Words, given: Kinds) -> Option<Range<u32>> {
    if SECURITY.is_match(words.folded()) {
        return None;
    }
    let known = questions(words).into_iter().find(|(kind, _)| given.has(*kind)).map(|(_, noun)| noun);
    known.or_else(|| problem_question(words, true)).map(|place| words.place(place))
}

/// The kinds of facts that a turn asks for, each with the words that name it.
fn questions(words: &Words) -> Vec<(Kind, Range<usize>)> {
    // Most turns ask for nothing; to see that is cheap.
    let asks = words.asks() || ASKING.iter().any(|word| words.folded().contains(word));
    let mut found = Vec::new();
    if !asks {
        return found;
    }
    for index in NOUN_SET.matches(words.folded()) {
        for noun in NOUN_PATTERNS[index].find_iter(words.folded()) {
            let noun = words.indices(noun.range());
            let sentence = words.sentences().iter().find(|sentence| sentence.words.contains(&noun.start));
            if sentence.is_some_and(|sentence| is_asked_for(words, sentence, &noun)) {
                found.push((KINDS[index], noun));
                break;
            }
        }
    }
    found
}

/// Whether a sentence asks for what some of its words name.
fn is_asked_for(words: &Words, sentence: &Sentence, noun: &Range<usize>) -> bool {
    let any = |range: Range<usize>, is: fn(&str) -> bool| range.into_iter().any(|at| is(words.word(at)));
    let before = sentence.words.start..noun.start;
    if any(sentence.words.clone(), shows_or_differs) || any(before.clone(), is_beside) {
        return false;
    }
    let is_determiner =
        |word: &str| matches!(word, "your" | "the" | "a" | "an" | "my" | "me" | "us" | "full");
    let previous =
        before.clone().rev().map(|at| words.word(at)).find(|word| !is_determiner(word)).unwrap_or("");
    let asks = any(before.clone(), is_cue);
    match previous {
        // "We'll send it to your e-mail address", "as on the order confirmation".
        "to" | "by" | "via" | "from" | "in" | "on" | "at" | "under" | "check" | "using" | "per" => {
            return false;
        }
        // A reference that is called by a fuller name is one of that kind.
        "order" | "booking" | "reservation" | "case" | "ticket" | "claim" => return false,
        "with"
            if !any(before.clone(), |word| {
                matches!(word, "help" | "provide" | "supply" | "start" | "begin")
            }) =>
        {
            return false;
        }
        "have" | "got" | "see" | "found" | "received" | "noted" => {
            return any(before, |word| matches!(word, "can" | "could" | "may" | "might" | "do"));
        }
        _ => {}
    }
    let short = before.len() <= 3;
    let polite =
        any(noun.end..sentence.words.end, |word| matches!(word, "please" | "pls" | "first" | "again"));
    asks || (short && (sentence.question || polite)) || (before.is_empty() && noun.end == sentence.words.end)
}

/// A value that is shown, or a sign that it is about another one.
fn shows_or_differs(word: &str) -> bool {
    facts::is_figure(word)
        || matches!(
            word,
            "other" | "another" | "second" | "new" | "different" | "replacement" | "next" | "2nd" | "same"
        )
}

/// Words before the name of a fact that make it no question for the fact.
fn is_beside(word: &str) -> bool {
    matches!(
        word,
        "thanks"
            | "thank"
            | "note"
            | "changed"
            | "remember"
            | "keep"
            | "quote"
            | "mention"
            | "include"
            | "if"
            | "when"
            | "once"
            | "after"
            | "no"
            | "dont"
            | "not"
            | "without"
            | "already"
            | "updated"
            | "wont"
    )
}

/// Words that ask.
fn is_cue(word: &str) -> bool {
    matches!(
        word,
        "give"
            | "giving"
            | "provide"
            | "share"
            | "send"
            | "tell"
            | "need"
            | "needs"
            | "require"
            | "may"
            | "can"
            | "could"
            | "have"
            | "whats"
            | "what"
            | "which"
            | "let"
            | "confirm"
            | "state"
            | "enter"
            | "type"
            | "supply"
            | "repeat"
            | "remind"
            | "please"
            | "kindly"
            | "who"
            | "whom"
            | "begin"
            | "start"
            | "request"
            | "again"
    )
}

/// The words that ask for the problem.
fn problem_question(words: &Words, moved: bool) -> Option<Range<usize>> {
    for sentence in words.sentences() {
        let text = words.slice(sentence.words.clone());
        // The blank between two sentences belongs to neither.
        let offset = words.slice(0..sentence.words.start).len() + usize::from(sentence.words.start > 0);
        let again = ALL_AGAIN.find(text).filter(|again| {
            let before = &text[..again.start()];
            let near =
                before.rmatch_indices(' ').nth(SPARING_WORDS_MAX).map_or(before, |(at, _)| &before[at..]);
            !SPARES.is_match(near)
        });
        let asked = again.or_else(|| {
            let plain = WHAT_PROBLEM.find(text)?;
            // "The problem with the handbrake" has been taken in.
            let next = text[plain.end()..].split_whitespace().next();
            let known = matches!(next, Some("with" | "on" | "about" | "regarding"));
            (moved && !known && !KNOWS.is_match(words.folded())).then_some(plain)
        });
        if let Some(found) = asked {
            return Some(words.indices(offset + found.start()..offset + found.end()));
        }
    }
    None
}

// === impl Given ===

impl Given {
    /// The kinds that were given.
    pub fn kinds(&self) -> Kinds {
        self.facts.iter().map(|fact| fact.kind).collect()
    }

    /// Whether nothing was given yet.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// The customer has said something.
    pub fn customer_said(&mut self, quoted: &Quoted, text: &str, words: &Words) {
        for (kind, value) in given(text, words, self.asked) {
            match self.facts.iter_mut().find(|fact| fact.kind == kind) {
                Some(fact) => fact.several |= fact.value != value,
                None => self.facts.push(Fact { kind, quoted: quoted.clone(), value, several: false }),
            }
        }
        self.asked = Kinds::default();
    }

    /// The business side has said something; to be called after [`asked_again`].
    pub fn business_said(&mut self, words: &Words) {
        self.asked = questions(words).into_iter().map(|(kind, _)| kind).collect();
    }

    /// The one value of a kind that was given. A mere reference stands for a booking's or a case's and back.
    fn of(&self, kind: Kind) -> Option<&Fact> {
        let kinds: &[Kind] = match kind {
            Kind::Booking => &[Kind::Booking, Kind::Reference],
            Kind::Case => &[Kind::Case, Kind::Reference],
            Kind::Reference => &[Kind::Reference, Kind::Booking, Kind::Case],
            _ => &[kind],
        };
        self.facts.iter().find(|fact| kinds.contains(&fact.kind)).filter(|fact| !fact.several)
    }
}

#[cfg(test)]
mod tests;
