//! `undertone report`: arguments, the pipeline to run through, the page, the exit code. See docs/pages.md.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use jiff::Timestamp;

use super::lanes::{self, Lanes};
use super::run::{EXIT_BAD_INPUT, EXIT_USAGE};
use super::settings::SettingsArgs;
use crate::offline::progress::Progress;
use crate::offline::reader::{self, Events, Input};
use crate::offline::recorded::{SPACING_SECONDS_DEFAULT, Spacing};
use crate::offline::report::output::Output;
use crate::offline::report::{About, Recorder};
use crate::offline::score::{self, ScoreOptions, ScoreRunError};
use crate::pages;

/// Write one page about recorded conversations: levels, alerts, mistakes, and those most at risk in full
#[derive(clap::Args, Debug)]
pub struct ReportArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Frames or whole conversations as JSON Lines, gzipped or not; - is standard input
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The page; what is there before is replaced once the new one is complete
    #[arg(long, value_name = "FILE.html")]
    out: PathBuf,
    /// Fire the timers that are due by then at the end of the input
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Between two turns that have no ts
    #[arg(long, value_name = "SECONDS", default_value_t = SPACING_SECONDS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    spacing_seconds: u32,
}

/// Runs the command.
///
/// # Errors
/// Anything that keeps the run from starting or ends it early; the message says what to do.
pub fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let path = args.input.as_deref().filter(|path| *path != Path::new("-"));
    let name = path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
    let input = match reader::open(path) {
        Ok(input) => input,
        Err(error) => return Ok(refuse(&format!("cannot open {name}: {error}"))),
    };
    if path.is_some_and(|path| is_same(path, &args.out)) {
        return Ok(refuse("--out is the input; give the page a name of its own"));
    }
    // Before the model is loaded: that takes seconds.
    let output = match Output::create(&args.out) {
        Ok(output) => output,
        Err(error) => return Ok(refuse(&format!("cannot write {}: {error}", args.out.display()))),
    };
    let title = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let config = args.settings.load()?;
    let lanes = lanes::open(&config, vec![config.pipeline()])?;
    let about = About {
        input: title.unwrap_or_else(|| name.clone()),
        model: lanes.model.clone(),
        rules: config.alerts.rules.clone(),
        zone: config.detectors.hours.zone().clone(),
    };
    let (page, outcome) = draw(args, lanes, about, input, &name);
    output.finish(page.as_bytes()).with_context(|| format!("cannot write {}", args.out.display()))?;
    Ok(outcome)
}

/// The page and the exit code. What was read is shown, also where the input could not be read to its end.
fn draw(args: &ReportArgs, lanes: Lanes, about: About, input: Input, name: &str) -> (String, ExitCode) {
    let Lanes { pipelines, mut scorer, .. } = lanes;
    let events = Events::new(input.reader, Spacing::from_fixed_start(args.spacing_seconds));
    let mut progress = Progress::new(input.bytes_read, input.bytes_total);
    let options = ScoreOptions { until: args.until };
    let mut recorder = Recorder::default();
    let outcome =
        score::run_lanes(events, &[&pipelines[0]], &mut scorer, &mut recorder, options, &mut progress);
    progress.finish();
    let (broken_off, code) = match outcome {
        Ok(report) if report.errors == 0 => (None, ExitCode::SUCCESS),
        Ok(report) => {
            say(&format!(
                "{} of the input's lines or turns were refused; the page says which",
                report.errors
            ));
            (None, ExitCode::from(EXIT_BAD_INPUT))
        }
        Err(error @ (ScoreRunError::Input(_) | ScoreRunError::Output(_))) => {
            say(&format!("{name}: {error}"));
            (Some(error.to_string()), ExitCode::from(EXIT_BAD_INPUT))
        }
    };
    (pages::report(&recorder.into_report(about, broken_off)), code)
}

/// Whether both are one file that is there.
fn is_same(input: &Path, output: &Path) -> bool {
    let place = |path: &Path| std::fs::canonicalize(path).ok();
    place(input).is_some_and(|input| place(output) == Some(input))
}

fn refuse(message: &str) -> ExitCode {
    say(message);
    ExitCode::from(EXIT_USAGE)
}

/// Standard error may be closed; that is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "undertone report: {line}");
}
