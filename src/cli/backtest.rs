//! `undertone backtest`: arguments, the pipelines to run through, the exit code. See docs/backtest.md.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use jiff::Timestamp;

use super::lanes::{self, Lanes};
use super::run::{EXIT_BAD_INPUT, EXIT_USAGE};
use super::settings::SettingsArgs;
use crate::alerts::{Rule, RuleSet, RulesError};
use crate::config::Config;
use crate::offline::backtest::counts::RuleName;
use crate::offline::backtest::follow::Followed;
use crate::offline::backtest::labels::{FileError, Labels};
use crate::offline::backtest::report::{Context, Report, Rules};
use crate::offline::backtest::source::{Part, Source};
use crate::offline::backtest::text;
use crate::offline::backtest::verdicts::Verdicts;
use crate::offline::progress::Progress;
use crate::offline::reader::{self, Input};
use crate::offline::recorded::{SPACING_SECONDS_DEFAULT, Spacing};
use crate::offline::score::{self, Collector, ScoreOptions, ScoreRunError};
use crate::pipeline::{Pipeline, PipelineConfig};

/// Examples of each rule and of each difference, unless asked for otherwise.
const EXAMPLES_DEFAULT: u32 = 3;
const EXAMPLES_MAX: i64 = 100_000;

/// Run rules over recorded conversations: how often they alert, what other rules would change, what they find
#[derive(clap::Args, Debug)]
pub struct BacktestArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Frames or whole conversations as JSON Lines, gzipped or not; - is standard input. Lines of whole conversations
    /// may say how it went: "outcome" (calm, tense, escalated) and "alert_turn" (docs/training.md)
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The rules. Default: those of the settings
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Other rules, for what is gained and lost
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// How conversations went, by conversation_id: a file, or a folder of .jsonl files; may be given several times
    #[arg(long, value_name = "FILE")]
    labels: Vec<PathBuf>,
    /// What people said of alerts. Default: the file of the settings, if it is there
    #[arg(long, value_name = "FILE")]
    verdicts: Option<PathBuf>,
    /// Only the third of the conversations that is for testing, or only the others; by a hash of the id, as for training
    #[arg(long, value_enum)]
    split: Option<SplitArg>,
    /// Alerts to show of each rule and of each difference
    #[arg(long, value_name = "N", default_value_t = EXAMPLES_DEFAULT, value_parser = clap::value_parser!(u32).range(0..=EXAMPLES_MAX))]
    examples: u32,
    /// Fire the timers that are due by then at the end of the input
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Between two turns that have no ts
    #[arg(long, value_name = "SECONDS", default_value_t = SPACING_SECONDS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    spacing_seconds: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SplitArg {
    Test,
    Tuning,
}

/// Runs the command.
///
/// # Errors
/// Anything that keeps the run from starting or ends it early; the message says what to do.
pub fn run(args: &BacktestArgs) -> anyhow::Result<ExitCode> {
    let name = shown(args.input.as_deref());
    let config = args.settings.load()?;
    // Cheap checks first: the model takes seconds to load.
    let input = match reader::open(args.input.as_deref()) {
        Ok(input) => input,
        Err(error) => {
            say(&format!("cannot open {name}: {error}"));
            return Ok(ExitCode::from(EXIT_USAGE));
        }
    };
    let mut labels = Labels::default();
    for file in &args.labels {
        labels.read(file)?;
    }
    let (settings, rules) = with_rules(config.pipeline(), args.rules.as_deref())?;
    let mut all = vec![settings];
    let mut baseline = None;
    if let Some(file) = &args.baseline {
        let (settings, rules) = with_rules(config.pipeline(), Some(file))?;
        all.push(settings);
        baseline = Some(rules);
    }
    let verdicts = verdicts(args, &config)?;
    let lanes = lanes::open(&config, all)?;
    let context = Context {
        model: lanes.model.clone(),
        rules,
        baseline,
        verdicts,
        split: args.split.map(SplitArg::part),
        spacing_seconds: args.spacing_seconds,
        examples_max: usize::try_from(args.examples).unwrap_or(usize::MAX),
    };
    backtest(args, &name, input, labels, lanes, context)
}

