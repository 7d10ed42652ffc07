//! The binary: the commands of this branch only.

use std::process::ExitCode;

use clap::Parser;
use undertone::cli::{replay, score};

#[derive(Parser)]
enum Command {
    Score(score::ScoreArgs),
    Replay(replay::ReplayArgs),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Score(args) => score::run(&args),
        Command::Replay(args) => replay::run(args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("undertone: {error:#}");
        ExitCode::from(70)
    })
}
