use pattern_service::{Readiness, State};
use std::{sync::Arc, time::Duration};

use super::{Health, HealthStatus};
use crate::hub::Hub;

/// As often as it is looked at.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Says to the service manager what `/health/ready` says, until the hub ends.
pub async fn tell(hub: Arc<Hub>, readiness: Readiness) {
    while !hub.shutdown().is_cancelled() {
        readiness.set(state(&hub.health().await));
        tokio::select! {
            () = tokio::time::sleep(TELL_EVERY) => {}
            () = hub.shutdown().cancelled() => {}
        }
    }
}

fn state(health: &Health) -> State {
    let troubles = health.parts.iter().filter(|(_, words)| *words != "up");
    let trouble = troubles.map(|(part, words)| format!("{part}: {words}")).collect::<Vec<_>>().join("; ");
    match health.status {
        HealthStatus::Up => State::Ready { trouble: None },
        HealthStatus::Degraded => State::Ready { trouble: Some(trouble) },
        HealthStatus::Down => State::Waiting(trouble),
    }
}
