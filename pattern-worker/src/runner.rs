use anyhow::anyhow;
use pattern_config::WorkerSettings;
use pattern_core::domain::JobTypes;
use pattern_store::jobs::{WorkerOptions, hostname};
use std::time::Duration;
use uuid::Uuid;

/// What the configuration says about running jobs, in the queue's terms.
pub fn worker_options(settings: &WorkerSettings, types: &JobTypes) -> anyhow::Result<WorkerOptions> {
    let capabilities = types.chosen(&settings.capabilities).map_err(|problem| {
        anyhow!("worker.capabilities: {problem}; name some of these, or none to pull everything")
    })?;
    Ok(WorkerOptions {
        capabilities,
        concurrency: settings.concurrency,
        max_attempts: settings.max_attempts,
        job_timeout: settings.job_timeout_minutes.map(|minutes| Duration::from_secs(minutes * 60)),
        ..WorkerOptions::new(worker_name(settings))
    })
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
    use pattern_core::domain::JobName;

    #[test]
    fn a_worker_carries_its_configured_id_or_one_of_its_own() {
        let named = WorkerSettings { id: Some("line-3".into()), ..WorkerSettings::default() };
        let name = |settings| worker_options(settings, &JobTypes::shipped()).expect("options").name;
        assert_eq!(name(&named), "line-3");
        let unnamed = WorkerSettings::default();
        assert_ne!(name(&unnamed), name(&unnamed));
    }

    #[test]
    fn a_worker_pulls_what_it_is_told_to_and_a_job_that_does_not_exist_is_named_with_those_that_do() {
        let with = |capabilities: &[&str]| {
            let capabilities = capabilities.iter().map(|name| (*name).to_owned()).collect();
            let settings = WorkerSettings { capabilities, ..WorkerSettings::default() };
            worker_options(&settings, &JobTypes::shipped())
        };
        let names =
            |options: WorkerOptions| options.capabilities.iter().map(|job| job.name).collect::<Vec<_>>();
        assert_eq!(names(with(&["correlation-tile"]).expect("options")), [JobName::CORRELATION_TILE]);
        assert_eq!(names(with(&[]).expect("options")).len(), JobTypes::shipped().iter().count());
        let refused = with(&["tiles"]).expect_err("unknown").to_string();
        assert!(
            refused.contains("worker.capabilities: 'tiles' is no job") && refused.contains("sealing"),
            "{refused}"
        );
    }
}
