//! Customers across conversations: what is known of one when a conversation begins, and what it leaves behind.
//!
//! Holds always: runs under the lock of the conversation and takes that of the customers after it; nothing is known
//! where `detectors.customer_memory_seconds` is 0. Called by [`super::Pipeline`].

use jiff::Timestamp;

use super::{Pipeline, Ticket};
use crate::conversation::{Acquaintance, Contact, Conversation, Earlier, Legacy, OPENING_MAX};
use crate::wire::Turn;

impl<T: Ticket> Pipeline<T> {
    /// A turn is about to take effect: where its conversation begins, or only now names its customer, what was
    /// promised to them before is promised here.
    pub(super) fn meet(&self, conversation: &mut Conversation<T>, turn: &Turn, now: Timestamp) {
        if self.customers.is_off() {
            return;
        }
        let named = turn.customer_id.as_deref().or(conversation.state.customer_id.as_deref());
        let key = self.customers.key(named, &conversation.id);
        if conversation.acquaintance.key == Some(key) {
            return;
        }
        let Earlier { promises, baseline, contact } = self.customers.begin(key, now).unwrap_or_default();
        let this = self.customers.conversation_key(&conversation.id);
        let contact = contact.filter(|contact| contact.conversation != this).map(Box::new);
        let mood = conversation.acquaintance.mood;
        conversation.acquaintance = Acquaintance { key: Some(key), baseline, contact, mood };
        if !promises.is_empty() {
            let id = std::sync::Arc::clone(&conversation.id);
            let setting = conversation.setting(&self.config.detectors, now);
            let at = conversation.state.now.map_or(turn.ts, |newest| newest.max(turn.ts));
            conversation.watch.promises.carry(promises, &id, at, setting);
        }
    }

    /// A conversation ended at `at` in its own time, or leaves memory: what its customer may come back for stays.
    pub(super) fn part(&self, conversation: &mut Conversation<T>, at: Timestamp, now: Timestamp) {
        let Acquaintance { key: Some(key), mood, .. } = std::mem::take(&mut conversation.acquaintance) else {
            return;
        };
        let id = &conversation.id;
        let promises = conversation.watch.promises.take_open(id);
        let contact = conversation.state.customer_id.is_some().then(|| {
            let (opening, given) = conversation.watch.opening();
            Contact {
                conversation: self.customers.conversation_key(id),
                channel: conversation.state.channel,
                ended: at,
                opening: opening.take(OPENING_MAX).cloned().collect(),
                given,
            }
        });
        self.customers.end(key, Legacy { promises, mood, contact }, now);
    }
}
