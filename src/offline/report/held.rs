//! What is held of each conversation of a run: a little of all, and the turns of those that may be shown in full.
//!
//! Holds always: at most [`FOLLOWED_CONVERSATIONS_MAX`] conversations are followed, and beyond counted; the turns of at
//! most [`KEPT_CONVERSATIONS_MAX`] are kept, of [`KEPT_BYTES_MAX`] in all, of each the last [`KEPT_TURNS_MAX`]; those
//! most at risk so far never leave. Called by [`super::Recorder`].

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use super::course::Outcome;
use crate::pages::{TOP_CONVERSATIONS_MAX, Top};
use crate::wire::{
    AlertFrame, AlertState, AlertView, Channel, Contribution, ConversationDetail, ConversationState,
    ConversationSummary, ConversationView, Finding, FindingState, Level, OpenAlertView, Scored, Transferred,
    Turn, TurnView,
};

/// Conversations of which the course is remembered.
pub const FOLLOWED_CONVERSATIONS_MAX: usize = 500_000;
/// Conversations whose turns are kept while they go on.
pub const KEPT_CONVERSATIONS_MAX: usize = 4_096;
/// The turns that are kept, all in all.
pub const KEPT_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Turns that are kept of one conversation.
pub const KEPT_TURNS_MAX: usize = 500;
/// Findings, and alerts, that are kept of one conversation.
pub const KEPT_FINDINGS_MAX: usize = 64;
/// About what a turn takes beside its text.
const TURN_BYTES: usize = 1_024;

/// All conversations of a run.
#[derive(Default)]
pub struct Held {
    records: HashMap<String, Record>,
    kept: usize,
    kept_bytes: usize,
    not_followed: u64,
}

/// What is remembered of every conversation.
struct Record {
    /// From 0, in the order of the input.
    number: usize,
    started: Timestamp,
    updated: Timestamp,
    is_closed: bool,
    risk: f64,
    level: Level,
    is_alerted: bool,
    kept: Option<Box<Kept>>,
}

/// What is needed to show a conversation in full.
struct Kept {
    view: ConversationView,
    channel: Channel,
    queue: Option<String>,
    turns: VecDeque<TurnView>,
    earlier_turns: u64,
    findings: Vec<Finding>,
    alerts: Vec<AlertView>,
    /// What the risk was made of when it was highest.
    contributions: Vec<Contribution>,
    bytes: usize,
}

impl Held {
    /// Whether that turn is kept already.
    pub fn knows(&self, conversation_id: &str, turn_id: &str) -> bool {
        let kept = self.records.get(conversation_id).and_then(|record| record.kept.as_ref());
        kept.is_some_and(|kept| kept.turns.iter().rev().any(|turn| turn.turn_id == turn_id))
    }

    /// Whether the model saw in the finding's turn what the finding says.
    pub fn saw(&self, finding: &Finding) -> bool {
        let kept = self.records.get(&finding.conversation_id).and_then(|record| record.kept.as_ref());
        let turn = kept
            .zip(finding.turn_id.as_deref())
            .and_then(|(kept, turn_id)| kept.turns.iter().rev().find(|turn| turn.turn_id == turn_id));
        turn.is_some_and(|turn| {
            turn.mistakes.iter().chain(&turn.signals).any(|span| *span.name == *finding.name)
        })
    }

