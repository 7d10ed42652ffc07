//! What people said of alerts, by rule.
//!
//! Holds always: the last verdict on an alert counts; a line that is not as described is counted and left out, since
//! the last one of a file may be torn. Called by the command line for [`super::report`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::figures::Share;
use super::labels::{FileError, for_lines};
use crate::wire::AlertKind;
use crate::wire::names::names;

/// Alerts whose verdict is kept.
const ALERTS_MAX: usize = 1_000_000;

names! {
    /// What somebody thinks of an alert.
    Verdict { Useful = "useful", FalseAlarm = "false_alarm", Late = "late" }
}

/// What people said so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verdicts {
    /// Alerts with a verdict.
    pub alerts: usize,
    /// Lines that could not be read.
    pub bad_lines: usize,
    pub by_rule: Vec<RuleVerdicts>,
}

/// Of one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleVerdicts {
    pub rule: String,
    pub kind: AlertKind,
    pub useful: usize,
    pub false_alarm: usize,
    /// Right, but too late to help: not part of the precision.
    pub late: usize,
    /// Useful ones of the useful and the false alarms.
    pub precision: Share,
    /// Of the rules that gave the alerts.
    pub rules_versions: BTreeSet<String>,
}

/// A line of the file; what else it holds is not needed here.
#[derive(Deserialize)]
struct VerdictLine {
    alert_id: String,
    rule: String,
    #[serde(default)]
    rules_version: String,
    kind: AlertKind,
    verdict: Verdict,
}

impl Verdicts {
    /// Reads a file of verdicts.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be read or is too large.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let (mut last, mut bad_lines) = (BTreeMap::<String, VerdictLine>::new(), 0);
        for_lines(path, |_, text| {
            match serde_json::from_slice::<VerdictLine>(text) {
                Ok(line) if last.len() < ALERTS_MAX || last.contains_key(&line.alert_id) => {
                    last.insert(line.alert_id.clone(), line);
                }
                Ok(_) | Err(_) => bad_lines += 1,
            }
            Ok(())
        })?;
        let mut by_rule: BTreeMap<(AlertKind, &str), Vec<&VerdictLine>> = BTreeMap::new();
        for line in last.values() {
            by_rule.entry((line.kind, &line.rule)).or_default().push(line);
        }
        let by_rule = by_rule.into_iter().map(|((kind, rule), lines)| of_rule(rule, kind, &lines)).collect();
        Ok(Verdicts { alerts: last.len(), bad_lines, by_rule })
    }
}

fn of_rule(rule: &str, kind: AlertKind, lines: &[&VerdictLine]) -> RuleVerdicts {
    let count = |verdict| lines.iter().filter(|line| line.verdict == verdict).count();
    let [useful, false_alarm, late] = [Verdict::Useful, Verdict::FalseAlarm, Verdict::Late].map(count);
    RuleVerdicts {
        rule: rule.to_owned(),
        kind,
        useful,
        false_alarm,
        late,
        precision: Share::of(useful, useful + false_alarm),
        rules_versions: lines.iter().map(|line| line.rules_version.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_verdict_on_an_alert_counts_and_torn_lines_are_counted() {
        let line = |alert: &str, rule: &str, verdict: &str| {
            format!(
                r#"{{"ts":"2026-01-31T10:00:00Z","alert_id":"{alert}","conversation_id":"c","rule":"{rule}","rules_version":"v1","kind":"service","severity":"info","verdict":"{verdict}","note":null}}"#
            )
        };
        let text = [
            line("1", "A", "false_alarm"),
            line("1", "A", "useful"),
            line("2", "A", "false_alarm"),
            line("3", "A", "late"),
            line("4", "B", "useful"),
            line("5", "B", "wonderful"),
            "{\"alert_id\":\"6".to_owned(),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("verdicts.jsonl");
        std::fs::write(&path, text.join("\n")).unwrap();
        let verdicts = Verdicts::read(&path).unwrap();
        let shown = verdicts
            .by_rule
            .iter()
            .map(|one| (one.rule.as_str(), one.useful, one.false_alarm, one.late, one.precision.share));
        let shown: Vec<_> = shown.collect();
        assert_eq!(shown, [("A", 1, 1, 1, Some(0.5)), ("B", 1, 0, 0, Some(1.0))]);
        assert_eq!((verdicts.alerts, verdicts.bad_lines), (4, 2));
    }
}
