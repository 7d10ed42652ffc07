//! The episodes of one rule in one conversation: open, rise, resolve, cool down.
//!
//! Holds always: at most one alert is open; severity never falls within an episode; between a resolution and
//! the next opening lies the cool-down; at most `episodes_max` episodes. Called by `pipeline`.

use jiff::Timestamp;

use super::{AlertLimits, Rule};
use crate::conversation::{ids, moments};
use crate::wire::outbound::Resolution;
use crate::wire::{Level, Reason, Severity};

/// What a rule sees after a customer turn.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    pub conversation_id: &'a str,
    pub turn_id: &'a str,
    /// In the time of the conversation.
    pub at: Timestamp,
    pub level: Level,
    pub risk: f64,
    /// Whether the turn's sentiment was believed; others do not count towards recovery.
    pub judged: bool,
}

/// An alert that has opened and not resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAlert {
    pub alert_id: String,
    pub severity: Severity,
    pub opened_at: Timestamp,
    /// What drove it when it last changed; repeated when it resolves.
    pub reasons: Vec<Reason>,
    /// Customer turns in a row under the resolving risk.
    calm_turns: u32,
}

/// What an observation changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Opened,
    Raised,
    Resolved(OpenAlert, Resolution),
}

/// The episodes of one rule in one conversation.
#[derive(Clone, Debug, Default)]
pub struct Episodes {
    pub open: Option<OpenAlert>,
    opened: u32,
    silent_until: Option<Timestamp>,
}

impl Episodes {
    /// Looks at the conversation after a customer turn.
    pub fn observe(&mut self, rule: Rule, limits: &AlertLimits, seen: Observation<'_>) -> Option<Change> {
        let severity = rule.severity(seen.level);
        let Some(open) = &mut self.open else {
            return self.open(rule, limits, seen, severity?);
        };
        if severity.is_some_and(|severity| severity > open.severity) {
            open.severity = severity?;
            open.calm_turns = 0;
            return Some(Change::Raised);
        }
        if seen.judged {
            // The level falls with hysteresis: while it is still one that opens, nothing has recovered.
            let calm = seen.risk < limits.resolve_below_risk && severity.is_none();
            open.calm_turns = if calm { open.calm_turns + 1 } else { 0 };
        }
        if open.calm_turns < limits.resolve_customer_turns {
            return None;
        }
        self.resolve(limits, seen.at, Resolution::Recovered)
    }

    /// Resolves what is open, for a reason that no turn gives.
    pub fn resolve(&mut self, limits: &AlertLimits, at: Timestamp, resolution: Resolution) -> Option<Change> {
        let resolved = self.open.take()?;
        self.silent_until = Some(moments::later(at, limits.cooldown_seconds));
        Some(Change::Resolved(resolved, resolution))
    }

    fn open(
        &mut self,
        rule: Rule,
        limits: &AlertLimits,
        seen: Observation<'_>,
        severity: Severity,
    ) -> Option<Change> {
        let silent = self.silent_until.is_some_and(|until| seen.at < until);
        if silent || self.opened >= limits.episodes_max {
            return None;
        }
        self.opened += 1;
        self.open = Some(OpenAlert {
            alert_id: alert_id(rule, self.opened, seen.conversation_id, seen.turn_id),
            severity,
            opened_at: seen.at,
            reasons: Vec::new(),
            calm_turns: 0,
        });
        Some(Change::Opened)
    }
}

