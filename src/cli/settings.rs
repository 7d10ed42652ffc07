//! The arguments about settings that several commands share.

use std::path::PathBuf;

use crate::config::{Config, ConfigError, Sources};

/// Where the settings come from.
#[derive(Clone, Debug, clap::Args)]
pub struct SettingsArgs {
    /// The configuration file. Default: undertone.toml in the working directory, if it is there.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set one key for this run, before the file and the environment; may be given several times.
    #[arg(long, value_name = "SECTION.KEY=VALUE")]
    pub set: Vec<String>,
}

impl SettingsArgs {
    /// The effective settings.
    ///
    /// # Errors
    /// [`ConfigError`], naming file, key and what is allowed.
    pub fn load(&self) -> Result<Config, ConfigError> {
        // A variable that is not UTF-8 cannot be one of ours.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        let environment = std::env::vars_os().filter_map(text).collect();
        Config::load(&Sources { file: self.config.clone(), flags: self.set.clone(), environment })
    }
}
