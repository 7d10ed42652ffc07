//! What the pipeline will ask the model about the turns of a chunk, told before they go through it, so that they can be
//! scored in batches.
//!
//! Holds always: a wrong guess (a repeat of an old turn, a conversation that leaves in between) costs time and nothing
//! else, since the pipeline's own question is what is answered. Called by `score`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::conversation::Said;
use crate::scoring::ScoreInput;
use crate::wire::{Role, Turn, Visibility};

/// The contexts of one chunk of input, as it is read from front to back. `before` tells what a conversation has as
/// context for a role before the chunk.
pub struct Foresight<F> {
    before: F,
    conversations: HashMap<String, Ends>,
}

/// How the last turns of a conversation ended.
#[derive(Default)]
struct Ends {
    customer: Option<Arc<str>>,
    business: Option<Arc<str>>,
    turn_ids: HashSet<String>,
}

impl<F: Fn(&str, Role) -> Option<Arc<str>>> Foresight<F> {
    pub fn new(before: F) -> Self {
        Foresight { before, conversations: HashMap::new() }
    }

    /// What will be asked about the next turn; none where nothing will be.
    pub fn input(&mut self, turn: &Turn) -> Option<ScoreInput> {
        if turn.role == Role::System || turn.visibility == Visibility::Private {
            return None;
        }
        let id = &turn.conversation_id;
        if !self.conversations.contains_key(id) {
            // Each side's end is the other's context.
            let customer = (self.before)(id, Role::Agent);
            let business = (self.before)(id, Role::Customer);
            self.conversations.insert(id.clone(), Ends { customer, business, turn_ids: HashSet::new() });
        }
        let ends = self.conversations.entry(id.clone()).or_default();
        if !ends.turn_ids.insert(turn.turn_id.clone()) {
            return None;
        }
        let text: Arc<str> = Arc::from(turn.text.as_str());
        let (own, other) = if turn.role.is_business() {
            (&mut ends.business, &ends.customer)
        } else {
            (&mut ends.customer, &ends.business)
        };
        *own = Some(Said::of(&text).tail);
        Some(ScoreInput { role: turn.role, text, context: other.clone() })
    }
}
