//! Alerts against what really happened: which conversations that went wrong are found and how soon, and which calm
//! ones are alerted.
//!
//! Holds always: pure; a conversation counts once, however often it is alerted; conversations without a label count
//! nowhere. Called by [`super::report`].

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::counts::RuleName;
use super::example::{Example, Shower};
use super::figures::{Share, Spread};
use super::follow::{Alert, Alerts, Moment};
use super::labels::Label;
use crate::training::Outcome;
use crate::wire::{AlertKind, Severity};

/// Turns of the customer after the annotated one at which an alert is still in time.
const IN_TIME_CUSTOMER_TURNS: i64 = 1;

/// How many labelled conversations there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Outcomes {
    pub calm: usize,
    pub tense: usize,
    pub escalated: usize,
}

/// What a set of rules makes of labelled conversations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    pub conversations: Outcomes,
    /// Alerts of kind `customer_risk` and severity `warning` or above, to find tense and escalated ones.
    pub warning: Found,
    /// Alerts of kind `customer_risk` and severity `critical`, to find escalated ones.
    pub critical: Found,
    /// Each rule alone, with alerts of any severity.
    pub by_rule: Vec<RuleFound>,
}

/// What some alerts find.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Of those that are to be found, how many are.
    pub recall: Share,
    /// Of the alerted, how many are to be found.
    pub precision: Share,
    /// How many of each outcome are alerted.
    pub calm: Share,
    pub tense: Share,
    pub escalated: Share,
    pub lead: Option<Lead>,
    /// Ids of some that are to be found and are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<String>,
    /// Some alerts about calm ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub false_alarms: Vec<Example>,
}

/// One rule alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleFound {
    pub rule: String,
    pub kind: AlertKind,
    #[serde(flatten)]
    pub found: Found,
}

/// How long after the annotated turn the alert came; below 0: before it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lead {
    pub customer_turns: Spread,
    pub seconds: Spread,
    /// How many came so many customer turns after it.
    pub by_customer_turns: BTreeMap<i64, usize>,
    /// No later than one customer turn after it, of those that are found.
    pub in_time: Share,
    /// The same of all that are to be found and have an annotated turn.
    pub in_time_of_all: Share,
}

/// A labelled conversation that is in the input.
struct Labelled {
    conversation: usize,
    label: Label,
}

/// The alerts that are looked at.
#[derive(Clone, Copy)]
struct Question<'a> {
    kind: AlertKind,
    rule: Option<&'a str>,
    severity: Severity,
    /// What is to be found.
    wanted: &'static [Outcome],
    /// Whether to list what is missed and what is wrong.
    listed: bool,
}

const BAD: &[Outcome] = &[Outcome::Tense, Outcome::Escalated];

impl Judgement {
    /// None where no conversation of the input has a label.
    pub fn of(alerts: &Alerts, rules: &[RuleName], shower: Shower<'_>) -> Option<Self> {
        let labelled: Vec<Labelled> = shower
            .followed
            .courses
            .iter()
            .enumerate()
            .filter_map(|(conversation, course)| {
                Some(Labelled { conversation, label: shower.labels.of(&course.id)? })
            })
            .collect();
        if labelled.is_empty() {
            return None;
        }
        let ask = |question| Found::of(&alerts.all, &labelled, question, shower);
        let kind = AlertKind::CustomerRisk;
        let warning = Question { kind, rule: None, severity: Severity::Warning, wanted: BAD, listed: true };
        let critical = Question { severity: Severity::Critical, wanted: &[Outcome::Escalated], ..warning };
        let by_rule = rules.iter().map(|RuleName { name, kind }| {
            let severity = Severity::Info;
            let question = Question { kind: *kind, rule: Some(name), severity, wanted: BAD, listed: false };
            RuleFound { rule: name.clone(), kind: *kind, found: ask(question) }
        });
        Some(Judgement {
            conversations: Outcomes::of(labelled.iter().map(|one| one.label.outcome)),
            warning: ask(warning),
            critical: ask(critical),
            by_rule: by_rule.collect(),
        })
    }
}

impl Outcomes {
    pub fn of(outcomes: impl Iterator<Item = Outcome>) -> Self {
        let mut counts = Outcomes::default();
        for outcome in outcomes {
            match outcome {
                Outcome::Calm => counts.calm += 1,
                Outcome::Tense => counts.tense += 1,
                Outcome::Escalated => counts.escalated += 1,
            }
        }
        counts
    }

