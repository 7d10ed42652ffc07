//! undertone: a real-time monitor for customer-service conversations.
//!
//! # Layout
//! Data moves one way: frames → [`wire`] → `gateway` → `conversation` (admit) → `scoring` →
//! `conversation` (apply) → `detectors` → `alerts` → sinks.
//!
//! ARCHITECTURE.md draws it and says where to change what.

#![deny(rust_2018_idioms, clippy::disallowed_methods, clippy::disallowed_types)]
#![forbid(unsafe_code)]

pub mod alerts;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conversation;
pub mod detectors;
pub mod gateway;
pub mod offline;
pub mod pages;
pub mod pipeline;
pub mod scoring;
pub mod telemetry;
pub mod training;
pub mod wire;
