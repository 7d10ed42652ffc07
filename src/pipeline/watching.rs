//! Whoever watches all conversations: the event stream, and the sinks of alerts.
//!
//! Holds always: told under the lock of the conversation, in the order in which things take effect, of findings and
//! alerts before the producer, of scores after; so a watcher must neither wait nor call the pipeline. Called by
//! [`super::Pipeline`].

use std::sync::Arc;

use crate::wire::{ServerFrame, Severity};

/// What happened in a conversation.
#[derive(Clone, Debug)]
pub struct Happening {
    pub conversation_id: Arc<str>,
    pub queue: Option<String>,
    /// Of an alert.
    pub severity: Option<Severity>,
    /// A `scored`, a `finding` or an `alert.*`; `seq` and `latency_ms` of a `scored` are none.
    pub frame: ServerFrame,
}

/// Is told of everything that happens in any conversation.
pub trait Watcher: Send + Sync + 'static {
    /// Whether anybody would hear of `scored` frames: making one costs a copy.
    fn wants_scored(&self) -> bool;
    /// Something happened. Must not block.
    fn see(&self, happening: &Arc<Happening>);
}

/// Several who watch, told one after the other.
pub struct Watchers(pub Vec<Arc<dyn Watcher>>);
