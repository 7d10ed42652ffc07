//! What to train on and how: a TOML file in `models/recipes/`, or the built-in recipe for a team's own labels.
//!
//! Holds always: unknown keys are refused; every set names its source and licence. Called by `data`, `trainer`,
//! `evaluate` and the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::classes::{Marks, Says};
use crate::wire::{Label, Role};

/// A whole recipe.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    pub name: String,
    pub version: String,
    /// Changes which rows train and which test; leave it alone to compare with earlier figures.
    pub split_salt: String,
    pub training: Training,
    #[serde(rename = "set")]
    pub sets: Vec<SetRecipe>,
}

/// A recipe that is another one with fewer sets, fewer rows or other hyper-parameters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    name: String,
    version: String,
    /// The other recipe, relative to this file's folder.
    extends: PathBuf,
    /// Sets with these licences stay; all of them without it.
    licences: Option<Vec<Licence>>,
    /// Instead of the other recipe's.
    training: Option<Training>,
    /// By the names of sets: see [`SetRecipe::rows_per_class_max`].
    #[serde(default)]
    rows_per_class_max: BTreeMap<String, usize>,
}

/// Hyper-parameters.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    pub seed: u64,
    pub epochs: usize,
    pub batch_rows: usize,
    /// The peak, reached after the warm-up, from which it falls linearly to 0.
    pub learning_rate: f64,
    /// The same for the heads, which begin with nothing.
    pub heads_learning_rate: f64,
    /// Share of all steps.
    pub warmup: f64,
    pub weight_decay: f64,
    pub label_smoothing: f64,
    pub dropout: f64,
    pub gradient_norm_max: f64,
    /// Tokens of one window in training and serving, special tokens included, without its context.
    pub window_tokens: usize,
    /// Tokens of the other side's previous turn that stand before a turn, at most. 0: no context.
    pub context_tokens: usize,
    /// Share of the rows that lose their context in an epoch, so that the model does not depend on it.
    pub context_dropout: f64,
    /// Weight of the classes in the loss; sentiment has 1.
    pub classes_weight: f64,
    /// The precision that the thresholds of each head are chosen for.
    pub precision: Precision,
    /// Keep the embedding tables as they are: fewer moving parts, and a third of the time saved.
    pub freeze_embeddings: bool,
    /// How many encoder layers, from the first, stay as they are.
    pub freeze_layers: usize,
}

/// The precision on the development split that a head's thresholds are chosen for: among the thresholds that reach it,
/// the one with the best F1.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Precision {
    pub signals: f64,
    pub mistakes: f64,
    pub acts: f64,
}

/// One set of labelled rows.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SetRecipe {
    pub name: String,
    /// A file in the data folder; `.gz` is read as it is. A folder stands for the `.jsonl` files in it.
    pub file: String,
    /// `file` is relative to the recipe's own folder: sets that belong to the project.
    #[serde(default)]
    pub beside_recipe: bool,
    /// `rows`: one labelled text a line. `turns`: one conversation a line.
    #[serde(default)]
    pub shape: Shape,
    pub source: String,
    pub licence: Licence,
    /// Label of the file → class, or `skip` to leave the row out. See docs/training.md.
    #[serde(default)]
    pub labels: BTreeMap<String, Class>,
    /// Label of the file → classes that it says yes or (with `!`) no of: `"frustration !thanks_resolved"`.
    #[serde(default)]
    pub classes: BTreeMap<String, Says>,
    /// The row's own lists `signals`, `mistakes` and `acts` are complete: what is not listed is not there.
    #[serde(default)]
    pub listed: bool,
    /// Who says the rows, unless `role_path` tells.
    #[serde(default = "customer")]
    pub role: Role,
    /// `rows`: where the role is.
    #[serde(default)]
    pub role_path: Option<String>,
    /// `annotations`: agents' turns that act (ask, apologise, promise, …) and do nothing wrong train as neutral with
    /// this weight, so that "sorry to hear that" is not read as a bad mood. 0: they say no sentiment.
    #[serde(default)]
    pub business_neutral_weight: f64,
    /// When a row's labels say different classes, the first of these that occurs; without it the row is left out.
    #[serde(default)]
    pub precedence: Vec<Label>,
    /// `rows`: where the label is, as a path of keys; `label` by default.
    #[serde(default)]
    pub label_path: Option<String>,
    /// `rows`: where an object of classes is, such as `{"frustration":true,"churn_threat":false}`. What it does not name
    /// is not known.
    #[serde(default)]
    pub classes_path: Option<String>,
    /// `rows`: rows without a label are passed over; otherwise they are an error.
    #[serde(default)]
    pub unlabelled_rows: bool,
    /// `rows`: rows with the same value of this key are kept in one split.
    #[serde(default)]
    pub group_path: Option<String>,
    /// `turns`: which key of a turn's `labels` to read.
    #[serde(default)]
    pub turn_label: Option<String>,
    /// `turns`: annotations by conversation and turn, in this folder beside the recipe's own folder.
    #[serde(default)]
    pub annotations: Option<PathBuf>,
    /// At most so many training rows of each class, drawn by the hash of the text.
    #[serde(default)]
    pub rows_per_class_max: Option<usize>,
    /// How much a row counts in the loss.
    #[serde(default = "one")]
    pub weight: f64,
    /// How much its classes count, if not the same.
    #[serde(default)]
    pub class_weight: Option<f64>,
    /// Nothing of it trains; all of it is test.
    #[serde(default)]
    pub test_only: bool,
    /// Nothing of it is in development or test: its labels are too rough to measure by.
    #[serde(default)]
    pub train_only: bool,
}

