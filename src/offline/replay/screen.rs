//! Where a replay shows itself: the whole terminal, or plain lines where there is none.
//!
//! Holds always: the terminal is given back as it was, on every way out. Called by [`super::client`].

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyModifiers};
use crossterm::style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor};
use crossterm::terminal::{
    Clear, ClearType, DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{cursor, event, queue, terminal};
use tokio::sync::Notify;

use super::board::{AlertChange, Board, ShownAlert, ShownFinding};
use super::view::{Ink, Piece, Status, draw};

/// Between two looks at the keyboard, and so the longest time that giving back the terminal takes.
const KEY_POLL: Duration = Duration::from_millis(100);

/// Red to green in the palette of 256 colours, which every terminal has.
const MOODS: [u8; 8] = [196, 202, 208, 214, 220, 148, 112, 40];

/// The output of a replay.
pub enum Screen {
    Terminal(FullScreen),
    Lines,
}

/// The terminal, taken over; dropping it gives it back.
pub struct FullScreen {
    stop: Arc<AtomicBool>,
    keys: Option<std::thread::JoinHandle<()>>,
}

impl Screen {
    /// The terminal if standard output is one. `quit` is notified on Ctrl-C and `q`.
    pub fn open(quit: &Arc<Notify>) -> io::Result<Self> {
        if io::stdout().is_terminal() {
            Ok(Screen::Terminal(FullScreen::enter(quit)?))
        } else {
            Ok(Screen::Lines)
        }
    }

    /// Shows the board; plain lines have nothing to redraw.
    pub fn redraw(&self, board: &Board, status: &Status<'_>) -> io::Result<()> {
        match self {
            Screen::Terminal(_) => {
                let (columns, rows) = terminal::size()?;
                show(&draw(board, status, usize::from(columns), usize::from(rows)), rows)
            }
            Screen::Lines => Ok(()),
        }
    }

    /// An alert opened, changed or ended.
    pub fn alert(&self, change: AlertChange, alert: &ShownAlert) -> io::Result<()> {
        match self {
            Screen::Terminal(_) => Ok(()),
            Screen::Lines => writeln!(io::stdout(), "{}", alert_text(change, alert)),
        }
    }

    /// Something was found over time, or settled.
    pub fn finding(&self, finding: &ShownFinding) -> io::Result<()> {
        match self {
            Screen::Terminal(_) => Ok(()),
            Screen::Lines => writeln!(io::stdout(), "{}", finding_text(finding)),
        }
    }

    /// Something was off; the terminal shows it as the status's note.
    pub fn complain(&self, text: &str) {
        if let Screen::Lines = self {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// How far it is, as a plain line to standard error; the terminal shows it all the time.
    pub fn progress(&self, board: &Board, status: &Status<'_>) {
        if let Screen::Lines = self {
            let _ = writeln!(io::stderr(), "{}", progress_text(board, status));
        }
    }
}

impl FullScreen {
    fn enter(quit: &Arc<Notify>) -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        // From here on dropping it undoes everything, even if the next step fails.
        let mut screen = FullScreen { stop: Arc::default(), keys: None };
        queue!(io::stdout(), EnterAlternateScreen, cursor::Hide, DisableLineWrap, Clear(ClearType::All))?;
        io::stdout().flush()?;
        let (stop, quit) = (Arc::clone(&screen.stop), Arc::clone(quit));
        screen.keys = Some(
            std::thread::Builder::new().name("keys".to_owned()).spawn(move || watch_keys(&stop, &quit))?,
        );
        Ok(screen)
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(keys) = self.keys.take() {
            let _ = keys.join();
        }
        // Nothing can be done about a terminal that is gone.
        let _ = queue!(io::stdout(), ResetColor, EnableLineWrap, cursor::Show, LeaveAlternateScreen);
        let _ = io::stdout().flush();
        let _ = terminal::disable_raw_mode();
    }
}

/// In raw mode Ctrl-C is a key like any other.
fn watch_keys(stop: &AtomicBool, quit: &Notify) {
    while !stop.load(Ordering::Relaxed) {
        match event::poll(KEY_POLL) {
            Ok(false) => {}
            Ok(true) => {
                if let Ok(Event::Key(key)) = event::read() {
                    let is_ctrl_c =
                        key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                    if is_ctrl_c || key.code == KeyCode::Char('q') {
                        quit.notify_one();
                    }
                }
            }
            // No keyboard: signals still end the replay.
            Err(_) => return,
        }
    }
}

fn show(lines: &[Vec<Piece>], rows: u16) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (row, line) in (0u16..).zip(lines) {
        queue!(out, cursor::MoveTo(0, row))?;
        for (ink, text) in line {
            match ink {
                Ink::Plain => {}
                Ink::Dim => queue!(out, SetAttribute(Attribute::Dim))?,
                Ink::Title => queue!(out, SetAttribute(Attribute::Bold))?,
                Ink::Mood(mood) => {
                    queue!(out, SetForegroundColor(Color::AnsiValue(MOODS[usize::from(*mood).min(7)])))?
                }
            }
            queue!(out, Print(text), SetAttribute(Attribute::Reset), ResetColor)?;
        }
        queue!(out, Clear(ClearType::UntilNewLine))?;
    }
    let below = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    // Past the last row the cursor stays on it, and would clear it.
    if below < rows {
        queue!(out, cursor::MoveTo(0, below), Clear(ClearType::FromCursorDown))?;
    }
    out.flush()
}

fn alert_text(change: AlertChange, alert: &ShownAlert) -> String {
    let ShownAlert { conversation_id, queue, rule, severity, risk, ts, quote, summary, resolution, .. } =
        alert;
    let queue = if queue.is_empty() { String::new() } else { format!(" ({queue})") };
    let end = resolution.as_deref().map(|resolution| format!(", {resolution}")).unwrap_or_default();
    let said = if quote.is_empty() { summary.clone() } else { format!("“{quote}”") };
    format!(
        "{ts} {:<14} {severity:<8} {rule} {conversation_id}{queue} risk {risk:.2}{end}: {said}",
        change.as_str()
    )
}

fn finding_text(finding: &ShownFinding) -> String {
    let ShownFinding { conversation_id, name, state, ts, value, quote, .. } = finding;
    let value = value.map(|value| format!(" {value:.0}")).unwrap_or_default();
    let said = if quote.is_empty() { String::new() } else { format!(": “{quote}”") };
    format!("{ts} {:<14} {state:<8} {name}{value} {conversation_id}{said}", "finding")
}

fn progress_text(board: &Board, status: &Status<'_>) -> String {
    let note = if status.note.is_empty() { String::new() } else { format!(", {}", status.note) };
    format!(
        "{}: {} turns sent, {} answered, {} conversations open of {}, {} alerts open{note}",
        status.clock,
        status.tally.turns_sent,
        status.tally.answered(),
        board.conversations_open(),
        board.conversations_total(),
        board.alerts_open,
    )
}
