//! Labelled JSON Lines → rows with a class and a split.
//!
//! Holds always: a text (in canonical form) occurs once over all sets, and a text of a test-only set never
//! trains; the outcome depends on files and recipe alone. Called by the command line for `trainer` and `evaluate`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::recipe::{Class, Recipe, SetRecipe, Shape};
use super::split::{Split, canonical};
use crate::offline::reader;
use crate::wire::Label;

/// One labelled text.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub text: String,
    pub label: Label,
    pub split: Split,
    /// Index into [`Dataset::sets`].
    pub set: usize,
    /// How much it counts in the loss.
    pub weight: f64,
}

/// All rows of a recipe.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    pub rows: Vec<Row>,
    pub sets: Vec<String>,
    /// Sets whose file is not in the data folder.
    pub missing: Vec<String>,
    /// Rows left out because their text had been seen in an earlier row.
    pub duplicates: usize,
}

/// Why data cannot be used; names file and line.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{path}: {problem}")]
    Read { path: String, problem: std::io::Error },
    #[error("{path}, line {line}: {problem}")]
    Line { path: String, line: usize, problem: String },
    #[error("no rows: none of the recipe's files is in the data folder ({0})")]
    Nothing(String),
}

/// One line of an annotation file (`annotation.md`); what sentiment needs of it.
#[derive(Deserialize)]
struct Annotation {
    set: String,
    conversation_id: String,
    sentiment: BTreeMap<String, String>,
}

/// A row before it has its split and before duplicates are out.
#[derive(Clone)]
struct Candidate {
    text: String,
    labels: Vec<String>,
    group: Option<Group>,
}

/// What is split whole.
#[derive(Clone)]
enum Group {
    /// An annotated conversation, by its id.
    Conversation(String),
    /// Rows that were written together.
    Scenario(String),
}

/// Reads every set of the recipe. `folder` holds the files (absolute file names stand for themselves);
/// `recipe_folder` is where `annotations` are looked for.
///
/// # Errors
/// [`DataError`] for an unreadable file, a line that is not as described, or no rows at all.
pub fn load(recipe: &Recipe, folder: &Path, recipe_folder: &Path) -> Result<Dataset, DataError> {
    let mut dataset = Dataset::default();
    // Test-only sets first: whatever they hold is then a duplicate everywhere else.
    let (test_only, others): (Vec<&SetRecipe>, Vec<&SetRecipe>) =
        recipe.sets.iter().partition(|set| set.test_only);
    let mut seen: HashSet<String> = HashSet::new();
    for set in test_only.into_iter().chain(others) {
        let path = if set.beside_recipe { recipe_folder } else { folder }.join(&set.file);
        if !path.exists() {
            dataset.missing.push(set.name.clone());
            continue;
        }
        let candidates = match (&set.annotations, set.shape) {
            (Some(annotations), _) => read_annotated(set, &path, &recipe_folder.join(annotations))?,
            (None, Shape::Rows) if path.is_dir() => {
                let files = json_lines_files(&path)?;
                files.iter().map(|file| read_rows(set, file)).collect::<Result<Vec<_>, _>>()?.concat()
            }
            (None, Shape::Rows) => read_rows(set, &path)?,
            (None, Shape::Turns) => read_turns(set, &path)?,
        };
        let index = dataset.sets.len();
        dataset.sets.push(set.name.clone());
        add(&mut dataset, &mut seen, recipe, set, index, candidates);
    }
    if dataset.rows.is_empty() {
        return Err(DataError::Nothing(folder.display().to_string()));
    }
    Ok(dataset)
}

