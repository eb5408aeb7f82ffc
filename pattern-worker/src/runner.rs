use pattern_config::WorkerSettings;
use pattern_store::jobs::{WorkerOptions, hostname};
use std::time::Duration;
use uuid::Uuid;

/// What the configuration says about running jobs, in the queue's terms.
pub fn worker_options(settings: &WorkerSettings) -> WorkerOptions {
    WorkerOptions {
        concurrency: settings.concurrency,
        max_attempts: settings.max_attempts,
        job_timeout: Duration::from_secs(settings.job_timeout_minutes * 60),
        ..WorkerOptions::new(worker_name(settings))
    }
}

/// The configured id, or one made of host, process and chance, so that no two workers share it.
fn worker_name(settings: &WorkerSettings) -> String {
    settings.id.clone().filter(|id| !id.trim().is_empty()).unwrap_or_else(|| {
        let chance = Uuid::new_v4().simple().to_string();
        format!("{}-{}-{}", hostname(), std::process::id(), &chance[..8])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_carries_its_configured_id_or_one_of_its_own() {
        let named = WorkerSettings { id: Some("line-3".into()), ..WorkerSettings::default() };
        assert_eq!(worker_options(&named).name, "line-3");
        let unnamed = WorkerSettings::default();
        assert_ne!(worker_options(&unnamed).name, worker_options(&unnamed).name);
    }
}
