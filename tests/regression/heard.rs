//! What the real binary says of the written conversations, in one run.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use jiff::Timestamp;
use serde_json::Value;

use super::written::{self, Written};

/// What was said of each conversation, by its id.
pub struct Heard {
    conversations: BTreeMap<String, Said>,
}

/// What was said of one conversation.
#[derive(Default)]
pub struct Said {
    /// By turn: what was read off it.
    pub read: BTreeMap<usize, BTreeSet<String>>,
    /// By turn: the probability of every name of its role, raised or not.
    pub probabilities: BTreeMap<usize, BTreeMap<String, f64>>,
    /// What was found by the end of the recording, and the turn it is about: the one in which it shows, else those
    /// that are shown as evidence.
    pub found: Vec<(String, BTreeSet<usize>)>,
}

impl Heard {
    /// Runs `undertone score` with the shipped model and the default settings.
    pub fn of(conversations: &[Written]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let input = folder.path().join("frames.jsonl");
        std::fs::write(&input, written::frames(conversations)).expect("writes");
        let output = Command::new(env!("CARGO_BIN_EXE_undertone"))
            .args(["score", "--probabilities", "--input"])
            .arg(&input)
            .current_dir(folder.path())
            .output()
            .expect("the binary was built");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let ends: BTreeMap<&str, Timestamp> =
            conversations.iter().map(|conversation| (conversation.id.as_str(), conversation.end())).collect();
        let mut heard = Heard { conversations: BTreeMap::new() };
        for line in text.lines() {
            heard.take(&serde_json::from_str(line).expect("JSON"), &ends);
        }
        for Written { id, .. } in conversations {
            heard.conversations.entry(id.clone()).or_default();
        }
        heard
    }

    pub fn said(&self, id: &str) -> &Said {
        &self.conversations[id]
    }

    fn take(&mut self, frame: &Value, ends: &BTreeMap<&str, Timestamp>) {
        let id = frame["conversation_id"].as_str().expect("every frame is about a conversation");
        match frame["type"].as_str() {
            Some("scored") => self.entry(id).take_scored(frame),
            Some("finding") if frame["state"] == "open" => {
                let at: Timestamp = frame["ts"].as_str().expect("has a ts").parse().expect("RFC 3339");
                if at <= ends[id] {
                    self.entry(id).take_finding(frame);
                }
            }
            _ => {}
        }
    }

    fn entry(&mut self, id: &str) -> &mut Said {
        self.conversations.entry(id.to_owned()).or_default()
    }
}

impl Said {
    /// The turns in which `name` shows, read or found.
    pub fn places(&self, name: &str) -> BTreeSet<usize> {
        let read = self.read.iter().filter(|(_, names)| names.contains(name)).map(|(turn, _)| *turn);
        let found =
            self.found.iter().filter(|(found, _)| found == name).flat_map(|(_, turns)| turns.iter().copied());
        read.chain(found).collect()
    }

    /// Whether it is found at all: some findings have no place.
    pub fn is_found(&self, name: &str) -> bool {
        self.found.iter().any(|(found, _)| found == name)
    }

    fn take_scored(&mut self, frame: &Value) {
        let turn = index(&frame["turn_id"]).expect("our own turn ids");
        let spans = ["signals", "mistakes"].map(|kind| frame[kind].as_array().expect("a list"));
        let names = spans.into_iter().flatten().map(|span| span["name"].as_str().expect("a name").to_owned());
        self.read.insert(turn, names.collect());
        let probabilities = frame["probabilities"].as_object().expect("asked for").iter();
        let number = |(name, value): (&String, &Value)| (name.clone(), value.as_f64().expect("a number"));
        self.probabilities.insert(turn, probabilities.map(number).collect());
    }

    fn take_finding(&mut self, frame: &Value) {
        let evidence = frame["evidence"].as_array().expect("a list").iter();
        let turns = match index(&frame["turn_id"]) {
            Some(turn) => BTreeSet::from([turn]),
            None => evidence.filter_map(|span| index(&span["turn_id"])).collect(),
        };
        self.found.push((frame["name"].as_str().expect("a name").to_owned(), turns));
    }
}

fn index(turn_id: &Value) -> Option<usize> {
    turn_id.as_str()?.strip_prefix("t-")?.parse().ok()
}