/// The same for the same input. The opening turn is part of it, so that a conversation which left the store
/// and came back does not open its first episode under an id that was resolved before.
fn alert_id(rule: Rule, episode: u32, conversation_id: &str, turn_id: &str) -> String {
    ids::derived(&[rule.name, conversation_id, turn_id], episode)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alerts::CUSTOMER_AT_RISK;
    use crate::detectors::level;

    const STEP_SECONDS: u32 = 30;

    /// Runs the rule over risks, one customer turn every [`STEP_SECONDS`]; answers one word per turn.
    fn run(limits: AlertLimits, risks: &[f64]) -> Vec<String> {
        let mut episodes = Episodes::default();
        let mut reached = Level::Calm;
        let mut words = Vec::new();
        for (turn, &risk) in (0_u32..).zip(risks) {
            reached = level(reached, risk);
            let turn_id = turn.to_string();
            let seen = Observation {
                conversation_id: "c",
                turn_id: &turn_id,
                at: moments::later(Timestamp::UNIX_EPOCH, turn * STEP_SECONDS),
                level: reached,
                risk,
                judged: true,
            };
            words.push(match episodes.observe(CUSTOMER_AT_RISK, &limits, seen) {
                None => "-".to_owned(),
                Some(Change::Opened) => {
                    episodes.open.as_ref().map_or(String::new(), |o| o.severity.to_string())
                }
                Some(Change::Raised) => "raised".to_owned(),
                Some(Change::Resolved(_, resolution)) => resolution.to_string(),
            });
        }
        words
    }

    fn check(limits: AlertLimits, risks: &[f64], expect: &str) {
        assert_eq!(run(limits, risks).join(" "), expect, "{risks:?}");
    }

    #[test]
    fn an_alert_opens_rises_and_resolves_once() {
        let limits = AlertLimits::default();
        check(limits, &[0.1, 0.6, 0.7, 0.9, 0.95, 0.3, 0.2, 0.1], "- warning - raised - - recovered -");
        check(limits, &[0.9, 0.6, 0.85], "critical - -");
        check(limits, &[0.6, 0.39, 0.41, 0.39, 0.39], "warning - - - recovered");
        let limits = AlertLimits { resolve_below_risk: 0.54, ..limits };
        check(limits, &[0.6, 0.52, 0.52, 0.52, 0.48, 0.48], "warning - - - - recovered");
    }

    #[test]
    fn a_rule_stays_silent_after_a_resolution() {
        let limits = AlertLimits { cooldown_seconds: 2 * STEP_SECONDS, ..AlertLimits::default() };
        check(limits, &[0.6, 0.1, 0.1, 0.9, 0.9], "warning - recovered - critical");
    }

    #[test]
    fn a_rule_opens_only_so_often_in_one_conversation() {
        let limits = AlertLimits { cooldown_seconds: 0, episodes_max: 1, ..AlertLimits::default() };
        check(limits, &[0.6, 0.1, 0.1, 0.9, 0.9], "warning - recovered - -");
    }

    #[test]
    fn ids_are_the_same_in_a_second_run_and_differ_between_episodes() {
        let id = alert_id(CUSTOMER_AT_RISK, 1, "c-17", "m-1");
        assert_eq!(id, alert_id(CUSTOMER_AT_RISK, 1, "c-17", "m-1"));
        assert_eq!(id.len(), ids::DERIVED_ID_DIGITS);
        assert_ne!(id, alert_id(CUSTOMER_AT_RISK, 2, "c-17", "m-1"));
        assert_ne!(id, alert_id(CUSTOMER_AT_RISK, 1, "c-1", "7m-1"), "parts must not run into each other");
    }

    proptest! {
        #[test]
        fn nothing_flaps_over_random_walks(steps in prop::collection::vec(-0.3..0.3_f64, 1..200)) {
            let limits = AlertLimits { episodes_max: u32::MAX, ..AlertLimits::default() };
            let mut risk = 0.3_f64;
            let risks: Vec<f64> = steps.iter().map(|step| { risk = (risk + step).clamp(0.0, 1.0); risk }).collect();
            let (mut open, mut raised, mut resolved_at) = (false, false, None);
            for (turn, word) in run(limits, &risks).iter().enumerate() {
                match word.as_str() {
                    "-" => {}
                    "recovered" => {
                        prop_assert!(open);
                        prop_assert!(risks[turn] < 0.40 && risks[turn - 1] < 0.40);
                        (open, raised, resolved_at) = (false, false, Some(turn));
                    }
                    "raised" => {
                        prop_assert!(open && !raised, "a warning rises once");
                        raised = true;
                    }
                    severity => {
                        prop_assert!(!open);
                        let quiet = resolved_at.map_or(u32::MAX, |at| (turn - at) as u32 * STEP_SECONDS);
                        prop_assert!(quiet >= limits.cooldown_seconds);
                        (open, raised) = (true, severity == "critical");
                    }
                }
            }
        }
    }
}
