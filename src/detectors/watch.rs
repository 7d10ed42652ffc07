//! What the detectors remember of one conversation, and the order in which they look at what happens.
//!
//! Holds always: pure and synchronous; of fixed size, but for bounded lists; held by the
//! conversation and changed only by what takes effect in it. Called by `pipeline`, under the lock of the conversation.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::cut_short::{self, Answered, Ending};
use super::empty_promise::Pledged;
use super::facts::Kinds;
use super::left_waiting::Answers;
use super::missing_basics::Basics;
use super::recall::{Heard, Recall};
use super::repetition::Statement;
use super::unmet_request::{Acted, Escalation};
use super::words::{Before, COMPLAINT_SCORE, Cues};
use super::{Change, DetectorLimits, Need, Quoted, Shown};
use crate::conversation::{Said, moments};
use crate::wire::{Act, Channel, Role, Signal};

/// A conversation stays in memory for a promise that is due so soon; of later ones the memory of customers knows.
pub const PROMISE_KEPT_SECONDS: u32 = 86_400;

/// What does not come from the turn.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub limits: &'a DetectorLimits,
    pub channel: Channel,
    /// How long the conversation's source has been gone so far, all in all, in seconds: that does not count.
    pub gone_seconds: f64,
}

/// A turn that takes effect.
#[derive(Clone, Copy, Debug)]
pub struct TurnSeen<'a> {
    pub turn_id: &'a str,
    pub role: Role,
    pub agent_id: Option<&'a str>,
    pub said: &'a Said,
    /// The whole of it.
    pub text: &'a str,
    pub at: Timestamp,
    /// Nothing where the turn was not judged.
    pub shown: Shown,
    /// Positive − negative; none where the turn was not judged.
    pub score: Option<f64>,
    /// Where the `escalation_request` shows, if it does.
    pub request: Option<&'a Range<u32>>,
    pub heard: Heard<'a>,
    /// Where the `promise_made` shows, if it does.
    pub promise: Option<&'a Range<u32>>,
}

/// What the detectors remember.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    answers: Answers,
    ending: Ending,
    escalation: Escalation,
    basics: Basics,
    before: Before,
    recall: Recall,
    agent_id: Option<Box<str>>,
    /// A move was announced, and the next one has not spoken yet.
    moving: bool,
    pub promises: Pledged,
}

