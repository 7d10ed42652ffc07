//! What detectors find, before it has an id, and what becomes of it.
//!
//! Holds always: a quote is an exact part of the turn's text, with its offsets in code points. Made by the
//! detectors; turned into `finding` frames by `conversation::Findings`.

use std::ops::Range;
use std::sync::Arc;

use crate::wire::limits::QUOTE_CHARS_MAX;
use crate::wire::{Evidence, Found};

/// A turn as it will be quoted.
#[derive(Clone, Debug, PartialEq)]
pub struct Quoted {
    pub turn_id: Arc<str>,
    /// The beginning of its text.
    pub excerpt: Arc<str>,
    /// Where it shows, in code points; none: the beginning.
    pub place: Option<Range<u32>>,
}

/// Something found by time, repetition or comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovery {
    pub found: Found,
    /// The turn that it is about: with the name and the conversation it makes the id.
    pub about: Arc<str>,
    /// The turn in which it shows; none where only time passed.
    pub turn_id: Option<Arc<str>>,
    pub evidence: Vec<Evidence>,
    pub value: f64,
}

/// What a turn, a close or the time changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Opened(Discovery),
    /// What was open of this name is settled; of several, what is about this, or else the latest.
    Resolved {
        found: Found,
        about: Option<Arc<str>>,
        value: f64,
    },
}

impl Quoted {
    /// The quoted place, or the beginning where it lies beyond what is kept.
    pub fn evidence(&self) -> Evidence {
        let kept = self.excerpt.chars().count();
        let place = self.place.as_ref().map(|place| place.start as usize..place.end as usize);
        let place = place.filter(|place| place.start < place.end && place.end <= kept).unwrap_or(0..kept);
        let quote: String =
            self.excerpt.chars().skip(place.start).take(place.len().min(QUOTE_CHARS_MAX)).collect();
        let end = place.start + quote.chars().count();
        Evidence { turn_id: self.turn_id.to_string(), conversation_id: None, start: place.start, end, quote }
    }
}

/// A turn without words.
#[cfg(test)]
pub fn quoted(turn_id: &str) -> Quoted {
    Quoted { turn_id: Arc::from(turn_id), excerpt: Arc::from(""), place: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_exact_and_bounded() {
        let check = |text: &str, place: Option<Range<u32>>, expect: (usize, usize, &str)| {
            let quoted = Quoted { turn_id: Arc::from("m"), excerpt: Arc::from(text), place };
            let Evidence { start, end, quote, .. } = quoted.evidence();
            assert_eq!((start, end, quote.as_str()), expect);
        };
        check("😡 get me your manager", Some(2..21), (2, 21, "get me your manager"));
        check("short", None, (0, 5, "short"));
        check("short", Some(300..310), (0, 5, "short"));
        check("", None, (0, 0, ""));
        check(&"ä".repeat(300), None, (0, QUOTE_CHARS_MAX, &"ä".repeat(QUOTE_CHARS_MAX)));
    }
}
