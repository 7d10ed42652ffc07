//! The course of one conversation so far, as the risk reads it: a state of constant size and the features made of it.
//!
//! Holds always: pure; every feature is 0 to 1 unless its doc says otherwise; a turn that was not judged changes
//! nothing; where the customer is visibly helped, everything bad fades faster. Figures come from fitting on annotated
//! conversations (docs/training.md, "The risk"). Held by the conversation; changed by `pipeline` and `training`.

use super::Change;
use crate::scoring::{Name, Scores};
use crate::wire::{Found, Mistake, Role, Signal};

/// Signals of one turn that weigh on the risk, but for `thanks_resolved`, which relieves it.
pub const SIGNALS: [Signal; 8] = [
    Signal::Frustration,
    Signal::EscalationRequest,
    Signal::ChurnThreat,
    Signal::PublicOrLegalThreat,
    Signal::Distress,
    Signal::AgentAbused,
    Signal::RepeatsSelf,
    Signal::Confused,
];
/// Signals that an alert quotes, the most telling first.
pub const TELLING: [Signal; 7] = [
    Signal::PublicOrLegalThreat,
    Signal::AgentAbused,
    Signal::Distress,
    Signal::EscalationRequest,
    Signal::ChurnThreat,
    Signal::RepeatsSelf,
    Signal::Frustration,
];
/// Signals that alone are reason enough for a person to look, with the probabilities between which they become so:
/// set so that calm conversations of the annotated training split hardly reach the upper one.
pub const TRIGGERS: [(Signal, f64, f64); 5] = [
    (Signal::EscalationRequest, 0.65, 0.92),
    (Signal::ChurnThreat, 0.35, 0.80),
    (Signal::PublicOrLegalThreat, 0.30, 0.75),
    (Signal::Distress, 0.35, 0.75),
    (Signal::AgentAbused, 0.30, 0.65),
];
/// Mistakes that a turn of the business side can show, by what they do to the customer.
const MISTAKES: [(Mistake, Harm); 11] = [
    (Mistake::NotListening, Harm::Unheard),
    (Mistake::MustStartOver, Harm::Unheard),
    (Mistake::CannedReply, Harm::Unheard),
    (Mistake::NoEmpathy, Harm::Cold),
    (Mistake::DismissiveTone, Harm::Cold),
    (Mistake::BlamesCustomer, Harm::Cold),
    (Mistake::PolicyWall, Harm::Blocked),
    (Mistake::CannotHelp, Harm::Blocked),
    (Mistake::DisownsProblem, Harm::Blocked),
    (Mistake::Overcomplicates, Harm::Blocked),
    (Mistake::PushySell, Harm::Blocked),
];

/// How much of the worst point and of what was signalled is left after a further turn of the customer …
const KEPT: f64 = 0.85;
/// … and after one in which the customer is helped.
const KEPT_WHEN_HELPED: f64 = 0.35;
/// The same for triggers; a person in need stays so.
const TRIGGER_KEPT: f64 = 0.93;
const TRIGGER_KEPT_WHEN_HELPED: f64 = 0.50;
const DISTRESS_KEPT_WHEN_HELPED: f64 = 0.85;
/// How much less each earlier turn of a negative run weighs than the one after it, and the most it can be.
const RUN_KEPT: f64 = 0.45;
const RUN_MAX: f64 = 1.5;
/// The same for the running sentiment, and how much of that is lost when the customer is helped.
const RUNNING_KEPT: f64 = 0.6;
const RUNNING_LOST_WHEN_HELPED: f64 = 0.5;
/// How fast the two means move whose difference is the trend.
const FAST: f64 = 0.6;
const SLOW: f64 = 0.2;
const THANKS_KEPT: f64 = 0.5;
/// How much of a mistake is left after a further turn of the business side, and lost when the customer is helped.
const MISTAKE_KEPT: f64 = 0.75;
const LOST_WHEN_HELPED: f64 = 0.6;
/// Probabilities between which moods, signals and mistakes count from not at all to fully, in log-odds.
const NEGATIVE: (f64, f64) = (0.03, 0.97);
const POSITIVE: (f64, f64) = (0.50, 0.97);
const SIGNALLED: (f64, f64) = (0.01, 0.80);
const THANKED: (f64, f64) = (0.20, 0.80);
const MISTAKEN: (f64, f64) = (0.05, 0.60);
/// Probabilities are kept this far from 0 and 1 before their log-odds are taken.
const PROBABILITY_MIN: f64 = 1e-4;
/// Repeats and broken promises beyond these add nothing.
const REPEATS_MAX: f64 = 3.0;
const BROKEN_MAX: f64 = 2.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    Unheard,
    Cold,
    Blocked,
}