    /// A turn was scored.
    pub fn turn(&mut self, scored: Scored, said: Turn) {
        let Scored { conversation: view, .. } = scored;
        if !self.records.contains_key(&said.conversation_id) {
            if self.records.len() == FOLLOWED_CONVERSATIONS_MAX {
                self.not_followed += u64::from(view.customer_turns + view.agent_turns == 1);
                return;
            }
            self.records.insert(said.conversation_id.clone(), Record::new(self.records.len(), said.ts));
        }
        let Some(record) = self.records.get_mut(&said.conversation_id) else { return };
        record.updated = record.updated.max(said.ts);
        record.is_closed = false;
        let is_highest = view.risk > record.risk || record.kept.is_none();
        record.level = record.level.max(view.level);
        let before = record.kept.as_ref().map_or(0, |kept| kept.bytes);
        if record.kept.is_none() {
            self.kept += 1;
        }
        let kept = record.kept.get_or_insert_with(|| Box::new(Kept::new(view, &said)));
        kept.view = view;
        kept.queue = said.queue.clone().or_else(|| kept.queue.take());
        if is_highest {
            kept.contributions.clone_from(&scored.contributions);
        }
        kept.push(turn_view(scored, said));
        record.risk = record.risk.max(view.risk);
        self.kept_bytes = self.kept_bytes + kept.bytes - before;
        if self.kept > KEPT_CONVERSATIONS_MAX || self.kept_bytes > KEPT_BYTES_MAX {
            self.shed();
        }
    }

    /// The source closed it.
    pub fn closed(&mut self, conversation_id: &str, ts: Timestamp) {
        if let Some(record) = self.records.get_mut(conversation_id) {
            record.is_closed = true;
            record.updated = record.updated.max(ts);
        }
    }

    pub fn transferred(&mut self, transferred: &Transferred) {
        let record = self.records.get_mut(&transferred.conversation_id);
        if let Some(kept) = record.and_then(|record| record.kept.as_mut()) {
            kept.queue = transferred.queue.clone().or_else(|| kept.queue.take());
        }
    }

    /// Something was found, or is settled.
    pub fn finding(&mut self, finding: Finding) {
        let Some(kept) = self.kept(&finding.conversation_id) else { return };
        match kept.findings.iter().position(|known| known.finding_id == finding.finding_id) {
            Some(index) => kept.findings[index] = finding,
            None if kept.findings.len() < KEPT_FINDINGS_MAX => kept.findings.push(finding),
            None => {}
        }
    }

    pub fn opened(&mut self, alert: AlertFrame) {
        let Some(record) = self.records.get_mut(&alert.conversation_id) else { return };
        record.is_alerted = true;
        if let Some(kept) = record.kept.as_mut().filter(|kept| kept.alerts.len() < KEPT_FINDINGS_MAX) {
            kept.alerts.push(AlertView { state: AlertState::Open, alert });
        }
    }

    /// An alert rose or resolved.
    pub fn changed(&mut self, alert: AlertFrame) {
        let Some(kept) = self.kept(&alert.conversation_id) else { return };
        if let Some(known) = kept.alerts.iter_mut().find(|known| known.alert.alert_id == alert.alert_id) {
            if alert.resolution.is_some() {
                known.state = AlertState::Resolved;
            }
            known.alert = alert;
        }
    }

    fn kept(&mut self, conversation_id: &str) -> Option<&mut Kept> {
        self.records.get_mut(conversation_id)?.kept.as_deref_mut()
    }

    /// Forgets turns until half of the room is free: of closed conversations first, then of those silent for longest.
    fn shed(&mut self) {
        let mut candidates: Vec<(bool, Timestamp, f64, usize, String)> = self
            .records
            .iter()
            .filter(|(_, record)| record.kept.is_some())
            .map(|(id, record)| (!record.is_closed, record.updated, record.risk, record.number, id.clone()))
            .collect();
        candidates.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.3.cmp(&b.3)));
        let mut candidates = candidates.split_off(TOP_CONVERSATIONS_MAX.min(candidates.len()));
        candidates.sort_by_key(|(goes_on, updated, _, number, _)| (*goes_on, *updated, *number));
        for (.., id) in candidates {
            if self.kept <= KEPT_CONVERSATIONS_MAX / 2 && self.kept_bytes <= KEPT_BYTES_MAX / 2 {
                return;
            }
            if let Some(kept) = self.records.get_mut(&id).and_then(|record| record.kept.take()) {
                self.kept -= 1;
                self.kept_bytes -= kept.bytes;
            }
        }
    }

    pub fn conversations(&self) -> u64 {
        self.records.len() as u64 + self.not_followed
    }

    pub const fn not_followed(&self) -> u64 {
        self.not_followed
    }

    pub fn alerted(&self) -> u64 {
        self.records.values().filter(|record| record.is_alerted).count() as u64
    }

    /// Conversations by the worst level that they reached.
    pub fn reached(&self) -> [u64; 4] {
        let mut reached = [0; 4];
        self.records.values().for_each(|record| reached[record.level as usize] += 1);
        reached
    }

    /// In the order of the input.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let mut outcomes: Vec<(usize, Outcome)> =
            self.records.values().map(|record| (record.number, (record.started, record.level))).collect();
        outcomes.sort_by_key(|(number, _)| *number);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// The conversations most at risk.
    pub fn into_top(self, model: &str, rules_version: &str) -> Vec<Top> {
        let mut all: Vec<(String, Record)> = self.records.into_iter().collect();
        all.sort_by(|(_, a), (_, b)| b.risk.total_cmp(&a.risk).then(a.number.cmp(&b.number)));
        let top = all.into_iter().take(TOP_CONVERSATIONS_MAX);
        top.filter_map(|(id, record)| record.into_top(id, model, rules_version)).collect()
    }
}

