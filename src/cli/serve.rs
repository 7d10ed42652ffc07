//! `undertone serve`: settings, model, ports, then the gateway until a signal.
//!
//! Holds always: the settings are valid and the model is loaded before any port is bound.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::run::Unavailable;
use super::settings::SettingsArgs;
use crate::config::Config;
use crate::gateway::scorer::CountedScoring;
use crate::gateway::{self, Drained, Parts};
use crate::pipeline::{Pipeline, PipelineConfig};
use crate::scoring::{Model, Scorer};
use crate::telemetry::{Metrics, logs};

/// After a second signal: as a shell reports a process that SIGINT ended.
const EXIT_SECOND_SIGNAL: i32 = 130;
/// Some of what was accepted was not answered.
const EXIT_CUT_OFF: i32 = 1;

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
    metrics.model_info(&model.manifest.name, &model.manifest.version, &model.manifest.precision);
    let label = model.label();
    tracing::info!(model = label, threads = config.scoring.threads, "model loaded");
    let pipeline =
        Arc::new(Pipeline::new(PipelineConfig { risk, ..config.pipeline() }, metrics.clone(), label));
    let counted = Arc::new(CountedScoring(metrics.clone()));
    let scorer = Arc::new(Scorer::start(model, config.scorer(), counted));
    // Kept until the end: dropping a scorer waits for its threads, which the gateway has no time for.
    let parts = Parts { server: config.server.clone(), metrics, pipeline, scorer: scorer.clone() };
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
