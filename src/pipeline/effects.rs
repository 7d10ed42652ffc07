//! What happens when a turn, a close or a departure takes effect: what time has found before, state, risk, answer,
//! findings, alert, in this order.
//!
//! Holds always: runs under the lock of the conversation, in the order of admission; the answer to a turn goes
//! out before the findings and alerts that it causes. Called by [`super::Pipeline`].

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Answer, Happening, Pipeline, Ticket};
use crate::alerts::Event;
use crate::conversation::phrases::Seen;
use crate::conversation::words::{Words, hash};
use crate::conversation::{
    Conversation, Departure, PendingClose, PendingTransfer, PendingTurn, Places, Ready, moments,
};
use crate::detectors::{self, Assessment, Heard, Shown, TurnSeen, mood, waiting};
use crate::scoring::{Name, Scores};
use crate::wire::outbound::{Resolution, Span, round4};
use crate::wire::{Act, ConversationView, Role, Scored, SentimentView, ServerFrame, Signal};

/// What is taken off the log-odds of a negative mood where the customer has always been as negative as can be: who
/// always writes sharply counts by change, but not by change alone.
const SHARPNESS_MAX: f64 = 2.0;

impl<T: Ticket> Pipeline<T> {
    /// Lets everything take effect whose turn has come.
    pub(super) fn settle(&self, conversation: &mut Conversation<T>) {
        while let Some(ready) = conversation.next_ready() {
            match ready {
                Ready::Turn(pending, scores) => self.apply_turn(conversation, &pending, &scores),
                Ready::Close(close) => self.apply_close(conversation, close),
                Ready::Transfer(transfer) => self.apply_transfer(conversation, transfer),
            }
        }
    }

    fn apply_close(&self, conversation: &mut Conversation<T>, close: PendingClose<T>) {
        let PendingClose { ts, closed_by, arrival, ticket } = close;
        self.catch_up(conversation, ts, arrival);
        // A conversation is closed once, until the customer opens it again.
        let again = conversation.state.closed;
        let at = conversation.state.close(ts);
        conversation.timing.anchor(at, arrival);
        ticket.answer(Answer::Taken);
        if !again {
            let limits = &self.config.detectors;
            let setting = conversation.setting(limits, arrival.now);
            let changes = conversation.watch.closed(closed_by, at, setting);
            self.found(conversation, changes, at);
            self.part(conversation, at, arrival.now);
            self.judge_anew(conversation, Event::Close, at);
        }
        self.resolve(conversation, at, Resolution::Closed, false);
        conversation.arm(&self.config.detectors, arrival.now);
    }

    fn apply_transfer(&self, conversation: &mut Conversation<T>, transfer: PendingTransfer<T>) {
        let PendingTransfer { ts, queue, agent_id, arrival, ticket } = transfer;
        self.catch_up(conversation, ts, arrival);
        let told = agent_id.clone();
        let at = conversation.state.transfer(ts, queue, agent_id);
        conversation.timing.anchor(at, arrival);
        ticket.answer(Answer::Taken);
        let setting = conversation.setting(&self.config.detectors, arrival.now);
        let changes = conversation.watch.transferred(told.as_deref(), at, setting);
        if !changes.is_empty() {
            self.found(conversation, changes, at);
            self.judge_anew(conversation, Event::Time, at);
        }
        conversation.arm(&self.config.detectors, arrival.now);
    }

    /// Says good-bye to a conversation that leaves the store.
    pub(super) fn leave(&self, conversation: &mut Conversation<T>, departure: Departure, now: Timestamp) {
        self.metrics.conversation_evicted(departure.as_str());
        let Some(newest) = conversation.state.now else { return };
        // The moment at which it was due in its own time, not that of the tick: a second run must give the same.
        let at = match departure {
            Departure::Idle => {
                let kept =
                    conversation.timing.kept_until.and_then(|until| conversation.timing.own_time(until));
                moments::later(newest, self.config.idle.seconds(conversation.state.channel))
                    .max(kept.unwrap_or(newest))
            }
            Departure::Closed | Departure::Limit => newest,
        };
        self.part(conversation, at, now);
        let closed = conversation.state.closed;
        let resolution = if closed { Resolution::Closed } else { Resolution::Expired };
        self.resolve(conversation, at, resolution, true);
    }

