//! `undertone serve`: settings, model, ports, then the gateway until a signal.
//!
//! Holds always: the settings are valid and the model is loaded before any port is bound.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::run::Unavailable;
use super::settings::SettingsArgs;
use crate::alerts::CUSTOMER_AT_RISK;
use crate::config::Config;
use crate::gateway::events::Hub;
use crate::gateway::scorer::CountedScoring;
use crate::gateway::{self, Drained, Parts};
use crate::pipeline::{Pipeline, PipelineConfig};
use crate::scoring::{Model, Scorer};
use crate::telemetry::{Metrics, logs};

/// After a second signal: as a shell reports a process that SIGINT ended.
const EXIT_SECOND_SIGNAL: i32 = 130;
/// Some of what was accepted was not answered.
const EXIT_CUT_OFF: i32 = 1;

/// Files beside connections: logs, wake-ups of threads, connections of the admin listener.
const OTHER_FILES: u64 = 256;

/// Run the monitor.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs the command.
///
/// # Errors
/// Settings that are wrong, a model or a port that cannot be had.
pub fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load()?;
    logs::init(config.log.level, config.log.format)?;
    logs::log_panics_by_place();
    let folder = super::model_folder(config.model.path.as_deref())?;
    let model = Model::load(&folder)?;
    let risk = super::risk_model(&folder)?;
    let metrics = Arc::new(Metrics::new(config.metric_limits()));
    metrics.declare_rule(CUSTOMER_AT_RISK.name);
    metrics.model_info(&model.manifest.name, &model.manifest.version, &model.manifest.precision);
    let label = model.label();
    tracing::info!(model = label, threads = config.scoring.threads, "model loaded");
    let hub = Hub::new(metrics.clone());
    let pipeline = Pipeline::new(PipelineConfig { risk, ..config.pipeline() }, metrics.clone(), label);
    let pipeline = Arc::new(pipeline.watched_by(hub.clone()));
    let counted = Arc::new(CountedScoring(metrics.clone()));
    let scorer = Arc::new(Scorer::start(model, config.scorer(), counted));
    // Kept until the end: dropping a scorer waits for its threads, which the gateway has no time for.
    let parts = Parts { server: config.server.clone(), metrics, pipeline, scorer: scorer.clone(), hub };
    allow_connections(config.server.connections_max);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let drained = runtime.block_on(serve(&config, parts))?;
    runtime.shutdown_background();
    match drained {
        Drained::Clean => {
            tracing::info!("stopped; everything that was accepted has been answered");
            Ok(ExitCode::SUCCESS)
        }
        Drained::CutOff => {
            tracing::error!("the grace period is over; some turns were not answered");
            // Not by returning: the scoring threads would be waited for, and the time is up.
            std::process::exit(EXIT_CUT_OFF);
        }
    }
}

/// Many systems allow a process 1,024 open files unless it asks for more.
fn allow_connections(connections_max: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = u64::try_from(connections_max).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let allowed = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum });
    if allowed < wanted || raised.is_err() {
        tracing::warn!(allowed, wanted, "server.max_connections is more than the limit of open files allows");
    }
}

async fn serve(config: &Config, parts: Parts) -> anyhow::Result<Drained> {
    let public = bind("server.listen", config.server.listen).await?;
    let admin = bind("admin.listen", config.admin.listen).await?;
    let shutdown = signals()?;
    tracing::info!(
        listen = %public.local_addr()?,
        admin_listen = %admin.local_addr()?,
        token_required = config.server.token.is_some(),
        "listening"
    );
    Ok(gateway::run(parts, public, admin, shutdown).await)
}

async fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, Unavailable> {
    let unavailable =
        |error: std::io::Error| Unavailable(format!("cannot listen on {address} ({key}): {error}"));
    TcpListener::bind(address).await.map_err(unavailable)
}

/// Ready at the first SIGTERM or SIGINT; the second one ends the process at once.
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping; a second signal stops at once");
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(EXIT_SECOND_SIGNAL);
        });
    })
}
