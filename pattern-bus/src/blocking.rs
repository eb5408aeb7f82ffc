use std::ops::Deref;
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

/// One of librdkafka's clients. Its end waits for threads of its own and maybe for a broker; nobody
/// waits for that here.
pub struct Unhurried<C: Send + 'static>(Option<C>);

impl<C: Send + 'static> Unhurried<C> {
    pub fn new(client: C) -> Self {
        Self(Some(client))
    }

    /// For who wants to wait.
    pub fn into_inner(mut self) -> C {
        self.0.take().expect("only taken when it is dropped")
    }
}

impl<C: Send + 'static> Deref for Unhurried<C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.0.as_ref().expect("only taken when it is dropped")
    }
}

impl<C: Send + 'static> Drop for Unhurried<C> {
    fn drop(&mut self) {
        let Some(client) = self.0.take() else { return };
        // Without a thread to spare it ends here.
        drop(std::thread::Builder::new().name("kafka-end".into()).spawn(move || drop(client)));
    }
}
