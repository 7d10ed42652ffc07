//! The input of a backtest: its lines, the labels they carry, and the part of the conversations that is asked for.
//!
//! Holds always: a conversation is in or out as a whole, by its id alone; turns have the times they have without a
//! choice. Called by `super::run`.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};

use super::labels::Labels;
use crate::offline::reader::{Entry, Event, Line, Lines};
use crate::offline::recorded::Spacing;
use crate::training::Split;
use crate::wire::ClientFrame;
use crate::wire::names::names;

names! {
    /// Which conversations are looked at.
    Part {
        /// The third that nothing is fitted or tuned on.
        Test = "test",
        /// The other two thirds.
        Tuning = "tuning",
    }
}

/// The frames of an input, without those of conversations that are not asked for.
pub struct Source<R> {
    lines: Lines<R>,
    spacing: Spacing,
    part: Option<Part>,
    ready: VecDeque<Event>,
    /// Those given, and those found in the lines.
    pub labels: Labels,
    /// Lines passed over.
    pub lines_left_out: usize,
    /// Conversations whose turns do not say when they were said.
    pub untimed: usize,
}

impl Part {
    /// Whether the conversation belongs to it.
    pub fn has(self, conversation_id: &str) -> bool {
        // Which third is for testing does not depend on the salt.
        let is_test = Split::of_conversation(conversation_id, "") == Split::Test;
        is_test == (self == Part::Test)
    }
}

impl<R: BufRead> Source<R> {
    pub fn new(reader: R, spacing: Spacing, part: Option<Part>, labels: Labels) -> Self {
        let lines = Lines::new(reader);
        Source { lines, spacing, part, ready: VecDeque::new(), labels, lines_left_out: 0, untimed: 0 }
    }

    fn take(&mut self, line: Line) {
        let id = match &line.entry {
            Ok(Entry::Conversation(recorded)) => Some(recorded.conversation_id.as_str()),
            Ok(Entry::Frame(frame)) => conversation_of(frame),
            Err(_) => None,
        };
        let wanted = self.part.is_none_or(|part| id.is_none_or(|id| part.has(id)));
        if let Ok(Entry::Conversation(recorded)) = &line.entry
            && wanted
        {
            self.untimed += usize::from(!recorded.is_timed());
            if let Some(outcome) = &recorded.outcome {
                self.labels.note(&recorded.conversation_id, outcome, recorded.alert_turn);
            }
        }
        let events = line.into_events(&mut self.spacing);
        if wanted {
            self.ready.extend(events);
        } else {
            self.lines_left_out += 1;
        }
    }
}

impl<R: BufRead> Iterator for Source<R> {
    type Item = io::Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            match self.lines.next()? {
                Ok(line) => self.take(line),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn conversation_of(frame: &ClientFrame) -> Option<&str> {
    match frame {
        ClientFrame::Turn { turn, .. } => Some(&turn.conversation_id),
        ClientFrame::Closed { closed, .. } => Some(&closed.conversation_id),
        ClientFrame::Transferred { transferred, .. } => Some(&transferred.conversation_id),
        ClientFrame::Identify(_) | ClientFrame::Subscribe(_) | ClientFrame::Ping { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_conversation_is_in_one_part_whole_and_keeps_its_times() {
        let one = |n: u32| {
            format!(
                r#"{{"conversation_id":"c{n}","outcome":"calm","turns":[{{"role":"customer","text":"a"}},{{"role":"agent","text":"b"}}]}}"#
            )
        };
        let input: Vec<String> = (0..60).map(one).collect();
        let input = input.join("\n");
        let read = |part| {
            let spacing = Spacing::from_fixed_start(10);
            let mut source = Source::new(input.as_bytes(), spacing, part, Labels::default());
            let events: Vec<Event> = source.by_ref().map(Result::unwrap).collect();
            (events, source.lines_left_out)
        };
        let (all, _) = read(None);
        let (test, left_out) = read(Some(Part::Test));
        let (tuning, _) = read(Some(Part::Tuning));
        assert_eq!((all.len(), test.len() + tuning.len()), (180, 180));
        assert_eq!(left_out * 3, tuning.len());
        assert!((30..90).contains(&test.len()), "about a third: {}", test.len());
        assert!(all.iter().all(|event| test.contains(event) != tuning.contains(event)));
    }
}
