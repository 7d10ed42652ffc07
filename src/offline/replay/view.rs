//! Draws the board as lines of coloured pieces for a terminal of a given size.
//!
//! Holds always: pure; every piece is clean text, every line fits the width. Called by [`super::screen`].

use super::board::{BLOCKS_MAX, Board, Conversation, ShownAlert, ShownFinding, ShownTurn};
use super::tally::Tally;
use crate::offline::clean::{cut, fit, width};
use crate::wire::{Level, Role, Severity};

/// From the lowest to the highest.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ID_COLUMNS: usize = 22;
const QUEUE_COLUMNS: usize = 11;
const ALERT_LINES: usize = 5;
const FINDING_LINES: usize = 4;
const TURN_LINES: usize = 6;

/// A colour by its meaning; the screen knows how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Plain,
    Dim,
    Title,
    /// 0 (worst) to 7 (best), red to green.
    Mood(u8),
}

/// A piece of a line.
pub type Piece = (Ink, String);

/// What the header says beside the board.
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    pub tally: &'a Tally,
    pub in_flight: usize,
    pub elapsed_seconds: u64,
    pub speed: f64,
    /// The time of the recording.
    pub clock: &'a str,
    /// What the connection is doing, if it is not just working.
    pub note: &'a str,
}

/// The whole screen, at most `rows` lines.
pub fn draw(board: &Board, status: &Status<'_>, columns: usize, rows: usize) -> Vec<Vec<Piece>> {
    let mut lines = header(board, status);
    let alerts = board.alerts.len().clamp(1, ALERT_LINES);
    let findings = board.findings.len().min(FINDING_LINES);
    // With a heading, where there are any.
    let found = if findings > 0 { 1 + findings } else { 0 };
    let turns = TURN_LINES.min(rows.saturating_sub(lines.len() + alerts + found + 8));
    let below = 1 + alerts + found + if turns > 0 { 1 + turns } else { 0 };
    let room = rows.saturating_sub(lines.len() + 1 + below);
    lines.push(vec![(Ink::Title, "conversations, most at risk first".to_owned())]);
    let mut shown: Vec<_> =
        board.most_at_risk(room).into_iter().map(|(id, one)| conversation_line(id, one)).collect();
    shown.resize_with(room, Vec::new);
    lines.append(&mut shown);
    lines.push(vec![(Ink::Title, format!("alerts ({} open)", board.alerts_open))]);
    if board.alerts.is_empty() {
        lines.push(vec![(Ink::Dim, " none yet".to_owned())]);
    }
    lines.extend(board.alerts.iter().rev().take(alerts).map(alert_line));
    if findings > 0 {
        lines.push(vec![(Ink::Title, "latest findings".to_owned())]);
        lines.extend(board.findings.iter().rev().take(findings).map(finding_line));
    }
    if turns > 0 {
        lines.push(vec![(Ink::Title, "latest turns".to_owned())]);
        lines.extend(board.latest.iter().rev().take(turns).map(turn_line));
    }
    lines.truncate(rows);
    lines.into_iter().map(|line| fit_line(line, columns)).collect()
}

fn header(board: &Board, status: &Status<'_>) -> Vec<Vec<Piece>> {
    let Status { tally, in_flight, elapsed_seconds, speed, clock, note } = status;
    let totals = format!(
        "  {} turns sent, {} answered, {in_flight} in flight   {} conversations open of {}   {clock}   x{speed}   {}:{:02}",
        tally.turns_sent,
        tally.answered(),
        board.conversations_open(),
        board.conversations_total(),
        elapsed_seconds / 60,
        elapsed_seconds % 60,
    );
    let mut lines = vec![vec![(Ink::Title, "undertone".to_owned()), (Ink::Plain, totals)]];
    lines.push(if note.is_empty() { Vec::new() } else { vec![(Ink::Mood(1), format!(" {note}"))] });
    lines
}

