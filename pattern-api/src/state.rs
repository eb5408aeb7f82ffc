use pattern_bus::{KafkaSettings, Producer};
use pattern_store::Store;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub store: Store,
    pub hub: Arc<Hub>,
    pub kafka: KafkaSettings,
    pub producer: Producer,
    pub shutdown: CancellationToken,
}
