//! Labelled JSON Lines → rows with what they say and a split.
//!
//! Holds always: a text (in canonical form) is in one split over all sets, near-duplicates too, and where two splits
//! want it the one that measures has it; a text with its context occurs once; the outcome depends on files and
//! recipe alone. Called by the command line for `trainer` and `evaluate`; its readers by `risk`.

mod annotated;
mod near;
mod read;

use std::collections::{HashMap, HashSet};
use std::path::Path;

pub use annotated::Outcome;
pub(super) use annotated::{Annotation, Spoken, annotations, id, spoken};
use near::NearIndex;
pub(super) use read::for_lines;
use read::{Candidate, Group};
use sha2::{Digest, Sha256};

use super::classes::Marks;
use super::recipe::{Recipe, SetRecipe};
use super::split::{Split, canonical};
use crate::wire::{Label, Role};

/// One labelled turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub text: String,
    /// The other side's previous turn, where it is known.
    pub context: Option<String>,
    pub role: Role,
    /// The sentiment, where the row says one.
    pub label: Option<Label>,
    pub marks: Marks,
    /// Classes that it looks like and is not, one bit a column.
    pub near_miss: u32,
    pub split: Split,
    /// Index into [`Dataset::sets`].
    pub set: usize,
    /// How much its sentiment counts in the loss.
    pub weight: f64,
    /// How much its classes count in the loss.
    pub class_weight: f64,
}

/// All rows of a recipe.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    pub rows: Vec<Row>,
    pub sets: Vec<String>,
    /// Sets whose file is not in the data folder.
    pub missing: Vec<String>,
    /// Rows left out because their text, or nearly their text, is in another row.
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
    #[error("no annotated conversations in {0}")]
    NoConversations(String),
}

/// A row and its text in canonical form.
struct Keyed {
    key: String,
    row: Row,
}

/// Reads every set of the recipe. `folder` holds the files (absolute file names stand for themselves);
/// `recipe_folder` is where `annotations` are looked for.
///
/// # Errors
/// [`DataError`] for an unreadable file, a line that is not as described, or no rows at all.
pub fn load(recipe: &Recipe, folder: &Path, recipe_folder: &Path) -> Result<Dataset, DataError> {
    let mut dataset = Dataset::default();
    let mut rows: Vec<Keyed> = Vec::new();
    for set in &recipe.sets {
        let path = if set.beside_recipe { recipe_folder } else { folder }.join(&set.file);
        if !path.exists() {
            dataset.missing.push(set.name.clone());
            continue;
        }
        let index = dataset.sets.len();
        dataset.sets.push(set.name.clone());
        let candidates = read::read(set, &path, recipe_folder)?;
        rows.extend(candidates.into_iter().filter_map(|candidate| keyed(recipe, set, index, candidate)));
    }
    let before = rows.len();
    let rows = without_duplicates(rows);
    dataset.duplicates = before - rows.len();
    dataset.rows = limited(recipe, &dataset.sets, rows);
    if dataset.rows.is_empty() {
        return Err(DataError::Nothing(folder.display().to_string()));
    }
    Ok(dataset)
}

fn keyed(recipe: &Recipe, set: &SetRecipe, index: usize, candidate: Candidate) -> Option<Keyed> {
    if candidate.label.is_none() && candidate.marks.is_empty() {
        return None;
    }
    let key = canonical(&candidate.text);
    if key.is_empty() {
        return None;
    }
    let split = match &candidate.group {
        _ if set.test_only => Split::Test,
        Some(Group::Conversation(id)) => Split::of_conversation(id, &recipe.split_salt),
        Some(Group::Scenario(scenario)) => Split::of(scenario, &recipe.split_salt),
        None => Split::of(&key, &recipe.split_salt),
    };
    if set.train_only && split != Split::Train {
        return None;
    }
    // A guess trains and measures nothing.
    let label = candidate.label.filter(|_| !candidate.guessed || split == Split::Train);
    let row = Row {
        text: candidate.text,
        context: candidate.context,
        role: candidate.role,
        label,
        marks: candidate.marks,
        near_miss: candidate.near_miss,
        split,
        set: index,
        weight: if candidate.guessed { set.business_neutral_weight } else { set.weight },
        class_weight: set.class_weight.unwrap_or(set.weight),
    };
    Some(Keyed { key, row })
}

/// Takes out what occurs twice, and from the splits that measure less what is nearly the same in one that does more.
fn without_duplicates(rows: Vec<Keyed>) -> Vec<Keyed> {
    let (mut taken, mut near) = (HashMap::<String, Split>::new(), NearIndex::default());
    let mut seen: HashSet<(String, Option<String>, bool)> = HashSet::new();
    let mut kept: Vec<Keyed> = Vec::with_capacity(rows.len());
    let mut rest = rows;
    for split in [Split::Test, Split::Dev, Split::Train] {
        let (now, later): (Vec<Keyed>, Vec<Keyed>) = rest.into_iter().partition(|one| one.row.split == split);
        let first = kept.len();
        for one in now {
            if taken.get(&one.key).is_some_and(|other| *other != split) || near.has_near(&one.key) {
                continue;
            }
            let context = one.row.context.as_deref().map(canonical);
            if seen.insert((one.key.clone(), context, one.row.role.is_business())) {
                taken.insert(one.key.clone(), split);
                kept.push(one);
            }
        }
        // Added at the end of a split: within one split near-duplicates do no harm.
        if split != Split::Train {
            kept[first..].iter().for_each(|one| near.add(&one.key));
        }
        rest = later;
    }
    kept
}

/// Keeps at most `rows_per_class_max` training rows of those that say the same, by hash and not by place in the file:
/// files are often sorted by topic.
fn limited(recipe: &Recipe, sets: &[String], mut rows: Vec<Keyed>) -> Vec<Row> {
    let limit = |row: &Row| {
        let set = recipe.sets.iter().find(|set| set.name == sets[row.set]);
        set.and_then(|set| set.rows_per_class_max).filter(|_| row.split == Split::Train)
    };
    rows.sort_by_cached_key(|one| {
        let digest: [u8; 32] = Sha256::digest(&one.key).into();
        (one.row.set, limit(&one.row).map(|_| digest))
    });
    let mut counts: HashMap<(usize, Option<Label>, u32), usize> = HashMap::new();
    let within = |one: Keyed| {
        let Some(limit) = limit(&one.row) else { return Some(one.row) };
        let count = counts.entry((one.row.set, one.row.label, one.row.marks.yes())).or_default();
        *count += 1;
        (*count <= limit).then_some(one.row)
    };
    rows.into_iter().filter_map(within).collect()
}