/// How a file is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    #[default]
    Rows,
    Turns,
}

/// Who may use what was trained on a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Licence {
    Permissive,
    ShareAlike,
    NonCommercial,
    Unstated,
    /// The user's own.
    Own,
}

/// What a label means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    Negative,
    Neutral,
    Positive,
    /// The row is left out.
    Skip,
    /// This label says nothing; the row's other labels decide.
    Ignore,
}

/// Why a recipe was refused.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    #[error("{path}: {problem}")]
    Read { path: String, problem: std::io::Error },
    #[error("{path}: {problem}")]
    Invalid { path: String, problem: String },
}

impl Default for Training {
    fn default() -> Self {
        Training {
            seed: 17,
            epochs: 2,
            batch_rows: 32,
            learning_rate: 1e-4,
            heads_learning_rate: 1e-3,
            warmup: 0.06,
            weight_decay: 0.01,
            label_smoothing: 0.05,
            dropout: 0.1,
            gradient_norm_max: 1.0,
            window_tokens: 128,
            context_tokens: 48,
            context_dropout: 0.15,
            classes_weight: 0.5,
            precision: Precision { signals: 0.4, mistakes: 0.25, acts: 0.6 },
            freeze_embeddings: true,
            freeze_layers: 0,
        }
    }
}

impl Class {
    /// The label, unless the class is none.
    pub fn label(self) -> Option<Label> {
        match self {
            Class::Negative => Some(Label::Negative),
            Class::Neutral => Some(Label::Neutral),
            Class::Positive => Some(Label::Positive),
            Class::Skip | Class::Ignore => None,
        }
    }
}

impl Licence {
    /// As it stands in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Licence::Permissive => "permissive",
            Licence::ShareAlike => "share-alike",
            Licence::NonCommercial => "non-commercial",
            Licence::Unstated => "unstated",
            Licence::Own => "own",
        }
    }
}

impl Variant {
    fn of(self, whole: Recipe) -> Recipe {
        let keeps = |set: &SetRecipe| self.licences.as_ref().is_none_or(|kept| kept.contains(&set.licence));
        let mut sets: Vec<SetRecipe> = whole.sets.into_iter().filter(keeps).collect();
        for set in &mut sets {
            set.rows_per_class_max =
                self.rows_per_class_max.get(&set.name).copied().or(set.rows_per_class_max);
        }
        let training = self.training.unwrap_or(whole.training);
        Recipe { name: self.name, version: self.version, split_salt: whole.split_salt, training, sets }
    }
}

impl SetRecipe {
    /// A set of the user's own rows that says nothing yet.
    fn new(name: &str, file: &str) -> Self {
        SetRecipe {
            name: name.into(),
            file: file.into(),
            beside_recipe: false,
            shape: Shape::Rows,
            source: "the user's own".into(),
            licence: Licence::Own,
            labels: BTreeMap::new(),
            classes: BTreeMap::new(),
            listed: false,
            role: Role::Customer,
            role_path: None,
            business_neutral_weight: 0.0,
            precedence: Vec::new(),
            label_path: None,
            classes_path: None,
            unlabelled_rows: false,
            group_path: None,
            turn_label: None,
            annotations: None,
            rows_per_class_max: None,
            weight: 1.0,
            class_weight: None,
            test_only: false,
            train_only: false,
        }
    }

