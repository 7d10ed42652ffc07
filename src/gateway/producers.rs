//! Who sends turns over sockets, across their sessions: a source that comes back under its name is the same one.
//!
//! Holds always: at most one entry for each name that a session or a conversation still refers to; a session without
//! a name is a producer of its own, and stays gone once it has ended. Called by `session`.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::outbox::Outbox;
use crate::clock;
use crate::conversation::Source;
use crate::wire::{Clock, ServerFrame};

/// One producer: where it can be reached now, and how the pipeline sees it.
pub(super) struct Producer {
    source: Arc<Source>,
    /// Of its latest session.
    outbox: Mutex<Arc<Outbox>>,
}

/// All producers that have a name.
#[derive(Default)]
pub(super) struct Producers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    named: HashMap<(String, bool), Weak<Producer>>,
    /// Timelines given to sources with a time of their own.
    timelines: u64,
}

// === impl Producers ===

impl Producers {
    /// A session begins. A name that is known is the same producer as before, if its clock is the same.
    pub(super) fn join(&self, name: Option<&str>, clock: Clock, outbox: &Arc<Outbox>) -> Arc<Producer> {
        let mut state = self.state.lock();
        let key = name.map(|name| (name.to_owned(), clock == Clock::Event));
        let known = key.as_ref().and_then(|key| state.named.get(key)?.upgrade());
        let producer = known.unwrap_or_else(|| {
            let source = match clock {
                Clock::Wall => Source::on_server_time(),
                Clock::Event => {
                    state.timelines += 1;
                    Source::on_its_own_time(state.timelines)
                }
            };
            Arc::new(Producer { source: Arc::new(source), outbox: Mutex::new(outbox.clone()) })
        });
        if let Some(key) = key {
            // Those that nobody refers to any more.
            state.named.retain(|_, producer| producer.strong_count() > 0);
            state.named.insert(key, Arc::downgrade(&producer));
        }
        *producer.outbox.lock() = outbox.clone();
        producer.source.joined(clock::now());
        producer
    }
}

// === impl Producer ===

impl Producer {
    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// A session of this producer ended.
    pub(super) fn leave(&self) {
        self.source.left(clock::now());
    }

    /// Tells it something about a conversation whose last frame came over the socket of `own`: there, or where the
    /// producer has moved on to.
    pub(super) fn notify(&self, own: &Outbox, frame: &ServerFrame) {
        if own.is_closed() {
            self.outbox.lock().push(frame);
        } else {
            own.push(frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_comes_back_is_the_same_and_hears_of_its_conversations() {
        let producers = Producers::default();
        let (first, second) = (Arc::new(Outbox::new()), Arc::new(Outbox::new()));
        let before = producers.join(Some("acme"), Clock::Wall, &first);
        before.leave();
        first.close();
        let now = clock::now();
        assert!(before.source().quiet(now).is_some_and(|quiet| quiet.gone));
        let after = producers.join(Some("acme"), Clock::Wall, &second);
        assert!(Arc::ptr_eq(&before, &after));
        assert!(before.source().quiet(now).is_some_and(|quiet| !quiet.gone), "left in peace for a moment");
        before.notify(&first, &ServerFrame::Pong { t: serde_json::Value::Null });
        assert_eq!(second.take(9).len(), 1);
    }

    #[test]
    fn other_names_other_clocks_and_sessions_without_a_name_are_other_producers() {
        let producers = Producers::default();
        let outbox = Arc::new(Outbox::new());
        let acme = producers.join(Some("acme"), Clock::Wall, &outbox);
        let others = [
            producers.join(Some("other"), Clock::Wall, &outbox),
            producers.join(Some("acme"), Clock::Event, &outbox),
            producers.join(None, Clock::Wall, &outbox),
            producers.join(None, Clock::Wall, &outbox),
        ];
        assert!(others.iter().all(|other| !Arc::ptr_eq(&acme, other)));
        assert!(!Arc::ptr_eq(&others[2], &others[3]));
        drop(others);
        producers.join(Some("third"), Clock::Wall, &outbox);
        assert_eq!(producers.state.lock().named.len(), 2, "names that nobody refers to are forgotten");
    }
}