    fn apply_turn(&self, conversation: &mut Conversation<T>, pending: &PendingTurn<T>, scores: &Scores) {
        self.meet(conversation, &pending.turn, pending.arrival.now);
        self.catch_up(conversation, pending.turn.ts, pending.arrival);
        let judged = judged(pending, scores);
        let score = judged.then(|| scores.sentiment.score());
        let shown = if judged { Shown::of(scores) } else { Shown::default() };
        let role = pending.turn.role;
        let asked = conversation.state.context_for(role).cloned();
        let places = if judged { places(scores) } else { Places::default() };
        let effect = conversation.state.apply(&pending.turn, &pending.said, score, shown, places);
        conversation.timing.anchor(effect.at, pending.arrival);
        let words = Words::of(&pending.text);
        if role == Role::Customer {
            score.into_iter().for_each(|score| conversation.acquaintance.mood.add(score));
        }
        let seen = TurnSeen {
            turn_id: &pending.turn.turn_id,
            role,
            agent_id: pending.turn.agent_id.as_deref(),
            said: &pending.said,
            at: effect.at,
            shown,
            score,
            text: &pending.text,
            request: place(scores, Name::Signal(Signal::EscalationRequest)).filter(|_| judged),
            promise: place(scores, Name::Act(Act::PromiseMade)).filter(|_| judged),
            heard: Heard {
                words: &words,
                scores: &conversation.state.scores,
                asked: asked.as_deref(),
                phrase: self.phrase(conversation, role, &words, effect.at),
                earlier: conversation.acquaintance.contact.as_deref(),
            },
        };
        let setting = conversation.setting(&self.config.detectors, pending.arrival.now);
        let changes = conversation.watch.turn(seen, setting);
        if judged {
            let sharpness = self.sharpness(conversation);
            conversation.course.turn(role, scores, sharpness);
        }
        let findings = self.note(conversation, changes, effect.at);
        let assessment = self.assess(conversation, effect.at);
        conversation.level = detectors::level(conversation.level, assessment.risk);
        self.count(conversation, pending, scores, judged);
        if let Some(wait) = effect.ended_wait {
            let phase = if wait.first { "first" } else { "later" };
            self.metrics.customer_wait(conversation.state.channel, phase, wait.seconds);
        }

        let scored = Arc::new(self.scored(conversation, pending, scores, &assessment, effect.at));
        let turns_max = self.config.timeline_turns;
        conversation.timeline.push(effect.at, &pending.text, Arc::clone(&scored), turns_max);
        pending.waiters.iter().for_each(|waiter| waiter.answer(Answer::Scored(Arc::clone(&scored))));
        if self.watchers.iter().any(|watcher| watcher.wants_scored()) {
            self.show(conversation, ServerFrame::Scored(Box::new(Scored::clone(&scored))));
        }
        self.tell(conversation, findings);
        let event = Event::Turn { of_customer: role == Role::Customer, judged };
        self.judge(conversation, event, &assessment, effect.at);
        conversation.arm(&self.config.detectors, pending.arrival.now);
    }

    /// What is known of a turn of the business side as a phrase that is said to many.
    fn phrase(&self, conversation: &Conversation<T>, role: Role, words: &Words, at: Timestamp) -> Seen {
        if role.is_business() {
            self.phrases.observe(words, hash(conversation.id.as_bytes()), at)
        } else {
            Seen::default()
        }
    }

    pub(super) fn assess(&self, conversation: &Conversation<T>, at: Timestamp) -> Assessment {
        let state = &conversation.state;
        let waiting = waiting::pressure(state.waiting_seconds(at), state.channel);
        self.config.risk.assess(&conversation.course.features(waiting))
    }

    /// How sharp the customer always writes, in log-odds.
    fn sharpness(&self, conversation: &Conversation<T>) -> f64 {
        if !self.config.detectors.customer_baseline {
            return 0.0;
        }
        -SHARPNESS_MAX * conversation.acquaintance.baseline.value()
    }

    /// Tells who watches, then the conversation's producer: whoever hears of an alert may give a verdict at once, and
    /// those are given on what the watchers know.
    pub(super) fn spread(&self, conversation: &Conversation<T>, frame: ServerFrame) {
        let happening = self.show(conversation, frame);
        if let Some(producer) = &conversation.producer {
            producer.notify(&happening.frame);
        }
    }

    fn show(&self, conversation: &Conversation<T>, frame: ServerFrame) -> Arc<Happening> {
        let conversation_id = Arc::clone(&conversation.id);
        let queue = conversation.state.queue.clone();
        let severity = frame.alert().map(|alert| alert.severity);
        let happening = Arc::new(Happening { conversation_id, queue, severity, frame });
        self.watchers.iter().for_each(|watcher| watcher.see(&happening));
        happening
    }

