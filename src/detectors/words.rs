//! What can be told from the words of a turn without a model: courtesies, reactions, and how long somebody asks to
//! wait. Short lists on purpose: where a name of the model exists, it decides, and these add what is sure.
//!
//! Holds always: pure; a question mark goes before every courtesy in the same turn. Called by the detectors.

use super::Shown;
use crate::wire::Signal;

/// A goodbye with more words than this says something else, too.
const GOODBYE_WORDS_MAX: usize = 14;
/// The same for bare thanks.
const THANKS_WORDS_MAX: usize = 6;
/// The same for reactions.
const REACTION_WORDS_MAX: usize = 4;
/// The same for a customer who goes away to try something.
const POSTPONED_WORDS_MAX: usize = 14;
/// A score (−1 to 1) at or below which a customer's turn is a complaint whatever else it shows.
const COMPLAINT_SCORE: f64 = -0.4;
/// Nobody holds a customer for longer by saying so, in seconds.
const ALLOWANCE_SECONDS_MAX: u32 = 86_400;

#[rustfmt::skip] // lists
mod lists {
    pub(super) const GOODBYES: &[&str] = &[
        "bye", "goodbye", "good bye", "bye bye", "byebye", "see you", "cya", "thats all", "that is all",
        "thatll be all", "that will be all", "thats everything", "that is everything", "thats it", "nothing else",
        "all good", "all set", "im good", "no thanks", "no thank you", "never mind", "nevermind", "take care",
        "have a good", "have a great", "have a nice", "have a lovely", "good night", "goodnight", "sorted now",
    ];
    pub(super) const THANKS: &[&str] = &["thanks", "thank you", "thankyou", "thx", "ty", "tysm", "cheers", "much appreciated"];
    pub(super) const REACTIONS: &[&str] = &[
        "ok", "okay", "k", "kk", "okey", "alright", "right", "great", "perfect", "cool", "nice", "good", "fine",
        "awesome", "excellent", "lovely", "brilliant", "got", "it", "understood", "noted", "sure", "yes", "yep",
        "yeah", "yup", "ah", "oh", "aha", "haha", "lol", "wow", "hm", "hmm", "super", "then", "will", "do",
    ];
    /// Answers to a question of the agent: it is the agent's turn again.
    pub(super) const CONSENTS: &[&str] = &["yes", "yep", "yeah", "yup", "sure", "fine", "right", "please"];
    pub(super) const POSTPONED: &[&str] = &[
        "one moment", "one sec", "one second", "one minute", "just a moment", "just a sec", "just a second",
        "just a minute", "give me a", "gimme a", "brb", "be right back", "hold on", "hang on", "let me check",
        "let me look", "let me see", "let me try", "let me find", "let me get", "ill check", "ill try", "ill look",
        "ill send", "ill do", "ill get", "i will check", "i will try", "i will send", "i will do", "will do",
        "trying now", "trying it now", "checking now", "looking for it", "im looking",
    ];
    pub(super) const NOES: &[&str] = &["no", "nope", "nah", "not really", "nothing"];
    pub(super) const OFFERS_MORE: &[&str] = &[
        "anything else", "something else", "anything more", "further questions", "any other question",
        "any other questions", "else i can", "else we can",
    ];
    pub(super) const QUESTION_STARTS: &[&str] = &[
        "what", "whats", "when", "whens", "where", "wheres", "why", "how", "hows", "who", "which", "can", "could",
        "do", "does", "did", "is", "are", "will", "would", "has", "have you", "should", "am",
    ];
    /// A whole turn that does nothing but ask to wait.
    pub(super) const HOLDINGS: &[&str] = &[
        "one moment", "one moment please", "just a moment", "just a moment please", "a moment please",
        "one second", "one second please", "one minute", "one minute please", "please wait", "please hold",
        "hold on", "hold on please", "bear with me", "please bear with me", "give me a moment",
        "give me a moment please", "one sec", "just a second", "just a minute", "moment please",
    ];
    pub(super) const GREETINGS: &[&str] = &[
        "hi", "hello", "hey", "hiya", "howdy", "greetings", "welcome", "good morning", "good afternoon",
        "good evening", "good day", "dear", "thanks for contacting", "thank you for contacting",
        "thanks for reaching", "thank you for reaching", "thanks for chatting", "thank you for chatting",
        "thanks for getting in touch", "thank you for getting in touch", "thank you for calling",
        "thanks for calling", "thanks for your message", "thank you for your message", "thanks for writing",
        "thank you for writing", "nice to meet you", "my name is", "how can i help", "how may i help",
        "how can i assist", "how may i assist", "what can i do for you",
    ];
    /// To own a failure counts as an apology.
    pub(super) const APOLOGIES: &[&str] = &[
        "sorry", "apologies", "apologise", "apologize", "apology", "thats on us", "that is on us", "its on us",
        "our mistake", "our fault", "our error", "our bad", "my mistake", "my fault", "my bad", "we messed up",
        "we got it wrong", "we got that wrong", "should not have happened", "shouldnt have happened", "forgive",
    ];
    /// Words by which the business side establishes that something went wrong on its side.
    pub(super) const FAILURES: &[&str] = &[
        "wrong item", "wrong size", "wrong order", "wrong product", "wrong address was", "our mistake", "our fault",
        "our error", "error on our", "mistake on our", "on our side", "on our end", "thats on us", "that is on us",
        "went wrong", "charged twice", "double charged", "charged you twice", "was lost", "got lost", "lost the",
        "was damaged", "arrived damaged", "been delayed", "is delayed", "was delayed", "outage", "we missed",
        "we forgot", "was never sent", "wasnt sent", "not been sent", "overcharged", "shouldnt have happened",
        "should not have happened",
    ];
    pub(super) const CHECK_BACKS: &[&str] = &[
        "anything else", "something else", "else i can", "else we can", "does that help", "did that help",
        "does that work", "did that work", "does it work", "is it working", "works now", "working now",
        "working again", "does that answer", "did that answer", "does this answer", "is that ok", "is that okay",
        "is that alright", "is that all right", "all good", "is that solved", "is it solved", "did that solve",
        "does that solve", "is that sorted", "is everything", "any other question", "any other questions",
        "any questions", "any more questions", "further questions", "does that sound", "can you confirm", "is that fixed",
        "happy with that", "does this help", "did this help",
    ];
    pub(super) const CLOSINGS: &[&str] = &[
        "bye", "goodbye", "good bye", "have a good", "have a great", "have a nice", "have a lovely",
        "have a wonderful", "enjoy your", "enjoy the", "take care", "youre welcome", "you are welcome",
        "thanks for contacting", "thank you for contacting", "thanks for reaching", "thank you for reaching",
        "thanks for chatting", "thank you for chatting", "thanks for your patience", "thank you for your patience",
        "best regards", "kind regards", "see you", "good night", "all the best", "my pleasure", "anytime",
        "any time", "glad i could help", "glad to help", "happy to help", "happy i could help",
    ];
}

