//! `/v1/events`: what happens in all conversations, for supervisors' tools.
//!
//! Holds always: the pipeline never waits for a reader; JSON is made, and sockets are written to, on a thread of their
//! own that yields to scoring; a reader that is too slow is told so and cut. Called by `gateway::run` and `handshake`.
//!
//! ```text
//! pipeline ─► hub (bounded queue) ─► pump ─► ring ─► session, one for each socket
//! ```

mod hub;
mod ring;
mod session;

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use hub::{EVENTS_WAITING_MAX, Hub};
pub use ring::{BYTES_KEPT_MAX, EVENTS_KEPT_MAX};
pub(super) use session::Subscriber;

/// One thread can write more than two cores can score; scoring shall keep the others.
const THREADS: usize = 1;
/// Its niceness: where both want a core, scoring gets 28 of 29 parts of it.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 15;

/// What all event sockets share.
pub(super) struct Events {
    pub(super) hub: Arc<Hub>,
    thread: Handle,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    /// Nothing more comes from the pipeline.
    stopping: CancellationToken,
    /// The hub has handed out the last event.
    pub(super) closing: CancellationToken,
}

/// The thread of the event sockets, until dropped.
pub(super) struct Crew(Option<Runtime>);

// === impl Events ===

impl Events {
    /// The hub begins to work at once.
    pub(super) fn new(hub: Arc<Hub>, subscribers_max: usize, crew: &Crew) -> Self {
        let events = Events {
            hub,
            thread: crew.handle(),
            places: Arc::new(Semaphore::new(subscribers_max.min(Semaphore::MAX_PERMITS))),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            closing: CancellationToken::new(),
        };
        let (pump, closing) = (events.hub.clone().pump(events.stopping.clone()), events.closing.clone());
        events.thread.spawn(async move {
            // Also where the pump fails: sockets must not outlive it in silence.
            let _guard = closing.drop_guard();
            pump.await;
        });
        events
    }

    /// The right to be a reader, while there is room.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok()
    }

    /// Runs a socket on the thread of event sockets.
    pub(super) fn spawn(&self, socket: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(socket, &self.thread);
    }

    /// Hands out what still waits, and says goodbye to all readers.
    pub(super) async fn drain(&self) {
        self.stopping.cancel();
        self.ended().await;
    }

    /// Ready when no socket is left.
    pub(super) async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

// === impl Crew ===

impl Crew {
    pub(super) fn new() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("events")
            .on_thread_start(yield_to_scoring)
            .enable_all()
            .build();
        Crew(Some(runtime.expect("the system has a thread to spare")))
    }

    fn handle(&self) -> Handle {
        self.0.as_ref().expect("taken only when dropped: this is a bug").handle().clone()
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        // Dropping a runtime waits for it, which an async thread must not.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A lower priority for this thread, where the system knows such a thing.
fn yield_to_scoring() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS) {
        tracing::warn!(%error, "event sockets run at the priority of scoring");
    }
}
