//! The file of verdicts: one JSON object a line, appended, never rewritten.
//!
//! Holds always: a verdict is on the disk when [`append`] comes back without an error; a line that was torn by a
//! crash or a full disk spoils itself alone; a file that is made here is its owner's alone; reading is bounded by
//! [`VERDICT_LINE_BYTES_MAX`] and [`VERDICT_ALERTS_MAX`]. Blocks: never call it on an async thread. Called by `gateway`
//! (writes) and `offline` (reads).

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::wire::verdicts::{Verdict, VerdictRecord};

/// A line that is longer was not written here: ids are at most 256 bytes, a note 1,000 code points.
pub const VERDICT_LINE_BYTES_MAX: usize = 65_536;
/// Alerts with a verdict that are told apart when the file is read; the verdicts on others are left out and counted.
pub const VERDICT_ALERTS_MAX: usize = 1_000_000;

/// How often each verdict was given on a rule's alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleVerdicts {
    pub useful: u64,
    pub false_alarm: u64,
    pub late: u64,
}

/// What a file says, the last verdict on each alert counting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    pub by_rule: BTreeMap<String, RuleVerdicts>,
    /// Lines that are no verdict.
    pub lines_bad: u64,
    /// Verdicts beyond [`VERDICT_ALERTS_MAX`] alerts.
    pub left_out: u64,
}

/// Appends one verdict, and waits for the disk.
///
/// # Errors
/// Those of the file; then nothing, or a part of the line, was written.
pub fn append(path: &Path, record: &VerdictRecord) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let mut line = if ends_torn(&mut file)? { b"\n".to_vec() } else { Vec::new() };
    serde_json::to_writer(&mut line, record)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_all()?;
    if is_new {
        // Or the file itself may be gone after a power cut, with all that is in it.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Whether the last line has no end.
fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Reads a whole file.
///
/// # Errors
/// Those of the file; lines that cannot be read are counted, not fatal.
pub fn read(path: &Path) -> io::Result<VerdictCounts> {
    count(BufReader::new(File::open(path)?))
}

fn count(mut lines: impl BufRead) -> io::Result<VerdictCounts> {
    let mut counts = VerdictCounts::default();
    let mut last: HashMap<String, (String, Verdict)> = HashMap::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.by_ref().take(VERDICT_LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.len() == VERDICT_LINE_BYTES_MAX && line.last() != Some(&b'\n') {
            lines.skip_until(b'\n')?;
        }
        match serde_json::from_slice::<VerdictRecord>(&line) {
            Ok(record) if last.len() < VERDICT_ALERTS_MAX || last.contains_key(&record.alert_id) => {
                last.insert(record.alert_id, (record.rule, record.verdict));
            }
            Ok(_) => counts.left_out += 1,
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(_) => counts.lines_bad += 1,
        }
    }
    for (rule, verdict) in last.into_values() {
        let of_rule = counts.by_rule.entry(rule).or_default();
        *match verdict {
            Verdict::Useful => &mut of_rule.useful,
            Verdict::FalseAlarm => &mut of_rule.false_alarm,
            Verdict::Late => &mut of_rule.late,
        } += 1;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jiff::Timestamp;

    use super::*;
    use crate::wire::{AlertKind, Severity};

    fn record(alert_id: &str, rule: &str, verdict: Verdict) -> VerdictRecord {
        VerdictRecord {
            ts: Timestamp::UNIX_EPOCH,
            alert_id: alert_id.to_owned(),
            conversation_id: "c \"1\"\n".to_owned(),
            rule: rule.to_owned(),
            rules_version: "test@1".to_owned(),
            kind: AlertKind::CustomerRisk,
            severity: Severity::Warning,
            verdict,
            note: Some("line\nbreak".to_owned()),
        }
    }

    #[test]
    fn what_was_appended_is_read_and_the_last_verdict_on_an_alert_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("verdicts.jsonl");
        let said = [
            ("a", "R", Verdict::FalseAlarm),
            ("b", "R", Verdict::Late),
            ("c", "S", Verdict::Useful),
            ("a", "R", Verdict::Useful),
        ];
        for (alert_id, rule, verdict) in said {
            append(&path, &record(alert_id, rule, verdict)).expect("written");
        }
        let counts = read(&path).expect("a file");
        let expect = [
            ("R".to_owned(), RuleVerdicts { useful: 1, false_alarm: 0, late: 1 }),
            ("S".to_owned(), RuleVerdicts { useful: 1, ..RuleVerdicts::default() }),
        ];
        assert_eq!(counts, VerdictCounts { by_rule: expect.into(), ..VerdictCounts::default() });
        let text = std::fs::read_to_string(&path).expect("text");
        assert_eq!(text.lines().count(), said.len());
        assert!(text.starts_with(r#"{"ts":"1970-01-01T00:00:00.000Z","alert_id":"a","#), "{text}");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_torn_or_foreign_line_spoils_itself_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("verdicts.jsonl");
        append(&path, &record("a", "R", Verdict::Useful)).expect("written");
        let long = "x".repeat(3 * VERDICT_LINE_BYTES_MAX);
        let mut file = OpenOptions::new().append(true).open(&path).expect("there");
        write!(file, "{long}\n\n{{\"ts\":\"1970-01-01T00:00:00Z\",\"alert_i").expect("written");
        append(&path, &record("b", "R", Verdict::Useful)).expect("written");
        let counts = read(&path).expect("a file");
        assert_eq!((counts.by_rule["R"].useful, counts.lines_bad), (2, 2));
    }

    #[test]
    fn what_cannot_be_written_or_read_is_an_error() {
        let missing = Path::new("/nowhere/at/all/verdicts.jsonl");
        assert!(append(missing, &record("a", "R", Verdict::Useful)).is_err());
        assert!(read(missing).is_err());
    }
}
