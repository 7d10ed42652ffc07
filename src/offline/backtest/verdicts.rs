//! What people said of alerts, by rule.
//!
//! Holds always: the file is read by `alerts::verdicts`, which wrote it; the last verdict on an alert counts. Called by
//! the command line for [`super::report`].

use std::path::Path;

use serde::Serialize;

use super::figures::Share;
use super::labels::FileError;
use crate::alerts::verdicts::{self, VerdictCounts};

/// What people said so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verdicts {
    /// Alerts with a verdict.
    pub alerts: u64,
    /// Lines that could not be read, or were beyond the limit.
    pub bad_lines: u64,
    pub by_rule: Vec<RuleVerdicts>,
}

/// Of one rule, whatever its version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleVerdicts {
    pub rule: String,
    pub useful: u64,
    pub false_alarm: u64,
    /// Right, but too late to help: not part of the precision.
    pub late: u64,
    /// Useful ones of the useful and the false alarms.
    pub precision: Share,
}

impl Verdicts {
    /// Reads a file of verdicts.
    ///
    /// # Errors
    /// [`FileError::Read`] when it cannot be read.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let counts =
            verdicts::read(path).map_err(|problem| FileError::Read { path: path.to_owned(), problem })?;
        Ok(Verdicts::of(counts))
    }

    fn of(counts: VerdictCounts) -> Self {
        let VerdictCounts { by_rule, lines_bad, left_out } = counts;
        let by_rule: Vec<RuleVerdicts> = by_rule
            .into_iter()
            .map(|(rule, verdicts::RuleVerdicts { useful, false_alarm, late })| {
                let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
                let precision = Share::of(count(useful), count(useful + false_alarm));
                RuleVerdicts { rule, useful, false_alarm, late, precision }
            })
            .collect();
        let alerts = by_rule.iter().map(|one| one.useful + one.false_alarm + one.late).sum();
        Verdicts { alerts, bad_lines: lines_bad + left_out, by_rule }
    }
}