impl Record {
    fn new(number: usize, started: Timestamp) -> Self {
        Record {
            number,
            started,
            updated: started,
            is_closed: false,
            risk: 0.0,
            level: Level::Calm,
            is_alerted: false,
            kept: None,
        }
    }

    fn into_top(self, conversation_id: String, model: &str, rules_version: &str) -> Option<Top> {
        let Kept { view, channel, queue, turns, earlier_turns, findings, alerts, contributions, .. } =
            *self.kept?;
        let open = alerts.iter().filter(|alert| alert.state == AlertState::Open);
        let open_view = |view: &AlertView| OpenAlertView {
            alert_id: view.alert.alert_id.clone(),
            rule: view.alert.rule.clone(),
            kind: view.alert.kind,
            severity: view.alert.severity,
            opened_at: view.alert.opened_at,
        };
        let summary = ConversationSummary {
            conversation_id,
            state: if self.is_closed { ConversationState::Closed } else { ConversationState::Open },
            channel,
            queue,
            started_at: self.started,
            updated_at: self.updated,
            conversation: view,
            alerts: open.map(open_view).collect(),
            findings_open: findings.iter().filter(|finding| finding.state == FindingState::Open).count(),
            url: String::new(),
        };
        let detail = ConversationDetail {
            summary,
            model: model.to_owned(),
            rules_version: rules_version.to_owned(),
            contributions: Vec::new(),
            turns: turns.into(),
            earlier_turns,
            findings,
            // Frames do not tell of promises that are merely open.
            promises: Vec::new(),
            alerts,
        };
        Some(Top { detail, risk: self.risk, level: self.level, contributions })
    }
}

impl Kept {
    fn new(view: ConversationView, said: &Turn) -> Self {
        Kept {
            view,
            channel: said.channel,
            queue: None,
            turns: VecDeque::new(),
            earlier_turns: u64::from(view.customer_turns + view.agent_turns).saturating_sub(1),
            findings: Vec::new(),
            alerts: Vec::new(),
            contributions: Vec::new(),
            bytes: 0,
        }
    }

    fn push(&mut self, turn: TurnView) {
        self.bytes += turn.text.len() + TURN_BYTES;
        self.turns.push_back(turn);
        if self.turns.len() > KEPT_TURNS_MAX
            && let Some(oldest) = self.turns.pop_front()
        {
            self.bytes -= oldest.text.len() + TURN_BYTES;
            self.earlier_turns += 1;
        }
    }
}

fn turn_view(scored: Scored, said: Turn) -> TurnView {
    TurnView {
        turn_id: scored.turn_id,
        role: scored.role,
        ts: said.ts,
        text: said.text,
        truncated: false,
        sentiment: scored.sentiment,
        signals: scored.signals,
        mistakes: scored.mistakes,
        acts: scored.acts,
        abstained: scored.abstained,
        conversation: scored.conversation,
        // Those of the highest risk are kept for the conversation.
        contributions: Vec::new(),
    }
}
