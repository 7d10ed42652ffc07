//! What the pipeline promises, with scores made up: no model is needed here.

mod alerting;
mod comparing;
mod findings;
mod gauges;
mod limits;
mod model;
mod order;
mod promises;
mod rules;
mod state;
mod stress;
mod views;

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::*;
use crate::alerts::RuleSet;
use crate::conversation::IdleLimits;
use crate::scoring::{LabelScore, Name, Sentiment};
use crate::telemetry::MetricLimits;
use crate::wire::{Channel, Signal};

// === Fixtures ===

/// Everything that any ticket was told, in order.
type Log = Arc<Mutex<Vec<(String, Heard)>>>;

#[derive(Clone, Debug)]
enum Heard {
    Answer(Answer),
    Frame(ServerFrame),
}

/// Writes down under its name what it is told.
#[derive(Clone)]
struct Probe {
    name: String,
    log: Log,
}

impl Ticket for Probe {
    fn answer(&self, answer: Answer) {
        self.log.lock().push((self.name.clone(), Heard::Answer(answer)));
    }
    fn notify(&self, frame: &ServerFrame) {
        self.log.lock().push((self.name.clone(), Heard::Frame(frame.clone())));
    }
}

/// A pipeline with its log, and the turns that wait for their scores.
struct House {
    pipeline: Pipeline<Probe>,
    log: Log,
    waiting: VecDeque<Admitted>,
}

fn at(seconds: u32) -> Timestamp {
    moments::later("2026-01-31T10:00:00Z".parse().expect("a timestamp"), seconds)
}

fn idle(seconds: u32) -> IdleLimits {
    IdleLimits { live_seconds: seconds, slow_seconds: seconds }
}

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new(MetricLimits { queues_max: 20, sources_max: 20, alert_series_max: 200 }))
}

/// A customer's turn in conversation `c`, at `seconds`.
fn turn(turn_id: &str, text: &str, seconds: u32) -> Turn {
    Turn {
        turn_id: turn_id.to_owned(),
        conversation_id: "c".to_owned(),
        role: Role::Customer,
        text: text.to_owned(),
        ts: at(seconds),
        channel: Channel::Chat,
        queue: None,
        customer_id: None,
        agent_id: None,
        lang: None,
        visibility: Visibility::Public,
        attributes: std::collections::BTreeMap::new(),
    }
}

fn agent(turn_id: &str, text: &str, seconds: u32) -> Turn {
    Turn { role: Role::Agent, ..turn(turn_id, text, seconds) }
}

fn within(conversation_id: &str, turn: Turn) -> Turn {
    Turn { conversation_id: conversation_id.to_owned(), ..turn }
}

/// Scores whose positive − negative is `score`; a bad mood comes with frustration, under its threshold.
fn scores(score: f64) -> Scores {
    let (negative, positive) = ((-score).max(0.0), score.max(0.0));
    let sentiment = Sentiment { negative, neutral: 1.0 - negative - positive, positive };
    let probability = (1.2 * negative - 0.2).max(0.02);
    let name = Name::Signal(Signal::Frustration);
    let labels = vec![LabelScore { name, probability, evidence: None }];
    Scores { labels, ..Scores::of_sentiment(sentiment) }
}

impl House {
    /// With one rule, by level.
    fn new(config: PipelineConfig) -> Self {
        House::ruled(PipelineConfig { rules: RuleSet::by_level(""), ..config })
    }

    fn ruled(config: PipelineConfig) -> Self {
        let pipeline = Pipeline::new(config, metrics(), "test@1".to_owned());
        House { pipeline, log: Log::default(), waiting: VecDeque::new() }
    }

    fn probe(&self, name: &str) -> Probe {
        Probe { name: name.to_owned(), log: Arc::clone(&self.log) }
    }

    /// Admits a turn at its own `ts`, under its own id as the name of the ticket.
    fn admit(&mut self, turn: Turn) {
        let name = turn.turn_id.clone();
        self.admit_as(&name, turn);
    }

    fn admit_as(&mut self, name: &str, turn: Turn) {
        let (now, ticket) = (turn.ts, self.probe(name));
        if let Admission::Score(admitted) = self.pipeline.admit(turn, Clock::Event, now, ticket) {
            self.waiting.push_back(admitted);
        }
    }

    /// Completes the turn that has waited longest.
    fn complete(&mut self, result: Result<Scores, ScoreError>) {
        let admitted = self.waiting.pop_front().expect("a turn waits");
        self.pipeline.complete(admitted, result);
    }

    /// Admits a turn and scores it at once.
    fn say(&mut self, turn: Turn, score: f64) {
        self.admit(turn);
        self.complete(Ok(scores(score)));
    }

    fn close(&mut self, conversation_id: &str, seconds: u32) {
        let closed = Closed { conversation_id: conversation_id.to_owned(), ts: at(seconds), closed_by: None };
        self.pipeline.closed(closed, Clock::Event, at(seconds), self.probe("close"));
    }

    /// What was heard since the last look: `name:word`, separated by blanks.
    fn heard(&self) -> String {
        let word = |heard: &Heard| match heard {
            Heard::Answer(Answer::Scored(scored)) => format!("scored({})", scored.turn_id),
            Heard::Answer(Answer::Taken) => "taken".to_owned(),
            Heard::Answer(Answer::Refused { code, .. }) => code.to_string(),
            Heard::Frame(ServerFrame::AlertOpened(alert)) => format!("opened({})", alert.severity),
            Heard::Frame(ServerFrame::AlertUpdated(alert)) => format!("updated({})", alert.severity),
            Heard::Frame(ServerFrame::AlertResolved(alert)) => {
                format!("resolved({})", alert.resolution.expect("a resolution"))
            }
            Heard::Frame(ServerFrame::Finding(finding)) => format!("{}({})", finding.name, finding.state),
            Heard::Frame(_) => "?".to_owned(),
        };
        let words: Vec<_> =
            self.log.lock().drain(..).map(|(name, heard)| format!("{name}:{}", word(&heard))).collect();
        words.join(" ")
    }

    /// The last `scored` frame that was heard.
    fn last_scored(&self) -> Arc<Scored> {
        let log = self.log.lock();
        let found = log.iter().rev().find_map(|(_, heard)| match heard {
            Heard::Answer(Answer::Scored(scored)) => Some(Arc::clone(scored)),
            _ => None,
        });
        found.expect("a scored frame")
    }

    fn findings(&self) -> Vec<crate::wire::Finding> {
        let finding = |(_, heard): &(String, Heard)| match heard {
            Heard::Frame(ServerFrame::Finding(finding)) => Some((**finding).clone()),
            _ => None,
        };
        self.log.lock().iter().filter_map(finding).collect()
    }

    fn alerts(&self) -> Vec<crate::wire::AlertFrame> {
        let alert = |(_, heard): &(String, Heard)| match heard {
            Heard::Frame(
                ServerFrame::AlertOpened(alert)
                | ServerFrame::AlertUpdated(alert)
                | ServerFrame::AlertResolved(alert),
            ) => Some((**alert).clone()),
            _ => None,
        };
        self.log.lock().iter().filter_map(alert).collect()
    }
}

impl Default for House {
    fn default() -> Self {
        House::new(PipelineConfig::default())
    }
}