    fn scored(
        &self,
        conversation: &Conversation<T>,
        pending: &PendingTurn<T>,
        scores: &Scores,
        assessment: &Assessment,
        at: Timestamp,
    ) -> Scored {
        let sentiment = scores.sentiment;
        let Spans { signals, mistakes, acts } = Spans::of(scores, judged(pending, scores));
        Scored {
            seq: None,
            turn_id: pending.turn.turn_id.clone(),
            conversation_id: conversation.id.to_string(),
            role: pending.turn.role,
            sentiment: SentimentView {
                label: sentiment.label(),
                score: round4(sentiment.score()),
                negative: round4(sentiment.negative),
                neutral: round4(sentiment.neutral),
                positive: round4(sentiment.positive),
            },
            signals,
            mistakes,
            acts,
            conversation: view(conversation, assessment, at),
            contributions: assessment.contributions.clone(),
            abstained: scores.abstained.map(crate::scoring::Abstention::as_str),
            model: self.model.clone(),
            probabilities: self.config.probabilities.then(|| probabilities(scores)),
            latency_ms: None,
        }
    }

    fn count(&self, conversation: &Conversation<T>, pending: &PendingTurn<T>, scores: &Scores, judged: bool) {
        let queue = conversation.state.queue.as_deref();
        self.ledger.scored(pending.turn.role);
        if let Some(reason) = scores.abstained {
            self.metrics.abstained_turn(reason.as_str());
        }
        if judged {
            for (label, _) in scores.raised() {
                match label.name {
                    Name::Signal(signal) => self.metrics.signal(signal, queue),
                    Name::Mistake(mistake) => self.metrics.mistake(mistake, queue),
                    Name::Act(_) => {}
                }
            }
        }
        if pending.turn.role == Role::Customer {
            // What was not believed must not move the distribution either.
            if judged {
                self.metrics.customer_turn(scores.sentiment.label(), scores.sentiment.score(), queue);
            }
        } else {
            self.metrics.agent_turn(queue);
        }
    }
}

/// Where the model sees `name`, if it does.
fn place(scores: &Scores, name: Name) -> Option<&std::ops::Range<u32>> {
    scores.raised().find(|(label, _)| label.name == name).map(|(_, evidence)| evidence)
}

/// All that the turn shows, and where.
fn places(scores: &Scores) -> Places {
    scores.raised().map(|(label, evidence)| (label.name, evidence.clone())).collect()
}

/// Whether what the model says of a turn counts.
fn judged<T>(pending: &PendingTurn<T>, scores: &Scores) -> bool {
    scores.abstained.is_none() && !pending.blank
}

/// What a turn shows, sorted by kind.
#[derive(Default)]
struct Spans {
    signals: Vec<Span>,
    mistakes: Vec<Span>,
    acts: Vec<Span>,
}

impl Spans {
    /// Nothing where the turn was not judged.
    fn of(scores: &Scores, judged: bool) -> Self {
        let mut spans = Spans::default();
        for (label, evidence) in scores.raised().filter(|_| judged) {
            let list = match label.name {
                Name::Signal(_) => &mut spans.signals,
                Name::Mistake(_) => &mut spans.mistakes,
                Name::Act(_) => &mut spans.acts,
            };
            list.push(Span {
                name: label.name.as_str(),
                probability: round4(label.probability),
                start: evidence.start as usize,
                end: evidence.end as usize,
            });
        }
        spans
    }
}

fn probabilities(scores: &Scores) -> BTreeMap<&'static str, f64> {
    scores.labels.iter().map(|label| (label.name.as_str(), round4(label.probability))).collect()
}

pub(super) fn view<T>(
    conversation: &Conversation<T>,
    assessment: &Assessment,
    at: Timestamp,
) -> ConversationView {
    let state = &conversation.state;
    let waiting = state.waiting_seconds(at);
    ConversationView {
        risk: assessment.risk,
        level: conversation.level,
        sentiment: round4(state.running.value()),
        trend: round4(mood::trend(&state.scores)),
        worst: round4(state.worst.unwrap_or(0.0)),
        customer_turns: state.customer_turns,
        agent_turns: state.agent_turns + state.bot_turns,
        // A wait that begins with this very turn is none yet.
        waiting_seconds: waiting.filter(|seconds| *seconds > 0.0).map(round4),
    }
}