impl Watch {
    /// A turn takes effect.
    pub fn turn(&mut self, turn: TurnSeen<'_>, setting: Setting<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.is_other_agent(turn.agent_id) {
            changes.extend(self.moved(turn.at, setting));
        }
        match turn.role {
            Role::Customer => self.customer(turn, setting, &mut changes),
            Role::Agent | Role::Bot => self.business(turn, setting, &mut changes),
            Role::System => {}
        }
        changes
    }

    /// The conversation moves to another queue or agent: a request for somebody else is acted on.
    pub fn transferred(
        &mut self,
        agent_id: Option<&str>,
        at: Timestamp,
        setting: Setting<'_>,
    ) -> Vec<Change> {
        self.is_other_agent(agent_id);
        self.moving = false;
        let changes = self.moved(at, setting);
        self.moving = agent_id.is_none();
        changes
    }

    /// The conversation ends.
    pub fn closed(&mut self, by: Option<Role>, at: Timestamp, setting: Setting<'_>) -> Vec<Change> {
        self.escalation.closed();
        self.recall.closed();
        self.before = Before::default();
        let changes =
            [self.answers.settle(at, setting), self.ending.closed(by, at, setting), self.basics.closed(by)];
        changes.into_iter().flatten().chain(self.promises.closed(by, at, setting)).collect()
    }

    /// What the customer's next conversation should know of this one: what they said first, and the facts they gave.
    pub fn opening(&self) -> (impl Iterator<Item = &Statement>, Kinds) {
        self.recall.opening()
    }

    /// When time alone will find something next, in the conversation's own time.
    pub fn due(&self, setting: Setting<'_>) -> Option<Timestamp> {
        let all = [self.answers.due(setting), self.escalation.due(setting), self.promises.due(setting)];
        all.into_iter().flatten().min()
    }

    /// The same, of what is worth being kept in memory for; it is `now`.
    pub fn alarm(&self, now: Timestamp, setting: Setting<'_>) -> Option<Timestamp> {
        let soon = moments::later(now, PROMISE_KEPT_SECONDS);
        let promise = self.promises.due(setting).filter(|due| *due <= soon);
        let all = [self.answers.due(setting), self.escalation.due(setting), promise];
        all.into_iter().flatten().min()
    }

    /// What time alone has found by `until`, the earliest of it, and when.
    pub fn fire(&mut self, until: Timestamp, setting: Setting<'_>) -> Option<(Timestamp, Change)> {
        let due = self.due(setting).filter(|due| *due <= until)?;
        let change = if self.answers.due(setting) == Some(due) {
            self.basics.failed();
            self.answers.find(setting)
        } else if self.escalation.due(setting) == Some(due) {
            self.escalation.find(setting)
        } else {
            self.promises.find(setting)
        };
        change.map(|change| (due, change))
    }

    /// Whether another agent than before is named.
    fn is_other_agent(&mut self, agent_id: Option<&str>) -> bool {
        let Some(told) = agent_id.filter(|told| self.agent_id.as_deref() != Some(told)) else { return false };
        self.agent_id.replace(Box::from(told)).is_some()
    }

    /// The conversation has come to somebody else, unless that was announced.
    fn moved(&mut self, at: Timestamp, setting: Setting<'_>) -> Vec<Change> {
        let counted = if std::mem::take(&mut self.moving) { None } else { self.recall.moved() };
        self.escalation.met(at, setting).into_iter().chain(counted).collect()
    }

    fn customer(&mut self, turn: TurnSeen<'_>, setting: Setting<'_>, changes: &mut Vec<Change>) {
        let TurnSeen { shown, at, .. } = turn;
        let cues = Cues::of(&turn.said.tail);
        let before = Before { owed: self.answers.is_owed(), ..self.before };
        let need = cues.need(shown, before);
        let quoted = turn.quoted();
        if shown.signal(Signal::EscalationRequest) {
            let place = turn.request.cloned();
            self.escalation.requested(&Quoted { place, ..quoted.clone() }, at, setting);
        } else if need == Need::Over {
            changes.extend(self.escalation.met(at, setting));
        }
        changes.extend(self.answers.customer(need, &quoted, at, setting));
        let complains =
            shown.signal(Signal::Frustration) || turn.score.is_some_and(|score| score <= COMPLAINT_SCORE);
        changes.extend(self.promises.customer(&turn, need, complains, &quoted));
        let issue = cues.is_issue(shown, turn.score);
        self.ending.customer(need, issue, shown.signal(Signal::AgentAbused), &quoted, at);
        let settled = need == Need::Over || shown.signal(Signal::ThanksResolved);
        self.basics.customer(shown.signal(Signal::Frustration), settled);
        changes.extend(self.recall.customer(turn, &quoted, settled));
    }

    fn business(&mut self, turn: TurnSeen<'_>, setting: Setting<'_>, changes: &mut Vec<Change>) {
        let TurnSeen { shown, at, .. } = turn;
        let cues = Cues::of(&turn.said.tail);
        let quoted = turn.quoted();
        // Who asks or promises something says more than "wait".
        let says_more = shown.act(Act::Question) || shown.act(Act::PromiseMade);
        let holds = !says_more && (shown.act(Act::Holding) || cues.is_plain_holding());
        let hands_over = shown.act(Act::Handoff);
        let acted = match (hands_over, holds) {
            (true, _) => Acted::HandsOver,
            (false, true) => Acted::AsksToWait,
            (false, false) => Acted::Otherwise,
        };
        changes.extend(self.escalation.business(turn.role, &quoted.turn_id, acted, at, setting));
        // To be handed over is to be asked to wait for the next one.
        if holds || hands_over && !says_more {
            self.answers.holding(&turn.said.tail, setting);
        } else {
            changes.extend(self.answers.answer(at, setting));
        }
        changes.extend(self.promises.business(&turn, holds, setting));
        let bare_closing = shown.only_act(Act::Closing) && cut_short::is_bare_closing(cues.words);
        let answered = match acted {
            Acted::HandsOver => Answered::HandedOver,
            Acted::AsksToWait => Answered::No,
            Acted::Otherwise if bare_closing => Answered::No,
            Acted::Otherwise => Answered::Yes,
        };
        self.ending.business(answered, shown.act(Act::Closing) || cues.closes());
        self.basics.business(turn.role, shown, &quoted, cues);
        changes.extend(self.recall.business(turn, &quoted));
        if !holds {
            let asked = shown.act(Act::Question) || cues.asks;
            self.before = Before { asked, offered_more: cues.offers_more(), owed: false };
        }
    }
}

impl TurnSeen<'_> {
    fn quoted(&self) -> Quoted {
        Quoted { turn_id: Arc::from(self.turn_id), excerpt: Arc::clone(&self.said.excerpt), place: None }
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
