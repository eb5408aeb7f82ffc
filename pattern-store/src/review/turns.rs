use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use uuid::Uuid;

/// Whose turn it is to decide on a suggestion. Who waits holds no connection: many clicks on one suggestion would
/// otherwise take the whole pool, and everybody else with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<Uuid, Weak<Turn<()>>>>>);

impl Turns {
    pub async fn take(&self, suggestion: Uuid) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = turns.get(&suggestion).and_then(Weak::upgrade).unwrap_or_default();
            turns.retain(|_, turn| turn.strong_count() > 0);
            turns.insert(suggestion, Arc::downgrade(&turn));
            turn
        };
        turn.lock_owned().await
    }
}
