//! What is counted over a run, with a few quotes of each name, and the most severe alerts.
//!
//! Holds always: bounded by the names there are, by [`EXAMPLES_MAX`] and [`ALERTS_LISTED_MAX`], and by the alerts that
//! are open at once. Called by [`super::Recorder`].

use std::collections::{BTreeMap, HashMap};

use crate::pages::{ALERTS_LISTED_MAX, EXAMPLES_MAX, Example, Figures, NameCount, RuleCount};
use crate::wire::limits::QUOTE_CHARS_MAX;
use crate::wire::{
    AlertFrame, AlertState, AlertView, Finding, FindingKind, FindingState, Label, Role, Scored, Severity,
    Span,
};

/// How sure a finding is: it is quoted before what the model saw.
const FOUND_WEIGHT: f64 = 2.0;

/// Counts and examples.
#[derive(Default)]
pub struct Tally {
    figures: Figures,
    rules: BTreeMap<String, RuleCount>,
    names: BTreeMap<(FindingKind, String), Name>,
    /// Alerts that are open, and how severe they are.
    open: HashMap<String, Severity>,
    /// Twice as many as are listed, at most.
    alerts: Vec<AlertView>,
}

#[derive(Default)]
struct Name {
    in_turns: u64,
    found: u64,
    /// The surest first, of different conversations.
    examples: Vec<(f64, Example)>,
}

impl Tally {
    /// A turn with its text.
    pub fn turn(&mut self, scored: &Scored, text: &str) {
        let figures = &mut self.figures;
        let judged = scored.abstained.is_none();
        figures.abstained_turns += u64::from(!judged);
        if scored.role == Role::Customer {
            figures.customer_turns += 1;
            figures.negative_turns += u64::from(judged && scored.sentiment.label == Label::Negative);
        } else {
            figures.business_turns += 1;
        }
        for (kind, spans) in
            [(FindingKind::Signal, &scored.signals), (FindingKind::Mistake, &scored.mistakes)]
        {
            for span in spans {
                let name = self.names.entry((kind, span.name.to_owned())).or_default();
                name.in_turns += 1;
                name.example(span.probability, || example(scored, span, text));
            }
        }
    }

    /// A finding; `seen` says that it was counted with its turn.
    pub fn finding(&mut self, finding: &Finding, seen: bool) {
        if finding.state != FindingState::Open {
            return;
        }
        let name = self.names.entry((finding.kind, finding.name.to_owned())).or_default();
        name.found += u64::from(!seen);
        if let Some(evidence) = finding.evidence.last() {
            name.example(FOUND_WEIGHT, || Example {
                conversation_id: finding.conversation_id.clone(),
                turn_id: evidence.turn_id.clone(),
                quote: evidence.quote.clone(),
            });
        }
    }

    pub fn opened(&mut self, alert: &AlertFrame) {
        self.figures.alerts += 1;
        *self.count(alert, alert.severity) += 1;
        self.open.insert(alert.alert_id.clone(), alert.severity);
        self.list(alert);
    }

    /// An alert counts as the worst that it was, and is listed as it was then.
    pub fn updated(&mut self, alert: &AlertFrame) {
        let Some(before) = self.open.get(&alert.alert_id).copied() else { return };
        if alert.severity > before {
            *self.count(alert, before) -= 1;
            *self.count(alert, alert.severity) += 1;
            self.open.insert(alert.alert_id.clone(), alert.severity);
            self.list(alert);
        }
    }

    pub fn resolved(&mut self, alert: &AlertFrame) {
        self.open.remove(&alert.alert_id);
    }

    fn count(&mut self, alert: &AlertFrame, severity: Severity) -> &mut u64 {
        let rule = || RuleCount { rule: alert.rule.clone(), kind: alert.kind, alerts: [0; 3] };
        &mut self.rules.entry(alert.rule.clone()).or_insert_with(rule).alerts[severity as usize]
    }

    fn list(&mut self, alert: &AlertFrame) {
        self.alerts.retain(|known| known.alert.alert_id != alert.alert_id);
        self.alerts.push(AlertView { state: AlertState::Open, alert: alert.clone() });
        if self.alerts.len() == 2 * ALERTS_LISTED_MAX {
            self.sort();
        }
    }

    fn sort(&mut self) {
        self.alerts.sort_by(|a, b| {
            let (left, right) = (&a.alert, &b.alert);
            right
                .severity
                .cmp(&left.severity)
                .then(right.risk.total_cmp(&left.risk))
                .then(left.opened_at.cmp(&right.opened_at))
                .then(left.alert_id.cmp(&right.alert_id))
        });
        self.alerts.truncate(ALERTS_LISTED_MAX);
    }

    /// Whether a rule has ever alerted.
    pub fn has_alerted(&self, rule: &str) -> bool {
        self.rules.contains_key(rule)
    }

    pub const fn figures(&self) -> Figures {
        self.figures
    }

    /// Rules and names, most frequent first, and the most severe alerts.
    pub fn into_lists(mut self) -> (Vec<RuleCount>, Vec<NameCount>, Vec<AlertView>) {
        self.sort();
        let mut rules: Vec<RuleCount> = self.rules.into_values().collect();
        rules.sort_by_key(|count| std::cmp::Reverse(count.alerts.iter().sum::<u64>()));
        let count = |((kind, name), Name { in_turns, found, examples }): ((FindingKind, String), Name)| {
            let examples = examples.into_iter().map(|(_, example)| example).collect();
            NameCount { name, kind, in_turns, found, examples }
        };
        let mut names: Vec<NameCount> = self.names.into_iter().map(count).collect();
        names.sort_by_key(|count| std::cmp::Reverse(count.in_turns + count.found));
        (rules, names, self.alerts)
    }
}

impl Name {
    /// Keeps an example if it is surer than what there is; of equals the first.
    fn example(&mut self, weight: f64, example: impl FnOnce() -> Example) {
        let is_full = self.examples.len() == EXAMPLES_MAX;
        if is_full && self.examples.iter().all(|(known, _)| *known >= weight) {
            return;
        }
        let example = example();
        let same =
            self.examples.iter().position(|(_, known)| known.conversation_id == example.conversation_id);
        match same {
            Some(index) if self.examples[index].0 >= weight => return,
            Some(index) => drop(self.examples.remove(index)),
            None if example.quote.is_empty() => return,
            None => {}
        }
        let at = self.examples.iter().position(|(known, _)| *known < weight).unwrap_or(self.examples.len());
        self.examples.insert(at, (weight, example));
        self.examples.truncate(EXAMPLES_MAX);
    }
}

fn example(scored: &Scored, span: &Span, text: &str) -> Example {
    let length = span.end.saturating_sub(span.start).min(QUOTE_CHARS_MAX);
    Example {
        conversation_id: scored.conversation_id.clone(),
        turn_id: scored.turn_id.clone(),
        quote: text.chars().skip(span.start).take(length).collect(),
    }
}
