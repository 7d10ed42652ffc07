//! The named limits of everything that comes from outside; docs/protocol.md repeats them for users.

/// One websocket message, or one line of offline input. A valid turn always fits: 8,000 code points
/// escaped as `\uXXXX\uXXXX` take 96,000 bytes.
pub const FRAME_BYTES_MAX: usize = 131_072;
/// One body of `POST /v1/turns`.
pub const BODY_BYTES_MAX: usize = 1_048_576;
/// Turns in one body of `POST /v1/turns`.
pub const BODY_TURNS_MAX: usize = 1_000;
/// The text of one turn, in Unicode code points.
pub const TEXT_CHARS_MAX: usize = 8_000;
/// Every id (turn, conversation, customer, agent) and every short name (queue, source, language).
pub const ID_BYTES_MAX: usize = 256;
/// Entries of `attributes`.
pub const ATTRIBUTES_MAX: usize = 16;
/// The text of one attribute.
pub const ATTRIBUTE_BYTES_MAX: usize = 256;
/// Turns of one socket that may wait for their answers at once; announced in `hello`.
pub const INFLIGHT_TURNS_MAX: usize = 256;
/// How much of a turn a reason or an evidence quotes, in code points.
pub const QUOTE_CHARS_MAX: usize = 240;
/// How much of a refused value an error message repeats, in code points.
pub const ECHO_CHARS_MAX: usize = 40;
