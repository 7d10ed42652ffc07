//! temp
use clap::Parser;
use std::process::ExitCode;
#[derive(Parser)]
enum Cli {
    Train(undertone::cli::train::TrainArgs),
    Evaluate(undertone::cli::evaluate::EvaluateArgs),
    Score(undertone::cli::score::ScoreArgs),
    Replay(undertone::cli::replay::ReplayArgs),
}
fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse() {
        Cli::Train(a) => undertone::cli::train::run(&a),
        Cli::Evaluate(a) => undertone::cli::evaluate::run(&a),
        Cli::Score(a) => undertone::cli::score::run(&a),
        Cli::Replay(a) => undertone::cli::replay::run(a),
    }
}
