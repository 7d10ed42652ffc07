//! Annotated conversations: annotation files beside a data set, or a team's own lines that hold turns and annotation.
//!
//! Holds always: a turn's context is the end of what the other side said last, as the conversation's state keeps it; turns
//! of the system are left out and their places are kept. Called by `read` for rows and by `training::risk`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DataError;
use super::read::{for_lines, json_lines_files};
use crate::conversation::Said;
use crate::wire::Role;

/// How a conversation went for the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Calm,
    Tense,
    Escalated,
}

/// What was annotated of one conversation.
#[derive(Deserialize)]
pub struct Annotation {
    #[serde(default)]
    pub set: String,
    pub conversation_id: String,
    pub outcome: Option<Outcome>,
    /// The first turn at which a supervisor would want to be told.
    pub alert_turn: Option<usize>,
    /// By the turns' places, counted from 0.
    #[serde(default)]
    pub sentiment: BTreeMap<usize, String>,
    #[serde(default)]
    pub signals: Vec<Found>,
    #[serde(default)]
    pub mistakes: Vec<Found>,
    #[serde(default)]
    pub acts: Vec<Found>,
}

/// A name at a turn.
#[derive(Deserialize)]
pub struct Found {
    pub i: usize,
    #[serde(alias = "s", alias = "m", alias = "a")]
    pub name: String,
}

/// One turn, and what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Its place in the conversation, counted from 0.
    pub index: usize,
    pub role: Role,
    pub text: Arc<str>,
    pub context: Option<Arc<str>>,
}

/// The annotations of a set, by conversation; of two for one conversation the first.
///
/// # Errors
/// [`DataError`] for an unreadable file or a line that is not as described.
pub fn annotations(set: &str, folder: &Path) -> Result<HashMap<String, Annotation>, DataError> {
    let mut annotations: HashMap<String, Annotation> = HashMap::new();
    for file in json_lines_files(folder)? {
        for_lines(&file, |value| {
            let annotation: Annotation = serde_json::from_value(value).map_err(|error| error.to_string())?;
            if annotation.set == set {
                annotations.entry(annotation.conversation_id.clone()).or_insert(annotation);
            }
            Ok(())
        })?;
    }
    Ok(annotations)
}

/// The id of the conversation that a line holds.
///
/// # Errors
/// What is wrong with the line.
pub fn id(line: &Value) -> Result<&str, String> {
    Ok(line.get("conversation_id").and_then(Value::as_str).ok_or("conversation_id is missing")?)
}

/// The turns of the conversation that a line holds, each with its context.
///
/// # Errors
/// What is wrong with the line.
pub fn spoken(line: &Value) -> Result<Vec<Spoken>, String> {
    let turns = line.get("turns").and_then(Value::as_array).ok_or("turns is missing or no list")?;
    let (mut customer, mut business): (Option<Arc<str>>, Option<Arc<str>>) = (None, None);
    let mut spoken = Vec::with_capacity(turns.len());
    for (index, turn) in turns.iter().enumerate() {
        let text = turn.get("text").and_then(Value::as_str).ok_or("a turn has no text")?;
        let role = match turn.get("role").and_then(Value::as_str) {
            Some("other") => Role::Agent,
            Some(role) => Role::parse(role).ok_or("a turn has a role that is not known")?,
            None => return Err("a turn has no role".into()),
        };
        let (own, other) = match role {
            Role::System => continue,
            Role::Customer => (&mut customer, &business),
            Role::Agent | Role::Bot => (&mut business, &customer),
        };
        let text = Arc::from(text);
        let context = other.clone();
        *own = Some(Said::of(&text).tail);
        spoken.push(Spoken { index, role, text, context });
    }
    Ok(spoken)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_side_answers_the_last_words_of_the_other_and_the_system_says_nothing() {
        let line = json!({"turns": [
            {"role": "customer", "text": "hello"},
            {"role": "system", "text": "anna has joined"},
            {"role": "other", "text": "hi"},
            {"role": "bot", "text": "how can we help?"},
            {"role": "customer", "text": "no parcel"},
        ]});
        let found = spoken(&line).unwrap();
        let found: Vec<_> = found.iter().map(|one| (one.index, one.context.as_deref())).collect();
        let expect = [(0, None), (2, Some("hello")), (3, Some("hello")), (4, Some("how can we help?"))];
        assert_eq!(found, expect);
    }
}
