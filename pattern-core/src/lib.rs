//! The domain, the pattern library and the mathematics of Naia Patterns.
//!
//! Architecture invariant: this crate does no I/O and names no Kafka, axum, sqlx or tokio type. Its
//! functions are deterministic; time and randomness come in as arguments.

pub mod analytics;
pub mod domain;
pub mod evaluation;
pub mod learning;
pub mod library;
pub mod matching;
pub mod naming;
pub mod schema;
pub mod sequencer;
pub mod units;
