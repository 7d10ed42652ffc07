//! What the view of a replay shows: conversations with their sentiment and risk, latest turns, alerts.
//!
//! Holds always: bounded, whatever the length of the replay; text is cut and cleaned before it is kept.
//! Called by [`super::client`], shown by [`super::view`].

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::incoming::{AlertIn, FindingIn, ScoredIn};
use crate::offline::clean::{clean, cut};
use crate::wire::limits::QUOTE_CHARS_MAX;
use crate::wire::{ClientFrame, Level, Role, Severity, Turn};

/// Conversations that are kept; beyond that closed ones leave first, then new ones are not shown.
pub const CONVERSATIONS_MAX: usize = 5_000;
/// Customer turns of a conversation in its line of blocks.
pub const BLOCKS_MAX: usize = 16;
/// Turns, findings and alerts that are kept to be shown.
pub const LATEST_MAX: usize = 32;

/// One conversation as it stands.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    /// The sentiment of the latest customer turns, −1 to 1.
    pub scores: VecDeque<f64>,
    pub risk: f64,
    pub level: Option<Level>,
    pub level_highest: Option<Level>,
    pub channel: &'static str,
    pub queue: String,
    pub last: Option<(Role, String)>,
    pub alerts_open: u32,
    pub closed: bool,
}

/// One turn that came back.
#[derive(Clone, Debug)]
pub struct ShownTurn {
    pub conversation_id: String,
    pub role: Role,
    pub score: f64,
    pub text: String,
}

/// One alert, as it was last heard of.
#[derive(Clone, Debug)]
pub struct ShownAlert {
    pub alert_id: String,
    pub conversation_id: String,
    pub queue: String,
    pub rule: String,
    pub severity: Severity,
    pub risk: f64,
    pub ts: String,
    pub quote: String,
    pub summary: String,
    /// How it ended; none while it is open.
    pub resolution: Option<String>,
}

/// One finding, as it was last heard of.
#[derive(Clone, Debug)]
pub struct ShownFinding {
    pub finding_id: String,
    pub conversation_id: String,
    pub name: String,
    /// `open` or `resolved`.
    pub state: String,
    pub ts: String,
    pub value: Option<f64>,
    pub quote: String,
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertChange {
    Opened,
    Updated,
    Resolved,
}

/// Everything that is shown.
#[derive(Debug, Default)]
pub struct Board {
    pub conversations: HashMap<String, Conversation>,
    pub latest: VecDeque<ShownTurn>,
    pub alerts: VecDeque<ShownAlert>,
    pub findings: VecDeque<ShownFinding>,
    pub alerts_open: u64,
    gone: u64,
    gone_levels: BTreeMap<Level, u64>,
}

impl Board {
    /// A frame was sent.
    pub fn sent(&mut self, frame: &ClientFrame) {
        match frame {
            ClientFrame::Turn { turn, .. } => self.turn_sent(turn),
            ClientFrame::Closed { closed, .. } => {
                if let Some(conversation) = self.conversations.get_mut(&closed.conversation_id) {
                    conversation.closed = true;
                }
            }
            ClientFrame::Transferred { transferred, .. } => {
                let conversation = self.conversations.get_mut(&transferred.conversation_id);
                if let (Some(conversation), Some(queue)) = (conversation, &transferred.queue) {
                    conversation.queue = clean(queue);
                }
            }
            ClientFrame::Identify(_) | ClientFrame::Subscribe(_) | ClientFrame::Ping { .. } => {}
        }
    }

    fn turn_sent(&mut self, turn: &Turn) {
        let Some(conversation) = self.entry(&turn.conversation_id) else { return };
        conversation.channel = turn.channel.as_str();
        conversation.closed = false;
        if let Some(queue) = &turn.queue {
            conversation.queue = clean(queue);
        }
        conversation.last = Some((turn.role, cut(&turn.text, QUOTE_CHARS_MAX)));
    }

    /// A turn came back.
    pub fn scored(&mut self, scored: &ScoredIn, turn: &Turn) {
        let score = scored.sentiment.score;
        if let Some(conversation) = self.entry(&scored.conversation_id) {
            let level = scored.conversation.level;
            conversation.risk = scored.conversation.risk;
            conversation.level = Some(level);
            conversation.level_highest = conversation.level_highest.max(Some(level));
            if scored.role == Role::Customer {
                push_bounded(&mut conversation.scores, score, BLOCKS_MAX);
            }
        }
        let conversation_id = clean(&scored.conversation_id);
        let text = cut(&turn.text, QUOTE_CHARS_MAX);
        push_bounded(
            &mut self.latest,
            ShownTurn { conversation_id, role: scored.role, score, text },
            LATEST_MAX,
        );
    }