    /// What a row with these labels says: its sentiment, which the labels agree on or which goes first by
    /// `precedence`, and its classes; none where a label says to skip the row.
    pub fn meaning(&self, labels: &[String]) -> Option<(Option<Label>, Marks)> {
        let (mut sentiments, mut marks): (Vec<Label>, Marks) = (Vec::new(), Marks::default());
        for label in labels {
            if let Some(says) = self.classes.get(label) {
                marks.join(says.marks);
            }
            match self.labels.get(label).copied().unwrap_or(Class::Ignore) {
                Class::Skip => return None,
                class => sentiments.extend(class.label()),
            }
        }
        sentiments.sort();
        sentiments.dedup();
        let sentiment = match sentiments.as_slice() {
            [only] => Some(*only),
            several => self.precedence.iter().copied().find(|label| several.contains(label)),
        };
        Some((sentiment, marks))
    }
}

impl Recipe {
    /// Reads and checks a recipe file.
    ///
    /// # Errors
    /// [`RecipeError`] naming file and key.
    pub fn load(path: &Path) -> Result<Self, RecipeError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|problem| RecipeError::Read { path: shown.clone(), problem })?;
        let invalid =
            |e: toml::de::Error| RecipeError::Invalid { path: shown.clone(), problem: e.to_string() };
        let table: toml::Table = toml::from_str(&text).map_err(invalid)?;
        if table.contains_key("extends") {
            let variant: Variant = toml::from_str(&text).map_err(invalid)?;
            let whole = Recipe::load(&path.parent().unwrap_or(Path::new(".")).join(&variant.extends))?;
            let recipe = variant.of(whole);
            return match recipe.validate() {
                Ok(()) => Ok(recipe),
                Err(problem) => Err(RecipeError::Invalid { path: shown, problem }),
            };
        }
        let recipe: Recipe = toml::from_str(&text).map_err(invalid)?;
        recipe.validate().map_err(|problem| RecipeError::Invalid { path: shown, problem })?;
        Ok(recipe)
    }

    /// The recipe for files of a team's own labelled turns:
    /// `{"text":…,"label":"negative|neutral|positive","classes":{NAME:true|false,…},"role":…,"context":…}`.
    pub fn for_own_labels(name: &str, files: &[PathBuf]) -> Self {
        let class = |label: &Label| match label {
            Label::Negative => Class::Negative,
            Label::Neutral => Class::Neutral,
            Label::Positive => Class::Positive,
        };
        let labels: BTreeMap<String, Class> = Label::ALL.iter().map(|l| (l.to_string(), class(l))).collect();
        let set = |file: &PathBuf| SetRecipe {
            labels: labels.clone(),
            classes: Says::of_objects(),
            classes_path: Some("classes".into()),
            role_path: Some("role".into()),
            ..SetRecipe::new(
                &file.file_name().map_or_else(|| "own".into(), |name| name.to_string_lossy()),
                &file.display().to_string(),
            )
        };
        Recipe {
            name: name.into(),
            version: "1".into(),
            split_salt: "own labels".into(),
            training: Training { learning_rate: 5e-5, epochs: 3, ..Training::default() },
            sets: files.iter().map(set).collect(),
        }
    }

    fn validate(&self) -> Result<(), String> {
        let t = &self.training;
        let ratio = |name: &str, value: f64| {
            if (0.0..1.0).contains(&value) {
                Ok(())
            } else {
                Err(format!("training.{name} must be at least 0 and below 1"))
            }
        };
        ratio("warmup", t.warmup)?;
        ratio("label_smoothing", t.label_smoothing)?;
        ratio("dropout", t.dropout)?;
        ratio("context_dropout", t.context_dropout)?;
        ratio("precision.signals", t.precision.signals)?;
        ratio("precision.mistakes", t.precision.mistakes)?;
        ratio("precision.acts", t.precision.acts)?;
        if t.epochs == 0 || t.batch_rows == 0 || t.window_tokens < 3 {
            return Err(
                "training.epochs, training.batch_rows must be at least 1, training.window_tokens at least 3"
                    .into(),
            );
        }
        let rates = [("learning_rate", t.learning_rate), ("heads_learning_rate", t.heads_learning_rate)];
        if let Some((name, _)) = rates.iter().find(|(_, rate)| !(*rate > 0.0 && *rate < 1.0)) {
            return Err(format!("training.{name} must be above 0 and below 1"));
        }
        for set in &self.sets {
            if set.test_only && set.train_only {
                return Err(format!("set {}: test_only and train_only exclude each other", set.name));
            }
            if set.labels.is_empty() && set.classes.is_empty() && !set.listed {
                return Err(format!(
                    "set {}: it says nothing; map labels of the file to negative, neutral, positive, skip or ignore in labels, or to classes in classes",
                    set.name
                ));
            }
        }
        Ok(())
    }
}

fn customer() -> Role {
    Role::Customer
}

fn one() -> f64 {
    1.0
}
