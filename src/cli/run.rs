//! From arguments to an exit code: which command runs, how its failure is said, and which code that is.
//!
//! Called by `main`. To add a command: a file beside this one, and a line in `Command` and in `dispatch`.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use super::{backtest, check, evaluate, replay, report, score, serve, train};
use crate::alerts::RulesError;
use crate::config::ConfigError;
use crate::offline::backtest::labels::FileError;
use crate::scoring::ModelError;

/// Some input was bad; the rest was done.
pub const EXIT_BAD_INPUT: u8 = 1;
/// Usage or configuration (`EX_USAGE`).
pub const EXIT_USAGE: u8 = 64;
/// Model or port unavailable (`EX_UNAVAILABLE`).
pub const EXIT_UNAVAILABLE: u8 = 69;
/// A bug (`EX_SOFTWARE`).
pub const EXIT_BUG: u8 = 70;

/// A real-time monitor for customer-service conversations.
#[derive(Parser)]
#[command(name = "undertone", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Score(score::ScoreArgs),
    Replay(replay::ReplayArgs),
    Report(report::ReportArgs),
    Backtest(backtest::BacktestArgs),
    Check(check::CheckArgs),
    Train(train::TrainArgs),
    Evaluate(evaluate::EvaluateArgs),
}

/// Something that is needed and cannot be had: a model, a port.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // Threads that panic are dealt with where they are joined; this is for the main one.
    match std::panic::catch_unwind(|| dispatch(cli.command)) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            eprintln!("undertone: {error:#}");
            ExitCode::from(exit_code(&error))
        }
        Err(_) => ExitCode::from(EXIT_BUG),
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Replay(args) => replay::run(args),
        Command::Report(args) => report::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
    }
}

/// Help and version are no mistakes; clap's own code for mistakes is not ours.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_USAGE),
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    // A file that is named and cannot be opened is a slip of the command line.
    let unopened = matches!(error.downcast_ref(), Some(FileError::Read { .. }));
    if unopened || error.is::<ConfigError>() || error.is::<RulesError>() {
        EXIT_USAGE
    } else if error.is::<Unavailable>() || error.is::<ModelError>() {
        EXIT_UNAVAILABLE
    } else {
        EXIT_BAD_INPUT
    }
}
