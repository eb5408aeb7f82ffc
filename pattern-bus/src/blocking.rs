use tokio::sync::oneshot;

use crate::{BusError, Result};

/// Runs one of librdkafka's blocking calls on a thread of its own. A runtime that ends waits for
/// tokio's blocking tasks, and these take as long as a broker that is away; nobody waits for this one.
pub async fn unhurried<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (answer, answered) = oneshot::channel();
    let call = move || {
        // Whoever asked may have gone meanwhile.
        let _ = answer.send(call());
    };
    std::thread::Builder::new()
        .name("kafka-call".into())
        .spawn(call)
        .map_err(|e| BusError::Unavailable(format!("no thread for a call: {e}")))?;
    answered.await.map_err(|_| BusError::Unavailable("a call to the kafka client stopped".into()))
}
