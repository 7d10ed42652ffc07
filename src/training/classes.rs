//! The yes-or-no classes of all heads in one order, and what a row says of them.
//!
//! Holds always: the order is `Signal::IN_TEXT`, `Mistake::IN_TEXT`, `Act::ALL`: the columns of
//! `network::Outputs::classes`. Called by every file of this room.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::wire::{Act, Mistake, Role, Signal};

/// How many classes there are.
pub const CLASSES: usize = Signal::IN_TEXT.len() + Mistake::IN_TEXT.len() + Act::ALL.len();
/// The columns of each head.
pub const SIGNALS: Range<usize> = 0..Signal::IN_TEXT.len();
pub const MISTAKES: Range<usize> = SIGNALS.end..SIGNALS.end + Mistake::IN_TEXT.len();
pub const ACTS: Range<usize> = MISTAKES.end..CLASSES;

/// What a row says of the classes: yes, no, or nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Marks {
    known: u32,
    yes: u32,
}

/// What a label of a file says of classes, in a recipe: `"frustration !thanks_resolved"`; `!` is no, and a head's name
/// (`signals`, `mistakes`, `acts`) stands for all of its classes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Says {
    text: String,
    pub marks: Marks,
}

impl Marks {
    /// Every class of a role: no.
    pub fn none_of(role: Role) -> Self {
        let mut marks = Marks::default();
        columns_of(role).for_each(|column| marks.set(column, false));
        marks
    }

    /// Says yes or no of one class.
    pub fn set(&mut self, column: usize, yes: bool) {
        self.known |= 1 << column;
        self.yes = if yes { self.yes | 1 << column } else { self.yes & !(1 << column) };
    }

    /// What is said of one class.
    pub fn get(self, column: usize) -> Option<bool> {
        (self.known >> column & 1 == 1).then_some(self.yes >> column & 1 == 1)
    }

    /// Whether nothing is said of any class.
    pub fn is_empty(self) -> bool {
        self.known == 0
    }

    /// The classes that are there, one bit a column.
    pub fn yes(self) -> u32 {
        self.yes
    }

    /// Adds what another label of the same row says; yes goes before no.
    pub fn join(&mut self, other: Marks) {
        self.known |= other.known;
        self.yes |= other.yes;
    }

    /// The same for the classes of some columns only.
    #[must_use]
    pub fn within(self, columns: Range<usize>) -> Self {
        let mask = columns.fold(0, |mask, column| mask | 1 << column);
        Marks { known: self.known & mask, yes: self.yes & mask }
    }
}

impl Says {
    /// What `NAME=true` and `NAME=false` say, for every class.
    pub fn of_objects() -> BTreeMap<String, Says> {
        let one = |(column, name): (usize, &str), yes: bool| {
            let mut marks = Marks::default();
            marks.set(column, yes);
            let text = if yes { name.to_owned() } else { format!("!{name}") };
            (format!("{name}={yes}"), Says { text, marks })
        };
        names().enumerate().flat_map(|named| [one(named, true), one(named, false)]).collect()
    }
}

impl TryFrom<String> for Says {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut marks = Marks::default();
        for word in text.split_whitespace() {
            let (name, yes) = word.strip_prefix('!').map_or((word, true), |name| (name, false));
            let columns = match (name, yes) {
                ("signals", false) => SIGNALS,
                ("mistakes", false) => MISTAKES,
                ("acts", false) => ACTS,
                _ => {
                    let column = column(name)
                        .ok_or_else(|| format!("{name:?} is no class; allowed: {}", allowed()))?;
                    column..column + 1
                }
            };
            // What is named goes before what a head's name says of all.
            columns.for_each(|column| {
                let mut one = Marks::default();
                one.set(column, yes);
                marks.join(one);
            });
        }
        Ok(Says { text, marks })
    }
}

impl From<Says> for String {
    fn from(says: Says) -> String {
        says.text
    }
}

/// The names of all classes in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    let signals = Signal::IN_TEXT.into_iter().map(Signal::as_str);
    let mistakes = Mistake::IN_TEXT.into_iter().map(Mistake::as_str);
    signals.chain(mistakes).chain(Act::ALL.iter().copied().map(Act::as_str))
}

/// All names, for error messages: `a, b, c`.
pub fn allowed() -> String {
    names().collect::<Vec<_>>().join(", ")
}

/// The head that a column belongs to.
pub fn head(column: usize) -> &'static str {
    if SIGNALS.contains(&column) {
        "signals"
    } else if MISTAKES.contains(&column) {
        "mistakes"
    } else {
        "acts"
    }
}

/// What a class is most often confused with: the pairs of the taxonomy.
pub fn confused_with(class: &str) -> &'static str {
    match class {
        "frustration" => "a neutral report with bad news in it",
        "escalation_request" => "a manager, person or supervisor mentioned",
        "churn_threat" => "cancelling an item, switching a plan",
        "public_or_legal_threat" => "lawyers, reviews and posts mentioned",
        "distress" => "strong words in play (dying to, killing it)",
        "agent_abused" => "an oath at the thing, not the person",
        "repeats_self" => "something done twice, not said twice",
        "confused" => "an ordinary question",
        "thanks_resolved" => "thanks in advance, sarcastic thanks",
        "not_listening" => "a clarifying question",
        "no_empathy" => "brisk competence",
        "blames_customer" => "a neutral cause",
        "disowns_problem" => "a warm referral",
        "dismissive_tone" => "a boundary against abuse, brevity",
        "policy_wall" => "information about a policy",
        "cannot_help" => "an honest \"let me check\"",
        "must_start_over" => "one identity check with its reason",
        "overcomplicates" => "long but clear steps that were asked for",
        "canned_reply" => "a required disclosure, a formula in its place",
        "pushy_sell" => "a relevant alternative",
        "promise_made" => "passing feedback on, general intentions",
        "apology" => "\"sorry but\", sympathy",
        "empathy" => "an apology, thanks",
        "holding" => "waiting for the customer",
        "question" => "a rhetorical one, an offer",
        "handoff" => "the same team by another channel",
        "closing" => "a greeting",
        _ => "",
    }
}

/// The column of a class.
pub fn column(name: &str) -> Option<usize> {
    names().position(|known| known == name)
}

/// The columns that are asked for turns of a role.
pub fn columns_of(role: Role) -> Range<usize> {
    match role {
        Role::Customer => SIGNALS,
        Role::Agent | Role::Bot => MISTAKES.start..ACTS.end,
        Role::System => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_goes_before_no() {
        let says = Says::try_from("!signals frustration".to_owned()).unwrap().marks;
        assert_eq!(says.get(column("frustration").unwrap()), Some(true));
        assert_eq!(says.get(column("confused").unwrap()), Some(false));
        assert_eq!(says.get(column("apology").unwrap()), None);
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_those_that_are() {
        let refusal = Says::try_from("frustated".to_owned()).unwrap_err();
        assert!(refusal.contains("frustated") && refusal.contains("frustration"), "{refusal}");
    }
}