/// What is remembered of the course.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    now: f64,
    positive: f64,
    worst: f64,
    run: f64,
    running: (f64, f64),
    /// The fast and the slow mean of the scores; none before the first.
    means: Option<(f64, f64)>,
    signals: [f64; SIGNALS.len()],
    triggers: [f64; TRIGGERS.len()],
    thanks: f64,
    harms: [f64; 3],
    found: FoundSoFar,
}

/// What was found by time, repetition and comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct FoundSoFar {
    unmet_request: f64,
    repeats: f64,
    stuck: f64,
    start_over: f64,
    broken_promises: f64,
    contradicts: f64,
}

/// What the risk is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Features {
    /// How negative the newest judged turn of the customer is.
    pub sentiment: f64,
    /// How positive it is.
    pub positive: f64,
    /// The worst point, as far as it still hurts.
    pub worst: f64,
    /// How negative the recent turns are.
    pub running_sentiment: f64,
    /// How far the mood has fallen.
    pub trend: f64,
    /// The negative turns in a row before the newest, 0 to 1.5.
    pub negative_run: f64,
    /// What was signalled, fading; in the order of [`SIGNALS`].
    pub signals: [f64; SIGNALS.len()],
    /// The same where it alone is reason enough; in the order of [`TRIGGERS`].
    pub triggers: [f64; TRIGGERS.len()],
    pub thanks_resolved: f64,
    /// Mistakes of the business side, fading: not taken in, unkind, no way forward.
    pub unheard: f64,
    pub cold: f64,
    pub blocked: f64,
    /// How much of the patience of the channel is used up.
    pub waiting: f64,
    /// A request for a person that was found unmet, 0 or 1.
    pub unmet_request: f64,
    /// What the customer said again, 0 to 3.
    pub repetition: f64,
    pub stuck: f64,
    pub must_start_over: f64,
    /// 0 to 2.
    pub broken_promise: f64,
    pub contradicts: f64,
}

impl Course {
    /// A judged turn takes effect. `sharpness` is how sharp this customer always writes, in log-odds, at least 0: that
    /// much of a negative mood is nothing new.
    pub fn turn(&mut self, role: Role, scores: &Scores, sharpness: f64) {
        if role == Role::Customer {
            self.customer(scores, sharpness);
        } else {
            self.business(scores);
        }
    }

    /// Something was found or settled.
    pub fn note(&mut self, change: &Change) {
        let (found, open) = match change {
            Change::Opened(discovery) => (discovery.found, 1.0),
            Change::Resolved { found, .. } => (*found, 0.0),
        };
        let so_far = &mut self.found;
        match found {
            Found::Signal(Signal::EscalationRequest) => so_far.unmet_request = open,
            Found::Signal(Signal::RepeatsSelf) => so_far.repeats = (so_far.repeats + open).min(REPEATS_MAX),
            Found::Signal(Signal::Stuck) => so_far.stuck = open,
            Found::Mistake(Mistake::MustStartOver) => so_far.start_over = open,
            Found::Mistake(Mistake::EmptyPromise) => {
                let step = if open > 0.0 { 1.0 } else { -1.0 };
                so_far.broken_promises = (so_far.broken_promises + step).clamp(0.0, BROKEN_MAX);
            }
            Found::Mistake(Mistake::Contradicts) => so_far.contradicts = open,
            Found::Signal(_) | Found::Mistake(_) => {}
        }
    }

