//! What a run says, kept for counting: how each conversation went on, and every alert from its opening to its end.
//!
//! Holds always: told in the order of the run; what is beyond a limit is counted and left out. Called by
//! `offline::score` through [`Listener`], read by `counts`, `judge` and `compare`.

use std::collections::HashMap;
use std::io;

use jiff::Timestamp;

use crate::offline::reader::Event;
use crate::offline::score::Listener;
use crate::wire::outbound::Resolution;
use crate::wire::{
    AlertFrame, AlertKind, ClientFrame, ErrorFrame, Reason, Role, ServerFrame, Severity, Visibility,
};

/// Conversations that are followed.
pub const CONVERSATIONS_MAX: usize = 200_000;
/// Turns of one conversation whose time is kept, for the lead over an annotated turn.
pub const TURNS_KEPT_MAX: usize = 4_096;
/// Alerts of one set of rules that are kept.
pub const ALERTS_MAX: usize = 500_000;
/// Refusals that are kept to be shown.
pub const REFUSALS_KEPT_MAX: usize = 20;

/// A place in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: Timestamp,
    /// Turns of the customer so far.
    pub customer_turns: u32,
}

/// A conversation of the input.
#[derive(Clone, Debug, Default)]
pub struct Course {
    pub id: String,
    /// After each of its turns, in the order of the input.
    pub turns: Vec<Moment>,
    customer_turns: u32,
}

/// One alert: one episode of a rule in a conversation.
#[derive(Clone, Debug)]
pub struct Alert {
    pub alert_id: String,
    pub rule: String,
    pub kind: AlertKind,
    /// Index into [`Followed::courses`].
    pub conversation: usize,
    pub opened: Moment,
    /// The highest that it had.
    pub severity: Severity,
    /// When it first was at least so severe, in the order of [`Severity::ALL`].
    pub reached: [Option<Moment>; Severity::ALL.len()],
    pub times_raised: u32,
    pub ended: Option<(Timestamp, Resolution)>,
    /// Of the frame that made it as severe as it became.
    pub summary: String,
    pub risk: f64,
    pub reasons: Vec<Reason>,
}

/// The alerts of one set of rules.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    pub all: Vec<Alert>,
    open: HashMap<String, usize>,
    pub beyond_limit: usize,
}

/// Everything that is kept of a run.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    pub courses: Vec<Course>,
    places: HashMap<String, usize>,
    /// Of each set of rules that was run.
    pub alerts: Vec<Alerts>,
    pub turns: usize,
    /// The first refusals.
    pub refusals: Vec<ErrorFrame>,
    /// Turns of conversations beyond [`CONVERSATIONS_MAX`].
    pub turns_beyond_limit: usize,
}

impl Followed {
    /// For so many sets of rules.
    pub fn new(rule_sets: usize) -> Self {
        Followed { alerts: vec![Alerts::default(); rule_sets], ..Followed::default() }
    }

    /// The place of a conversation, which begins here if it is new.
    fn place(&mut self, id: &str) -> Option<usize> {
        if let Some(place) = self.places.get(id) {
            return Some(*place);
        }
        if self.courses.len() >= CONVERSATIONS_MAX {
            return None;
        }
        let place = self.courses.len();
        self.courses.push(Course { id: id.to_owned(), ..Course::default() });
        self.places.insert(id.to_owned(), place);
        Some(place)
    }
}

impl Listener for &mut Followed {
    fn before(&mut self, event: &Event) {
        let Ok(ClientFrame::Turn { turn, .. }) = &event.frame else { return };
        self.turns += 1;
        let Some(place) = self.place(&turn.conversation_id) else {
            self.turns_beyond_limit += 1;
            return;
        };
        let course = &mut self.courses[place];
        let counts = turn.role == Role::Customer && turn.visibility == Visibility::Public;
        course.customer_turns += u32::from(counts);
        if course.turns.len() < TURNS_KEPT_MAX {
            course.turns.push(Moment { at: turn.ts, customer_turns: course.customer_turns });
        }
    }

    fn frame(&mut self, lane: usize, frame: ServerFrame) -> io::Result<()> {
        let (frame, ended) = match frame {
            ServerFrame::AlertOpened(frame) | ServerFrame::AlertUpdated(frame) => (*frame, false),
            ServerFrame::AlertResolved(frame) => (*frame, true),
            ServerFrame::Error(error) => {
                if lane == 0 && self.refusals.len() < REFUSALS_KEPT_MAX {
                    self.refusals.push(error);
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        if let Some(conversation) = self.places.get(&frame.conversation_id).copied() {
            let customer_turns = self.courses[conversation].customer_turns;
            let moment = Moment { at: frame.ts, customer_turns };
            if let Some(alerts) = self.alerts.get_mut(lane) {
                alerts.hear(frame, ended, conversation, moment);
            }
        }
        Ok(())
    }
}

impl Alerts {
    fn hear(&mut self, frame: AlertFrame, ended: bool, conversation: usize, moment: Moment) {
        let Some(&place) = self.open.get(&frame.alert_id) else {
            if ended {
                return;
            }
            if self.all.len() >= ALERTS_MAX {
                self.beyond_limit += 1;
                return;
            }
            self.open.insert(frame.alert_id.clone(), self.all.len());
            self.all.push(Alert::opened(frame, conversation, moment));
            return;
        };
        let alert = &mut self.all[place];
        if ended {
            alert.ended = frame.resolution.map(|resolution| (frame.ts, resolution));
            self.open.remove(&frame.alert_id);
        } else {
            alert.update(frame, moment);
        }
    }
}

impl Alert {
    fn opened(frame: AlertFrame, conversation: usize, moment: Moment) -> Self {
        let AlertFrame { alert_id, rule, kind, severity, summary, risk, reasons, .. } = frame;
        let reached = std::array::from_fn(|rank| (rank <= severity as usize).then_some(moment));
        Alert {
            alert_id,
            rule,
            kind,
            conversation,
            opened: moment,
            severity,
            reached,
            times_raised: 0,
            ended: None,
            summary,
            risk,
            reasons,
        }
    }

    fn update(&mut self, frame: AlertFrame, moment: Moment) {
        if frame.severity <= self.severity {
            return;
        }
        self.times_raised += 1;
        for reached in &mut self.reached[..=frame.severity as usize] {
            reached.get_or_insert(moment);
        }
        (self.severity, self.summary) = (frame.severity, frame.summary);
        (self.risk, self.reasons) = (frame.risk, frame.reasons);
    }

    /// When it first was at least so severe.
    pub fn reached(&self, severity: Severity) -> Option<Moment> {
        self.reached[severity as usize]
    }
}
