//! Words by which an agent commits to act later, in one English sentence.
//!
//! Holds always: what is asked, conditional, denied, general or a mere "let me check" is no commitment; what is said
//! of things ("the refund will be there") is one only together with a time. Called by `promises`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::detectors::english::pattern;

/// A commitment, and its bytes in the sentence: from its subject to its verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    pub range: Range<usize>,
    /// It counts only where a time is stated.
    pub needs_time: bool,
    /// "I'll check that": on live channels holding, unless a time is stated.
    pub checking: bool,
}

/// Words between "will" and the verb that change nothing.
const ADVERBS: &str = r"(?:(?:also|now|just|then|definitely|certainly|personally|surely|of course|gladly|happily|immediately|quickly|go ahead and|proceed to|make sure to|make sure (?:that )?(?:i|we)|be sure to|still|again|both|each|all|right away|straight away|simply|kindly|therefore|today|tomorrow|tonight|indeed|absolutely|of course|for sure|as soon as possible|asap|directly|first|next|shortly|soon)\s+){0,3}";
/// Verbs by which the business side reaches the customer.
const CONTACT: &str = r"(?:be (?:calling|ringing|phoning|contacting|sending|emailing|writing|reaching|getting|replying)|call|ring|phone|contact|e-?mail|mail|message|text|dm|write (?:to )?you|write back|get (?:right )?back|come back|be (?:right )?back|be in (?:touch|contact)|get in touch|reach out|reply|respond|revert|let you know|tell you|inform|notify|update|keep you (?:posted|updated|informed)|report|follow|confirm|answer|send)";

