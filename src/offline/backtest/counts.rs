//! How many alerts there would have been, and how they went on.
//!
//! Holds always: pure; an alert counts once, with the highest severity that it had. Called by [`super::report`].

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::example::{Example, Shower};
use super::figures::{Rate, Spread};
use super::follow::{Alert, Alerts};
use crate::wire::outbound::Resolution;
use crate::wire::{AlertKind, Severity};

/// One rule of a set of rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleName {
    pub name: String,
    pub kind: AlertKind,
}

/// How many of some alerts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertCounts {
    pub opened: Rate,
    /// By the highest that each had.
    pub by_severity: BTreeMap<Severity, Rate>,
    /// Alerts whose severity rose while they were open.
    pub raised: usize,
    /// Alerts of a rule that had alerted about the same conversation before.
    pub reopened: usize,
    pub resolved: BTreeMap<Resolution, usize>,
    /// Open at the end of the input.
    pub unresolved: usize,
    pub seconds_to_resolve: Option<Spread>,
}

/// Of conversations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConversationCounts {
    pub alerted: Rate,
    pub by_kind: BTreeMap<AlertKind, Rate>,
    /// By the highest of all their alerts.
    pub by_severity: BTreeMap<Severity, Rate>,
}

/// Of one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleCounts {
    pub rule: String,
    pub kind: AlertKind,
    pub conversations: Rate,
    pub alerts: AlertCounts,
    pub examples: Vec<Example>,
}

/// Of a set of rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counts {
    pub alerts: AlertCounts,
    pub conversations: ConversationCounts,
    /// Every rule, also those that never alerted.
    pub by_rule: Vec<RuleCounts>,
}

impl Counts {
    pub fn of(alerts: &Alerts, rules: &[RuleName], shower: Shower<'_>) -> Self {
        let conversations = shower.followed.courses.len();
        let by_rule = rules.iter().map(|RuleName { name, kind }| {
            let own: Vec<&Alert> = alerts.all.iter().filter(|alert| alert.rule == *name).collect();
            RuleCounts {
                rule: name.clone(),
                kind: *kind,
                conversations: Rate::of(conversations_of(own.iter().copied()), conversations),
                alerts: AlertCounts::of(&own, conversations),
                examples: shower.draw(own),
            }
        });
        let all: Vec<&Alert> = alerts.all.iter().collect();
        Counts {
            alerts: AlertCounts::of(&all, conversations),
            conversations: ConversationCounts::of(&all, conversations),
            by_rule: by_rule.collect(),
        }
    }
}

impl AlertCounts {
    pub fn of(alerts: &[&Alert], conversations: usize) -> Self {
        let severe = |severity: Severity| alerts.iter().filter(|alert| alert.severity == severity).count();
        let rated = |severity: &Severity| (*severity, Rate::of(severe(*severity), conversations));
        let pairs: HashSet<(usize, &str)> =
            alerts.iter().map(|alert| (alert.conversation, alert.rule.as_str())).collect();
        let ended = |resolution: Resolution| {
            alerts.iter().filter(|alert| alert.ended.is_some_and(|(_, how)| how == resolution)).count()
        };
        let seconds = |alert: &&Alert| {
            let (at, _) = alert.ended?;
            Some(at.duration_since(alert.opened.at).as_millis() as f64 / 1e3)
        };
        AlertCounts {
            opened: Rate::of(alerts.len(), conversations),
            by_severity: Severity::ALL.iter().map(rated).collect(),
            raised: alerts.iter().filter(|alert| alert.times_raised > 0).count(),
            reopened: alerts.len() - pairs.len(),
            resolved: Resolution::ALL.iter().map(|how| (*how, ended(*how))).collect(),
            unresolved: alerts.iter().filter(|alert| alert.ended.is_none()).count(),
            seconds_to_resolve: Spread::of(alerts.iter().filter_map(seconds)),
        }
    }
}

impl ConversationCounts {
    fn of(alerts: &[&Alert], conversations: usize) -> Self {
        let mut highest: HashMap<usize, Severity> = HashMap::new();
        for alert in alerts {
            let so_far = highest.entry(alert.conversation).or_insert(alert.severity);
            *so_far = (*so_far).max(alert.severity);
        }
        let of_kind = |kind: &AlertKind| {
            let own = alerts.iter().copied().filter(|alert| alert.kind == *kind);
            (*kind, Rate::of(conversations_of(own), conversations))
        };
        let of_severity = |severity: &Severity| {
            let count = highest.values().filter(|most| *most == severity).count();
            (*severity, Rate::of(count, conversations))
        };
        ConversationCounts {
            alerted: Rate::of(highest.len(), conversations),
            by_kind: AlertKind::ALL.iter().map(of_kind).collect(),
            by_severity: Severity::ALL.iter().map(of_severity).collect(),
        }
    }
}

/// How many conversations some alerts are about.
fn conversations_of<'a>(alerts: impl Iterator<Item = &'a Alert>) -> usize {
    alerts.map(|alert| alert.conversation).collect::<HashSet<_>>().len()
}