fn add(
    dataset: &mut Dataset,
    seen: &mut HashSet<String>,
    recipe: &Recipe,
    set: &SetRecipe,
    index: usize,
    candidates: Vec<Candidate>,
) {
    let mut rows: Vec<(String, Row)> = Vec::new();
    for candidate in candidates {
        let Some(label) = class_of(set, &candidate.labels) else { continue };
        let key = canonical(&candidate.text);
        if key.is_empty() {
            continue;
        }
        if !seen.insert(key.clone()) {
            dataset.duplicates += 1;
            continue;
        }
        let split = if set.test_only {
            Split::Test
        } else {
            match &candidate.group {
                Some(Group::Conversation(id)) => Split::of_conversation(id, &recipe.split_salt),
                Some(Group::Scenario(scenario)) => Split::of(scenario, &recipe.split_salt),
                None => Split::of(&key, &recipe.split_salt),
            }
        };
        if set.train_only && split != Split::Train {
            continue;
        }
        rows.push((key, Row { text: candidate.text, label, split, set: index, weight: set.weight }));
    }
    if let Some(limit) = set.rows_per_class_max {
        // By hash, not by place in the file: files are often sorted by topic.
        rows.sort_by_cached_key(|(key, _)| sha(key));
        let mut kept: HashMap<Label, usize> = HashMap::new();
        rows.retain(|(_, row)| {
            let count = kept.entry(row.label).or_default();
            *count += usize::from(row.split == Split::Train);
            row.split != Split::Train || *count <= limit
        });
    }
    dataset.rows.extend(rows.into_iter().map(|(_, row)| row));
}

/// The class that the row's labels agree on, or that goes first by the set's precedence.
fn class_of(set: &SetRecipe, labels: &[String]) -> Option<Label> {
    let mut classes: Vec<Label> = Vec::new();
    for label in labels {
        match set.labels.get(label).copied().unwrap_or(Class::Ignore) {
            Class::Skip => return None,
            class => classes.extend(class.label()),
        }
    }
    classes.sort();
    classes.dedup();
    match classes.as_slice() {
        [] => None,
        [only] => Some(*only),
        several => set.precedence.iter().copied().find(|label| several.contains(label)),
    }
}

fn read_rows(set: &SetRecipe, path: &Path) -> Result<Vec<Candidate>, DataError> {
    let mut candidates = Vec::new();
    let label_path = set.label_path.as_deref().unwrap_or("label");
    for_lines(path, |value| {
        let at = |path: &str| path.split('.').try_fold(&value, |value, key| value.get(key));
        let Some(label) = at(label_path) else {
            let passed = set.unlabelled_rows.then_some(());
            return passed.ok_or_else(|| format!("{label_path} is missing"));
        };
        let text = at("text").and_then(Value::as_str).ok_or("text is missing or no string")?;
        let group = set.group_path.as_deref().and_then(at).map(|group| Group::Scenario(group.to_string()));
        candidates.push(Candidate { text: text.to_owned(), labels: flatten(label), group });
        Ok(())
    })?;
    Ok(candidates)
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
            candidates.push(Candidate { text: text.to_owned(), labels: flatten(label), group: None });
        }
        Ok(())
    })?;
    Ok(candidates)
}

fn read_annotated(set: &SetRecipe, path: &Path, folder: &Path) -> Result<Vec<Candidate>, DataError> {
    let mut annotations: HashMap<String, BTreeMap<String, String>> = HashMap::new();
    for file in json_lines_files(folder)? {
        for_lines(&file, |value| {
            let annotation: Annotation = serde_json::from_value(value).map_err(|error| error.to_string())?;
            if annotation.set == set.name {
                annotations.entry(annotation.conversation_id).or_insert(annotation.sentiment);
            }
            Ok(())
        })?;
    }
    let mut candidates = Vec::new();
    for_lines(path, |value| {
        let id = value.get("conversation_id").and_then(Value::as_str).ok_or("conversation_id is missing")?;
        let Some(sentiment) = annotations.get(id) else { return Ok(()) };
        let turns = value.get("turns").and_then(Value::as_array).ok_or("turns is missing or no list")?;
        for (index, turn) in turns.iter().enumerate() {
            let Some(label) = sentiment.get(&index.to_string()) else { continue };
            let text = turn.get("text").and_then(Value::as_str).ok_or("a turn has no text")?;
            candidates.push(Candidate {
                text: text.to_owned(),
                labels: vec![label.clone()],
                group: Some(Group::Conversation(id.to_owned())),
            });
        }
        Ok(())
    })?;
    Ok(candidates)
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

fn for_lines(path: &Path, mut each: impl FnMut(Value) -> Result<(), String>) -> Result<(), DataError> {
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

fn json_lines_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
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

fn sha(key: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(key).into()
}
