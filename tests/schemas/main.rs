//! docs/schemas, docs/asyncapi.yaml and docs/openapi.yaml: valid, whole, and what the real binary says and takes.
//!
//! The tests of `gateway` hold every frame and answer of theirs against the same documents.

#[path = "../gateway/support/client.rs"]
#[allow(dead_code, reason = "the tests of the gateway use more of it")]
mod client;
#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod common;
#[path = "../contract/mod.rs"]
mod contract;

mod agreement;
mod documents;
mod recorded;
