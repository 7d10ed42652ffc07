//! `undertone check`: validates the settings and prints the effective ones, the token redacted.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::settings::SettingsArgs;
use crate::alerts::RuleSet;

/// Validate the settings and print the effective ones.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Validate this rule file instead of the configured one.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The first setting that is wrong.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let mut settings = args.settings.clone();
    if let Some(path) = &args.rules {
        settings.set.push(format!("alerts.rules_file={}", path.display()));
    }
    let config = settings.load()?;
    // Not print!, which panics when the reader has gone.
    let out = config.to_toml() + &rules(&config.alerts.rules);
    let _ = std::io::stdout().write_all(out.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// What rules are in force, as comments.
fn rules(set: &RuleSet) -> String {
    let mut out = format!("\n# Rules {}:\n", set.version());
    for rule in set.rules() {
        writeln!(out, "#   {} ({}, from {}): {}", rule.name, rule.kind, rule.severity, rule.summary)
            .expect("writing to a string does not fail: this is a bug");
    }
    out
}