    /// What the risk is made of now; `waiting` is how much of the patience of the channel is used up, 0 to 1.
    pub fn features(&self, waiting: f64) -> Features {
        let (sum, weight) = self.running;
        let (fast, slow) = self.means.unwrap_or_default();
        let [unheard, cold, blocked] = self.harms;
        Features {
            sentiment: self.now,
            positive: self.positive,
            worst: self.worst,
            running_sentiment: if weight > 0.0 { (-sum / weight).max(0.0) } else { 0.0 },
            trend: (slow - fast).clamp(0.0, 1.0) * self.now,
            negative_run: self.run,
            signals: self.signals,
            triggers: self.triggers,
            thanks_resolved: self.thanks,
            unheard,
            cold,
            blocked,
            waiting,
            unmet_request: self.found.unmet_request,
            repetition: self.found.repeats,
            stuck: self.found.stuck,
            must_start_over: self.found.start_over,
            broken_promise: self.found.broken_promises,
            contradicts: self.found.contradicts,
        }
    }

    fn customer(&mut self, scores: &Scores, sharpness: f64) {
        let negative = sigmoid(logit(scores.sentiment.negative) - sharpness);
        let now = ramp(negative, NEGATIVE);
        let positive = ramp(scores.sentiment.positive, POSITIVE);
        let thanked = ramp(probability(scores, Name::Signal(Signal::ThanksResolved)), THANKED);
        let helped = positive.max(thanked) * (1.0 - now);
        let fade = |kept: f64, kept_when_helped: f64| kept - (kept - kept_when_helped) * helped;
        let kept = fade(KEPT, KEPT_WHEN_HELPED);

        self.run = now * (self.now + RUN_KEPT * self.run).min(RUN_MAX);
        self.worst = now.max(kept * self.worst);
        (self.now, self.positive) = (now, positive);
        let score = scores.sentiment.positive - negative;
        let running_kept = RUNNING_KEPT * (1.0 - RUNNING_LOST_WHEN_HELPED * helped);
        let (sum, weight) = self.running;
        self.running = (score + running_kept * sum, 1.0 + running_kept * weight);
        let moved = |mean: f64, by: f64| mean + by * (score - mean);
        self.means = Some(self.means.map_or((score, score), |(f, s)| (moved(f, FAST), moved(s, SLOW))));
        for (state, signal) in self.signals.iter_mut().zip(SIGNALS) {
            *state = ramp(probability(scores, Name::Signal(signal)), SIGNALLED).max(kept * *state);
        }
        for (state, (signal, from, to)) in self.triggers.iter_mut().zip(TRIGGERS) {
            let kept_when_helped =
                if signal == Signal::Distress { DISTRESS_KEPT_WHEN_HELPED } else { TRIGGER_KEPT_WHEN_HELPED };
            let triggered = ramp(probability(scores, Name::Signal(signal)), (from, to));
            *state = triggered.max(fade(TRIGGER_KEPT, kept_when_helped) * *state);
        }
        self.thanks = thanked.max(THANKS_KEPT * self.thanks) * (1.0 - now);
        let left = 1.0 - LOST_WHEN_HELPED * helped;
        self.harms.iter_mut().for_each(|harm| *harm *= left);
        self.found.fade(left);
    }

    fn business(&mut self, scores: &Scores) {
        let mut new = [0.0_f64; 3];
        for (mistake, harm) in MISTAKES {
            let shown = ramp(probability(scores, Name::Mistake(mistake)), MISTAKEN);
            new[harm as usize] = new[harm as usize].max(shown);
        }
        for (state, new) in self.harms.iter_mut().zip(new) {
            *state = new.max(MISTAKE_KEPT * *state);
        }
    }
}

impl FoundSoFar {
    /// An unmet request fades by being met only.
    fn fade(&mut self, left: f64) {
        let FoundSoFar { repeats, stuck, start_over, broken_promises, contradicts, .. } = self;
        for found in [repeats, stuck, start_over, broken_promises, contradicts] {
            *found *= left;
        }
    }
}

/// 0 where the model was not asked.
fn probability(scores: &Scores, name: Name) -> f64 {
    scores.labels.iter().find(|label| label.name == name).map_or(0.0, |label| label.probability)
}

/// 0 to 1 between two probabilities, straight in log-odds.
fn ramp(probability: f64, (from, to): (f64, f64)) -> f64 {
    ((logit(probability) - logit(from)) / (logit(to) - logit(from))).clamp(0.0, 1.0)
}

fn logit(probability: f64) -> f64 {
    let p = probability.clamp(PROBABILITY_MIN, 1.0 - PROBABILITY_MIN);
    (p / (1.0 - p)).ln()
}

/// A probability of its log-odds.
pub fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}
