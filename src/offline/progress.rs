//! Progress of long work on standard error: a bar on a terminal, a plain line every few seconds otherwise.
//!
//! Holds always: nothing of it goes to standard output, and no result depends on it. Called by `score`.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// How far the work has come.
pub struct Progress {
    bytes_read: Arc<AtomicU64>,
    bytes_total: Option<u64>,
    turns: u64,
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    Lines { started: Instant, last: Instant },
    Nothing,
}

#[allow(clippy::disallowed_types, reason = "no runtime runs here, and no result depends on it")]
type Instant = std::time::Instant;

impl Progress {
    /// For an input as [`super::reader::open`] gives it.
    pub fn new(bytes_read: Arc<AtomicU64>, bytes_total: Option<u64>) -> Self {
        let shown = if std::io::stderr().is_terminal() {
            let template = match bytes_total {
                Some(_) => "{bar:30} {percent:>3}%  {msg}  {elapsed} (left {eta})",
                None => "{spinner} {msg}  {elapsed}",
            };
            let style =
                ProgressStyle::with_template(template).expect("the template is well-formed: this is a bug");
            Shown::Bar(ProgressBar::new(bytes_total.unwrap_or(0)).with_style(style))
        } else {
            let now = Instant::now();
            Shown::Lines { started: now, last: now }
        };
        Progress { bytes_read, bytes_total, turns: 0, shown }
    }

    /// Shows nothing, for tests.
    pub fn none() -> Self {
        Progress { bytes_read: Arc::default(), bytes_total: None, turns: 0, shown: Shown::Nothing }
    }

    /// `turns` more are done.
    pub fn add(&mut self, turns: u64) {
        self.turns += turns;
        let bytes = self.bytes_read.load(Ordering::Relaxed);
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_message(format!("{} turns", self.turns));
                bar.set_position(bytes);
            }
            Shown::Lines { started, last } => {
                if last.elapsed() >= LINE_INTERVAL {
                    *last = Instant::now();
                    let elapsed = started.elapsed().as_secs();
                    say(&plain_line(self.turns, bytes, self.bytes_total, elapsed));
                }
            }
            Shown::Nothing => {}
        }
    }

    /// The work is done.
    pub fn finish(self) {
        if let Shown::Bar(bar) = self.shown {
            bar.finish_and_clear();
        }
    }
}

fn plain_line(turns: u64, bytes: u64, bytes_total: Option<u64>, elapsed_seconds: u64) -> String {
    let share = match bytes_total {
        Some(total) if total > 0 => format!(", {} % of the input", bytes.min(total) * 100 / total),
        _ => String::new(),
    };
    format!("{turns} turns scored{share}, {elapsed_seconds} s")
}

/// Standard error may be closed; that is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_says_turns_share_and_time() {
        assert_eq!(plain_line(300, 50, Some(200), 7), "300 turns scored, 25 % of the input, 7 s");
        assert_eq!(plain_line(300, 50, None, 7), "300 turns scored, 7 s");
        assert_eq!(plain_line(0, 0, Some(0), 0), "0 turns scored, 0 s");
    }
}
