//! Whether a conversation is stuck: unresolved too long, turning in circles, or getting worse and worse.
//!
//! Holds always: pure; a resolved problem and a customer who is getting happier are never stuck; long friendly
//! sessions, long pauses and steps repeated at the customer's wish do not count. [`BotMemory`] is bounded by
//! [`BOT_SAID_MAX`]. English, where it reads words.
//! Called by `recall`.

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use super::mood;
use crate::conversation::words::{Words, hash};

/// Customer turns with the problem open.
pub const TURNS_MIN: u32 = 12;
/// Customer turns that say that it still does not work.
pub const STILL_BROKEN_MIN: u32 = 3;
/// The same words of a bot.
pub const BOT_LOOPS_MIN: u32 = 3;
/// The same step of an agent.
pub const SAME_STEPS_MIN: u32 = 1;
/// Customer turns that say again what was said.
pub const REPEATS_MIN: u32 = 2;
/// Scores that a falling mood is read off.
pub const FALLING_TURNS: usize = 4;
/// How far these must fall in all, from the first to the last.
const FALL_MIN: f64 = 0.5;
/// How much one of them may rise in between.
const RISE_MAX: f64 = 0.1;
/// Where they must end.
const FALLEN_TO: f64 = -0.3;
/// A mean of the last scores from which a long session counts as friendly.
const FRIENDLY: f64 = 0.15;
/// A mean under which it is sour, with nothing else against it.
const SOUR: f64 = -0.2;
/// A trend from which things are getting better.
const RISING: f64 = 0.15;
/// What a bot has said last.
pub const BOT_SAID_MAX: usize = 6;
/// Shorter words of a bot, such as "ok", may be said again.
const BOT_WORDS_MIN: usize = 3;

static STILL_BROKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\b(?:still (?:\w+ )?(?:not|no|nothing|isnt|doesnt|dont|wont|cant|cannot|havent|hasnt|down",
        r"|broken|dead|failing",
        r"|offline|stuck|waiting|missing|wrong|the same|same|red|error|gives?|says?|shows?|drops?",
        r"|crash(?:es|ing)?)",
        r"|(?:isnt|doesnt|dont|wont|hasnt|cant|not) (?:\w+ )?(?:still|yet fixed)",
        r"|(?:same|the same) (?:problem|issue|error|thing|result|message|as before)|no (?:change|luck",
        r"|difference|joy)",
        r"|(?:didnt|did not|doesnt|hasnt) (?:help|work|change|fix|do anything|make)",
        r"|(?:not|isnt|arent) (?:\w+ )?(?:working|fixed|solved|resolved)",
        r"|nothing (?:changed|happened|happens|works|helps)|keeps? (?:happening|failing))\b",
    ))
    .expect("a constant pattern: this is a bug")
});

/// What is known of the problem since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress<'a> {
    /// Customer turns since then.
    pub customer_turns: u32,
    /// Of these, turns that say again what was said.
    pub repeats: u32,
    /// Steps proposed a second time, but for those that the customer wished again.
    pub same_steps: u32,
    /// Customer turns that say that it still does not work.
    pub still_broken: u32,
    /// How often the bot has said the same at most: see [`BotMemory::said`].
    pub bot_loops: u32,
    /// Scores of the customer turns, oldest first, −1 to 1; the last few.
    pub scores: &'a [f64],
    /// Whether the customer has said since that it is solved.
    pub resolved: bool,
}

/// Why a conversation is stuck, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    BotLoop,
    SameStep,
    StillBroken,
    Repeats,
    Falling,
    TooLong,
}

/// What a bot has said in a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BotMemory {
    hashes: VecDeque<u64>,
}

/// Why the conversation is stuck, if it is.
pub fn stuck(progress: &Progress<'_>) -> Option<Reason> {
    let last = progress.scores.last().copied().unwrap_or(0.0);
    if progress.resolved || mood::positivity(last) > 0.0 || is_rising(progress.scores) {
        return None;
    }
    let reasons = [
        (Reason::BotLoop, progress.bot_loops >= BOT_LOOPS_MIN),
        (Reason::SameStep, progress.same_steps >= SAME_STEPS_MIN),
        (Reason::StillBroken, progress.still_broken >= STILL_BROKEN_MIN),
        (Reason::Repeats, progress.repeats >= REPEATS_MIN),
        (Reason::Falling, is_falling(progress.scores)),
        (Reason::TooLong, progress.customer_turns >= TURNS_MIN && is_troubled(progress)),
    ];
    reasons.into_iter().find(|(_, holds)| *holds).map(|(reason, _)| reason)
}

/// Whether a customer says that it still does not work, that nothing has changed, or that it did not help.
pub fn still_broken(words: &Words) -> bool {
    STILL_BROKEN.is_match(words.folded())
}

/// Whether the last [`FALLING_TURNS`] scores go down all the way, to a bad end.
fn is_falling(scores: &[f64]) -> bool {
    let Some(start) = scores.len().checked_sub(FALLING_TURNS) else { return false };
    let scores = &scores[start..];
    let (first, last) = (scores[0], scores[FALLING_TURNS - 1]);
    last <= FALLEN_TO
        && first - last >= FALL_MIN
        && scores.windows(2).all(|pair| pair[1] - pair[0] <= RISE_MAX)
}

/// Whether the mood goes up, and not from bad to a little less bad.
fn is_rising(scores: &[f64]) -> bool {
    mood::trend(scores) >= RISING && scores.last().is_some_and(|&last| mood::negativity(last) == 0.0)
}

