//! `undertone check`: validates the settings and prints the effective ones, the token redacted.

use std::io::Write;
use std::process::ExitCode;

use super::settings::SettingsArgs;

/// Validate the settings and print the effective ones.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs the command.
///
/// # Errors
/// The first setting that is wrong.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let config = args.settings.load()?;
    // Not print!, which panics when the reader has gone.
    let _ = std::io::stdout().write_all(config.to_toml().as_bytes());
    Ok(ExitCode::SUCCESS)
}
