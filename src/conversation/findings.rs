//! The findings of one conversation.
//!
//! Holds always: at most [`FINDINGS_MAX`]; ids are derived, so that a second run gives the same, and what was found
//! once is not found again; a finding is resolved at most once, and not before it was opened.
//! Called by `pipeline`.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::ids;
use crate::detectors::Discovery;
use crate::wire::outbound::round4;
use crate::wire::{Finding, FindingState, Found};

/// Findings remembered of one conversation; beyond, the oldest that is resolved leaves, or the oldest.
pub const FINDINGS_MAX: usize = 32;

/// Oldest first.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    held: VecDeque<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    finding: Arc<Finding>,
    opened: Timestamp,
}

impl Findings {
    /// Takes a discovery in; none where it is known already.
    pub fn open(
        &mut self,
        conversation_id: &str,
        discovery: Discovery,
        at: Timestamp,
    ) -> Option<Arc<Finding>> {
        let Discovery { found, about, turn_id, evidence, value } = discovery;
        let finding_id = finding_id(conversation_id, found, &about);
        if self.held.iter().any(|held| held.finding.finding_id == finding_id) {
            return None;
        }
        if self.held.len() == FINDINGS_MAX {
            let settled = self.held.iter().position(|held| held.finding.state == FindingState::Resolved);
            self.held.remove(settled.unwrap_or(0));
        }
        let finding = Arc::new(Finding {
            finding_id,
            kind: found.kind(),
            name: found.as_str(),
            state: FindingState::Open,
            conversation_id: conversation_id.to_owned(),
            turn_id: turn_id.map(|id| id.to_string()),
            ts: at,
            evidence,
            value: Some(round4(value)),
        });
        self.held.push_back(Held { finding: Arc::clone(&finding), opened: at });
        Some(finding)
    }

    /// Resolves what was found of this name and is open: what is `about` this, or else the last.
    pub fn resolve(
        &mut self,
        conversation_id: &str,
        found: Found,
        about: Option<&str>,
        at: Timestamp,
        value: f64,
    ) -> Option<Arc<Finding>> {
        let meant = about.map(|about| finding_id(conversation_id, found, about));
        let is_open = |held: &&mut Arc<Finding>| {
            held.state == FindingState::Open
                && held.name == found.as_str()
                && held.kind == found.kind()
                && meant.as_ref().is_none_or(|meant| held.finding_id == *meant)
        };
        let held = self.held.iter_mut().rev().map(|held| &mut held.finding).find(is_open)?;
        let finding = Arc::make_mut(held);
        finding.state = FindingState::Resolved;
        // A source whose clock lags may answer before it was asked.
        finding.ts = finding.ts.max(at);
        finding.value = finding.value.map(|opened| opened.max(round4(value)));
        Some(Arc::clone(held))
    }

    /// All that are remembered, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.held.iter().map(|held| held.finding.as_ref())
    }

    /// Each that is remembered, and when it was opened; oldest first.
    pub fn openings(&self) -> impl DoubleEndedIterator<Item = (&Finding, Timestamp)> {
        self.held.iter().map(|held| (held.finding.as_ref(), held.opened))
    }
}

fn finding_id(conversation_id: &str, found: Found, about: &str) -> String {
    ids::derived(&[found.as_str(), conversation_id, about], 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Mistake, Signal};

    const WAIT: Found = Found::Mistake(Mistake::LeftWaiting);

    fn discovery(found: Found, about: &str) -> Discovery {
        Discovery { found, about: Arc::from(about), turn_id: None, evidence: Vec::new(), value: 120.0 }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a moment")
    }

    #[test]
    fn what_was_found_once_is_not_found_again_and_ids_are_derived() {
        let mut findings = Findings::default();
        let first = findings.open("c", discovery(WAIT, "m-1"), at(1)).expect("new");
        assert_eq!(findings.open("c", discovery(WAIT, "m-1"), at(9)), None);
        let again = Findings::default().open("c", discovery(WAIT, "m-1"), at(5)).expect("new");
        assert_eq!(first.finding_id, again.finding_id);
        assert_eq!(first.finding_id.len(), ids::DERIVED_ID_DIGITS);
        let others = [
            findings.open("c", discovery(WAIT, "m-2"), at(1)),
            findings.open("d", discovery(WAIT, "m-1"), at(1)),
            findings.open("c", discovery(Found::Mistake(Mistake::CutShort), "m-1"), at(1)),
        ];
        for other in others {
            assert_ne!(other.expect("new").finding_id, first.finding_id);
        }
    }

    #[test]
    fn a_finding_is_resolved_once_and_not_before_it_was_opened() {
        let mut findings = Findings::default();
        let opened = findings.open("c", discovery(WAIT, "m-1"), at(100)).expect("new");
        assert_eq!(findings.resolve("c", Found::Signal(Signal::EscalationRequest), None, at(200), 1.0), None);
        let resolved = findings.resolve("c", WAIT, None, at(90), 110.0).expect("open");
        assert_eq!(
            (resolved.state, resolved.ts, resolved.value),
            (FindingState::Resolved, at(100), Some(120.0))
        );
        assert_eq!(resolved.finding_id, opened.finding_id);
        assert_eq!(opened.state, FindingState::Open, "what was said stays said");
        assert_eq!(findings.resolve("c", WAIT, None, at(300), 1.0), None);
    }

    #[test]
    fn of_several_the_one_that_is_meant_is_resolved() {
        let mut findings = Findings::default();
        let first = findings.open("c", discovery(WAIT, "m-1"), at(1)).expect("new");
        findings.open("c", discovery(WAIT, "m-2"), at(2));
        assert_eq!(findings.resolve("c", WAIT, Some("m-3"), at(3), 1.0), None);
        let resolved = findings.resolve("c", WAIT, Some("m-1"), at(3), 1.0).expect("open");
        assert_eq!(resolved.finding_id, first.finding_id);
    }

    #[test]
    fn findings_are_bounded_and_resolved_ones_leave_first() {
        let mut findings = Findings::default();
        for number in 0..FINDINGS_MAX {
            findings.open("c", discovery(WAIT, &number.to_string()), at(0));
        }
        // The newest one of the name.
        findings.resolve("c", WAIT, None, at(1), 200.0);
        findings.open("c", discovery(WAIT, "one more"), at(2));
        assert_eq!(findings.iter().count(), FINDINGS_MAX);
        assert!(findings.iter().all(|finding| finding.state == FindingState::Open));
        findings.open("c", discovery(WAIT, "and another"), at(3));
        assert_eq!(findings.iter().count(), FINDINGS_MAX);
    }
}
