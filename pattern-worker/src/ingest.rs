//! Takes in samples from Kafka.

use pattern_bus::{KafkaSettings, datapoints::run_datapoints_consumer};
use pattern_store::Store;
use tokio_util::sync::CancellationToken;

/// Consumes `naia.datapoints` as a member of `group_id`. Ends before `shutdown` only when the Kafka
/// settings can never work.
pub async fn run(kafka: KafkaSettings, group_id: String, store: Store, shutdown: CancellationToken) {
    if let Err(error) = run_datapoints_consumer(kafka, group_id, store, shutdown).await {
        tracing::error!(%error, "samples cannot be taken in");
    }
}
