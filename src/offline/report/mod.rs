//! `undertone report`: what a run over recorded conversations says, gathered for one page.
//!
//! Holds always: the pipeline is the one that serves, run by [`super::score`]; memory is bounded by the limits of
//! `held` and `tally`, however long the input; the same input gives the same page. Called by `cli`.

mod course;
mod held;
pub mod output;
mod tally;

use std::io;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::reader::Event;
use super::recorded::START;
use super::score::Listener;
use crate::alerts::RuleSet;
use crate::pages::{BAD_LINES_SHOWN_MAX, Figures, Report};
use crate::wire::{ClientFrame, ServerFrame, Turn};
use held::Held;
use tally::Tally;

/// Hears a run and remembers what the page needs.
#[derive(Default)]
pub struct Recorder {
    /// The turn that takes effect.
    current: Option<Turn>,
    span: Option<(Timestamp, Timestamp)>,
    held: Held,
    tally: Tally,
    bad: u64,
    bad_lines: Vec<(u64, String)>,
}

/// What the run was made with.
pub struct About {
    pub input: String,
    pub model: String,
    pub rules: RuleSet,
    pub zone: TimeZone,
}

impl Listener for &mut Recorder {
    fn before(&mut self, event: &Event) {
        self.current = None;
        match &event.frame {
            Ok(ClientFrame::Turn { turn, .. }) => self.current = Some(turn.clone()),
            Ok(ClientFrame::Closed { closed, .. }) => self.held.closed(&closed.conversation_id, closed.ts),
            Ok(ClientFrame::Transferred { transferred, .. }) => self.held.transferred(transferred),
            Ok(ClientFrame::Identify(_) | ClientFrame::Subscribe(_) | ClientFrame::Ping { .. }) | Err(_) => {}
        }
    }

    fn frame(&mut self, _lane: usize, frame: ServerFrame) -> io::Result<()> {
        match frame {
            ServerFrame::Scored(scored) => {
                let said = self.current.take().filter(|turn| {
                    turn.turn_id == scored.turn_id && turn.conversation_id == scored.conversation_id
                });
                // Without its turn it is the answer to a repeat.
                let Some(said) = said.filter(|turn| !self.held.knows(&turn.conversation_id, &turn.turn_id))
                else {
                    return Ok(());
                };
                self.span = Some(
                    self.span
                        .map_or((said.ts, said.ts), |(first, last)| (first.min(said.ts), last.max(said.ts))),
                );
                self.tally.turn(&scored, &said.text);
                self.held.turn(*scored, said);
            }
            ServerFrame::Finding(finding) => {
                let seen = self.held.saw(&finding);
                self.tally.finding(&finding, seen);
                self.held.finding(*finding);
            }
            ServerFrame::AlertOpened(alert) => {
                self.tally.opened(&alert);
                self.held.opened(*alert);
            }
            ServerFrame::AlertUpdated(alert) => {
                self.tally.updated(&alert);
                self.held.changed(*alert);
            }
            ServerFrame::AlertResolved(alert) => {
                self.tally.resolved(&alert);
                self.held.changed(*alert);
            }
            ServerFrame::Error(error) => {
                self.bad += 1;
                if self.bad_lines.len() < BAD_LINES_SHOWN_MAX {
                    self.bad_lines.push((error.line.unwrap_or(0), error.message));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Recorder {
    /// What the page is drawn from. `broken_off` says why the input was not read to its end.
    pub fn into_report(self, about: About, broken_off: Option<String>) -> Report {
        let Recorder { span, held, tally, bad, bad_lines, .. } = self;
        let About { input, model, rules, zone } = about;
        let rules_version = rules.version().to_owned();
        let names = rules.rules().iter().map(|rule| rule.name.to_string());
        let silent_rules = names.filter(|name| !tally.has_alerted(name)).collect();
        let start: Timestamp = START.parse().expect("START is RFC 3339: this is a bug");
        // Times that the reader made up begin there.
        let span = span.filter(|(first, _)| *first != start);
        let figures = Figures {
            conversations: held.conversations(),
            reached: held.reached(),
            alerted: held.alerted(),
            not_followed: held.not_followed(),
            bad,
            ..tally.figures()
        };
        let course = course::course(&held.outcomes(), span.is_some());
        let top = held.into_top(&model, &rules_version);
        let (rules, names, alerts) = tally.into_lists();
        Report {
            input,
            model,
            rules_version,
            zone,
            figures,
            course,
            span,
            rules,
            silent_rules,
            names,
            alerts,
            top,
            bad_lines,
            broken_off,
        }
    }
}

#[cfg(test)]
mod tests;
