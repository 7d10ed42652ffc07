//! An unmet `escalation_request`: the customer asks for a manager or for a person, and nobody acts on it.
//!
//! Holds always: pure; acted on means: a handoff, a transfer, another agent, or a person after a bot; a turn that
//! only asks to wait is not counted against the agent, the time goes on. Called by [`super::Watch`].

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Change, Discovery, Quoted, Setting};
use crate::wire::{Found, Role, Signal};

/// The request that waits to be acted on, and who answers.
#[derive(Clone, Debug, Default)]
pub struct Escalation {
    request: Option<Request>,
    /// Who spoke last for the business side.
    role: Option<Role>,
}

#[derive(Clone, Debug)]
struct Request {
    quoted: Quoted,
    since: Timestamp,
    /// Turns of the business side since, but for those that ask to wait.
    turns: u32,
    gone_before: f64,
    found: bool,
}

const FOUND: Found = Found::Signal(Signal::EscalationRequest);

impl Escalation {
    /// The customer asked for somebody else.
    pub fn requested(&mut self, quoted: &Quoted, at: Timestamp, setting: Setting<'_>) {
        self.request.get_or_insert_with(|| Request {
            quoted: quoted.clone(),
            since: at,
            turns: 0,
            gone_before: setting.gone_seconds,
            found: false,
        });
    }

    /// The business side said something in the turn `turn_id`.
    pub fn business(
        &mut self,
        role: Role,
        turn_id: &Arc<str>,
        act: Acted,
        at: Timestamp,
        setting: Setting<'_>,
    ) -> Option<Change> {
        let took_over = self.role.replace(role) == Some(Role::Bot) && role == Role::Agent;
        if took_over || act == Acted::HandsOver {
            return self.met(at, setting);
        }
        let request = self.request.as_mut().filter(|request| !request.found)?;
        if act == Acted::AsksToWait {
            return None;
        }
        request.turns += 1;
        if request.turns < setting.limits.escalation_turns {
            return None;
        }
        let waited = request.waited(at, setting);
        Some(request.find(Some(turn_id.clone()), waited))
    }

    /// The request was acted on, or the customer does not need it any more.
    pub fn met(&mut self, at: Timestamp, setting: Setting<'_>) -> Option<Change> {
        let request = self.request.take().filter(|request| request.found)?;
        Some(Change::Resolved { found: FOUND, about: None, value: request.waited(at, setting) })
    }

    /// The conversation is over: what was not acted on stays so.
    pub fn closed(&mut self) {
        self.request = None;
    }

    /// When the request will have waited too long.
    pub fn due(&self, setting: Setting<'_>) -> Option<Timestamp> {
        let request = self.request.as_ref().filter(|request| !request.found)?;
        let due = setting.limits.hours.after(request.since, seconds_max(setting)?)?;
        due.checked_add(SignedDuration::try_from_secs_f64(request.gone(setting)).ok()?).ok()
    }

    /// It has waited too long by now.
    pub fn find(&mut self, setting: Setting<'_>) -> Option<Change> {
        let seconds = seconds_max(setting)?;
        let request = self.request.as_mut().filter(|request| !request.found)?;
        Some(request.find(None, f64::from(seconds)))
    }
}

/// What a turn of the business side means for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    HandsOver,
    AsksToWait,
    Otherwise,
}

/// Who writes e-mails does not expect a manager within minutes.
fn seconds_max(setting: Setting<'_>) -> Option<u32> {
    let later = setting.limits.reply(setting.channel).later;
    let seconds = setting.limits.escalation_seconds;
    (seconds > 0).then(|| seconds.max(later))
}

impl Request {
    fn find(&mut self, turn_id: Option<Arc<str>>, value: f64) -> Change {
        self.found = true;
        Change::Opened(Discovery {
            found: FOUND,
            about: self.quoted.turn_id.clone(),
            turn_id,
            evidence: vec![self.quoted.evidence()],
            value,
        })
    }

    fn waited(&self, at: Timestamp, setting: Setting<'_>) -> f64 {
        (setting.limits.hours.between(self.since, at) - self.gone(setting)).max(0.0)
    }

    fn gone(&self, setting: Setting<'_>) -> f64 {
        (setting.gone_seconds - self.gone_before).max(0.0)
    }
}
