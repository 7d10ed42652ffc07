//! How conversations really went: from annotation files, or from the lines of the input themselves.
//!
//! Holds always: the first word on a conversation counts, files before lines; a file is read up to a limit. Called by
//! `source` and by the command line.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::offline::reader;
use crate::training::Outcome;

/// One file of labels or verdicts.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Conversations that have a label.
const LABELS_MAX: usize = 1_000_000;

/// How a conversation went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Label {
    pub outcome: Outcome,
    /// The place of the turn, counted from 0, at which somebody should have been told.
    #[serde(default)]
    pub alert_turn: Option<u64>,
}

/// The labels of conversations, by id.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    of: HashMap<String, Label>,
    /// Lines that say another outcome than a line before them.
    pub disagreeing: usize,
    /// Lines whose outcome is none that is known.
    pub unknown: usize,
}

/// Why labels or verdicts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{}: {problem}", path.display())]
    Read { path: PathBuf, problem: io::Error },
    #[error("{}, line {line}: {problem}", path.display())]
    Line { path: PathBuf, line: usize, problem: String },
    #[error("{}: more than {FILE_BYTES_MAX} bytes", path.display())]
    TooLarge { path: PathBuf },
}

#[derive(Deserialize)]
struct LabelLine {
    conversation_id: String,
    #[serde(flatten)]
    label: Label,
}

impl Labels {
    /// Adds the labels of a file, or of every `.jsonl` file of a folder (not of folders in it).
    ///
    /// # Errors
    /// [`FileError`] for an unreadable file or a line that is not as described in docs/training.md.
    pub fn read(&mut self, path: &Path) -> Result<(), FileError> {
        for file in files(path)? {
            for_lines(&file, |line, text| {
                let parsed = serde_json::from_slice(text).map_err(|problem| FileError::Line {
                    path: file.clone(),
                    line,
                    // serde_json quotes unknown words, which are no text of customers here.
                    problem: problem.to_string(),
                });
                let LabelLine { conversation_id, label } = parsed?;
                self.add(&conversation_id, label);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Adds what a line of the input says of its conversation.
    pub fn note(&mut self, conversation_id: &str, outcome: &str, alert_turn: Option<u64>) {
        let named = |name: &str| serde_json::from_value(serde_json::Value::from(name)).ok();
        match named(outcome) {
            Some(outcome) => self.add(conversation_id, Label { outcome, alert_turn }),
            None => self.unknown += 1,
        }
    }

    pub fn of(&self, conversation_id: &str) -> Option<Label> {
        self.of.get(conversation_id).copied()
    }

    fn add(&mut self, conversation_id: &str, label: Label) {
        match self.of.get(conversation_id) {
            Some(first) => self.disagreeing += usize::from(first.outcome != label.outcome),
            None if self.of.len() >= LABELS_MAX => {}
            None => {
                self.of.insert(conversation_id.to_owned(), label);
            }
        }
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let read = |problem| FileError::Read { path: path.to_owned(), problem };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(read)? {
        let file = entry.map_err(read)?.path();
        if file.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The lines of a file that are not blank, numbered from 1.
pub fn for_lines(
    path: &Path,
    mut each: impl FnMut(usize, &[u8]) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let read = |problem| FileError::Read { path: path.to_owned(), problem };
    let mut rest = reader::open(Some(path)).map_err(read)?.reader.take(FILE_BYTES_MAX);
    for (index, line) in rest.by_ref().split(b'\n').enumerate() {
        let line = line.map_err(read)?;
        let text = line.trim_ascii();
        if !text.is_empty() {
            each(index + 1, text)?;
        }
    }
    if rest.limit() == 0 {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Labels, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.jsonl");
        std::fs::write(&path, text).unwrap();
        let mut labels = Labels::default();
        labels.read(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))?;
        Ok(labels)
    }

    #[test]
    fn the_first_label_of_a_conversation_counts() {
        let labels = read(concat!(
            "{\"conversation_id\":\"a\",\"outcome\":\"tense\",\"alert_turn\":2,\"signals\":[]}\n\n",
            "{\"conversation_id\":\"b\",\"outcome\":\"calm\",\"alert_turn\":null}\n",
            "{\"conversation_id\":\"a\",\"outcome\":\"calm\"}\n",
        ));
        let mut labels = labels.unwrap();
        labels.note("b", "escalated", Some(1));
        labels.note("c", "escalated", None);
        labels.note("d", "angry", None);
        let check = |id: &str, expect| assert_eq!(labels.of(id), expect, "{id}");
        check("a", Some(Label { outcome: Outcome::Tense, alert_turn: Some(2) }));
        check("b", Some(Label { outcome: Outcome::Calm, alert_turn: None }));
        check("c", Some(Label { outcome: Outcome::Escalated, alert_turn: None }));
        check("d", None);
        assert_eq!((labels.disagreeing, labels.unknown), (2, 1));
    }

    #[test]
    fn a_bad_line_is_named_with_what_is_allowed() {
        let check = |text: &str, expect: &str| {
            let problem = read(text).unwrap_err();
            assert!(problem.starts_with("FILE, line 1: ") && problem.contains(expect), "{problem}");
        };
        check(
            "{\"conversation_id\":\"a\",\"outcome\":\"angry\"}",
            "expected one of `calm`, `tense`, `escalated`",
        );
        check("{\"conversation_id\":\"a\"}", "missing field `outcome`");
        check("nonsense", "expected");
    }
}
