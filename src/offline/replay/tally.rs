//! What a replay counted, and the summary it ends with.
//!
//! Holds always: every turn that was played is in exactly one of scored, taken, seen before,
//! refused, unanswered.
//! Called by [`super::client`].

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::conservation::Conservation;
use crate::wire::{Level, Severity};

/// Latencies that are kept; of a longer replay the latest count.
const LATENCIES_MAX: usize = 1_000_000;

/// Counts of one replay.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub turns_sent: u64,
    pub scored: u64,
    /// Answered by an ack alone: system and private turns, repeats whose score is no longer held.
    pub taken: u64,
    pub refused: BTreeMap<String, u64>,
    /// Acked and not scored: the server had these turns before this replay, and forgot what it said.
    pub seen_before: u64,
    pub unanswered: u64,
    pub sent_again: u64,
    pub reconnects: u64,
    pub bad_lines: u64,
    /// Answers and errors that belong to no frame of ours.
    pub strays: u64,
    pub alerts_opened: BTreeMap<Severity, u64>,
    pub alerts_resolved: BTreeMap<Severity, u64>,
    latencies_us: Vec<u32>,
    latencies_seen: u64,
}

/// What the summary says beside the counts.
pub struct Closing<'a> {
    pub elapsed: Duration,
    pub conversations: u64,
    pub levels: &'a BTreeMap<Level, u64>,
    pub conservation: Option<&'a Result<Conservation, String>>,
    /// What ended the replay before its end.
    pub ended_early: Option<&'a str>,
}

impl Tally {
    /// One turn was scored so long after it was sent.
    pub fn latency(&mut self, latency: Duration) {
        let us = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        if self.latencies_us.len() < LATENCIES_MAX {
            self.latencies_us.push(us);
        } else {
            let at = usize::try_from(self.latencies_seen % LATENCIES_MAX as u64).unwrap_or(0);
            self.latencies_us[at] = us;
        }
        self.latencies_seen += 1;
    }

    /// Turns that got their answer, whatever it was.
    pub fn answered(&self) -> u64 {
        self.scored + self.taken + self.seen_before + self.refused_total()
    }

    /// Turns and frames that the server will not take.
    pub fn refused_total(&self) -> u64 {
        self.refused.values().sum()
    }

    /// What went wrong, one line each; nothing when all is well.
    pub fn complaints(&self, closing: &Closing<'_>) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut complain = |count: u64, what: &str| {
            if count > 0 {
                complaints.push(format!("{count} {what}"));
            }
        };
        complain(self.unanswered, "turns were not answered");
        complain(
            self.seen_before,
            "turns were known to the server already: replay to one that has not seen them",
        );
        complain(self.refused_total(), "frames were refused for good");
        complain(self.bad_lines, "lines of the input could not be read");
        complain(self.strays, "answers came that belong to no frame");
        match closing.conservation {
            Some(Ok(equation)) if !equation.holds() => {
                complaints.push("the conservation equation is broken".to_owned())
            }
            Some(Err(error)) => complaints.push(format!("the metrics could not be read: {error}")),
            _ => {}
        }
        complaints.extend(closing.ended_early.map(str::to_owned));
        complaints
    }

    /// The summary, several lines.
    pub fn summary(&self, closing: &Closing<'_>) -> String {
        let mut out = String::new();
        let mut line = |name: &str, text: &str| {
            let _ = writeln!(out, "{name:<13}{text}");
        };
        let seconds = closing.elapsed.as_secs_f64();
        line(
            "played",
            &format!(
                "{} turns of {} conversations in {seconds:.1} s",
                self.turns_sent, closing.conversations
            ),
        );
        line(
            "answered",
            &format!(
                "{} ({} scored, {} taken without a score, {} refused), {} unanswered",
                self.answered(),
                self.scored,
                self.taken + self.seen_before,
                names_and_counts(&self.refused, self.refused_total()),
                self.unanswered
            ),
        );
        line("sent again", &format!("{} frames, {} reconnects", self.sent_again, self.reconnects));
        line("latency", &self.latency_line());
        line("levels", &format!("{} (the highest of each conversation)", levels_line(closing.levels)));
        line(
            "alerts",
            &format!(
                "{} opened, {} resolved",
                names_and_counts(&self.alerts_opened, self.alerts_opened.values().sum()),
                names_and_counts(&self.alerts_resolved, self.alerts_resolved.values().sum())
            ),
        );
        match closing.conservation {
            Some(Ok(equation)) => line("conservation", &equation.to_string()),
            Some(Err(error)) => line("conservation", &format!("not checked: {error}")),
            None => line("conservation", "not checked (give --metrics-url)"),
        }
        let complaints = self.complaints(closing);
        match complaints.as_slice() {
            [] => line("result", "every turn was answered, nothing was off"),
            _ => line("result", &format!("SOMETHING WAS OFF: {}", complaints.join("; "))),
        }
        out
    }

    fn latency_line(&self) -> String {
        let mut sorted = self.latencies_us.clone();
        sorted.sort_unstable();
        match (percentile(&sorted, 50), percentile(&sorted, 95), percentile(&sorted, 99), sorted.last()) {
            (Some(p50), Some(p95), Some(p99), Some(most)) => format!(
                "p50 {}, p95 {}, p99 {}, most {} (sent to scored, {} turns)",
                milliseconds(p50),
                milliseconds(p95),
                milliseconds(p99),
                milliseconds(*most),
                self.latencies_seen
            ),
            _ => "no turn was scored".to_owned(),
        }
    }
}