/// What a customer's turn asks of the business side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// An answer.
    Answer,
    /// Nothing, but what was owed before is still owed.
    Nothing,
    /// Nothing more: the matter is settled, or the customer says good-bye.
    Over,
}

/// What the business side said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Its last turn asked something, so the ball was with the customer.
    pub asked: bool,
    /// Its last turn asked whether there is anything else.
    pub offered_more: bool,
    /// The customer waits for the answer to an earlier turn.
    pub owed: bool,
}

/// Lower-cased words with one blank around each, so that ` phrase ` finds whole words.
struct Plain {
    text: String,
    words: usize,
}

/// What the customer's turn asks for.
pub fn need(text: &str, shown: Shown, before: Before) -> Need {
    let plain = Plain::of(text);
    if asks(text) {
        return Need::Answer;
    }
    if plain.words == 0 {
        return Need::Nothing;
    }
    let goodbye = plain.words <= GOODBYE_WORDS_MAX && plain.has(lists::GOODBYES);
    // Whoever is asked to wait says thanks for that.
    let settled = shown.signal(Signal::ThanksResolved) && !(before.owed && plain.is_courtesy());
    if goodbye || settled || (before.offered_more && plain.words <= 3 && plain.has(lists::NOES)) {
        return if is_complaint(shown, None) { Need::Answer } else { Need::Over };
    }
    if is_complaint(shown, None) || plain.starts_with(lists::QUESTION_STARTS) {
        return Need::Answer;
    }
    if before.asked && plain.words <= REACTION_WORDS_MAX && plain.has(lists::CONSENTS) {
        return Need::Answer;
    }
    let postponed = plain.words <= POSTPONED_WORDS_MAX && plain.has(lists::POSTPONED);
    if postponed || plain.is_courtesy() { Need::Nothing } else { Need::Answer }
}

/// Whether a customer's turn is a question or a complaint rather than a piece of information.
pub fn is_issue(text: &str, shown: Shown, score: Option<f64>) -> bool {
    asks(text) || is_complaint(shown, score) || Plain::of(text).starts_with(lists::QUESTION_STARTS)
}

/// Whether a turn asks something, by its punctuation.
pub fn asks(text: &str) -> bool {
    text.contains(['?', '？', '؟'])
}

