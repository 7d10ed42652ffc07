//! Which turns the model should not judge.
//!
//! Called by `prepared`.

use super::text::Tokens;

/// Why a turn is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abstention {
    /// It is in a language that the model has not learned.
    Language,
    /// Nothing is said.
    TooShort,
    /// It is no language at all.
    Garbage,
}

impl Abstention {
    /// The reason on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Abstention::Language => "language",
            Abstention::TooShort => "too_short",
            Abstention::Garbage => "garbage",
        }
    }
}

/// Why this text should not be judged, if so.
pub fn reason(_text: &str, tokens: &Tokens) -> Option<Abstention> {
    tokens.ids.is_empty().then_some(Abstention::TooShort)
}
