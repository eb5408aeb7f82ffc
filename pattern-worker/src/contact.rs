//! The first meeting with Kafka, and whether PostgreSQL is still there.

use pattern_bus::{Backoff, BusError, KafkaSettings, first_contact, topics};
use pattern_service::Readiness;
use pattern_store::Store;
use std::time::Duration;
use tokio::{sync::oneshot, time::timeout};
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// A worker is ready while it can take jobs, for which it needs PostgreSQL alone.
pub async fn watch_postgres(store: Store, readiness: Readiness, shutdown: CancellationToken) {
    let store = store.apart(ANSWER_WITHIN / 2);
    while !shutdown.is_cancelled() {
        match timeout(ANSWER_WITHIN, store.ping()).await {
            Ok(Ok(())) => readiness.ready(),
            Ok(Err(error)) => readiness.waiting(error.to_string()),
            Err(_) => readiness.waiting("postgres does not answer"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

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