/// Whether the whole of a business turn is a request to wait.
pub fn is_plain_holding(text: &str) -> bool {
    let plain = Plain::of(text);
    lists::HOLDINGS.contains(&plain.text.trim())
}

pub fn greets(text: &str) -> bool {
    text.contains('👋') || Plain::of(text).has(lists::GREETINGS)
}

pub fn apologises(text: &str) -> bool {
    Plain::of(text).has(lists::APOLOGIES)
}

/// Whether a business turn says that something went wrong on its side.
pub fn admits_failure(text: &str) -> bool {
    Plain::of(text).has(lists::FAILURES)
}

/// Whether a business turn asks if the matter is settled.
pub fn checks_back(text: &str) -> bool {
    asks(text) && Plain::of(text).has(lists::CHECK_BACKS)
}

pub fn offers_more(text: &str) -> bool {
    Plain::of(text).has(lists::OFFERS_MORE)
}

/// Whether a business turn has closing words.
pub fn closes(text: &str) -> bool {
    Plain::of(text).has(lists::CLOSINGS)
}

/// How many words a text has.
pub fn count(text: &str) -> usize {
    Plain::of(text).words
}

/// How long a turn asks to wait, in seconds, where it says so: "two minutes", "3-5 mins", "half an hour".
pub fn allowance_seconds(text: &str) -> Option<u32> {
    let plain = Plain::of(text);
    let words: Vec<&str> = plain.text.split_whitespace().collect();
    let unit_at = words.iter().position(|word| unit_seconds(word).is_some())?;
    let unit = unit_seconds(words[unit_at])?;
    let filler = |word: &&&str| matches!(**word, "of" | "more" | "or" | "so");
    let mut before = words[..unit_at].iter().rev().filter(|word| !filler(word));
    let number = number(before.next()?)?;
    let half = before.next() == Some(&"half");
    let seconds = number.checked_mul(unit)? / if half { 2 } else { 1 };
    (seconds > 0).then_some(seconds.min(ALLOWANCE_SECONDS_MAX))
}

fn is_complaint(shown: Shown, score: Option<f64>) -> bool {
    const COMPLAINTS: [Signal; 7] = [
        Signal::Frustration,
        Signal::EscalationRequest,
        Signal::ChurnThreat,
        Signal::PublicOrLegalThreat,
        Signal::Distress,
        Signal::RepeatsSelf,
        Signal::Confused,
    ];
    COMPLAINTS.iter().any(|signal| shown.signal(*signal))
        || score.is_some_and(|score| score <= COMPLAINT_SCORE)
}

fn unit_seconds(word: &str) -> Option<u32> {
    match word {
        "second" | "seconds" | "sec" | "secs" => Some(1),
        "minute" | "minutes" | "min" | "mins" => Some(60),
        "hour" | "hours" | "hr" | "hrs" => Some(3_600),
        _ => None,
    }
}

fn number(word: &str) -> Option<u32> {
    const WORDS: [&str; 11] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    match word {
        "a" | "an" => Some(1),
        "couple" => Some(2),
        "few" => Some(3),
        "fifteen" => Some(15),
        "twenty" => Some(20),
        "thirty" => Some(30),
        _ => WORDS
            .iter()
            .position(|known| *known == word)
            .and_then(|at| u32::try_from(at).ok())
            .or_else(|| word.parse().ok()),
    }
}

impl Plain {
    fn of(text: &str) -> Self {
        let mut plain = String::with_capacity(text.len() + 2);
        let mut words = 0;
        plain.push(' ');
        for char in text.chars() {
            if char.is_alphanumeric() {
                if plain.ends_with(' ') {
                    words += 1;
                }
                plain.extend(char.to_lowercase());
            } else if !matches!(char, '\'' | '’' | '‘' | '`') && !plain.ends_with(' ') {
                // Apostrophes are left out: many people leave them out.
                plain.push(' ');
            }
        }
        if !plain.ends_with(' ') {
            plain.push(' ');
        }
        Plain { text: plain, words }
    }