    fn all(self) -> usize {
        self.calm + self.tense + self.escalated
    }

    fn get(self, outcome: Outcome) -> usize {
        match outcome {
            Outcome::Calm => self.calm,
            Outcome::Tense => self.tense,
            Outcome::Escalated => self.escalated,
        }
    }

    fn among(self, wanted: &[Outcome]) -> usize {
        wanted.iter().map(|outcome| self.get(*outcome)).sum()
    }
}

impl Found {
    fn of(alerts: &[Alert], labelled: &[Labelled], question: Question<'_>, shower: Shower<'_>) -> Self {
        // The first moment at which each conversation is alerted so severely, and the alert.
        let mut first: HashMap<usize, (Moment, &Alert)> = HashMap::new();
        for alert in alerts.iter().filter(|alert| question.takes(alert)) {
            let Some(moment) = alert.reached(question.severity) else { continue };
            let so_far = first.entry(alert.conversation).or_insert((moment, alert));
            if (moment.customer_turns, moment.at) < (so_far.0.customer_turns, so_far.0.at) {
                *so_far = (moment, alert);
            }
        }
        let found = |one: &&Labelled| first.contains_key(&one.conversation);
        let outcome = |one: &Labelled| one.label.outcome;
        let all = Outcomes::of(labelled.iter().map(outcome));
        let alerted = Outcomes::of(labelled.iter().filter(found).map(outcome));
        let wanted = question.wanted;
        let share = |outcome: Outcome| Share::of(alerted.get(outcome), all.get(outcome));
        let missed = labelled.iter().filter(|one| wanted.contains(&outcome(one)) && !found(one));
        let missed = missed.map(|one| shower.followed.courses[one.conversation].id.clone());
        let calm = labelled.iter().filter(|one| outcome(one) == Outcome::Calm);
        let wrong = calm.filter_map(|one| first.get(&one.conversation).map(|(_, alert)| *alert));
        let listed_max = if question.listed { shower.examples_max } else { 0 };
        Found {
            recall: Share::of(alerted.among(wanted), all.among(wanted)),
            precision: Share::of(alerted.among(wanted), alerted.all()),
            calm: share(Outcome::Calm),
            tense: share(Outcome::Tense),
            escalated: share(Outcome::Escalated),
            lead: Lead::of(labelled, wanted, &first, shower),
            missed: missed.take(listed_max).collect(),
            false_alarms: if question.listed { shower.draw(wrong) } else { Vec::new() },
        }
    }
}

impl Question<'_> {
    fn takes(&self, alert: &Alert) -> bool {
        alert.kind == self.kind && self.rule.is_none_or(|rule| alert.rule == rule)
    }
}

impl Lead {
    /// None where nothing that has an annotated turn is found.
    fn of(
        labelled: &[Labelled],
        wanted: &[Outcome],
        first: &HashMap<usize, (Moment, &Alert)>,
        shower: Shower<'_>,
    ) -> Option<Self> {
        let (mut turns, mut seconds, mut all) = (Vec::new(), Vec::new(), 0);
        for Labelled { conversation, label } in labelled {
            let annotated = label.alert_turn.and_then(|place| usize::try_from(place).ok());
            let annotated =
                annotated.and_then(|place| shower.followed.courses[*conversation].turns.get(place));
            let Some(annotated) = annotated.filter(|_| wanted.contains(&label.outcome)) else { continue };
            all += 1;
            if let Some((alerted, _)) = first.get(conversation) {
                turns.push(i64::from(alerted.customer_turns) - i64::from(annotated.customer_turns));
                seconds.push(alerted.at.duration_since(annotated.at).as_millis() as f64 / 1e3);
            }
        }
        let mut by_customer_turns = BTreeMap::new();
        for late in &turns {
            *by_customer_turns.entry(*late).or_default() += 1;
        }
        let in_time = turns.iter().filter(|late| **late <= IN_TIME_CUSTOMER_TURNS).count();
        Some(Lead {
            customer_turns: Spread::of(turns.iter().map(|late| *late as f64))?,
            seconds: Spread::of(seconds)?,
            by_customer_turns,
            in_time: Share::of(in_time, turns.len()),
            in_time_of_all: Share::of(in_time, all),
        })
    }
}
