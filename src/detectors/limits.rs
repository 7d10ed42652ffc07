//! When the detectors of time find something. Filled in by `config`, which validates it.

use super::Hours;
use crate::wire::Channel;

/// The limits of the detectors of time.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorLimits {
    /// By channel, in the order of [`Channel::ALL`].
    pub replies: [ReplySeconds; Channel::ALL.len()],
    /// Within so many turns of the business side a request for a person is to be acted on; at least 1.
    pub escalation_turns: u32,
    /// … and within so many seconds, or the channel's limit for a later reply where that is longer; 0: no limit.
    pub escalation_seconds: u32,
    /// A conversation is not to be closed so soon after a turn of the customer that was no goodbye, in seconds.
    pub cut_short_seconds: u32,
    /// Customers are remembered for so long beyond their conversations; 0: not at all.
    pub customer_memory_seconds: u32,
    /// Whether how a customer usually sounds is taken off what they say.
    pub customer_baseline: bool,
    /// The time that counts as waiting.
    pub hours: Hours,
}

/// How long a customer may wait for the first answer and for later ones, in seconds; 0: no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplySeconds {
    pub first: u32,
    pub later: u32,
}

impl Default for DetectorLimits {
    fn default() -> Self {
        DetectorLimits {
            replies: std::array::from_fn(|at| ReplySeconds::of(Channel::ALL[at])),
            escalation_turns: 2,
            escalation_seconds: 300,
            cut_short_seconds: 60,
            customer_memory_seconds: 604_800,
            customer_baseline: true,
            hours: Hours::always(),
        }
    }
}

impl DetectorLimits {
    pub const fn reply(&self, channel: Channel) -> ReplySeconds {
        self.replies[channel as usize]
    }
}

impl ReplySeconds {
    /// What customers of a channel put up with.
    pub const fn of(channel: Channel) -> Self {
        let (first, later) = match channel {
            Channel::Chat => (120, 180),
            Channel::Sms => (900, 900),
            Channel::Social => (14_400, 14_400),
            Channel::Email => (86_400, 86_400),
            Channel::Voice => (60, 120),
            // Nothing is known of it: five times as patient as in a chat.
            Channel::Other => (600, 900),
        };
        ReplySeconds { first, later }
    }
}
