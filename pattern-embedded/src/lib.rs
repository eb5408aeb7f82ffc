//! A private PostgreSQL and a private Apache Kafka, for the demo, for development and for tests.

pub mod testing;