fn conversation_line(id: &str, conversation: &Conversation) -> Vec<Piece> {
    let level = conversation.level.unwrap_or(Level::Calm);
    let ink = if conversation.closed { Ink::Dim } else { level_ink(level) };
    let mark = if conversation.alerts_open > 0 { "!" } else { " " };
    let mut line = vec![
        (Ink::Mood(0), mark.to_owned()),
        (if conversation.closed { Ink::Dim } else { Ink::Plain }, format!("{} ", fit(id, ID_COLUMNS))),
    ];
    line.extend(blocks(conversation.scores.iter().copied()));
    let missing = BLOCKS_MAX.saturating_sub(conversation.scores.len());
    line.push((Ink::Plain, " ".repeat(missing + 1)));
    line.push((ink, format!("{:<8} {:.2} ", level.as_str(), conversation.risk)));
    line.push((
        Ink::Dim,
        format!("{} {:<6} ", fit(&conversation.queue, QUEUE_COLUMNS), conversation.channel),
    ));
    if conversation.closed {
        line.push((Ink::Dim, "closed".to_owned()));
    } else if let Some((role, text)) = &conversation.last {
        line.push((Ink::Dim, format!("{} ", role_mark(*role))));
        line.push((Ink::Plain, text.clone()));
    }
    line
}

fn alert_line(alert: &ShownAlert) -> Vec<Piece> {
    let (mark, ink) = match (&alert.resolution, alert.severity) {
        (Some(_), _) => ("✓", Ink::Mood(7)),
        (None, Severity::Critical) => ("!", Ink::Mood(0)),
        (None, Severity::Warning) => ("!", Ink::Mood(2)),
        (None, Severity::Info) => ("!", Ink::Mood(4)),
    };
    let state = alert.resolution.as_deref().unwrap_or(alert.severity.as_str());
    let mut line = vec![
        (ink, format!("{mark} {} ", fit(state, 9))),
        (
            Ink::Plain,
            format!("{} {} {:.2} ", fit(&alert.conversation_id, ID_COLUMNS), alert.rule, alert.risk),
        ),
    ];
    let said = if alert.quote.is_empty() { alert.summary.clone() } else { format!("“{}”", alert.quote) };
    line.push((if alert.resolution.is_some() { Ink::Dim } else { Ink::Plain }, said));
    line
}

fn finding_line(finding: &ShownFinding) -> Vec<Piece> {
    let resolved = finding.state == "resolved";
    let (mark, ink) = if resolved { ("✓", Ink::Mood(7)) } else { ("!", Ink::Mood(2)) };
    let value = finding.value.map(|value| format!("{value:.0} ")).unwrap_or_default();
    let mut line = vec![
        (ink, format!("{mark} {} ", fit(&finding.state, 9))),
        (Ink::Plain, format!("{} {} {value}", fit(&finding.conversation_id, ID_COLUMNS), finding.name)),
    ];
    if !finding.quote.is_empty() {
        let ink = if resolved { Ink::Dim } else { Ink::Plain };
        line.push((ink, format!("“{}”", finding.quote)));
    }
    line
}

fn turn_line(turn: &ShownTurn) -> Vec<Piece> {
    vec![
        (Ink::Dim, format!(" {} ", fit(&turn.conversation_id, ID_COLUMNS))),
        (Ink::Mood(mood(turn.score)), format!("{:+.2} ", turn.score)),
        (Ink::Dim, format!("{} ", role_mark(turn.role))),
        (Ink::Plain, turn.text.clone()),
    ]
}

/// One block for each score, higher and greener for the happier.
pub fn blocks(scores: impl Iterator<Item = f64>) -> Vec<Piece> {
    scores.map(|score| (Ink::Mood(mood(score)), BLOCKS[usize::from(mood(score))].to_string())).collect()
}

/// −1 to 1 as 0 to 7.
fn mood(score: f64) -> u8 {
    let step = ((score.clamp(-1.0, 1.0) + 1.0) / 2.0 * 7.0).round();
    // NaN becomes 0; the range is 0 to 7.
    step as u8
}

fn level_ink(level: Level) -> Ink {
    match level {
        Level::Calm => Ink::Mood(7),
        Level::Watch => Ink::Mood(4),
        Level::High => Ink::Mood(2),
        Level::Critical => Ink::Mood(0),
    }
}

fn role_mark(role: Role) -> &'static str {
    match role {
        Role::Customer => "customer:",
        Role::Agent => "agent:",
        Role::Bot => "bot:",
        Role::System => "system:",
    }
}

/// Cuts the last pieces where the line is too long.
fn fit_line(line: Vec<Piece>, columns: usize) -> Vec<Piece> {
    let mut left = columns;
    let mut out = Vec::with_capacity(line.len());
    for (ink, text) in line {
        let wide = width(&text);
        if wide <= left {
            left -= wide;
            out.push((ink, text));
        } else {
            out.push((ink, cut(&text, left)));
            break;
        }
    }
    out
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
