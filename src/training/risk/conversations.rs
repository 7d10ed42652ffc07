//! Which conversations a risk is fitted and measured on: those of a recipe's annotated sets, or a team's own.
//!
//! Holds always: a conversation is in the split that its id says, the same as for rows; one id of a set is taken once.
//! Called by the command line for `follow`.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use serde_json::Value;

use crate::training::data::{self, Annotation, DataError, Outcome, Spoken, for_lines, id, spoken};
use crate::training::recipe::Recipe;
use crate::training::split::Split;

/// Where the annotation of a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the folders that a recipe's sets name.
    Recipe,
    /// In the line of the conversation itself: a team's own files.
    Lines,
}

/// One annotated conversation.
#[derive(Clone, Debug)]
pub struct Annotated {
    pub id: String,
    /// Index into [`AnnotatedSets::sets`].
    pub set: usize,
    pub split: Split,
    pub outcome: Outcome,
    /// The place of the first turn at which a supervisor would want to be told.
    pub alert_turn: Option<usize>,
    pub turns: Vec<Spoken>,
    /// Places of turns at which the customer is glad or thanks for help …
    pub helped: BTreeSet<usize>,
    /// … and at which the customer is in a bad mood.
    pub upset: BTreeSet<usize>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct AnnotatedSets {
    pub conversations: Vec<Annotated>,
    pub sets: Vec<String>,
    /// Sets whose file is not in the data folder.
    pub missing: Vec<String>,
}

/// Reads the annotated conversations of a recipe. `folder` holds the files; `recipe_folder` is where annotations are
/// looked for.
///
/// # Errors
/// [`DataError`] for an unreadable file, a line that is not as described, or no conversation at all.
pub fn load(
    recipe: &Recipe,
    folder: &Path,
    recipe_folder: &Path,
    source: Source,
) -> Result<AnnotatedSets, DataError> {
    let mut sets = AnnotatedSets::default();
    for set in &recipe.sets {
        let annotations = match (&set.annotations, source) {
            (Some(annotations), _) => Some(data::annotations(&set.name, &recipe_folder.join(annotations))?),
            (None, Source::Lines) => None,
            (None, Source::Recipe) => continue,
        };
        let path = folder.join(&set.file);
        if !path.exists() {
            sets.missing.push(set.name.clone());
            continue;
        }
        let index = sets.sets.len();
        sets.sets.push(set.name.clone());
        let mut known: HashSet<String> = HashSet::new();
        for_lines(&path, |line| {
            let one = match &annotations {
                Some(annotations) => {
                    annotations.get(id(&line)?).map(|of| annotated(of, &line)).transpose()?
                }
                None => Some(of_line(&line)?),
            };
            let Some(one) = one.filter(|one| known.insert(one.id.clone())) else { return Ok(()) };
            let split = Split::of_conversation(&one.id, &recipe.split_salt);
            sets.conversations.push(Annotated { set: index, split, ..one });
            Ok(())
        })?;
    }
    if sets.conversations.is_empty() {
        return Err(DataError::NoConversations(folder.display().to_string()));
    }
    Ok(sets)
}

/// A line that holds turns and annotation.
fn of_line(line: &Value) -> Result<Annotated, String> {
    let annotation: Annotation = serde_json::from_value(line.clone()).map_err(|error| error.to_string())?;
    annotated(&annotation, line)
}

fn annotated(annotation: &Annotation, line: &Value) -> Result<Annotated, String> {
    let moods = |names: [&'static str; 2]| {
        let of = annotation.sentiment.iter().filter(move |(_, mood)| names.contains(&mood.as_str()));
        of.map(|(index, _)| *index)
    };
    let thanks = annotation.signals.iter().filter(|found| found.name == "thanks_resolved");
    Ok(Annotated {
        id: annotation.conversation_id.clone(),
        set: 0,
        split: Split::Train,
        outcome: annotation.outcome.ok_or("outcome is missing: calm, tense or escalated")?,
        alert_turn: annotation.alert_turn,
        turns: spoken(line)?,
        helped: moods(["pos", "positive"]).chain(thanks.map(|found| found.i)).collect(),
        upset: moods(["neg", "negative"]).collect(),
    })
}

impl Annotated {
    /// Whether the customer needs somebody at each turn: yes from the annotated turn on, no once helped, yes again in a
    /// bad mood. Unknown before the annotated turn, since what is coming may show already.
    pub fn labels(&self) -> Vec<Option<bool>> {
        if self.outcome == Outcome::Calm {
            return vec![Some(false); self.turns.len()];
        }
        let Some(alert) = self.alert_turn else { return vec![None; self.turns.len()] };
        let mut needed = None;
        let label = |turn: &Spoken| {
            let at = turn.index;
            needed = match needed {
                None => (at >= alert).then_some(true),
                Some(true) if self.helped.contains(&at) => Some(false),
                Some(false) if self.upset.contains(&at) => Some(true),
                same => same,
            };
            needed
        };
        self.turns.iter().map(label).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conversation(annotation: &Value) -> Result<Annotated, String> {
        let turn =
            |index| json!({"role": if index % 2 == 0 { "customer" } else { "agent" }, "text": "words"});
        let mut line = json!({"conversation_id": "c", "turns": (0..7).map(turn).collect::<Vec<_>>()});
        for (key, value) in annotation.as_object().unwrap() {
            line[key] = value.clone();
        }
        of_line(&line)
    }

    #[test]
    fn somebody_is_needed_from_the_annotated_turn_until_the_customer_is_helped() {
        let check = |annotation: Value, expect: &str| {
            let labels = conversation(&annotation).unwrap().labels();
            let sign = |label: Option<bool>| label.map_or('?', |yes| if yes { '1' } else { '0' });
            assert_eq!(labels.into_iter().map(sign).collect::<String>(), expect, "{annotation}");
        };
        check(json!({"outcome": "calm"}), "0000000");
        check(json!({"outcome": "tense", "alert_turn": 2}), "??11111");
        check(json!({"outcome": "tense", "alert_turn": 2, "sentiment": {"0": "pos", "4": "pos"}}), "??11000");
        let thanks = json!([{"i": 4, "s": "thanks_resolved"}]);
        check(json!({"outcome": "escalated", "alert_turn": 2, "signals": thanks}), "??11000");
        let moods = json!({"2": "positive", "4": "positive", "6": "negative"});
        check(json!({"outcome": "tense", "alert_turn": 2, "sentiment": moods}), "??11001");
        check(json!({"outcome": "tense"}), "???????");
    }

    #[test]
    fn a_line_without_an_outcome_says_what_is_missing() {
        let problem = conversation(&json!({})).unwrap_err();
        assert_eq!(problem, "outcome is missing: calm, tense or escalated");
        assert!(conversation(&json!({"outcome": "angry"})).unwrap_err().contains("calm"));
    }
}
