//! The gateway at byte level: a real server on port 0, raw sockets, and a scorer that can be held still.
//!
//! One binary, so that the library is linked once.

mod support;

mod access;
mod conversations;
mod drain;
mod events;
mod findings;
mod http;
mod metrics;
mod overload;
mod secrets;
mod session;
mod verdicts;
mod websocket;
