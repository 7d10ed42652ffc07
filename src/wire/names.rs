//! The closed sets of names: roles, channels, labels, levels, severities. They are metric labels too,
//! so each has `ALL` and `as_str`, and nothing outside the set can be made.

use serde::{Deserialize, Serialize};

/// Declares an enum of names: the variants, their spelling on the wire, `ALL`, `as_str` and `parse`.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every name, in the order of the enum.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The spelling on the wire and in metric labels.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The name spelled `text`, if there is one.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }

            /// All spellings, for error messages: `a, b, c`.
            pub fn allowed() -> String {
                [$($text),+].join(", ")
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use names;

names! {
    /// Who said a turn.
    Role { Customer = "customer", Agent = "agent", Bot = "bot", System = "system" }
}

names! {
    /// Where a conversation takes place. Anything unknown is read as `other`.
    Channel { Chat = "chat", Email = "email", Social = "social", Sms = "sms", Voice = "voice", Other = "other" }
}

names! {
    /// Whether the customer sees a turn; `private` is an internal note.
    Visibility { Public = "public", Private = "private" }
}

names! {
    /// The sentiment of one turn.
    Label { Negative = "negative", Neutral = "neutral", Positive = "positive" }
}

names! {
    /// How much a conversation needs a person, by its risk.
    Level { Calm = "calm", Watch = "watch", High = "high", Critical = "critical" }
}

names! {
    /// How urgent an alert is.
    Severity { Info = "info", Warning = "warning", Critical = "critical" }
}

names! {
    /// What an alert is about: the customer, or what the business side did or left undone.
    AlertKind { CustomerRisk = "customer_risk", Service = "service" }
}

names! {
    /// What a customer's turn may show. `stuck` is found over the conversation, never read off one turn.
    Signal {
        Frustration = "frustration",
        EscalationRequest = "escalation_request",
        ChurnThreat = "churn_threat",
        PublicOrLegalThreat = "public_or_legal_threat",
        Distress = "distress",
        AgentAbused = "agent_abused",
        RepeatsSelf = "repeats_self",
        Confused = "confused",
        ThanksResolved = "thanks_resolved",
        Stuck = "stuck",
    }
}

names! {
    /// What the business side did wrong. Those of [`Mistake::IN_TEXT`] can be read off a turn.
    Mistake {
        LeftWaiting = "left_waiting",
        CutShort = "cut_short",
        NotListening = "not_listening",
        NoEmpathy = "no_empathy",
        BlamesCustomer = "blames_customer",
        DisownsProblem = "disowns_problem",
        DismissiveTone = "dismissive_tone",
        PolicyWall = "policy_wall",
        CannotHelp = "cannot_help",
        MustStartOver = "must_start_over",
        EmptyPromise = "empty_promise",
        Overcomplicates = "overcomplicates",
        Contradicts = "contradicts",
        CannedReply = "canned_reply",
        PushySell = "pushy_sell",
        MissingBasics = "missing_basics",
    }
}

names! {
    /// What an agent's or bot's turn does; neutral facts.
    Act {
        PromiseMade = "promise_made",
        Apology = "apology",
        Empathy = "empathy",
        Holding = "holding",
        Question = "question",
        Handoff = "handoff",
        Closing = "closing",
    }
}

names! {
    /// Whether a finding is about the business side or about the customer.
    FindingKind { Mistake = "mistake", Signal = "signal" }
}

names! {
    /// Whether a finding still holds.
    FindingState { Open = "open", Resolved = "resolved" }
}

/// What a finding is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Found {
    Mistake(Mistake),
    Signal(Signal),
}

impl Found {
    pub const fn kind(self) -> FindingKind {
        match self {
            Found::Mistake(_) => FindingKind::Mistake,
            Found::Signal(_) => FindingKind::Signal,
        }
    }

    /// The spelling on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Found::Mistake(name) => name.as_str(),
            Found::Signal(name) => name.as_str(),
        }
    }
}

impl Signal {
    /// The signals that a single turn can show: the outputs of the model's signal head.
    pub const IN_TEXT: [Signal; 9] = [
        Signal::Frustration,
        Signal::EscalationRequest,
        Signal::ChurnThreat,
        Signal::PublicOrLegalThreat,
        Signal::Distress,
        Signal::AgentAbused,
        Signal::RepeatsSelf,
        Signal::Confused,
        Signal::ThanksResolved,
    ];
}

impl Mistake {
    /// The mistakes that a single turn, with the customer's turn before it, can show: the outputs of the model's
    /// mistake head.
    pub const IN_TEXT: [Mistake; 11] = [
        Mistake::NotListening,
        Mistake::NoEmpathy,
        Mistake::BlamesCustomer,
        Mistake::DisownsProblem,
        Mistake::DismissiveTone,
        Mistake::PolicyWall,
        Mistake::CannotHelp,
        Mistake::MustStartOver,
        Mistake::Overcomplicates,
        Mistake::CannedReply,
        Mistake::PushySell,
    ];
}

impl Role {
    /// Whether turns of this role are the business side's.
    pub const fn is_business(self) -> bool {
        matches!(self, Role::Agent | Role::Bot)
    }
}