    /// An alert opened, changed or ended; what is to be said of it.
    pub fn alert(&mut self, change: AlertChange, alert: &AlertIn) -> ShownAlert {
        let shown = ShownAlert::from(alert);
        match change {
            AlertChange::Opened => self.alerts_open += 1,
            AlertChange::Updated => {}
            AlertChange::Resolved => self.alerts_open = self.alerts_open.saturating_sub(1),
        }
        if let Some(conversation) = self.conversations.get_mut(&alert.conversation_id) {
            match change {
                AlertChange::Opened => conversation.alerts_open += 1,
                AlertChange::Updated => {}
                AlertChange::Resolved => {
                    conversation.alerts_open = conversation.alerts_open.saturating_sub(1);
                }
            }
        }
        self.alerts.retain(|known| known.alert_id != shown.alert_id);
        push_bounded(&mut self.alerts, shown.clone(), LATEST_MAX);
        shown
    }

    /// Something was found over time, or settled; what is to be said of it.
    pub fn finding(&mut self, finding: &FindingIn) -> ShownFinding {
        let shown = ShownFinding::from(finding);
        self.findings.retain(|known| known.finding_id != shown.finding_id);
        push_bounded(&mut self.findings, shown.clone(), LATEST_MAX);
        shown
    }

    /// The conversations to show, most at risk first; closed ones after all others.
    pub fn most_at_risk(&self, count: usize) -> Vec<(&str, &Conversation)> {
        let mut all: Vec<_> =
            self.conversations.iter().map(|(id, conversation)| (id.as_str(), conversation)).collect();
        all.sort_by(|(a_id, a), (b_id, b)| {
            a.closed.cmp(&b.closed).then(b.risk.total_cmp(&a.risk)).then(a_id.cmp(b_id))
        });
        all.truncate(count);
        all
    }

    /// How many conversations reached which level at most.
    pub fn levels(&self) -> BTreeMap<Level, u64> {
        let mut levels = self.gone_levels.clone();
        for level in self.conversations.values().filter_map(|conversation| conversation.level_highest) {
            *levels.entry(level).or_default() += 1;
        }
        levels
    }

    /// Conversations heard of so far.
    pub fn conversations_total(&self) -> u64 {
        self.gone + self.conversations.len() as u64
    }

    /// Conversations that are neither closed nor gone.
    pub fn conversations_open(&self) -> usize {
        self.conversations.values().filter(|conversation| !conversation.closed).count()
    }

    fn entry(&mut self, conversation_id: &str) -> Option<&mut Conversation> {
        if !self.conversations.contains_key(conversation_id) {
            if self.conversations.len() >= CONVERSATIONS_MAX {
                self.forget_closed();
            }
            if self.conversations.len() >= CONVERSATIONS_MAX {
                return None;
            }
            self.conversations.insert(conversation_id.to_owned(), Conversation::default());
        }
        self.conversations.get_mut(conversation_id)
    }

    fn forget_closed(&mut self) {
        let (gone, levels) = (&mut self.gone, &mut self.gone_levels);
        self.conversations.retain(|_, conversation| {
            if conversation.closed {
                *gone += 1;
                if let Some(level) = conversation.level_highest {
                    *levels.entry(level).or_default() += 1;
                }
            }
            !conversation.closed
        });
    }
}

impl From<&AlertIn> for ShownAlert {
    fn from(alert: &AlertIn) -> Self {
        let quote = alert.reasons.iter().map(|reason| reason.quote.as_str()).find(|quote| !quote.is_empty());
        ShownAlert {
            alert_id: alert.alert_id.clone(),
            conversation_id: clean(&alert.conversation_id),
            queue: alert.queue.as_deref().map(clean).unwrap_or_default(),
            rule: clean(&alert.rule),
            severity: alert.severity,
            risk: alert.risk,
            ts: clean(&alert.ts),
            quote: cut(quote.unwrap_or_default(), QUOTE_CHARS_MAX),
            summary: cut(&alert.summary, QUOTE_CHARS_MAX),
            resolution: alert.resolution.as_deref().map(clean),
        }
    }
}

impl From<&FindingIn> for ShownFinding {
    fn from(finding: &FindingIn) -> Self {
        let quote = finding.evidence.first().map(|evidence| evidence.quote.as_str());
        ShownFinding {
            finding_id: finding.finding_id.clone(),
            conversation_id: clean(&finding.conversation_id),
            name: clean(&finding.name),
            state: clean(&finding.state),
            ts: clean(&finding.ts),
            value: finding.value,
            quote: cut(quote.unwrap_or_default(), QUOTE_CHARS_MAX),
        }
    }
}

impl AlertChange {
    /// The type of the frame that tells it.
    pub fn as_str(self) -> &'static str {
        match self {
            AlertChange::Opened => "alert.opened",
            AlertChange::Updated => "alert.updated",
            AlertChange::Resolved => "alert.resolved",
        }
    }
}

fn push_bounded<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(item);
}
