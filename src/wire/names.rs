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

impl Role {
    /// Whether turns of this role are the business side's.
    pub const fn is_business(self) -> bool {
        matches!(self, Role::Agent | Role::Bot)
    }
}