    fn has(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.at(phrase).is_some())
    }

    fn starts_with(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.at(phrase) == Some(0))
    }

    /// Only thanks or a reaction.
    fn is_courtesy(&self) -> bool {
        let reaction = |word: &str| lists::REACTIONS.contains(&word);
        let thanks = self.words <= THANKS_WORDS_MAX && self.has(lists::THANKS);
        thanks || self.words <= REACTION_WORDS_MAX && self.text.split_whitespace().all(reaction)
    }

    /// Where the phrase stands, as whole words.
    fn at(&self, phrase: &str) -> Option<usize> {
        let found = self.text.match_indices(phrase).find(|(at, _)| {
            let end = at + phrase.len();
            self.text[..*at].ends_with(' ') && self.text[end..].starts_with(' ')
        });
        // Without the blank before the first word.
        found.map(|(at, _)| at - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::Name;

    const QUIET: Before = Before { asked: false, offered_more: false, owed: false };

    #[test]
    fn what_needs_an_answer() {
        use Need::{Answer, Nothing, Over};
        #[rustfmt::skip] // a table
        let table = [
            ("my card was charged twice, can someone look?", QUIET, Answer),
            ("hello?", QUIET, Answer),
            ("???", QUIET, Answer),
            ("so do I keep the old router or not?", QUIET, Answer),
            ("it still says error 12", QUIET, Answer),
            ("8812", Before { asked: true, ..QUIET }, Answer),
            ("yes please", Before { asked: true, ..QUIET }, Answer),
            ("yes", QUIET, Nothing),
            ("thanks! and when does it arrive?", QUIET, Answer),
            ("thanks, but the invoice is missing and I wrote about it twice", QUIET, Answer),
            ("how do I close my account", QUIET, Answer),
            ("great, that's everything, bye", QUIET, Over),
            ("perfect thanks, bye", QUIET, Over),
            ("No, that’s all", QUIET, Over),
            ("nope", Before { asked: true, offered_more: true, owed: false }, Over),
            ("no", QUIET, Answer),
            ("never mind, found it", Before { owed: true, ..QUIET }, Over),
            ("ok 👍", QUIET, Nothing),
            ("👍", QUIET, Nothing),
            ("", QUIET, Nothing),
            ("thank you so much!", QUIET, Nothing),
            ("thanks", Before { owed: true, ..QUIET }, Nothing),
            ("got it", QUIET, Nothing),
            ("ok I'll try that", Before { asked: true, ..QUIET }, Nothing),
            ("one sec, let me find the label", Before { asked: true, ..QUIET }, Nothing),
        ];
        for (text, before, expect) in table {
            assert_eq!(need(text, Shown::default(), before), expect, "{text}");
        }
    }

    #[test]
    fn the_model_is_believed_about_thanks_and_complaints() {
        let solved = Shown::default().with(Name::Signal(Signal::ThanksResolved));
        let upset = Shown::default().with(Name::Signal(Signal::Frustration));
        assert_eq!(need("it connects again, you are a star", solved, QUIET), Need::Over);
        assert_eq!(
            need("it connects again, you are a star", solved, Before { owed: true, ..QUIET }),
            Need::Over
        );
        assert_eq!(
            need("ok thanks", solved, Before { owed: true, ..QUIET }),
            Need::Nothing,
            "for the waiting"
        );
        assert_eq!(need("solved. but why was it off?", solved, QUIET), Need::Answer);
        assert_eq!(need("great, thanks for nothing, bye", upset, QUIET), Need::Answer);
        assert_eq!(need("great", upset, QUIET), Need::Answer);
    }

    #[test]
    fn how_long_a_turn_asks_to_wait() {
        #[rustfmt::skip] // a table
        let table = [
            ("give me two minutes to check", Some(120)),
            ("it takes about 8 minutes", Some(480)),
            ("this may take 3-5 mins", Some(300)),
            ("a couple of minutes please", Some(120)),
            ("a few more minutes", Some(180)),
            ("half an hour", Some(1_800)),
            ("an hour or so", Some(3_600)),
            ("30 sec", Some(30)),
            ("99 hours", Some(86_400)),
            ("one moment please", None),
            ("the minutes of the meeting", None),
            ("99999999999 hours", None),
            ("0 minutes", None),
        ];
        for (text, expect) in table {
            assert_eq!(allowance_seconds(text), expect, "{text}");
        }
    }

    #[test]
    fn courtesies_of_the_business_side() {
        let check =
            |what: fn(&str) -> bool, text: &str, expect: bool| assert_eq!(what(text), expect, "{text}");
        check(greets, "Hey Sam 👋 what's up with the order?", true);
        check(greets, "order number?", false);
        check(greets, "this is high time", false);
        check(apologises, "That's on us. I've fixed it.", true);
        check(apologises, "I apologize for that", true);
        check(apologises, "refund issued.", false);
        check(checks_back, "Works now?", true);
        check(checks_back, "Is there anything else I can do?", true);
        check(checks_back, "works now.", false);
        check(closes, "You're welcome, have a good day!", true);
        check(closes, "refund issued.", false);
        check(is_plain_holding, "One moment, please.", true);
        check(is_plain_holding, "one moment please, I have found it: 12 May", false);
        check(admits_failure, "I see we shipped the wrong item", true);
    }
}
