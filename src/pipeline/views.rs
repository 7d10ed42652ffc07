//! Conversations as people look at them: the list, most at risk first, and one with all that is held of it.
//!
//! Holds always: as of `now`, so that a wait goes on between frames; one conversation is looked at at a time, and no
//! more than [`LISTED_MAX`] are remembered while the list is made; changes nothing. Called by `gateway`.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use jiff::Timestamp;

use super::effects::view;
use super::{Pipeline, Ticket};
use crate::alerts::{OpenAlert, conversation_url};
use crate::conversation::{Conversation, Text};
use crate::detectors::promises::{Entry, Standing};
use crate::detectors::{self, Assessment};
use crate::wire::{
    AlertView, Channel, ConversationDetail, ConversationList, ConversationState, ConversationSummary,
    ConversationView, Finding, FindingState, Level, OpenAlertView, PromiseState, PromiseView, Scored,
    TurnView,
};

/// How far down the list may be read, in conversations.
pub const LISTED_MAX: usize = 10_000;

/// Which conversations are listed, by whether they go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listed {
    #[default]
    Open,
    Closed,
    All,
}

/// Which conversations are listed; all of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub queue: Option<String>,
    /// At least this.
    pub level: Option<Level>,
    pub channel: Option<Channel>,
    /// Only those with an open alert.
    pub with_alerts: bool,
    pub listed: Listed,
}

/// A conversation's place in the list; the greater goes first.
#[derive(Debug, PartialEq)]
struct Rank {
    risk: f64,
    id: Arc<str>,
}

/// A conversation as it is now.
struct Standpoint {
    started: Timestamp,
    newest: Timestamp,
    /// Now, in the conversation's own time.
    own: Timestamp,
    view: ConversationView,
    assessment: Assessment,
}

// === impl Pipeline ===

impl<T: Ticket> Pipeline<T> {
    /// The conversations that match, most at risk first, from the `offset`th on; none beyond [`LISTED_MAX`].
    pub fn conversations(
        &self,
        filter: &Filter,
        offset: usize,
        limit: usize,
        now: Timestamp,
    ) -> ConversationList {
        let end = offset.saturating_add(limit).min(LISTED_MAX);
        let mut first = BinaryHeap::with_capacity(end.min(LISTED_MAX) + 1);
        let mut total = 0;
        self.store.for_each(|conversation| {
            if !filter.admits(conversation) {
                return;
            }
            let Some(standpoint) = self.standpoint(conversation, now) else { return };
            if filter.level.is_some_and(|level| standpoint.view.level < level) {
                return;
            }
            total += 1;
            first.push(Reverse(Rank { risk: standpoint.view.risk, id: Arc::clone(&conversation.id) }));
            if first.len() > end {
                first.pop();
            }
        });
        let ranked = first.into_sorted_vec();
        let page = ranked.iter().skip(offset).map(|Reverse(rank)| &rank.id);
        let mut conversations: Vec<_> = page.filter_map(|id| self.summary_of(id, now)).collect();
        // What took effect since the ranking shows in the summaries, and in their order.
        conversations.sort_by(|a, b| {
            let by_risk = b.conversation.risk.total_cmp(&a.conversation.risk);
            by_risk.then_with(|| a.conversation_id.cmp(&b.conversation_id))
        });
        let next_offset = (total > end && end < LISTED_MAX).then_some(end);
        ConversationList { conversations, total, next_offset }
    }

    /// One conversation with all that is held of it; none where it is not held, or nothing has taken effect yet.
    pub fn conversation(&self, id: &str, now: Timestamp) -> Option<ConversationDetail> {
        self.store.look(id, |conversation| self.detail(conversation, now)).flatten()
    }

    fn summary_of(&self, id: &str, now: Timestamp) -> Option<ConversationSummary> {
        let summary = |conversation: &Conversation<T>| {
            Some(self.summary(conversation, &self.standpoint(conversation, now)?))
        };
        self.store.look(id, summary).flatten()
    }

    fn standpoint(&self, conversation: &Conversation<T>, now: Timestamp) -> Option<Standpoint> {
        let state = &conversation.state;
        let (started, newest) = (state.began?, state.now?);
        let own = conversation.own_time(now)?;
        let assessment = self.assess(conversation, own);
        let level = detectors::level(conversation.level, assessment.risk);
        let view = ConversationView { level, ..view(conversation, &assessment, own) };
        Some(Standpoint { started, newest, own, view, assessment })
    }

