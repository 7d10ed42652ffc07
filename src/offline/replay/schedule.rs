//! When each recorded frame is due: recordings become the traffic of one busy floor.
//!
//! Holds always: frames come out in the order of their due times, those of one conversation in their own
//! order. Conversations that were recorded without times are played `concurrency` at a time, each turn one
//! spacing after the one before, the next conversation where one ended. Conversations with times are merged
//! by them, looking [`LOOKAHEAD_MAX`] ahead. Frames keep their order. Called by `replay`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::io::{self, BufRead};

use jiff::{SignedDuration, Timestamp};

use super::outgoing::place;
use crate::offline::reader::{Entry, Line, Lines};
use crate::offline::recorded::{Recorded, START, Spacing, after};
use crate::wire::{ClientFrame, ErrorFrame};

/// Frames and timed conversations that are held at once, to bring them into the order of their times.
pub const LOOKAHEAD_MAX: usize = 1_000;

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Scheduled {
    /// A frame and when it is due, in the time of the recording.
    Frame { at: Timestamp, frame: ClientFrame },
    /// A line that could not be read.
    Bad(ErrorFrame),
}

/// The input in the order in which it is played.
pub struct Schedule<R> {
    lines: Lines<R>,
    spacing_seconds: u32,
    conversations_max: Option<usize>,
    conversations: HashSet<String>,
    pending: Option<Entry>,
    open: BinaryHeap<Reverse<Open>>,
    order: u64,
    slots_free: BinaryHeap<Reverse<Timestamp>>,
    held: usize,
    frames_newest: Option<Timestamp>,
}

/// A conversation that is being played, or one frame.
struct Open {
    at: Timestamp,
    order: u64,
    frames: VecDeque<ClientFrame>,
    in_slot: bool,
}

impl<R: BufRead> Schedule<R> {
    /// Plays `reader`; `conversations_max` leaves out all conversations after that many.
    pub fn new(
        reader: R,
        spacing_seconds: u32,
        concurrency: usize,
        conversations_max: Option<usize>,
    ) -> Self {
        let start: Timestamp = START.parse().expect("START is RFC 3339: this is a bug");
        let concurrency = concurrency.max(1);
        let spacing_ms = i64::from(spacing_seconds) * 1_000;
        // Conversations begin one by one within the first spacing, not all in the same moment.
        let slot_start = |slot: usize| {
            let offset_ms =
                spacing_ms * i64::try_from(slot).unwrap_or(0) / i64::try_from(concurrency).unwrap_or(1);
            Reverse(after(start, SignedDuration::from_millis(offset_ms)))
        };
        Schedule {
            lines: Lines::new(reader),
            spacing_seconds,
            conversations_max,
            conversations: HashSet::new(),
            pending: None,
            open: BinaryHeap::new(),
            order: 0,
            slots_free: (0..concurrency).map(slot_start).collect(),
            held: 0,
            frames_newest: None,
        }
    }

    /// Reads on as far as there is room. A bad line is returned at once.
    fn fill(&mut self) -> io::Result<Option<Box<ErrorFrame>>> {
        loop {
            let entry = match self.pending.take() {
                Some(entry) => entry,
                None => match self.lines.next() {
                    None => return Ok(None),
                    Some(Err(error)) => return Err(error),
                    Some(Ok(Line { entry: Err(error), .. })) => return Ok(Some(error)),
                    Some(Ok(Line { entry: Ok(entry), .. })) if self.is_wanted(&entry) => entry,
                    Some(Ok(_)) => continue,
                },
            };
            if let Some(entry) = self.take_in(entry) {
                self.pending = Some(entry);
                return Ok(None);
            }
        }
    }

    fn is_wanted(&mut self, entry: &Entry) -> bool {
        let conversation_id = match entry {
            Entry::Frame(frame) => match place(frame) {
                Some((_, conversation_id)) => conversation_id,
                None => return false,
            },
            Entry::Conversation(recorded) if recorded.turns.is_empty() => return false,
            Entry::Conversation(recorded) => &recorded.conversation_id,
        };
        let Some(most) = self.conversations_max else { return true };
        if self.conversations.contains(conversation_id) {
            return true;
        }
        let wanted = self.conversations.len() < most;
        if wanted {
            self.conversations.insert(conversation_id.to_owned());
        }
        wanted
    }

    /// Gives the entry back when there is no room for it yet.
    fn take_in(&mut self, entry: Entry) -> Option<Entry> {
        match entry {
            Entry::Conversation(recorded) if !recorded.is_timed() => {
                let Some(Reverse(start)) = self.slots_free.pop() else {
                    return Some(Entry::Conversation(recorded));
                };
                self.push_conversation(recorded, start, true);
            }
            entry if self.held >= LOOKAHEAD_MAX => return Some(entry),
            Entry::Conversation(recorded) => {
                self.held += 1;
                self.push_conversation(recorded, Timestamp::MIN, false);
            }
            Entry::Frame(frame) => {
                // Frames about the session have no place, and are not wanted.
                if let Some((ts, _)) = place(&frame) {
                    let at = self.frames_newest.map_or(ts, |newest| newest.max(ts));
                    self.frames_newest = Some(at);
                    self.held += 1;
                    self.push(at, VecDeque::from([frame]), false);
                }
            }
        }
        None
    }