/// "I'll", "we are going to".
static OURS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:i|we|(?:i|we) both)(?:'ll| will| shall|'m going to| am going to|'re going to| are going to|'m gonna|'re gonna)\s+",
    )
});
/// "Will check and tell you": the subject is left out.
static ELLIPTIC: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:@\w+\s+)?(?:(?:hi|hello|ok|okay|sure|thanks|thank you|yes|no problem|noted|sorry|perfect|great)[,.! ]+)?(?:will|'ll|gonna)\s+",
    )
});
static ADVERB: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("^{ADVERBS}")));
/// Verbs after "I'll" that commit to nothing, or to what happens at once.
static NO_ACT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:be (?:honest|frank|clear|open|direct|brief|careful|happy|glad|delighted|pleased|more than|able|here|there for|waiting|sure|sorry|very|the|unable|right with|with you)|have (?:to|you|the)|assume|admit|say|explain|repeat|assist|help|guide|walk|start|begin|do (?:my|our|everything|what)|see (?:you|what)|miss|wish|wait|close|end|leave|let you go|be (?:ending|closing|disconnecting)|keep (?:it|that|this|you) in mind|keep an eye|take (?:that|it|this) (?:as|on board)|take note|note|appreciate|welcome|love|look forward|continue|remain|understand|be asking|be needing|be transferring|be connecting|have a think|put you on hold|place you|hope)\b",
    )
});
/// What follows "I'll" where nothing is promised, whatever comes then.
static NEVER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:not|never|need|require|ask (?:that )?you|usually|normally|generally|typically|always|aim|try to (?:reply|respond|answer)|you|it|that|this|there|the|i|we)\b",
    )
});
/// What is done on the spot: holding.
static CHECKING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:be checking|be looking|check|look|take a (?:\w+ )?look|have a (?:\w+ )?look|see|search|find|pull|bring up|open|read|review|verify|dig|go through|go over|try|get (?:that|this|it|these|those) (?:sorted|checked|looked)|process|take care|work on)\b",
    )
});
/// What keeps a state, so that nothing shows it was done.
static KEEPING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:keep|hold|reserve|store|save|put (?:\w+ ){1,2}aside|set (?:\w+ ){1,2}aside)\b")
});
/// Handing over shows at once.
static HANDING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:transfer|connect|redirect|put|pass|hand|forward|move) you\b"));
/// Thanks for feedback, not a deed for the customer.
static FEEDBACK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:be (?:passing|sharing|forwarding)|pass|share|forward|relay|take|let|add|put|raise|send|mention)\b.{0,60}\b(?:feedback|comments?|suggestions?|ideas?|thoughts|wish|wishes|wish ?list|compliments?|praise|kind words)\b",
    )
});
/// A second verb that does commit: "I'll check and call you".
static DELIVERS: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?:\band|&|\bthen)\s+(?:then )?(?:{CONTACT}|refund|fix|replace)\b")));
/// Anybody "will", "'ll", "is going to".
static ANYBODY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b([a-z][a-z-]*)(?:'ll| will| shall| is going to| are going to| should)\s+"));
static REACHES: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"^{CONTACT}\b")));
static PERSON_ACTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:come|arrive|fix|repair|look|visit|be (?:there|at|on|looking|coming|taking|reaching)|deliver|bring|collect|pick|investigate|review|check|take|assist|handle|process|refund|replace|get|call|have)\b",
    )
});
/// People of the business side, as the last word before "will".
static PERSON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:team|teams|department|supervisor|manager|engineers?|technicians?|tech|electrician|plumber|fitter|driver|courier|rider|crew|colleagues?|specialists?|experts?|advis[eo]rs?|agents?|representatives?|rep|owner|director|boss|lead|staff|office|someone|somebody|accounts|billing|warehouse|support|us)$",
    )
});
/// "You'll hear from us".
static HEARS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:hear (?:back )?from|be hearing (?:back )?from) (?:me|us|our|my)\b"));
/// "You should hear", "it should arrive": all that "should" commits to.
static COMES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:hear|have|get|receive|see|arrive|reach|be (?:there|with you|back|done|ready))\b")
});
/// What people who were named before do for the customer, and not for others.
static IN_TOUCH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:call|ring|phone|contact|e-?mail|text|message|visit|get back|be in touch|reach out|reply|update|let you know|be (?:calling|ringing|contacting|reaching))\b",
    )
});
static FIRST_PERSON: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:i|we|i'm|i've|we're|we've|i'll|we'll)\b"));
/// Other ways, that commit by themselves.
static IDIOMS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:leave (?:it|this|that) with (?:me|us)|i promise to|let me (?:get back|call you|ring you|come back|e-?mail you|follow up))\b",
    )
});
/// Other ways, that need a time: "I'm sending it", "the technician comes", "expect a call".
static TIMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:i'm|i am|we're|we are|he's|she's|they're|is|are|'s) (?:also |now |just |already )?(?:sending|ringing|calling|phoning|refunding|issuing|shipping|posting|coming|bringing|delivering|mailing|e-?mailing|writing|paying|replacing|booking|ordering|putting|getting|giving|reading|going|releasing|fixing|arriving|leaving|having|meeting|returning|crediting|transferring|cancelling)|(?:comes|arrives|leaves|goes out|lands|visits)|(?:is|are|'s) (?:booked|scheduled|set|due|arranged|planned)|(?:booked|scheduled|arranged)|(?:i'm|i am|we're|we are) (?:right )?back|expect (?:a|an|the|our|my|your|it|to)|i promise|i guarantee|i assure you|without fail)\b",
    )
});
static DENIED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:can't|cannot|can not|couldn't|could not|don't|do not|won't|not able to|unable to) (?:\w+ )?(?:promise|guarantee|say|tell|assure|confirm|give you|commit)\b|\bno (?:promise|guarantee)s?\b|\bnot (?:a promise|promising)\b",
    )
});
/// What is so in general.
static GENERAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:usually|normally|generally|typically|ordinarily|as a rule|on average|in most cases|in general|with most|most banks|can take|may take|might take|could take|takes?|aims? to|try to (?:respond|reply|answer)|standard (?:delivery|shipping)|(?:processing|delivery|waiting|response) times?|always|never|up to (?:you|them)|any time|at times|often|sometimes)\b",
    )
});
static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:if|unless|should (?:you|it|that|this|there)|in case|provided|as long as|(?:once|when|as soon as|after|until|the moment) (?:you|your))\b",
    )
});
/// "If" that asks or is polite: no condition.
static HARMLESS_IF: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:see|check|ask|find out|verify|confirm|test|asking|checking) if|if (?:that|this|it)(?:(?:'s| is) (?:ok|okay|alright|all right|fine|good|convenient)|(?: works for| suits) you)|if you (?:like|want|wish|prefer|don't mind)|if i may|if not)\b",
    )
});
/// What follows the commitment in a sentence that ends as a question without questioning it.
static TAG_QUESTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[,;.-]\s*(?:and |so |but )?(?:can|could|is|are|ok|okay|alright|all right|fine|does|do|would|what|which|where|when|right|may|sound|how|yes|deal)\b[^,;]*\?+\s*$|\b(?:ok|okay|alright|all right)\s*\?+\s*$",
    )
});
/// What cannot be said of the future.
static NO_FUTURE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:can|could|(?:i|you|it|we|he|she|they|this|that|which) may|might|would|was|were|had|did|didn't|been|ago|opens?|closes?|closed|held|hold|reserved|please|you said)\b",
    )
});

