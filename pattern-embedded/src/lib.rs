//! A private PostgreSQL and a private Apache Kafka, for the demo, for development and for tests.
//!
//! Both are ordinary server programs, started as children that cannot outlive this process.

mod child;
mod data_dir;
mod java;
mod kafka;
mod memory;
mod ports;
mod postgres;
mod postgres_cluster;
mod postgres_orphan;
mod postgres_programs;
pub mod testing;
mod wait;

pub use data_dir::DataDir;
pub use java::{KafkaPrograms, MissingKafka};
pub use kafka::{EmbeddedKafka, SecuredListener};
pub use memory::MemoryBroker;
pub use postgres::EmbeddedPostgres;
pub use postgres_cluster::PostgresUse;
pub use wait::poll;
