//! Listeners, handshake, identity, sessions, flow control and HTTP routes: [`run`] takes bound listeners and a
//! shutdown, so that tests choose the port and the moment.
//!
//! Holds always: knows no model and no rule; one HTTP stack per port; every accepted turn is answered, also on the
//! way down; a slow, silent or hostile peer harms only itself. Called by `cli::serve`.
//!
//! ```text
//! listener ─► routes (origin, token) ─┬─► handshake ─► session ─┐
//!                                     ├─► turns (HTTP) ─────────┴─► live ─► pipeline, scorer
//!                                     ├─► conversations ─► pipeline, pages
//!                                     └─► verdict_route ─► verdicts ◄─ pipeline (alerts)
//!                                            outbox ◄── reply ◄──────────────────┤
//!                          events (hub, ring, sessions of their own) ◄───────────┘
//! ```

pub mod events;
pub mod live;
pub mod reply;
pub mod scorer;
pub mod verdicts;

mod access;
mod admin;
mod body;
mod conversations;
mod handshake;
mod listener;
mod outbox;
mod producers;
mod routes;
mod session;
mod socket;
mod turns;
mod verdict_route;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::config::ServerConfig;
use crate::pipeline::Pipeline;
use crate::telemetry::Metrics;
use live::{Live, TurnScorer};
use reply::Reply;
use verdicts::Verdicts;

/// How often idle conversations and due timers are looked for.
const TICK_INTERVAL_MS: u64 = 1_000;
/// How often the pressure is looked at while nothing arrives, so that `flow` frames say `ok` again.
const FLOW_INTERVAL_MS: u64 = 100;
/// After the grace period: how long tasks that were told to stop may take to do so.
const CUT_MS_MAX: u64 = 500;
/// Random bytes of a session's id and of the process's epoch.
const ID_BYTES: usize = 12;
/// Connections of the admin listener at once: a scraper or two, probes, a person.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// What the gateway is made of.
pub struct Parts {
    pub server: ServerConfig,
    pub metrics: Arc<Metrics>,
    pub pipeline: Arc<Pipeline<Reply>>,
    pub scorer: Arc<dyn TurnScorer>,
    /// Watches the pipeline.
    pub hub: Arc<events::Hub>,
    /// Must watch the pipeline: verdicts are given on what it was told of.
    pub verdicts: Arc<Verdicts>,
}

/// How the way down went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything that was accepted has been answered.
    Clean,
    /// The grace period was over first.
    CutOff,
}

/// What all connections share.
struct Shared {
    server: ServerConfig,
    metrics: Arc<Metrics>,
    live: Arc<Live>,
    producers: producers::Producers,
    events: events::Events,
    verdicts: Arc<Verdicts>,
    /// Looking at conversations for people.
    readings: Semaphore,
    /// Names this process: a client that sees another one knows that the state is new.
    epoch: String,
    /// Connections and sessions that must end before the process does.
    tasks: TaskTracker,
    /// No new work; what was accepted is answered.
    stopping: CancellationToken,
    /// Stop now.
    cut: CancellationToken,
}

impl Shared {
    /// Whether an `identify` with this token is let in; none is fine where it was shown in the handshake already.
    fn accepts(&self, token: Option<&str>, shown: bool) -> bool {
        match (&self.server.token, token) {
            (None, _) => true,
            (Some(expected), Some(offered)) => expected.accepts(offered),
            (Some(_), None) => shown,
        }
    }
}

/// Serves until `shutdown`, then drains within the grace period.
pub async fn run(
    parts: Parts,
    public: TcpListener,
    admin: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let Parts { server, metrics, pipeline, scorer, hub, verdicts } = parts;
    let crew = events::Crew::new();
    let shared = Arc::new(Shared {
        live: Arc::new(Live::new(pipeline, scorer, metrics.clone())),
        producers: producers::Producers::default(),
        events: events::Events::new(hub, server.subscribers_max, &crew),
        verdicts,
        readings: Semaphore::new(conversations::READINGS_MAX),
        epoch: random_id(),
        tasks: TaskTracker::new(),
        stopping: CancellationToken::new(),
        cut: CancellationToken::new(),
        metrics,
        server,
    });
    let admin_stop = CancellationToken::new();
    let admin_tasks = TaskTracker::new();
    let ends = listener::Ends {
        tasks: admin_tasks.clone(),
        stopping: admin_stop.clone(),
        cut: admin_stop.clone(),
        permits: Arc::new(Semaphore::new(ADMIN_CONNECTIONS_MAX)),
    };
    admin_tasks.spawn(listener::serve(admin, admin::router(shared.clone()), ends));
    let upkeep = tokio::spawn(upkeep(shared.clone()));
    let ends = listener::Ends {
        tasks: shared.tasks.clone(),
        stopping: shared.stopping.clone(),
        cut: shared.cut.clone(),
        permits: Arc::new(Semaphore::new(shared.server.connections_max)),
    };
    shared.tasks.spawn(listener::serve(public, routes::router(shared.clone()), ends));

    shutdown.await;
    let drained = drain(&shared).await;
    upkeep.abort();
    // Last, so that operators see the drain to its end.
    admin_stop.cancel();
    admin_tasks.close();
    let _ = timeout(Duration::from_millis(CUT_MS_MAX), admin_tasks.wait()).await;
    drained
}

/// Lets what was accepted be answered, and cuts what is left after the grace period.
async fn drain(shared: &Arc<Shared>) -> Drained {
    shared.live.begin_drain();
    shared.stopping.cancel();
    shared.tasks.close();
    let live = shared.live.clone();
    let answered = async {
        shared.tasks.wait().await;
        let scored = tokio::task::spawn_blocking(move || live.finish_drain()).await;
        // Last: readers hear what the last turns meant.
        shared.events.drain().await;
        scored
    };
    let outcome = timeout(shared.server.shutdown_grace, answered).await;
    shared.cut.cancel();
    let ended = async { tokio::join!(shared.tasks.wait(), shared.events.ended()) };
    let _ = timeout(Duration::from_millis(CUT_MS_MAX), ended).await;
    match outcome {
        Ok(Ok(())) => Drained::Clean,
        Ok(Err(_)) | Err(_) => Drained::CutOff,
    }
}

/// What time does by itself: timers of conversations, and the end of slow phases.
async fn upkeep(shared: Arc<Shared>) {
    let mut ticks = interval(Duration::from_millis(TICK_INTERVAL_MS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut flow = interval(Duration::from_millis(FLOW_INTERVAL_MS));
    flow.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let live = shared.live.clone();
                // Many timers may be due at once: too long for an async thread.
                let ticked = tokio::task::spawn_blocking(move || live.pipeline().tick(clock::now())).await;
                if ticked.is_err() {
                    tracing::error!("looking for due timers failed; this is a bug");
                }
            }
            _ = flow.tick() => shared.live.look_at_pressure(),
        }
    }
}

/// An id that nobody can guess.
fn random_id() -> String {
    let mut bytes = [0_u8; ID_BYTES];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
