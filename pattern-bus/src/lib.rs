//! Kafka: topics, producer, relay, reader and dead letters.
//!
//! Architecture invariant: nothing publishes events except the relay, and the relay publishes nothing
//! but outbox rows.

mod error;
mod producer;
mod settings;
pub mod topics;

pub use error::{BusError, Result};
pub use producer::{Delivered, Delivery, Producer, Record};
pub use settings::KafkaSettings;
