//! A server in this process, on ports of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use undertone::config::{Config, ServerConfig, Sources};
use undertone::gateway::events::Hub;
use undertone::gateway::verdicts::Verdicts;
use undertone::gateway::{self, Drained, Parts};
use undertone::pipeline::Pipeline;
use undertone::telemetry::Metrics;

use super::client::{Request, request};
use super::scorer::FakeScorer;

/// Room for everything a test sends.
const QUEUE_TURNS: usize = 100_000;

pub struct Server {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub scorer: Arc<FakeScorer>,
    shutdown: CancellationToken,
    running: JoinHandle<Drained>,
}

/// The default settings but for these, and one rule by level: the scores are made up.
pub fn settings(set: &[&str]) -> ServerConfig {
    config(set).server
}

fn config(set: &[&str]) -> Config {
    let rules = concat!("alerts.rules_file=", env!("CARGO_MANIFEST_DIR"), "/tests/data/by-level.toml");
    let flags = std::iter::once(&rules).chain(set).map(|flag| (*flag).to_owned()).collect();
    Config::load(&Sources { flags, ..Sources::default() }).expect("valid settings")
}

impl Server {
    pub async fn start() -> Server {
        Self::start_with(settings(&[]), FakeScorer::new(QUEUE_TURNS, Duration::ZERO)).await
    }

    pub async fn start_set(set: &[&str]) -> Server {
        Self::start_of(config(set), FakeScorer::new(QUEUE_TURNS, Duration::ZERO)).await
    }

    pub async fn start_with(server: ServerConfig, scorer: Arc<FakeScorer>) -> Server {
        Self::start_of(Config { server, ..config(&[]) }, scorer).await
    }

    async fn start_of(config: Config, scorer: Arc<FakeScorer>) -> Server {
        let server = config.server.clone();
        let metrics = Arc::new(Metrics::new(config.metric_limits()));
        metrics.declare_rule("CustomerAtRisk");
        metrics.model_info("fake", "1", "f16");
        let hub = Hub::new(metrics.clone());
        let verdicts = Arc::new(Verdicts::new(config.alerts.verdicts_file.clone(), metrics.clone()));
        let pipeline = Pipeline::new(config.pipeline(), metrics.clone(), "fake@1".to_owned());
        let pipeline = Arc::new(pipeline.watched_by(verdicts.clone()).watched_by(hub.clone()));
        let public = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let admin = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, admin_address) =
            (public.local_addr().expect("bound"), admin.local_addr().expect("bound"));
        let shutdown = CancellationToken::new();
        let parts = Parts { server, metrics, pipeline, scorer: scorer.clone(), hub, verdicts };
        let running = tokio::spawn(gateway::run(parts, public, admin, shutdown.clone().cancelled_owned()));
        Server { address, admin: admin_address, scorer, shutdown, running }
    }

    /// As SIGTERM does.
    pub fn begin_shutdown(&self) {
        self.shutdown.cancel();
    }

    pub async fn stop(self) -> Drained {
        self.shutdown.cancel();
        self.running.await.expect("the server does not panic")
    }

    pub async fn metrics(&self) -> String {
        request(self.admin, &Request::get("/metrics")).await.body
    }

    /// The sum of all series of a metric.
    pub async fn sum(&self, name: &str) -> f64 {
        sum(&self.metrics().await, name)
    }
}

/// The sum of all series of a metric in the text exposition.
pub fn sum(metrics: &str, name: &str) -> f64 {
    let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    let value =
        |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).expect("a figure");
    metrics.lines().filter(of_name).map(value).sum()
}

/// received = scored + unscored + duplicate + refused + in flight.
pub fn assert_conserved(metrics: &str) {
    let total = |name: &str| sum(metrics, &format!("undertone_turns_{name}"));
    let ends = ["scored_total", "unscored_total", "duplicate_total", "refused_total", "in_flight"];
    let ended: f64 = ends.iter().map(|name| total(name)).sum();
    assert_eq!(total("received_total"), ended, "received is not the sum of what became of it");
}
