//! Takes in samples from Kafka.

use pattern_bus::{KafkaSettings, datapoints::run_datapoints_consumer};
use pattern_store::Store;
use tokio_util::sync::CancellationToken;

/// Consumes `naia.datapoints` as a member of `group_id` until `shutdown` is cancelled.
///
/// # Errors
/// The Kafka settings can not work.
pub async fn run_ingest(
    kafka: KafkaSettings,
    group_id: String,
    store: Store,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    run_datapoints_consumer(kafka, group_id, store, shutdown).await?;
    Ok(())
}
