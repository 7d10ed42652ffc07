//! Files → candidates: rows, conversations and annotated conversations, before splits and duplicates.
//!
//! Holds always: a line that is not as described is an error with its number. Called by `data`.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::DataError;
use super::annotated::{Annotation, Spoken, annotations, id, spoken};
use crate::offline::reader;
use crate::training::classes::{self, Marks, SIGNALS};
use crate::training::recipe::{Class, SetRecipe, Shape};
use crate::wire::{Label, Role};

/// A row before it has its split and before duplicates are out.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub text: String,
    pub context: Option<String>,
    pub role: Role,
    pub label: Option<Label>,
    pub marks: Marks,
    /// Classes that it looks like and is not, one bit a column.
    pub near_miss: u32,
    pub group: Option<Group>,
    /// Its label is a guess: see [`SetRecipe::business_neutral_weight`].
    pub guessed: bool,
}

/// What is split whole.
#[derive(Clone, Debug)]
pub enum Group {
    /// An annotated conversation, by its id.
    Conversation(String),
    /// Rows that were written together.
    Scenario(String),
}

/// Reads one set.
///
/// # Errors
/// [`DataError`] for an unreadable file or a line that is not as described.
pub fn read(set: &SetRecipe, path: &Path, recipe_folder: &Path) -> Result<Vec<Candidate>, DataError> {
    match (&set.annotations, set.shape) {
        (Some(annotations), _) => read_annotated(set, path, &recipe_folder.join(annotations)),
        (None, Shape::Rows) if path.is_dir() => {
            let files = json_lines_files(path)?;
            Ok(files.iter().map(|file| read_rows(set, file)).collect::<Result<Vec<_>, _>>()?.concat())
        }
        (None, Shape::Rows) => read_rows(set, path),
        (None, Shape::Turns) => read_turns(set, path),
    }
}

fn read_rows(set: &SetRecipe, path: &Path) -> Result<Vec<Candidate>, DataError> {
    let mut candidates = Vec::new();
    let label_path = set.label_path.as_deref().unwrap_or("label");
    for_lines(path, |value| {
        let at = |path: &str| path.split('.').try_fold(&value, |value, key| value.get(key));
        let text = at("text").and_then(Value::as_str).ok_or("text is missing or no string")?;
        let (told, of_classes) = (at(label_path), set.classes_path.as_deref().and_then(at));
        if told.is_none() && of_classes.is_none() && !set.unlabelled_rows && !set.listed {
            let or =
                set.classes_path.as_deref().map(|path| format!(", and so is {path}")).unwrap_or_default();
            return Err(format!("{label_path} is missing{or}"));
        }
        let of_classes = of_classes.map(known_classes).transpose()?.unwrap_or_default();
        let labels: Vec<String> = told.map(flatten).into_iter().flatten().chain(of_classes).collect();
        let Some((label, mut marks)) = set.meaning(&labels) else { return Ok(()) };
        let role = match set.role_path.as_deref().and_then(at) {
            Some(role) => role.as_str().and_then(Role::parse).ok_or("the role is none that is known")?,
            // Classes tell whose turn it must be.
            None if !marks.is_empty() && marks.within(SIGNALS).is_empty() => Role::Agent,
            None => set.role,
        };
        let mut near_miss = 0;
        if set.listed {
            marks.join(listed(&value, role, &mut near_miss)?);
        }
        let context = at("context").and_then(Value::as_str).map(str::to_owned);
        let group = set.group_path.as_deref().and_then(at).map(|group| Group::Scenario(group.to_string()));
        let text = text.to_owned();
        candidates.push(Candidate { text, context, role, label, marks, near_miss, group, guessed: false });
        Ok(())
    })?;
    Ok(candidates)
}

/// `{"frustration":true}` → `frustration=true`; refuses what is no class, or no yes or no.
fn known_classes(value: &Value) -> Result<Vec<String>, String> {
    let object = value.as_object().ok_or("classes is no object")?;
    let one = |(name, yes): (&String, &Value)| {
        let yes = yes.as_bool().ok_or_else(|| format!("classes.{name} is neither true nor false"))?;
        classes::column(name)
            .map(|_| format!("{name}={yes}"))
            .ok_or_else(|| format!("classes.{name} is no class; allowed: {}", classes::allowed()))
    };
    object.iter().map(one).collect()
}

