use pattern_store::Store;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;

/// What every route can use.
#[derive(Clone)]
pub struct AppState {
    pub store: Store,
    pub hub: Arc<Hub>,
    pub shutdown: CancellationToken,
}
