//! Error codes of frames and close codes of sockets; docs/protocol.md says for each what a client should do.

use super::names::names;

names! {
    /// Why a frame was refused. The set is closed: these are metric labels too.
    ErrorCode {
        InvalidJson = "invalid_json",
        InvalidFrame = "invalid_frame",
        InvalidTurn = "invalid_turn",
        TextTooLong = "text_too_long",
        FrameTooLarge = "frame_too_large",
        Unauthenticated = "unauthenticated",
        Forbidden = "forbidden",
        RateLimited = "rate_limited",
        Overloaded = "overloaded",
        Expired = "expired",
        OutOfOrder = "out_of_order",
        ConversationLimit = "conversation_limit",
        ShuttingDown = "shutting_down",
        Internal = "internal",
    }
}

use serde::{Deserialize, Serialize};

impl ErrorCode {
    /// Whether the same frame may succeed later.
    pub const fn is_temporary(self) -> bool {
        matches!(
            self,
            ErrorCode::RateLimited
                | ErrorCode::Overloaded
                | ErrorCode::Expired
                | ErrorCode::ConversationLimit
                | ErrorCode::ShuttingDown
                | ErrorCode::Internal
        )
    }
}

/// Why the server closes a socket: RFC 6455's codes, and our own from 4400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    Normal = 1000,
    GoingAway = 1001,
    Protocol = 1002,
    Unsupported = 1003,
    InvalidUtf8 = 1007,
    TooLarge = 1009,
    Internal = 1011,
    Restart = 1012,
    BadProtocol = 4400,
    Unauthenticated = 4401,
    Forbidden = 4403,
    TimedOut = 4408,
    Replaced = 4409,
    RateLimited = 4429,
}

impl CloseCode {
    /// The number on the wire.
    pub const fn number(self) -> u16 {
        self as u16
    }
}
