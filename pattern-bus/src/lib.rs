//! Kafka: topics, producer, relay, reader and dead letters.
//!
//! Architecture invariant: nothing publishes events except the relay, and the relay publishes nothing
//! but outbox rows.

mod backoff;
mod blocking;
mod client_log;
mod contact;
pub mod datapoints;
pub mod dlq;
mod error;
mod member_id;
pub mod metrics;
mod offsets;
mod producer;
mod reader;
pub mod relay;
mod settings;
mod topic_id;
pub mod topics;

pub use backoff::Backoff;
pub use contact::first_contact;
pub use error::{BusError, Result};
pub use producer::{Delivered, Delivery, Producer, Record};
pub use reader::{ReadEvent, read_events};
pub use relay::{CONTENT_TYPE, HEADER_EPOCH};
pub use settings::{KafkaSettings, MAX_RECORD_BYTES};
