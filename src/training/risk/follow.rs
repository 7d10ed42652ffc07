//! Annotated conversations → the features of their risk after every turn, by the code that is served.
//!
//! Holds always: a turn is scored with its context as it is live; a turn that the model abstains from changes nothing;
//! memory for scores is that of one chunk. Called by the command line for `fit` and `evaluate`.

use super::conversations::Annotated;
use crate::detectors::{Course, Features};
use crate::scoring::{BatchScorer, ScoreError, ScoreInput};
use crate::training::data::Outcome;
use crate::training::split::Split;
use crate::wire::Role;

/// Conversations scored at once.
const CHUNK_CONVERSATIONS: usize = 128;

/// A conversation, and what its risk is made of.
#[derive(Clone, Debug)]
pub struct Followed {
    pub id: String,
    pub set: usize,
    pub split: Split,
    pub outcome: Outcome,
    pub alert_turn: Option<usize>,
    pub moments: Vec<Moment>,
}

/// A conversation after one of its turns.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The turn's place.
    pub index: usize,
    pub role: Role,
    pub features: Features,
    /// Whether the customer needs somebody; none where that is not known.
    pub needed: Option<bool>,
}

/// Scores all conversations. `progress` hears how many are done.
///
/// # Errors
/// [`ScoreError`] when libtorch fails.
pub fn follow(
    scorer: &mut BatchScorer,
    conversations: &[Annotated],
    mut progress: impl FnMut(usize),
) -> Result<Vec<Followed>, ScoreError> {
    let mut followed = Vec::with_capacity(conversations.len());
    for chunk in conversations.chunks(CHUNK_CONVERSATIONS) {
        let inputs: Vec<ScoreInput> = chunk.iter().flat_map(inputs).collect();
        let mut scores = scorer.score_all(&inputs)?.into_iter();
        for one in chunk {
            let mut course = Course::default();
            let moment = |(turn, needed): (&crate::training::data::Spoken, Option<bool>)| {
                let scores = scores.next().expect("one result for each input: this is a bug");
                if scores.abstained.is_none() && !turn.text.trim().is_empty() {
                    course.turn(turn.role, &scores, 0.0);
                }
                Moment { index: turn.index, role: turn.role, features: course.features(0.0), needed }
            };
            let moments = one.turns.iter().zip(one.labels()).map(moment).collect();
            let Annotated { set, split, outcome, alert_turn, .. } = *one;
            followed.push(Followed { id: one.id.clone(), set, split, outcome, alert_turn, moments });
        }
        progress(followed.len());
    }
    Ok(followed)
}

fn inputs(conversation: &Annotated) -> impl Iterator<Item = ScoreInput> + '_ {
    conversation.turns.iter().map(|turn| ScoreInput {
        role: turn.role,
        text: turn.text.clone(),
        context: turn.context.clone(),
    })
}

impl Followed {
    /// Whether it went wrong.
    pub fn is_bad(&self) -> bool {
        self.outcome != Outcome::Calm
    }
}