fn backtest(
    args: &BacktestArgs,
    name: &str,
    input: Input,
    labels: Labels,
    mut lanes: Lanes,
    context: Context,
) -> anyhow::Result<ExitCode> {
    let mut progress = Progress::new(input.bytes_read, input.bytes_total);
    let spacing = Spacing::from_fixed_start(args.spacing_seconds);
    let mut source = Source::new(input.reader, spacing, context.split, labels);
    let pipelines: Vec<&Pipeline<Collector>> = lanes.pipelines.iter().collect();
    let mut followed = Followed::new(pipelines.len());
    let options = ScoreOptions { until: args.until };
    let outcome = score::run_lanes(
        source.by_ref(),
        &pipelines,
        &mut lanes.scorer,
        &mut followed,
        options,
        &mut progress,
    );
    progress.finish();
    let refused = match outcome {
        Ok(report) => report.errors,
        // The figures of half a file would be taken for those of the whole.
        Err(error @ ScoreRunError::Input(_)) => {
            say(&format!("{name}: {error}"));
            return Ok(ExitCode::from(EXIT_BAD_INPUT));
        }
        Err(error) => return Err(error.into()),
    };
    let bad_verdicts = context.verdicts.as_ref().is_some_and(|verdicts| verdicts.bad_lines > 0);
    let report = Report::new(&followed, &source, refused, context);
    let printed = match args.format {
        Format::Text => text::render(&report),
        Format::Json => report.to_json() + "\n",
    };
    // Not print!, which panics when the reader has gone.
    let _ = std::io::stdout().write_all(printed.as_bytes());
    let complete = complain(&followed, refused);
    Ok(if complete && !bad_verdicts { ExitCode::SUCCESS } else { ExitCode::from(EXIT_BAD_INPUT) })
}

/// Says what is not in the figures; whether all is.
fn complain(followed: &Followed, refused: u64) -> bool {
    for refusal in &followed.refusals {
        let line = refusal.line.map_or(String::new(), |line| format!("line {line}: "));
        say(&format!("{line}{}: {}", refusal.code, refusal.message));
    }
    if refused > followed.refusals.len() as u64 {
        say(&format!("{refused} lines or turns were refused in all"));
    }
    let alerts_left_out: usize = followed.alerts.iter().map(|alerts| alerts.beyond_limit).sum();
    if followed.turns_beyond_limit + alerts_left_out > 0 {
        say(&format!(
            "too much for one run: {} turns of conversations and {alerts_left_out} alerts are not in the figures; split the input",
            followed.turns_beyond_limit
        ));
    }
    refused == 0 && followed.turns_beyond_limit + alerts_left_out == 0
}

/// The settings with the rules of a file, or with their own.
fn with_rules(settings: PipelineConfig, file: Option<&Path>) -> Result<(PipelineConfig, Rules), RulesError> {
    let rules = file.map(RuleSet::load).transpose()?.unwrap_or_else(|| settings.rules.clone());
    let name = |rule: &Arc<Rule>| RuleName { name: rule.name.to_string(), kind: rule.kind };
    let named = Rules {
        file: file.map(|path| path.display().to_string()),
        version: rules.version().to_owned(),
        names: rules.rules().iter().map(name).collect(),
    };
    Ok((PipelineConfig { rules, ..settings }, named))
}

fn verdicts(args: &BacktestArgs, config: &Config) -> Result<Option<Verdicts>, FileError> {
    let usual = Some(config.alerts.verdicts_file.as_path()).filter(|file| file.exists());
    args.verdicts.as_deref().or(usual).map(Verdicts::read).transpose()
}

impl SplitArg {
    fn part(self) -> Part {
        match self {
            SplitArg::Test => Part::Test,
            SplitArg::Tuning => Part::Tuning,
        }
    }
}

fn shown(path: Option<&Path>) -> String {
    path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
}

/// Standard error may be closed; that is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "undertone backtest: {line}");
}
