//! The gateway at byte level: a real server on port 0, raw sockets, and a scorer that can be held still.
//!
//! Its client holds every frame and answer, and every frame that it sends, against the schemas of docs/.
//! One binary, so that the library is linked once.

#[path = "../contract/mod.rs"]
#[allow(dead_code, reason = "the tests of the documents use more of it")]
mod contract;
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