/// What the row's own lists `signals`, `mistakes` and `acts` say: a class of the role that is not listed is not there.
fn listed(value: &Value, role: Role, near_miss: &mut u32) -> Result<Marks, String> {
    let mut marks = Marks::none_of(role);
    let list = |key: &str| value.get(key).and_then(Value::as_array).into_iter().flatten();
    for key in ["signals", "mistakes", "acts"] {
        for name in list(key).map(Value::as_str) {
            let name = name.ok_or_else(|| format!("{key} holds something that is no name"))?;
            // `stuck` and the mistakes of whole conversations are not read off a turn.
            if let Some(column) = classes::column(name) {
                if !classes::columns_of(role).contains(&column) {
                    return Err(format!("{key} holds {name}, which is not for a turn of role {role}"));
                }
                marks.set(column, true);
            }
        }
    }
    for name in list("near_miss").filter_map(Value::as_str) {
        *near_miss |= classes::column(name).map_or(0, |column| 1 << column);
    }
    Ok(marks)
}

fn read_turns(set: &SetRecipe, path: &Path) -> Result<Vec<Candidate>, DataError> {
    let mut candidates = Vec::new();
    for_lines(path, |value| {
        let turns = value.get("turns").and_then(Value::as_array).ok_or("turns is missing or no list")?;
        for turn in turns {
            let Some(labels) = turn.get("labels") else { continue };
            let label = match &set.turn_label {
                Some(key) => labels.get(key),
                None => Some(labels),
            };
            let (Some(text), Some(label)) = (turn.get("text").and_then(Value::as_str), label) else {
                continue;
            };
            let Some((label, marks)) = set.meaning(&flatten(label)) else { continue };
            candidates.push(Candidate {
                text: text.to_owned(),
                context: None,
                role: set.role,
                label,
                marks,
                near_miss: 0,
                group: None,
                guessed: false,
            });
        }
        Ok(())
    })?;
    Ok(candidates)
}

fn read_annotated(set: &SetRecipe, path: &Path, folder: &Path) -> Result<Vec<Candidate>, DataError> {
    let annotations = annotations(&set.name, folder)?;
    let mut candidates = Vec::new();
    for_lines(path, |line| {
        let Some(annotation) = annotations.get(id(&line)?) else { return Ok(()) };
        candidates.extend(spoken(&line)?.into_iter().map(|turn| annotated(set, annotation, turn)));
        Ok(())
    })?;
    Ok(candidates)
}

fn annotated(set: &SetRecipe, annotation: &Annotation, turn: Spoken) -> Candidate {
    let Spoken { index, role, text, context } = turn;
    let mut marks = Marks::none_of(role);
    let found = annotation.signals.iter().chain(&annotation.mistakes).chain(&annotation.acts);
    for found in found.filter(|found| found.i == index) {
        if let Some(column) = classes::column(&found.name) {
            marks.set(column, true);
        }
    }
    let told = annotation.sentiment.get(&index).and_then(|label| set.labels.get(label));
    let label = told.copied().and_then(Class::label);
    // An agent's "sorry to hear that" is no bad mood: turns that act and do nothing wrong are neutral.
    let acts = marks.within(classes::ACTS).yes() != 0;
    let wrong = marks.within(classes::MISTAKES).yes() != 0;
    let guessed = label.is_none() && role.is_business() && acts && !wrong;
    let label = if guessed && set.business_neutral_weight > 0.0 { Some(Label::Neutral) } else { label };
    let group = Some(Group::Conversation(annotation.conversation_id.clone()));
    let (text, context) = (text.to_string(), context.map(|context| context.to_string()));
    Candidate { text, context, role, label, marks, near_miss: 0, group, guessed }
}

/// `"a"` → a; `["a","b"]` → a, b; `{"k":1,"l":"x","m":["y"]}` → k=1, l=x, m=y.
fn flatten(label: &Value) -> Vec<String> {
    match label {
        Value::Null => vec!["null".to_owned()],
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(flatten).collect(),
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| flatten(value).into_iter().map(move |v| format!("{key}={v}")))
            .collect(),
        other => vec![other.to_string()],
    }
}

/// Hands over the lines of a file of JSON Lines; what is wrong with one is told with its number.
///
/// # Errors
/// [`DataError`].
pub fn for_lines(path: &Path, mut each: impl FnMut(Value) -> Result<(), String>) -> Result<(), DataError> {
    let shown = || path.display().to_string();
    let read = |problem| DataError::Read { path: shown(), problem };
    let input = reader::open(Some(path)).map_err(read)?;
    for (index, line) in input.reader.lines().enumerate() {
        let line = line.map_err(read)?;
        if line.trim().is_empty() {
            continue;
        }
        let problem = |problem: String| DataError::Line { path: shown(), line: index + 1, problem };
        let value = serde_json::from_str(&line).map_err(|error| problem(error.to_string()))?;
        each(value).map_err(problem)?;
    }
    Ok(())
}

/// The `.jsonl` files of a folder, by name.
///
/// # Errors
/// [`DataError`] when it cannot be listed.
pub fn json_lines_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let read = |problem| DataError::Read { path: folder.display().to_string(), problem };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
