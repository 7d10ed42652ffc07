//! A customer who says that they have told all this to somebody else here: to a colleague, to the bot, by e-mail.
//!
//! Holds always: pure; one sentence must name the telling, to whom or where, and that it was all of it or done
//! already. English. Called by `recall`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::english::pattern;
use crate::conversation::words::Words;

/// The customer told something.
static TOLD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:i|we|ive|weve) (?:(?:have|already|just|literally|had|even|both|only) )*",
        r"(?:told|explained|described|gave|given|sent|went|gone|wrote|written|said|spelled|uploaded|provided)\b",
    ))
});
/// Somebody else of the business, or another way to it.
static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:your|the|a|an|another|other|last|previous|first|second|two|three|four|five|different)",
        r" (?:\w+ )?(?:colleagues?|agents?|bots?|chatbots?|assistants?|robots?|advis[eo]rs?|reps?|representatives?",
        r"|operators?|persons?|people|gentleman|lady|guys?|departments?|teams?|desks?|machine|hotline)\b",
        r"|\bsomeone else\b|\b(?:by|over|via|on|in) (?:the |an? |my |your )?(?:\w+ )?",
        r"(?:e ?mails?|phone|chat|letter|mail|form|app|whatsapp|twitter|hotline|call)\b",
        r"|\byesterday\b|\blast (?:week|night|time|month)\b",
    ))
});
/// That it was all of it, or that it should do.
static ALL_OF_IT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:already|again|twice|three times|all (?:of )?(?:this|that|it)|everything|the whole (?:story|thing)",
        r"|same (?:thing|story|question)|exactly (?:this|that)|every (?:time|single)|before)\b",
    ))
});

/// Where the customer says so, in code points.
pub fn told_already(words: &Words) -> Option<Range<u32>> {
    // Most turns tell of nothing; to see that is cheap.
    if !TOLD.is_match(words.folded()) {
        return None;
    }
    words
        .sentences()
        .iter()
        .filter(|sentence| !sentence.question)
        .find(|sentence| {
            let text = words.slice(sentence.words.clone());
            [&TOLD, &ELSEWHERE, &ALL_OF_IT].iter().all(|pattern| pattern.is_match(text))
        })
        .map(|sentence| words.place(sentence.words.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], expect: bool) {
        for text in texts {
            assert_eq!(told_already(&Words::of(text)).is_some(), expect, "{text:?}");
        }
    }

    #[test]
    fn a_customer_who_has_told_all_this_to_somebody_else_starts_over() {
        check(
            &[
                "I already explained all this to your colleague by e-mail yesterday.",
                "I've told the bot everything already",
                "I gave the last agent all of this, the number and the photos.",
                "We have sent all that by email twice.",
                "As I said, I explained the whole thing to another person on the phone.",
                "i told three different people the same story",
            ],
            true,
        );
    }

    #[test]
    fn telling_something_once_is_no_start_over() {
        check(
            &[
                "I told your colleague I'd be home at ten.",
                "I sent the form by email.",
                "Your colleague already told me that it is fine.",
                "I explained it to my daughter.",
                "Have I already told your colleague?",
                "I gave it back already.",
                "I want to tell you everything.",
                "thanks, your colleague explained everything",
                "",
            ],
            false,
        );
    }
}
