//! `undertone serve`: settings, model, ports, then the gateway until a signal.
//!
//! Holds always: the settings are valid and the model is loaded before any port is bound.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::run::Unavailable;
use super::settings::SettingsArgs;
use crate::alerts::reload::RulesFile;
use crate::clock;
use crate::config::Config;
use crate::gateway::events::Hub;
use crate::gateway::reply::Reply;
use crate::gateway::scorer::CountedScoring;
use crate::gateway::verdicts::Verdicts;
use crate::gateway::{self, Drained, Parts};
use crate::pipeline::{Pipeline, PipelineConfig};
use crate::scoring::{Model, Scorer};
use crate::telemetry::{Metrics, logs};

/// After a second signal: as a shell reports a process that SIGINT ended.
const EXIT_SECOND_SIGNAL: i32 = 130;
/// How often the rule file is looked at.
const RULES_LOOK_SECONDS: u64 = 1;
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
    metrics.model_info(&model.manifest.name, &model.manifest.version, &model.manifest.precision);
    let label = model.label();
    tracing::info!(model = label, threads = config.scoring.threads, "model loaded");
    let hub = Hub::new(metrics.clone());
    let verdicts = Arc::new(Verdicts::new(config.alerts.verdicts_file.clone(), metrics.clone()));
    let pipeline = Pipeline::new(PipelineConfig { risk, ..config.pipeline() }, metrics.clone(), label);
    // First who must know an alert when others hear of it.
    // Verdicts first: who hears of an alert may judge it at once.
    let pipeline = Arc::new(pipeline.watched_by(verdicts.clone()).watched_by(hub.clone()));
    let counted = Arc::new(CountedScoring(metrics.clone()));
    metrics.rules_loaded(Some(clock::unix_seconds(clock::now())));
    let rules_version = pipeline.rules().version().to_owned();
    tracing::info!(rules_version, rules = pipeline.rules().rules().len(), "rules loaded");
    let scorer = Arc::new(Scorer::start(model, config.scorer(), counted));
    // Kept until the end: dropping a scorer waits for its threads, which the gateway has no time for.
    let server = config.server.clone();
    let parts = Parts { server, metrics, pipeline, scorer: scorer.clone(), hub, verdicts };
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
    let file = config.alerts.rules_file.clone().map(RulesFile::new);
    // Before anybody is told that we listen: until then a hang-up ends the process.
    let hang_up = signal(SignalKind::hangup())?;
    let reloads =
        tokio::spawn(keep_rules_fresh(file, hang_up, parts.pipeline.clone(), parts.metrics.clone()));
    tracing::info!(
        listen = %public.local_addr()?,
        admin_listen = %admin.local_addr()?,
        token_required = config.server.token.is_some(),
        "listening"
    );
    let drained = gateway::run(parts, public, admin, shutdown).await;
    reloads.abort();
    Ok(drained)
}

/// Reads the rules again when their file changes, and on SIGHUP. The shipped ones do not change, and SIGHUP must not
/// end a server that has no others.
async fn keep_rules_fresh(
    mut file: Option<RulesFile>,
    mut hang_up: Signal,
    pipeline: Arc<Pipeline<Reply>>,
    metrics: Arc<Metrics>,
) {
    let mut looks = tokio::time::interval(Duration::from_secs(RULES_LOOK_SECONDS));
    loop {
        let asked = tokio::select! {
            _ = looks.tick() => false,
            told = hang_up.recv() => told.is_some(),
        };
        match file.as_mut().and_then(|file| file.reload(asked)) {
            None => {}
            Some(Ok(rules)) => {
                let (rules_version, count) = (rules.version().to_owned(), rules.rules().len());
                pipeline.set_rules(rules);
                metrics.rules_loaded(Some(clock::unix_seconds(clock::now())));
                tracing::info!(rules_version, rules = count, "rules loaded");
            }
            Some(Err(error)) => {
                metrics.rules_loaded(None);
                tracing::error!(kind = error.kind(), %error, "the rules were refused; those before stay in force");
            }
        }
    }
}

async fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, Unavailable> {
    let unavailable =
        |error: std::io::Error| Unavailable(format!("cannot listen on {address} ({key}): {error}"));
    TcpListener::bind(address).await.map_err(unavailable)
}

/// Ready at the first SIGTERM or SIGINT; the second one ends the process at once.
fn signals() -> std::io::Result<impl Future<Output = ()>> {
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
