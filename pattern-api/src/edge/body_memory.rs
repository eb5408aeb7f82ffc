use pattern_config::ApiSettings;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// A body up to this size is always taken, so that decisions are while samples flood in.
const SMALL: usize = 64 * 1024;
/// Each second that so many bytes come in a body has one more second: slow networks send large bodies too.
const BYTES_PER_SECOND: u64 = 16 * 1024;

/// What all bodies that are being read and handled may hold together, and how long one may take.
#[derive(Debug, Clone)]
pub struct BodyMemory {
    free: Arc<Semaphore>,
    patience: Duration,
}

/// What one body holds; given back when it is dropped.
#[derive(Debug, Default)]
pub struct BodyShare {
    permit: Option<OwnedSemaphorePermit>,
}

impl BodyMemory {
    pub fn new(settings: &ApiSettings) -> Self {
        let bytes = settings.max_body_memory_mib << 20;
        Self {
            free: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))),
            patience: Duration::from_secs(settings.body_timeout_seconds),
        }
    }

    /// When a body of which so many bytes have come, the last of them at `newest`, should be whole or go on.
    pub fn due(&self, began: Instant, newest: Instant, bytes: usize) -> Instant {
        let earned = Duration::from_millis(bytes as u64 * 1000 / BYTES_PER_SECOND);
        (began + earned).min(newest) + self.patience
    }

    /// Whether there was room for the body, which is `size` bytes by now, to grow by the last `grown` of them.
    pub fn hold(&self, share: &mut BodyShare, size: usize, grown: usize) -> bool {
        let counted = size.saturating_sub(SMALL).min(grown);
        let Ok(counted) = u32::try_from(counted) else { return false };
        if counted == 0 {
            return true;
        }
        let Ok(more) = self.free.clone().try_acquire_many_owned(counted) else { return false };
        match &mut share.permit {
            Some(permit) => permit.merge(more),
            None => share.permit = Some(more),
        }
        true
    }
}