/// The first commitment of a folded sentence; one that needs no time goes before others.
pub fn commitment(sentence: &str) -> Option<Commitment> {
    let found = candidates(sentence);
    let mut standing = found.into_iter().filter(|found| !vetoed(sentence, found));
    let first = standing.next()?;
    if first.needs_time {
        Some(standing.find(|later| !later.needs_time).unwrap_or(first))
    } else {
        Some(first)
    }
}

/// Whether a sentence that a model takes for a promise may be one together with a time.
pub fn plausible(sentence: &str) -> bool {
    let whole = Commitment { range: 0..sentence.len(), needs_time: true, checking: false };
    !sentence.trim_end().ends_with('?')
        && !NO_FUTURE.is_match(sentence)
        && !conditional(sentence, &whole.range)
        && !DENIED.is_match(sentence)
        && !GENERAL.is_match(sentence)
}

/// Whether words speak of what is so in general.
pub fn is_general(words: &str) -> bool {
    GENERAL.is_match(words)
}

fn candidates(sentence: &str) -> Vec<Commitment> {
    let mut found: Vec<Commitment> = OURS
        .find_iter(sentence)
        .chain(ELLIPTIC.find_iter(sentence))
        .filter_map(|subject| ours(sentence, subject.range()))
        .collect();
    found.extend(ANYBODY.captures_iter(sentence).filter_map(|caught| {
        let (whole, subject) = (caught.get(0)?, caught.get(1)?);
        anybody(sentence, whole.range(), subject.as_str())
    }));
    let plain = |range, needs_time| Commitment { range, needs_time, checking: false };
    found.extend(IDIOMS.find_iter(sentence).map(|idiom| plain(idiom.range(), false)));
    found.extend(TIMED.find_iter(sentence).map(|timed| plain(timed.range(), true)));
    found.sort_by_key(|commitment| commitment.range.start);
    found
}

/// What follows "I'll".
fn ours(sentence: &str, subject: Range<usize>) -> Option<Commitment> {
    let tail = tail(sentence, subject.end);
    let delivers = DELIVERS.is_match(tail);
    let idle =
        NO_ACT.is_match(tail) || KEEPING.is_match(tail) || HANDING.is_match(tail) || FEEDBACK.is_match(tail);
    if idle && !delivers || NEVER.is_match(tail) {
        return None;
    }
    let checking = CHECKING.is_match(tail) && !delivers;
    Some(Commitment { range: subject.start..verb_end(sentence, tail), needs_time: false, checking })
}

/// What follows "somebody will".
fn anybody(sentence: &str, whole: Range<usize>, subject: &str) -> Option<Commitment> {
    if matches!(subject, "i" | "we" | "what" | "how" | "when" | "where" | "customer" | "customers" | "both") {
        return None;
    }
    let tail = tail(sentence, whole.end);
    if tail.starts_with("not ") || tail.starts_with("never ") || tail.starts_with("need") {
        return None;
    }
    if matches!(subject, "and" | "then") && FIRST_PERSON.is_match(&sentence[..whole.start]) {
        return ours(sentence, whole);
    }
    let range = whole.start..verb_end(sentence, tail);
    let surely = !sentence[whole].contains(" should");
    if !surely && !COMES.is_match(tail) {
        return None;
    }
    let ours = match subject {
        "you" => HEARS.is_match(tail),
        "they" | "he" | "she" => IN_TOUCH.is_match(tail),
        "that" | "it" | "this" | "which" | "bank" | "app" | "system" | "page" | "website" | "these"
        | "those" => false,
        _ if REACHES.is_match(tail) => true,
        _ => PERSON.is_match(subject) && PERSON_ACTS.is_match(tail),
    };
    Some(Commitment { range, needs_time: !(ours && surely), checking: false })
}

/// The words from the verb on.
fn tail(sentence: &str, from: usize) -> &str {
    let rest = &sentence[from..];
    &rest[ADVERB.find(rest).map_or(0, |adverbs| adverbs.end())..]
}

fn verb_end(sentence: &str, tail: &str) -> usize {
    let word = tail.find(|sign: char| !sign.is_alphanumeric() && sign != '-').unwrap_or(tail.len());
    sentence.len() - tail.len() + word
}

fn vetoed(sentence: &str, commitment: &Commitment) -> bool {
    let asked =
        sentence.trim_end().ends_with('?') && !TAG_QUESTION.is_match(&sentence[commitment.range.end..]);
    let of_things = commitment.needs_time && is_general(clause_around(sentence, &commitment.range));
    asked || of_things || DENIED.is_match(sentence) || conditional(sentence, &commitment.range)
}

