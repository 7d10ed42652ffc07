//! The written conversations: what is in tests/data/conversations, as frames and as items to be checked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use undertone::wire::{Channel, Role};

/// Where the conversations and the list of what fails are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/conversations")
}

pub struct Written {
    pub id: String,
    pub channel: String,
    /// As they are written: role, text, ts and what else a frame takes.
    pub turns: Vec<Value>,
    pub roles: Vec<Role>,
    /// None where the recording just ends.
    pub closed: Option<Value>,
    /// Names and where they are to be found.
    pub expect: Vec<(String, Option<usize>)>,
    /// Names that something in it looks like, and that must not be raised anywhere in it.
    pub absent: Vec<String>,
    /// Nothing in it is of concern to a supervisor, whatever it looks like.
    pub healthy: bool,
}

/// One thing to check.
pub struct Item<'a> {
    pub conversation: &'a Written,
    pub name: &'a str,
    pub place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Expected at this turn.
    Turn(usize),
    /// Expected, without a place of its own.
    Anywhere,
    /// Must not be raised: a near-miss of it was written.
    Absent,
    /// Must not be raised: the conversation is healthy, and nothing of the kind was written.
    Healthy,
}

/// All conversations, in the order of files and lines.
pub fn all() -> Vec<Written> {
    let entries = std::fs::read_dir(folder()).expect("the conversations are in the checkout");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let texts = files.iter().map(|path| std::fs::read_to_string(path).expect("UTF-8"));
    texts.flat_map(|text| text.lines().map(Written::parse).collect::<Vec<_>>()).collect()
}

/// All conversations as frames in one order of time, as a live server would get them. Each keeps its own times, dates
/// and days of the week; the timers of one fire relative to its own turns, because offline time is the newest `ts` and
/// no frame comes before it. Nothing else is shared but what is meant to be: the index of agents' phrases and the
/// memory of customers.
pub fn frames(conversations: &[Written]) -> String {
    let mut frames: Vec<(Timestamp, String)> = Vec::new();
    for conversation in conversations {
        frames.extend(conversation.frames());
    }
    // Stable: what has the same time stays in the order of the conversation.
    frames.sort_by_key(|(ts, _)| *ts);
    frames.into_iter().map(|(_, line)| line + "\n").collect()
}

pub fn turn_id(index: usize) -> String {
    format!("t-{index}")
}

fn ts(of: &Value) -> Timestamp {
    text(&of["ts"]).parse().expect("RFC 3339")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

impl Written {
    fn parse(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).expect("JSON");
        let list = |key: &str| value[key].as_array().unwrap_or_else(|| panic!("no list {key}")).clone();
        let turns = list("turns");
        let role = |turn: &Value| Role::parse(text(&turn["role"])).expect("a role");
        let expected =
            |one: &Value| (text(&one["name"]).to_owned(), one["turn"].as_u64().map(|turn| turn as usize));
        Written {
            id: text(&value["conversation_id"]).to_owned(),
            channel: text(&value["channel"]).to_owned(),
            roles: turns.iter().map(role).collect(),
            turns,
            closed: Some(value["closed"].clone()).filter(|closed| !closed.is_null()),
            expect: list("expect").iter().map(expected).collect(),
            absent: list("absent").iter().map(|name| text(name).to_owned()).collect(),
            healthy: value["healthy"].as_bool().expect("healthy or not"),
        }
    }

    fn frames(&self) -> impl Iterator<Item = (Timestamp, String)> {
        let turns = self.turns.iter().enumerate().map(|(index, turn)| {
            let mut frame = json!({"type": "turn", "turn_id": turn_id(index), "conversation_id": self.id});
            frame["channel"] = json!(self.channel);
            for (key, value) in turn.as_object().expect("a turn is an object") {
                frame[key] = value.clone();
            }
            (ts(turn), frame.to_string())
        });
        let closed = self.closed.iter().map(|closed| {
            let frame = json!({"type": "conversation.closed", "conversation_id": self.id, "ts": closed["ts"],
                "closed_by": closed["closed_by"]});
            (ts(closed), frame.to_string())
        });
        turns.chain(closed)
    }

    /// When the recording ends. What would be found later is not known to whoever wrote it.
    pub fn end(&self) -> Timestamp {
        let last = self.turns.last().map(ts).expect("has turns");
        self.closed.as_ref().map_or(last, |closed| ts(closed).max(last))
    }

    /// The turn itself and its neighbours of the same side: readers place what spans turns one turn apart.
    pub fn around(&self, turn: usize) -> Vec<usize> {
        let same =
            |other: &usize| (self.roles[*other] == Role::Customer) == (self.roles[turn] == Role::Customer);
        let before = (0..turn).rev().find(same);
        let after = (turn + 1..self.roles.len()).find(same);
        [before, Some(turn), after].into_iter().flatten().collect()
    }

    pub fn items(&self) -> Vec<Item<'_>> {
        let item = |name, place| Item { conversation: self, name, place };
        let expected =
            self.expect.iter().map(|(name, turn)| item(name, turn.map_or(Place::Anywhere, Place::Turn)));
        let absent = self.absent.iter().map(|name| item(name.as_str(), Place::Absent));
        let is_said = |name: &str| {
            self.absent.iter().any(|absent| absent == name)
                || self.expect.iter().any(|(expected, _)| expected == name)
        };
        let others = super::names().filter(|name| self.healthy && !is_said(name));
        expected.chain(absent).chain(others.map(|name| item(name, Place::Healthy))).collect()
    }

    /// What must hold of every written conversation.
    pub fn check(&self, known: &BTreeSet<&str>) {
        let id = &self.id;
        assert!(Channel::parse(&self.channel).is_some(), "{id}: channel {}", self.channel);
        assert!(self.turns.is_sorted_by_key(ts), "{id}: times run backwards");
        assert_eq!(
            self.end(),
            self.closed.as_ref().map_or(self.end(), ts),
            "{id}: closed before its last turn"
        );
        let mut seen = BTreeSet::new();
        for item in self.items() {
            assert!(known.contains(item.name), "{id}: no such name: {}", item.name);
            assert!(seen.insert(item.key()), "{id}: twice: {}", item.key());
            if let Place::Turn(turn) = item.place {
                let signal = undertone::wire::Signal::parse(item.name).is_some();
                let role = self.roles.get(turn).unwrap_or_else(|| panic!("{id}: no turn {turn}"));
                assert_eq!(*role == Role::Customer, signal, "{id}: {} at turn {turn} of {role}", item.name);
            }
        }
        for name in &self.absent {
            assert!(self.expect.iter().all(|(expected, _)| expected != name), "{id}: {name} both ways");
        }
    }
}

impl Item<'_> {
    /// As in the list of what fails: conversation, name, turn (or `anywhere`, `absent`, `healthy`).
    pub fn key(&self) -> String {
        let place = match self.place {
            Place::Turn(turn) => turn.to_string(),
            Place::Anywhere => "anywhere".to_owned(),
            Place::Absent => "absent".to_owned(),
            Place::Healthy => "healthy".to_owned(),
        };
        format!("{}\t{}\t{place}", self.conversation.id, self.name)
    }
}
