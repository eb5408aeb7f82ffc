//! When everything is stored: the flywheel is queued, and a person is told where to look.

use anyhow::{Context, Result};
use pattern_core::domain::JobName;
use pattern_store::{Store, StoreError};
use reqwest::Url;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use super::patience::Patience;

const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Queues the flywheel for the data source; one that waits already serves several imports.
pub async fn turn_the_flywheel(store: &Store, data_source: &str, stop: &CancellationToken) -> Result<()> {
    let queue = async || -> Result<(), StoreError> {
        let source = store.data_source(data_source).await?;
        let source = source.ok_or_else(|| StoreError::NotFound(format!("data source {data_source}")))?;
        store.start_flywheel(Some(source.id), "import").await.map(drop)
    };
    Patience { stop: stop.clone() }.persist("queueing the flywheel", queue).await
}

/// Where its suggestions will be seen, and what has to be started for that. `api`: where one serves, if that is known.
pub async fn where_to_look(store: &Store, data_source: &str, api: Option<&str>) -> Result<String> {
    let mut said = match api {
        Some(api) if answers(api).await => format!("see {}\n", page(api, data_source)?),
        Some(api) => format!(
            "no API answers at {api}; start `naia up` or naia-pattern-api, and see {}\n",
            page(api, data_source)?
        ),
        None => {
            "see the page of an API that works with this database, or `naia status --api URL`; `naia up --postgres URL` \
             starts one\n"
                .into()
        }
    };
    let queues = store.queue_health().await?;
    let is_served = |job: &JobName| queues.iter().any(|queue| queue.job == job.as_str() && queue.workers > 0);
    let idle: Vec<&str> =
        JobName::FLYWHEEL.iter().filter(|job| !is_served(job)).map(|job| job.as_str()).collect();
    if idle.len() == JobName::FLYWHEEL.len() {
        said += "warning: no worker runs, so nothing happens until one does; start `naia up` or naia-pattern-worker\n";
    } else if !idle.is_empty() {
        said += &format!("warning: no worker that runs does {}; start one that does\n", idle.join(", "));
    }
    Ok(said)
}

async fn answers(api: &str) -> bool {
    let Ok(client) = reqwest::Client::builder().timeout(ANSWERS_WITHIN).build() else { return false };
    let answer = client.get(format!("{api}/health/live")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// The page, narrowed to the data source.
fn page(api: &str, data_source: &str) -> Result<Url> {
    Url::parse_with_params(api, [("source", data_source)]).with_context(|| format!("'{api}' is no address"))
}
