//! From `naia.datapoints` into PostgreSQL, each record exactly once.
//!
//! The offset to read next lives in PostgreSQL and moves in the transaction that stores the samples,
//! by compare-and-set: a crash anywhere repeats what was not stored and nothing else, and of two
//! consumers that both believe they own a partition only one can store a batch. Offsets belong to the
//! topic's identity, which is asked for again before each batch is stored: what was read from a topic
//! that has been replaced is thrown away, and the new topic is read from its beginning.

mod batch;
mod consumer;
mod group;
mod keeping;
mod keys;
mod lag;
mod publish;
mod record;
mod schema;
mod skip;
mod starting;

pub use consumer::run_datapoints_consumer;
pub use lag::{IngestLag, LagProbe};
pub use publish::publish_batches;
pub use schema::record_schema;
pub use skip::{SkippedRecord, skip_record};