/// Whether a long conversation is long because something is wrong.
fn is_troubled(progress: &Progress<'_>) -> bool {
    let recent = &progress.scores[progress.scores.len().saturating_sub(FALLING_TURNS)..];
    let mean = if recent.is_empty() { 0.0 } else { recent.iter().sum::<f64>() / recent.len() as f64 };
    let trouble = progress.repeats + progress.same_steps + progress.still_broken > 0;
    mean <= SOUR || (trouble && mean < FRIENDLY)
}

// === impl BotMemory ===

impl BotMemory {
    /// The bot says something; how often it has said just that among its last [`BOT_SAID_MAX`] turns, this one
    /// included. 0 for a word or two.
    pub fn said(&mut self, words: &Words) -> u32 {
        let text = words.normalised();
        if words.core().len() < BOT_WORDS_MIN {
            return 0;
        }
        let hash = hash(text.as_bytes());
        if self.hashes.len() == BOT_SAID_MAX {
            self.hashes.pop_front();
        }
        self.hashes.push_back(hash);
        self.hashes.iter().filter(|&&earlier| earlier == hash).count() as u32
    }

    /// A person takes over: what a bot says later is another matter.
    pub fn clear(&mut self) {
        self.hashes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, progress: Progress<'_>, expect: Option<Reason>) {
        assert_eq!(stuck(&progress), expect, "{name}: {progress:?}");
    }

    #[test]
    fn a_conversation_is_stuck_for_a_reason() {
        let none = Progress::default();
        check(
            "twelve sour turns",
            Progress { customer_turns: 12, scores: &[-0.4; 4], ..none },
            Some(Reason::TooLong),
        );
        check(
            "twelve even turns, once not working",
            Progress { customer_turns: 12, still_broken: 1, scores: &[0.0; 4], ..none },
            Some(Reason::TooLong),
        );
        check("the same step", Progress { customer_turns: 3, same_steps: 1, ..none }, Some(Reason::SameStep));
        check("not working thrice", Progress { still_broken: 3, ..none }, Some(Reason::StillBroken));
        check("said thrice", Progress { repeats: 2, ..none }, Some(Reason::Repeats));
        check("a bot in a loop", Progress { bot_loops: 3, same_steps: 1, ..none }, Some(Reason::BotLoop));
        check("down and down", Progress { scores: &[0.3, 0.0, -0.3, -0.7], ..none }, Some(Reason::Falling));
        check(
            "down, a breath, down",
            Progress { scores: &[0.1, -0.4, -0.35, -0.9], ..none },
            Some(Reason::Falling),
        );
        check(
            "from bad to a little less bad",
            Progress { still_broken: 3, scores: &[-0.9, -0.9, -0.4, -0.4], ..none },
            Some(Reason::StillBroken),
        );
    }

    #[test]
    fn what_is_not_stuck_stays_silent() {
        let none = Progress::default();
        check("nothing", none, None);
        check("a long friendly session", Progress { customer_turns: 40, scores: &[0.4; 8], ..none }, None);
        check(
            "a long even session",
            Progress { customer_turns: 40, scores: &[0.05, -0.1, 0.0, 0.1], ..none },
            None,
        );
        check(
            "long, but things get better",
            Progress {
                customer_turns: 20,
                still_broken: 2,
                repeats: 2,
                scores: &[-0.8, -0.6, 0.0, 0.1],
                ..none
            },
            None,
        );
        check(
            "solved",
            Progress { customer_turns: 20, same_steps: 2, still_broken: 5, resolved: true, ..none },
            None,
        );
        check("eleven turns", Progress { customer_turns: 11, scores: &[-0.4; 4], ..none }, None);
        check("sour, not falling", Progress { scores: &[-0.5; 4], ..none }, None);
        check("three falling turns", Progress { scores: &[0.4, 0.0, -0.7], ..none }, None);
        check("down and up", Progress { scores: &[0.4, -0.8, 0.1, -0.7], ..none }, None);
        check("down to plain business", Progress { scores: &[0.9, 0.6, 0.2, -0.1], ..none }, None);
        check("thanks after a repeated step", Progress { same_steps: 1, scores: &[-0.5, 0.6], ..none }, None);
        check("not working twice", Progress { still_broken: 2, repeats: 1, bot_loops: 2, ..none }, None);
    }

    #[test]
    fn not_working_is_read_off_the_words() {
        let check = |text: &str, expect: bool| assert_eq!(still_broken(&Words::of(text)), expect, "{text:?}");
        check("Still not working.", true);
        check("it still doesn't connect", true);
        check("No change, red light", true);
        check("did that. didn't help", true);
        check("I've tried it and it did not work", true);
        check("Same error as before", true);
        check("It isn't working", true);
        check("it's still down", true);
        check("nothing happens when I press it", true);
        check("It works now!", false);
        check("I'm still here", false);
        check("Is the offer still valid?", false);
        check("no problem", false);
        check("can you change my address", false);
        check("", false);
    }

    #[test]
    fn a_bot_that_says_the_same_is_counted() {
        let mut bot = BotMemory::default();
        let mut says = |text: &str, expect: u32| assert_eq!(bot.said(&Words::of(text)), expect, "{text:?}");
        says("Sorry, I didn't get that. Please choose an option.", 1);
        says("Orders, or returns?", 1);
        says("Sorry, I didn't get that. Please choose an option!", 2);
        says("ok", 0);
        says("ok", 0);
        says("sorry, I didn't get that! please choose an option", 3);
        says("orders or returns", 2);
        (0..8).for_each(|n| says(&format!("Here is article {n}"), 1));
        says("Orders, or returns?", 1);
    }
}
