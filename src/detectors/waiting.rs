//! What waiting means: how much of a customer's patience is used up, by channel.
//!
//! Holds always: 0 to 1, never falling with time. Called by `pipeline`, for the risk.

use crate::wire::Channel;

/// How long customers of a channel wait before the wait itself becomes a risk in full, in seconds.
pub const fn patience_seconds(channel: Channel) -> f64 {
    match channel {
        Channel::Voice => 120.0,
        Channel::Chat => 300.0,
        Channel::Sms | Channel::Other => 900.0,
        Channel::Social => 3_600.0,
        Channel::Email => 28_800.0,
    }
}

/// The used part of the patience, 0 (nobody waits) to 1.
pub fn pressure(waiting_seconds: Option<f64>, channel: Channel) -> f64 {
    waiting_seconds.map_or(0.0, |seconds| (seconds / patience_seconds(channel)).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_depends_on_the_channel() {
        let check = |seconds, channel, expect| assert_eq!(pressure(seconds, channel), expect, "{channel}");
        check(None, Channel::Chat, 0.0);
        check(Some(150.0), Channel::Chat, 0.5);
        check(Some(10_000.0), Channel::Chat, 1.0);
        check(Some(2_880.0), Channel::Email, 0.1);
    }
}
