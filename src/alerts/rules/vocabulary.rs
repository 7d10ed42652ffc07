//! What a condition may name: variables, functions, and the closed sets of words they take.
//!
//! Holds always: one table of each; docs/rules.md lists the same (a test holds them equal). Called by
//! [`super::check`] and [`super::facts`].

use crate::conversation::HISTORY_TURNS_MAX;
use crate::scoring::Name;
use crate::wire::{Channel, Level, Mistake, Role, Signal};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int,
    Double,
    Text,
    /// A text out of a closed set.
    Word(Words),
    /// Texts by key.
    Texts,
    /// A list of what is of one kind.
    Ints,
    TextList,
}

/// A closed set of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    Level,
    Role,
    Channel,
    /// Signals, mistakes and acts.
    Name,
    /// What can be a finding.
    Found,
}

/// A variable of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variable {
    Risk,
    Level,
    Sentiment,
    Trend,
    Worst,
    CustomerTurns,
    AgentTurns,
    BotTurns,
    WaitingSeconds,
    AgeSeconds,
    PromisesOpen,
    PromisesOverdue,
    Role,
    Channel,
    Queue,
    Closed,
    Attributes,
}

/// A function of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Count,
    CountWithin,
    Mistakes,
    Found,
    SecondsSince,
    TurnsSince,
    MissingSince,
    LevelAtLeast,
}

/// What an argument of a function may be; all are literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    Word(Words),
    /// A whole number from 1 to this.
    Whole(u32),
}

/// Seconds that `count_within` may look back.
pub const WITHIN_SECONDS_MAX: u32 = 604_800;

/// Every variable, its spelling and kind, and whether it changes by time alone.
pub const VARIABLES: [(&str, Variable, Kind); 17] = [
    ("risk", Variable::Risk, Kind::Double),
    ("level", Variable::Level, Kind::Word(Words::Level)),
    ("sentiment", Variable::Sentiment, Kind::Double),
    ("trend", Variable::Trend, Kind::Double),
    ("worst", Variable::Worst, Kind::Double),
    ("customer_turns", Variable::CustomerTurns, Kind::Int),
    ("agent_turns", Variable::AgentTurns, Kind::Int),
    ("bot_turns", Variable::BotTurns, Kind::Int),
    ("waiting_seconds", Variable::WaitingSeconds, Kind::Double),
    ("age_seconds", Variable::AgeSeconds, Kind::Double),
    ("promises_open", Variable::PromisesOpen, Kind::Int),
    ("promises_overdue", Variable::PromisesOverdue, Kind::Int),
    ("role", Variable::Role, Kind::Word(Words::Role)),
    ("channel", Variable::Channel, Kind::Word(Words::Channel)),
    ("queue", Variable::Queue, Kind::Text),
    ("closed", Variable::Closed, Kind::Bool),
    ("attributes", Variable::Attributes, Kind::Texts),
];

const NAME: Argument = Argument::Word(Words::Name);
const LAST_TURNS: Argument = Argument::Whole(HISTORY_TURNS_MAX as u32);

/// How a function is called, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    pub name: &'static str,
    pub function: Function,
    /// The arguments it must have, and those it may have beyond.
    pub must: &'static [Argument],
    pub may: &'static [Argument],
    pub gives: Kind,
    /// How it is written, for messages.
    pub usage: &'static str,
}

const WITHIN: Argument = Argument::Whole(WITHIN_SECONDS_MAX);
const FINDING: Argument = Argument::Word(Words::Found);
const LEVEL: Argument = Argument::Word(Words::Level);

/// Every function.
#[rustfmt::skip] // a table: one function a line
pub const FUNCTIONS: [Signature; 8] = [
    Signature { name: "count", function: Function::Count, must: &[NAME], may: &[LAST_TURNS], gives: Kind::Int, usage: "count(\"frustration\") or count(\"frustration\", 6), of the last 6 turns" },
    Signature { name: "count_within", function: Function::CountWithin, must: &[NAME, WITHIN], may: &[], gives: Kind::Int, usage: "count_within(\"frustration\", 600), of the last 600 seconds" },
    Signature { name: "mistakes", function: Function::Mistakes, must: &[LAST_TURNS], may: &[], gives: Kind::Int, usage: "mistakes(6), all of the last 6 turns" },
    Signature { name: "found", function: Function::Found, must: &[FINDING], may: &[], gives: Kind::Int, usage: "found(\"left_waiting\")" },
    Signature { name: "seconds_since", function: Function::SecondsSince, must: &[NAME], may: &[], gives: Kind::Double, usage: "seconds_since(\"apology\")" },
    Signature { name: "turns_since", function: Function::TurnsSince, must: &[NAME], may: &[], gives: Kind::Int, usage: "turns_since(\"apology\")" },
    Signature { name: "missing_since", function: Function::MissingSince, must: &[NAME, NAME], may: &[], gives: Kind::Bool, usage: "missing_since(\"apology\", \"frustration\"): no apology since a frustration" },
    Signature { name: "level_at_least", function: Function::LevelAtLeast, must: &[LEVEL], may: &[], gives: Kind::Bool, usage: "level_at_least(\"high\")" },
];

/// Findings that can be open.
const FOUND: [&str; 10] = [
    Mistake::LeftWaiting.as_str(),
    Mistake::CutShort.as_str(),
    Mistake::EmptyPromise.as_str(),
    Mistake::Contradicts.as_str(),
    Mistake::MustStartOver.as_str(),
    Mistake::CannedReply.as_str(),
    Mistake::MissingBasics.as_str(),
    Signal::Stuck.as_str(),
    Signal::RepeatsSelf.as_str(),
    Signal::EscalationRequest.as_str(),
];

impl Words {
    /// All of them.
    pub fn all(self) -> Vec<&'static str> {
        match self {
            Words::Level => Level::ALL.iter().map(|name| name.as_str()).collect(),
            Words::Role => {
                Role::ALL.iter().filter(|role| **role != Role::System).map(|name| name.as_str()).collect()
            }
            Words::Channel => Channel::ALL.iter().map(|name| name.as_str()).collect(),
            Words::Name => Name::all().map(Name::as_str).collect(),
            Words::Found => FOUND.to_vec(),
        }
    }
}

impl Kind {
    /// In words, for messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Bool => "true or false",
            Kind::Int => "a whole number",
            Kind::Double => "a number with a fraction",
            Kind::Text | Kind::Word(_) => "a text",
            Kind::Texts => "texts by key",
            Kind::Ints => "a list of numbers",
            Kind::TextList => "a list of texts",
        }
    }

    pub const fn is_text(self) -> bool {
        matches!(self, Kind::Text | Kind::Word(_))
    }

    pub const fn is_number(self) -> bool {
        matches!(self, Kind::Int | Kind::Double)
    }
}
