//! `undertone replay`: arguments, the runtime, the exit code.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::run::{EXIT_BAD_INPUT, EXIT_UNAVAILABLE, EXIT_USAGE};
use crate::offline::reader;
use crate::offline::recorded::SPACING_SECONDS_DEFAULT;
use crate::offline::replay::connection::Target;
use crate::offline::replay::{self, Outcome, ReplayError, ReplayOptions};

/// As shells say it of a program that Ctrl-C ended.
const EXIT_INTERRUPTED: u8 = 130;

/// Play recorded conversations to a running server and show what comes back
#[derive(clap::Args)]
pub struct ReplayArgs {
    /// Frames or whole conversations as JSON Lines, gzipped or not; - is standard input
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Where the server takes turns
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:8787/v1/ingest")]
    pub url: String,
    /// Seconds of the recording in one second
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = speed)]
    pub speed: f64,
    /// The server's token, if it has one; better given as UNDERTONE_TOKEN, which other users do not see
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// The name of this source in the server's metrics
    #[arg(long, value_name = "NAME", default_value = "replay")]
    pub source: String,
    /// Play only the first conversations
    #[arg(long, value_name = "N")]
    pub limit_conversations: Option<usize>,
    /// How many conversations that were recorded without times are played at once
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub concurrency: u16,
    /// Between two turns of a conversation that was recorded without times
    #[arg(long, value_name = "SECONDS", default_value_t = SPACING_SECONDS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub spacing_seconds: u32,
    /// Check the server's books at the end: its /metrics page
    #[arg(long, value_name = "URL")]
    pub metrics_url: Option<String>,
    /// On a terminal: stay connected after the end, until Ctrl-C
    #[arg(long)]
    pub hold: bool,
}

/// Runs the command.
///
/// # Errors
/// Anything that keeps the replay from starting; the message says what to do.
pub fn run(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let name =
        args.input.as_deref().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
    let input = match reader::open(args.input.as_deref()) {
        Ok(input) => input,
        Err(error) => return Ok(fail(EXIT_USAGE, &format!("cannot open {name}: {error}"))),
    };
    let token =
        args.token.or_else(|| std::env::var("UNDERTONE_TOKEN").ok().filter(|token| !token.is_empty()));
    let options = ReplayOptions {
        target: Target { url: args.url, token, source: args.source },
        speed: args.speed,
        spacing_seconds: args.spacing_seconds,
        concurrency: usize::from(args.concurrency),
        conversations_max: args.limit_conversations,
        metrics_url: args.metrics_url,
        hold: args.hold,
    };
    // One thread is plenty for one socket, and leaves the cores to the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    match runtime.block_on(replay::run(input.reader, options)) {
        Ok(Outcome::AllWell) => Ok(ExitCode::SUCCESS),
        // An unanswered turn, a bad line, a broken equation.
        Ok(Outcome::SomethingWasOff) => Ok(ExitCode::from(EXIT_BAD_INPUT)),
        Ok(Outcome::StoppedEarly) => Ok(ExitCode::from(EXIT_INTERRUPTED)),
        Err(error @ ReplayError::Connect(_)) => Ok(fail(EXIT_UNAVAILABLE, &error.to_string())),
        Err(error @ ReplayError::Output(_)) => Err(error.into()),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.001..=1e6).contains(&speed) => Ok(speed),
        _ => Err("must be a number from 0.001 to 1000000".to_owned()),
    }
}

/// Standard error may be closed; that is no reason to fail otherwise.
fn fail(code: u8, message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "undertone replay: {message}");
    ExitCode::from(code)
}
