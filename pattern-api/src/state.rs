use axum::extract::FromRef;
use pattern_bus::{KafkaSettings, Producer};
use pattern_store::Store;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use crate::{client_address::ClientAddresses, edge::BodyMemory, hub::Hub, principal::Principals};

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub store: Store,
    pub hub: Arc<Hub>,
    pub kafka: KafkaSettings,
    pub producer: Producer,
    pub principals: Principals,
    pub(crate) addresses: ClientAddresses,
    pub(crate) bodies: BodyMemory,
    pub shutdown: CancellationToken,
}

impl FromRef<AppState> for Arc<Hub> {
    fn from_ref(state: &AppState) -> Self {
        state.hub.clone()
    }
}

impl FromRef<AppState> for BodyMemory {
    fn from_ref(state: &AppState) -> Self {
        state.bodies.clone()
    }
}

impl FromRef<AppState> for Principals {
    fn from_ref(state: &AppState) -> Self {
        state.principals.clone()
    }
}

impl FromRef<AppState> for ClientAddresses {
    fn from_ref(state: &AppState) -> Self {
        state.addresses.clone()
    }
}
