//! `undertone score`: arguments, the pipeline to run through, the exit code.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;

use super::lanes::{self, Lanes};
use super::run::{EXIT_BAD_INPUT, EXIT_USAGE};
use super::settings::SettingsArgs;
use crate::offline::progress::Progress;
use crate::offline::reader::{self, Events};
use crate::offline::recorded::{SPACING_SECONDS_DEFAULT, Spacing};
use crate::offline::score::{self, ScoreOptions, ScoreRunError};
use crate::pipeline::PipelineConfig;

/// Score recorded conversations: JSON Lines in, JSON Lines of scored, finding and alert frames out
#[derive(clap::Args, Debug)]
pub struct ScoreArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Frames or whole conversations as JSON Lines, gzipped or not; - is standard input
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Add to each scored frame the probability of every signal, mistake and act of the role
    #[arg(long)]
    pub probabilities: bool,
    /// Fire the timers that are due by then at the end of the input
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// Between two turns that have no ts
    #[arg(long, value_name = "SECONDS", default_value_t = SPACING_SECONDS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub spacing_seconds: u32,
}

/// Runs the command.
///
/// # Errors
/// Anything that keeps the run from starting or ends it early; the message says what to do.
pub fn run(args: &ScoreArgs) -> anyhow::Result<ExitCode> {
    let name =
        args.input.as_deref().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
    let input = match reader::open(args.input.as_deref()) {
        Ok(input) => input,
        Err(error) => {
            say(&format!("cannot open {name}: {error}"));
            return Ok(ExitCode::from(EXIT_USAGE));
        }
    };
    let config = args.settings.load()?;
    let settings = PipelineConfig { probabilities: args.probabilities, ..config.pipeline() };
    let Lanes { pipelines, mut scorer, .. } = lanes::open(&config, vec![settings])?;
    let events = Events::new(input.reader, Spacing::from_fixed_start(args.spacing_seconds));
    let mut progress = Progress::new(input.bytes_read, input.bytes_total);
    let options = ScoreOptions { until: args.until };
    let output = BufWriter::new(std::io::stdout().lock());
    let outcome = score::run(events, &pipelines[0], &mut scorer, output, options, &mut progress);
    progress.finish();
    match outcome {
        Ok(report) if report.errors == 0 || report.output_closed => Ok(ExitCode::SUCCESS),
        Ok(report) => {
            say(&format!(
                "{} of the input's lines or turns were refused; see the error frames",
                report.errors
            ));
            Ok(ExitCode::from(EXIT_BAD_INPUT))
        }
        Err(error @ ScoreRunError::Input(_)) => {
            say(&format!("{name}: {error}"));
            Ok(ExitCode::from(EXIT_BAD_INPUT))
        }
        Err(error @ ScoreRunError::Output(_)) => Err(error.into()),
    }
}

/// Standard error may be closed; that is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "undertone score: {line}");
}