/// The smallest value that at least `percent` of the values do not exceed (nearest rank); none of no values.
pub fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

fn milliseconds(us: u32) -> String {
    format!("{:.1} ms", f64::from(us) / 1_000.0)
}

/// `5 (critical 2, warning 3)`, or `0`.
fn names_and_counts<K: std::fmt::Display>(counts: &BTreeMap<K, u64>, total: u64) -> String {
    if counts.is_empty() {
        return total.to_string();
    }
    let parts: Vec<String> = counts.iter().rev().map(|(name, count)| format!("{name} {count}")).collect();
    format!("{total} ({})", parts.join(", "))
}

fn levels_line(levels: &BTreeMap<Level, u64>) -> String {
    let parts: Vec<String> = Level::ALL
        .iter()
        .map(|level| format!("{level} {}", levels.get(level).copied().unwrap_or(0)))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 50), Some(50));
        assert_eq!(percentile(&hundred, 95), Some(95));
        assert_eq!(percentile(&hundred, 99), Some(99));
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile(&[7], 99), Some(7));
        assert_eq!(percentile(&[1, 2], 50), Some(1));
        assert_eq!(percentile(&[1, 2], 51), Some(2));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_summary_says_what_was_off() {
        let levels = BTreeMap::from([(Level::Calm, 2), (Level::Critical, 1)]);
        let good = Conservation { received: 3, scored: 3, ..Conservation::default() };
        let conservation = Ok(good);
        let closing = Closing {
            elapsed: Duration::from_millis(1_500),
            conversations: 3,
            levels: &levels,
            conservation: Some(&conservation),
            ended_early: None,
        };
        let mut tally = Tally { turns_sent: 3, scored: 3, ..Tally::default() };
        tally.latency(Duration::from_micros(8_100));
        let summary = tally.summary(&closing);
        assert!(summary.contains("played       3 turns of 3 conversations in 1.5 s"), "{summary}");
        assert!(summary.contains("p50 8.1 ms"), "{summary}");
        assert!(summary.contains("calm 2, watch 0, high 0, critical 1"), "{summary}");
        assert!(summary.contains("nothing was off"), "{summary}");
        assert!(tally.complaints(&closing).is_empty());

        tally.unanswered = 1;
        let broken = Ok(Conservation { received: 4, ..good });
        let closing = Closing { conservation: Some(&broken), ..closing };
        assert_eq!(tally.complaints(&closing).len(), 2);
        assert!(tally.summary(&closing).contains("SOMETHING WAS OFF: 1 turns were not answered"));
    }
}
