//! `left_waiting`: a turn of the customer that needs an answer has none within the channel's limit.
//!
//! Holds always: pure; a turn that only asks to wait stops the clock once, for its own allowance, and is no answer;
//! time outside business hours and time in which the source was not connected do not count; one finding for
//! each wait. Called by [`super::Watch`].

use jiff::{SignedDuration, Timestamp};

use super::{Change, DetectorLimits, Discovery, Need, Quoted, Setting, words};
use crate::wire::{Channel, Found, Mistake};

/// What the customer is owed.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    owed: Option<Owed>,
    /// Whether the business side has answered in this conversation before: a greeting is no answer.
    answered: bool,
}

#[derive(Clone, Debug)]
struct Owed {
    quoted: Quoted,
    since: Timestamp,
    /// Whether it is the first answer of the conversation.
    first: bool,
    /// The allowance of the one turn that asked to wait, in seconds; none before one came.
    hold: Option<u32>,
    /// How long the source had been gone, all in all, when the wait began, in seconds.
    gone_before: f64,
    found: bool,
}

const FOUND: Found = Found::Mistake(Mistake::LeftWaiting);

impl Answers {
    /// Whether the customer waits for an answer.
    pub fn is_owed(&self) -> bool {
        self.owed.is_some()
    }

    /// The customer said something.
    pub fn customer(
        &mut self,
        need: Need,
        quoted: &Quoted,
        at: Timestamp,
        setting: Setting<'_>,
    ) -> Option<Change> {
        match need {
            Need::Nothing => None,
            Need::Over => self.settle(at, setting),
            Need::Answer => {
                let first = !self.answered;
                self.owed.get_or_insert_with(|| Owed {
                    quoted: quoted.clone(),
                    since: at,
                    first,
                    hold: None,
                    gone_before: setting.gone_seconds,
                    found: false,
                });
                None
            }
        }
    }

    /// The business side asked the customer to wait.
    pub fn holding(&mut self, text: &str, setting: Setting<'_>) {
        let later = setting.limits.reply(setting.channel).later;
        if let Some(owed) = &mut self.owed
            && owed.hold.is_none()
        {
            // Without a time of its own: as long as for another reply.
            owed.hold = Some(words::allowance_seconds(text).unwrap_or(later));
        }
    }

    /// The business side answered.
    pub fn answer(&mut self, at: Timestamp, setting: Setting<'_>) -> Option<Change> {
        if self.owed.is_some() {
            self.answered = true;
        }
        self.settle(at, setting)
    }

    /// Nothing is owed any more.
    pub fn settle(&mut self, at: Timestamp, setting: Setting<'_>) -> Option<Change> {
        let owed = self.owed.take().filter(|owed| owed.found)?;
        Some(Change::Resolved { found: FOUND, about: None, value: owed.waited(at, setting) })
    }

    /// When the wait will have been too long; none where nothing is owed, or it was found already.
    pub fn due(&self, setting: Setting<'_>) -> Option<Timestamp> {
        let owed = self.owed.as_ref().filter(|owed| !owed.found)?;
        let seconds = owed.limit_seconds(setting.limits, setting.channel)?;
        let due = setting.limits.hours.after(owed.since, seconds)?;
        due.checked_add(SignedDuration::try_from_secs_f64(owed.gone(setting)).ok()?).ok()
    }

    /// The wait is too long by now.
    pub fn find(&mut self, setting: Setting<'_>) -> Option<Change> {
        let owed = self.owed.as_mut().filter(|owed| !owed.found)?;
        let seconds = owed.limit_seconds(setting.limits, setting.channel)?;
        owed.found = true;
        Some(Change::Opened(Discovery {
            found: FOUND,
            about: owed.quoted.turn_id.clone(),
            turn_id: None,
            evidence: vec![owed.quoted.evidence()],
            value: f64::from(seconds),
        }))
    }
}

impl Owed {
    /// None where the channel has no limit.
    fn limit_seconds(&self, limits: &DetectorLimits, channel: Channel) -> Option<u32> {
        let reply = limits.reply(channel);
        let limit = if self.first { reply.first } else { reply.later };
        (limit > 0).then(|| limit.saturating_add(self.hold.unwrap_or(0)))
    }

    fn waited(&self, at: Timestamp, setting: Setting<'_>) -> f64 {
        (setting.limits.hours.between(self.since, at) - self.gone(setting)).max(0.0)
    }

    /// How long the source was gone during the wait, in seconds.
    fn gone(&self, setting: Setting<'_>) -> f64 {
        (setting.gone_seconds - self.gone_before).max(0.0)
    }
}
