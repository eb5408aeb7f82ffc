//! The first meeting with Kafka.

use pattern_bus::{Backoff, BusError, KafkaSettings, first_contact, topics};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Meets the brokers, as soon as there are any, and makes the topics that are missing. If the brokers never will have
/// us it says why, and cancels `shutdown`.
pub fn meet_brokers(kafka: KafkaSettings, shutdown: CancellationToken) -> oneshot::Receiver<BusError> {
    let (tell, refusal) = oneshot::channel();
    tokio::spawn(async move {
        match first_contact(&kafka, &shutdown).await {
            Ok(()) => prepare_topics(kafka, shutdown).await,
            Err(error) => {
                // Nobody listens where the worker is ending already.
                let _ = tell.send(error);
                shutdown.cancel();
            }
        }
    });
    refusal
}

async fn prepare_topics(kafka: KafkaSettings, shutdown: CancellationToken) {
    let mut backoff = Backoff::default();
    while let Err(error) = topics::ensure_topics(&kafka).await {
        if shutdown.is_cancelled() {
            return;
        }
        backoff.tell_unless_away(&error, "the topics cannot be prepared yet", &kafka);
        backoff.wait(&shutdown).await;
    }
}
