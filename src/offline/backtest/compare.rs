//! Two sets of rules on the same conversations: what is gained, what is lost.
//!
//! Holds always: pure; alerts of both are matched by the rule's name and the conversation, several of one rule in one
//! conversation count as one with the highest severity. Called by [`super::report`].

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::example::{Example, Shower};
use super::figures::Rate;
use super::follow::{Alert, Alerts};
use super::judge::Outcomes;
use crate::wire::Severity;

/// Alerts, or conversations, that only one set of rules has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    pub all: Rate,
    /// Of those whose conversation is labelled.
    pub outcomes: Outcomes,
    pub by_rule: BTreeMap<String, usize>,
    pub examples: Vec<Example>,
}

/// The rules against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Pairs of rule and conversation that both alert about, as severely.
    pub same: usize,
    pub alerts_gained: Difference,
    pub alerts_lost: Difference,
    /// Both alert, the new rules more severely …
    pub severity_raised: Difference,
    /// … or less so.
    pub severity_lowered: Difference,
    /// Conversations about which the baseline alerts in no way; the example is the most severe alert of each.
    pub conversations_gained: Difference,
    pub conversations_lost: Difference,
}

/// The most severe alert of each pair of rule and conversation.
type Pairs<'a> = BTreeMap<(&'a str, usize), &'a Alert>;

impl Comparison {
    pub fn of(new: &Alerts, old: &Alerts, shower: Shower<'_>) -> Self {
        let (new_pairs, old_pairs) = (pairs(new), pairs(old));
        let changed = |order: std::cmp::Ordering| {
            let both = new_pairs.iter().filter_map(|(key, alert)| Some((*alert, *old_pairs.get(key)?)));
            both.filter(|(alert, before)| alert.severity.cmp(&before.severity) == order).collect::<Vec<_>>()
        };
        Comparison {
            same: changed(std::cmp::Ordering::Equal).len(),
            alerts_gained: Difference::of(&only(&new_pairs, &old_pairs), shower),
            alerts_lost: Difference::of(&only(&old_pairs, &new_pairs), shower),
            severity_raised: Difference::of_changed(&changed(std::cmp::Ordering::Greater), shower),
            severity_lowered: Difference::of_changed(&changed(std::cmp::Ordering::Less), shower),
            conversations_gained: Difference::of(&only(&conversations(new), &conversations(old)), shower),
            conversations_lost: Difference::of(&only(&conversations(old), &conversations(new)), shower),
        }
    }
}

impl Difference {
    fn of(alerts: &[&Alert], shower: Shower<'_>) -> Self {
        let Shower { followed, labels, .. } = shower;
        let outcome = |alert: &&Alert| Some(labels.of(&followed.courses[alert.conversation].id)?.outcome);
        let mut by_rule = BTreeMap::new();
        for alert in alerts {
            *by_rule.entry(alert.rule.clone()).or_default() += 1;
        }
        Difference {
            all: Rate::of(alerts.len(), followed.courses.len()),
            outcomes: Outcomes::of(alerts.iter().filter_map(outcome)),
            by_rule,
            examples: shower.draw(alerts.iter().copied()),
        }
    }

    /// Of pairs of an alert and what the baseline made of it.
    fn of_changed(changed: &[(&Alert, &Alert)], shower: Shower<'_>) -> Self {
        let alerts: Vec<&Alert> = changed.iter().map(|(alert, _)| *alert).collect();
        let before: HashMap<&str, Severity> =
            changed.iter().map(|(alert, before)| (alert.alert_id.as_str(), before.severity)).collect();
        let mut difference = Difference::of(&alerts, shower);
        for example in &mut difference.examples {
            example.severity_before = before.get(example.alert_id.as_str()).copied();
        }
        difference
    }
}

fn pairs(alerts: &Alerts) -> Pairs<'_> {
    most_severe(alerts, |alert| (alert.rule.as_str(), alert.conversation))
}

fn conversations(alerts: &Alerts) -> Pairs<'_> {
    most_severe(alerts, |alert| ("", alert.conversation))
}

fn most_severe<'a>(alerts: &'a Alerts, key: impl Fn(&'a Alert) -> (&'a str, usize)) -> Pairs<'a> {
    let mut pairs = Pairs::new();
    for alert in &alerts.all {
        let so_far = pairs.entry(key(alert)).or_insert(alert);
        if alert.severity > so_far.severity {
            *so_far = alert;
        }
    }
    pairs
}

fn only<'a>(here: &Pairs<'a>, there: &Pairs<'_>) -> Vec<&'a Alert> {
    here.iter().filter(|(key, _)| !there.contains_key(*key)).map(|(_, alert)| *alert).collect()
}