    fn push_conversation(&mut self, recorded: Recorded, start: Timestamp, in_slot: bool) {
        let frames: VecDeque<_> = recorded.into_frames(&mut Spacing::new(start, self.spacing_seconds)).into();
        if let Some((at, _)) = frames.front().and_then(place) {
            self.push(at, frames, in_slot);
        }
    }

    fn push(&mut self, at: Timestamp, frames: VecDeque<ClientFrame>, in_slot: bool) {
        self.open.push(Reverse(Open { at, order: self.order, frames, in_slot }));
        self.order += 1;
    }

    fn pop(&mut self) -> Option<Scheduled> {
        let Reverse(mut open) = self.open.pop()?;
        let at = open.at;
        let frame = open.frames.pop_front().expect("only what has frames is open: this is a bug");
        match open.frames.front().and_then(place) {
            Some((ts, _)) => {
                open.at = ts.max(at);
                self.open.push(Reverse(open));
            }
            None if open.in_slot => {
                let spacing = SignedDuration::from_secs(i64::from(self.spacing_seconds));
                self.slots_free.push(Reverse(after(at, spacing)));
            }
            None => self.held -= 1,
        }
        Some(Scheduled::Frame { at, frame })
    }
}

impl<R: BufRead> Iterator for Schedule<R> {
    type Item = io::Result<Scheduled>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.fill() {
            Err(error) => Some(Err(error)),
            Ok(Some(bad)) => Some(Ok(Scheduled::Bad(*bad))),
            Ok(None) => self.pop().map(Ok),
        }
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(input: &str, concurrency: usize, conversations_max: Option<usize>) -> Vec<String> {
        Schedule::new(input.as_bytes(), 10, concurrency, conversations_max)
            .map(|next| match next.expect("reads") {
                Scheduled::Frame { at, frame: ClientFrame::Turn { turn, .. } } => {
                    format!("{}{}@{}", turn.conversation_id, turn.turn_id, at.strftime("%M:%S"))
                }
                Scheduled::Frame { at, frame } => {
                    format!("{}.@{}", place(&frame).expect("belongs to one").1, at.strftime("%M:%S"))
                }
                Scheduled::Bad(error) => error.code.to_string(),
            })
            .collect()
    }

    fn untimed(id: &str, turns: usize) -> String {
        let turns = vec![r#"{"role":"customer","text":"x"}"#; turns].join(",");
        format!(r#"{{"conversation_id":"{id}","turns":[{turns}]}}"#)
    }

    #[test]
    fn conversations_without_times_are_interleaved_like_a_real_floor() {
        let input = [untimed("a", 2), untimed("b", 1), untimed("c", 1)].join("\n");
        assert_eq!(
            played(&input, 2, None),
            ["a0@00:00", "b0@00:05", "b.@00:05", "a1@00:10", "a.@00:10", "c0@00:15", "c.@00:15"]
        );
        assert_eq!(
            played(&input, 1, None),
            ["a0@00:00", "a1@00:10", "a.@00:10", "b0@00:20", "b.@00:20", "c0@00:30", "c.@00:30"]
        );
    }

    #[test]
    fn conversations_with_times_are_merged_by_them() {
        let input = r#"{"conversation_id":"b","turns":[{"role":"customer","text":"x","ts":"2026-01-01T00:00:02Z"},{"role":"agent","text":"x","ts":"2026-01-01T00:00:09Z"}]}
{"conversation_id":"a","turns":[{"role":"customer","text":"x","ts":"2026-01-01T00:00:01Z"},{"role":"agent","text":"x","ts":"2026-01-01T00:00:05Z"}]}"#;
        assert_eq!(
            played(input, 1, None),
            ["a0@00:01", "b0@00:02", "a1@00:05", "a.@00:05", "b1@00:09", "b.@00:09"]
        );
    }

    #[test]
    fn frames_keep_their_order_even_where_their_ts_goes_back() {
        let frame = |id: &str, second: u32| {
            format!(
                r#"{{"type":"turn","turn_id":"{id}","conversation_id":"c","role":"customer","text":"x","ts":"2026-01-01T00:00:{second:02}Z"}}"#
            )
        };
        let input = [frame("1", 5), frame("2", 3), frame("3", 6)].join("\n");
        assert_eq!(played(&input, 1, None), ["c1@00:05", "c2@00:05", "c3@00:06"]);
    }

    #[test]
    fn a_limit_leaves_out_later_conversations_and_bad_lines_are_reported() {
        let input = [untimed("a", 1), "{".to_owned(), untimed("b", 1)].join("\n");
        assert_eq!(played(&input, 2, Some(1)), ["invalid_json", "a0@00:00", "a.@00:00"]);
    }

    #[test]
    fn an_input_longer_than_the_lookahead_is_played_whole() {
        let lines: Vec<_> = (0..LOOKAHEAD_MAX + 5)
            .map(|n| {
                format!(
                    r#"{{"type":"conversation.closed","conversation_id":"{n}","ts":"2026-01-01T00:00:00Z"}}"#
                )
            })
            .collect();
        let all = played(&lines.join("\n"), 1, None);
        assert_eq!(all.len(), LOOKAHEAD_MAX + 5);
        assert_eq!(all[LOOKAHEAD_MAX + 4], format!("{}.@00:00", LOOKAHEAD_MAX + 4));
    }
}
