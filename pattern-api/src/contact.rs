//! The first meeting with PostgreSQL and Kafka.

use pattern_bus::{KafkaSettings, first_contact};
use pattern_store::Store;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Meets both servers, as soon as they are there. If one of them never will have us it says why, and cancels
/// `shutdown`.
pub fn meet_servers(
    store: Store,
    kafka: KafkaSettings,
    shutdown: CancellationToken,
) -> oneshot::Receiver<anyhow::Error> {
    let (tell, refusal) = oneshot::channel();
    tokio::spawn(async move {
        let postgres = async { store.wait_until_ready().await.map_err(anyhow::Error::from) };
        let kafka = async { first_contact(&kafka, &shutdown).await.map_err(anyhow::Error::from) };
        let met = tokio::select! {
            met = async { tokio::try_join!(postgres, kafka) } => met,
            () = shutdown.cancelled() => return,
        };
        if let Err(error) = met {
            // Nobody listens where the API is ending already.
            let _ = tell.send(error);
            shutdown.cancel();
        }
    });
    refusal
}
