//! What the model says of one turn.
//!
//! Holds always: probabilities are calibrated; a label has evidence exactly where it is at or above its operating
//! threshold and the turn was judged. Made by `readout`; read by `pipeline`.

use std::ops::Range;

use super::Abstention;
use crate::wire::{Act, Label, Mistake, Signal};

/// What the model says of one turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    pub sentiment: Sentiment,
    /// Every label that the role is asked for, in the order of the names: signals, or mistakes and then acts.
    pub labels: Vec<LabelScore>,
    /// Why the model should not be believed here, if so; nothing has evidence then.
    pub abstained: Option<Abstention>,
}

/// One label of one turn.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelScore {
    pub name: Name,
    pub probability: f64,
    /// Where it shows, in code points of the turn's text; none below the operating threshold.
    pub evidence: Option<Range<u32>>,
}

/// What a single turn can show, over all roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    Signal(Signal),
    Mistake(Mistake),
    Act(Act),
}

/// Three probabilities that sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sentiment {
    pub negative: f64,
    pub neutral: f64,
    pub positive: f64,
}

impl Scores {
    /// A judged turn of which nothing but the sentiment is known.
    pub fn of_sentiment(sentiment: Sentiment) -> Self {
        Scores { sentiment, labels: Vec::new(), abstained: None }
    }

    /// The labels at or above their operating thresholds, with where they show.
    pub fn raised(&self) -> impl Iterator<Item = (&LabelScore, &Range<u32>)> {
        self.labels.iter().filter_map(|label| Some((label, label.evidence.as_ref()?)))
    }
}

impl Name {
    /// Every name, signals first, then mistakes and acts.
    pub fn all() -> impl Iterator<Item = Name> {
        let signals = Signal::ALL.iter().copied().map(Name::Signal);
        let mistakes = Mistake::ALL.iter().copied().map(Name::Mistake);
        signals.chain(mistakes).chain(Act::ALL.iter().copied().map(Name::Act))
    }

    /// The name spelled `text`: no two have one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Name::all().find(|name| name.as_str() == text)
    }

    /// The spelling on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Name::Signal(name) => name.as_str(),
            Name::Mistake(name) => name.as_str(),
            Name::Act(name) => name.as_str(),
        }
    }
}

impl Sentiment {
    /// No label likelier than another: nothing was said.
    pub const EVEN: Sentiment = Sentiment { negative: 1.0 / 3.0, neutral: 1.0 / 3.0, positive: 1.0 / 3.0 };

    /// Positive − negative, −1 to 1.
    pub fn score(&self) -> f64 {
        self.positive - self.negative
    }

    /// The most probable label; the milder one where two are equal.
    pub fn label(&self) -> Label {
        if self.neutral >= self.negative && self.neutral >= self.positive {
            Label::Neutral
        } else if self.positive >= self.negative {
            Label::Positive
        } else {
            Label::Negative
        }
    }
}
