//! What every kind of pattern shares: the domain, the library, learning, series and units, the order of the stream.
//!
//! Architecture invariant: this crate does no I/O and names no Kafka, axum, sqlx or tokio type. Its
//! functions are deterministic; time and randomness come in as arguments.

pub mod domain;
pub mod identity;
pub mod learning;
pub mod library;
pub mod metric;
pub mod schema;
pub mod sequencer;
pub mod series;
pub mod units;