/// Whether a condition stands before the commitment, or right behind it.
fn conditional(sentence: &str, range: &Range<usize>) -> bool {
    let harmless: Vec<Range<usize>> = HARMLESS_IF.find_iter(sentence).map(|found| found.range()).collect();
    CONDITION
        .find_iter(sentence)
        .filter(|condition| {
            !harmless.iter().any(|range| range.start <= condition.start() && condition.start() < range.end)
        })
        .any(|condition| {
            let before = condition.start() < range.end;
            before || !breaks_before(&sentence[range.end..condition.start()])
        })
}

/// Whether some words end with a break, so that what follows is another thought.
fn breaks_before(words: &str) -> bool {
    let words = words.trim_end();
    [",", ";", ":", " and", " but", " or", " so", " -"].iter().any(|sign| words.ends_with(sign))
}

/// The words around a place up to the next breaks.
fn clause_around<'a>(sentence: &'a str, range: &Range<usize>) -> &'a str {
    let breaks = [",", ";", ":", " but ", " and "];
    let start = breaks
        .iter()
        .filter_map(|sign| sentence[..range.start].rfind(sign).map(|at| at + sign.len()))
        .max()
        .unwrap_or(0);
    let end = breaks
        .iter()
        .filter_map(|sign| sentence[range.end..].find(sign).map(|at| at + range.end))
        .min()
        .unwrap_or(sentence.len());
    &sentence[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_that_commit() {
        let check = |sentence: &str, expect: &str| {
            let found = commitment(sentence);
            let kind = match &found {
                None => "none",
                Some(Commitment { checking: true, .. }) => "checking",
                Some(Commitment { needs_time: true, .. }) => "timed",
                Some(_) => "own",
            };
            assert_eq!(kind, expect, "{sentence:?}: {found:?}");
        };
        let own = [
            "i'll write to you within the hour.",
            "i will personally ring you.",
            "we're going to replace the device",
            "my supervisor will call you back today.",
            "someone will be in touch through the forum.",
            "petra will ring you at 6.",
            "our team will look into it.",
            "you'll hear from us by friday.",
            "will check & tell you in 5",
            "i'll check with the warehouse and get back to you.",
            "leave it with me!",
            "i'll stay on until it works.",
            "i'll call you tomorrow, is that ok?",
            "i'll call you if that's ok.",
            "i'll see if we can fix it and let you know.",
            "we'll let you know as soon as we have news.",
            "i'll send it now, and if it doesn't arrive write to me.",
            "i will arrange a call back for you, can you provide me with a date?",
        ];
        own.iter().for_each(|sentence| check(sentence, "own"));
        let timed = [
            "you'll have the refund by friday.",
            "you will receive an email with the steps.",
            "it will be fixed.",
            "i'm sending the money back now.",
            "the technician comes at 8.",
            "you can expect a call.",
            "they'll show up.",
        ];
        timed.iter().for_each(|sentence| check(sentence, "timed"));
        let checking =
            ["i'll check that now.", "let's see, i'll take a quick look.", "we'll look into this for you."];
        checking.iter().for_each(|sentence| check(sentence, "checking"));
    }

    #[test]
    fn sentences_that_do_not() {
        let none = [
            "refunds usually take 3-5 days at your bank.",
            "if it fails again, i'll send a new one.",
            "i'll send a new one if it fails again.",
            "once you send it back, we'll refund you.",
            "i'll be honest, i can't promise a date.",
            "we will never ask you for your password.",
            "i will not do that.",
            "i'll need your order number.",
            "i'll be happy to help.",
            "we'll pass on your feedback.",
            "we'll share your suggestion with the team.",
            "i'll transfer you to billing.",
            "we'll hold it for you until saturday.",
            "shall i send it?",
            "will you be at home?",
            "refunds will usually arrive within 5 days.",
            "could you tell me more?",
        ];
        for sentence in none {
            assert_eq!(commitment(sentence), None, "{sentence:?}");
        }
    }

    #[test]
    fn what_a_model_takes_for_a_promise_must_be_plausible() {
        for sentence in
            ["new card arrives friday.", "technician: 31 may, 9 to 11.", "tomorrow first thing then"]
        {
            assert!(plausible(sentence), "{sentence:?}");
        }
        let implausible = [
            "refunds take 3 to 5 days.",
            "is friday ok?",
            "i can't promise that tomorrow fixes it.",
            "it could be friday.",
            "we close at 5 on saturdays.",
        ];
        for sentence in implausible {
            assert!(!plausible(sentence), "{sentence:?}");
        }
    }
}