    fn summary(&self, conversation: &Conversation<T>, standpoint: &Standpoint) -> ConversationSummary {
        let state = &conversation.state;
        let mut alerts: Vec<OpenAlertView> = conversation.episodes.open().map(open_alert).collect();
        alerts.sort_by_key(|alert| (Reverse(alert.severity), alert.opened_at));
        let is_open = |finding: &&Finding| finding.state == FindingState::Open;
        ConversationSummary {
            conversation_id: conversation.id.to_string(),
            state: if state.closed { ConversationState::Closed } else { ConversationState::Open },
            channel: state.channel,
            queue: state.queue.clone(),
            started_at: standpoint.started,
            updated_at: standpoint.newest,
            conversation: standpoint.view,
            alerts,
            findings_open: state.findings.iter().filter(is_open).count(),
            url: conversation_url(&self.config.public_url, &conversation.id),
        }
    }

    fn detail(&self, conversation: &Conversation<T>, now: Timestamp) -> Option<ConversationDetail> {
        let standpoint = self.standpoint(conversation, now)?;
        let state = &conversation.state;
        let turns: Vec<TurnView> = conversation
            .timeline
            .readable()
            .map(|(entry, text)| turn_view(&entry.scored, entry.ts, text))
            .collect();
        let taken = u64::from(state.customer_turns) + u64::from(state.agent_turns + state.bot_turns);
        let promises = conversation.watch.promises.entries();
        Some(ConversationDetail {
            summary: self.summary(conversation, &standpoint),
            model: self.model.clone(),
            rules_version: self.rules.read().version().to_owned(),
            earlier_turns: taken.saturating_sub(turns.len() as u64),
            turns,
            findings: state.findings.iter().cloned().collect(),
            promises: promises.filter_map(|entry| promise_view(entry, standpoint.own)).collect(),
            alerts: conversation.alerts.iter().cloned().map(AlertView::from).collect(),
            contributions: standpoint.assessment.contributions,
        })
    }
}

fn open_alert(alert: &OpenAlert) -> OpenAlertView {
    OpenAlertView {
        alert_id: alert.alert_id.clone(),
        rule: alert.rule.name.to_string(),
        kind: alert.rule.kind,
        severity: alert.severity,
        opened_at: alert.opened_at,
    }
}

fn turn_view(scored: &Scored, ts: Timestamp, text: &Text) -> TurnView {
    TurnView {
        turn_id: scored.turn_id.clone(),
        role: scored.role,
        ts,
        text: text.beginning.to_string(),
        truncated: text.truncated,
        sentiment: scored.sentiment,
        signals: scored.signals.clone(),
        mistakes: scored.mistakes.clone(),
        acts: scored.acts.clone(),
        abstained: scored.abstained,
        conversation: scored.conversation,
        contributions: scored.contributions.clone(),
    }
}

/// A promise that is not known to be kept; `at` is the conversation's own time.
fn promise_view(entry: &Entry, at: Timestamp) -> Option<PromiseView> {
    let state = match entry.standing {
        Standing::Open if entry.due > at => PromiseState::Open,
        Standing::Open => PromiseState::Overdue,
        Standing::Broken => PromiseState::Broken,
        Standing::Kept | Standing::Expired => return None,
    };
    Some(PromiseView {
        state,
        conversation_id: entry.conversation_id.as_deref().map(str::to_owned),
        turn_id: entry.turn_id.to_string(),
        start: entry.start,
        end: entry.start + entry.quote.chars().count(),
        quote: entry.quote.to_string(),
        made_at: entry.made,
        due_at: entry.due,
    })
}

// === impl Filter ===

impl Filter {
    /// What can be said without the risk of now.
    fn admits<T: Clone>(&self, conversation: &Conversation<T>) -> bool {
        let state = &conversation.state;
        let listed = match self.listed {
            Listed::Open => !state.closed,
            Listed::Closed => state.closed,
            Listed::All => true,
        };
        listed
            && self.queue.as_ref().is_none_or(|queue| state.queue.as_ref() == Some(queue))
            && self.channel.is_none_or(|channel| state.channel == channel)
            && (!self.with_alerts || conversation.episodes.open().next().is_some())
    }
}

// === impl Listed ===

impl Listed {
    /// All spellings, in the order of the enum.
    pub const ALL: [(&str, Listed); 3] =
        [("open", Listed::Open), ("closed", Listed::Closed), ("all", Listed::All)];
}

// === impl Rank ===

impl Eq for Rank {}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.risk.total_cmp(&other.risk).then_with(|| other.id.cmp(&self.id))
    }
}
