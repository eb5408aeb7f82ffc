//! `naia health`: asks a service whether it is well, for those who only look at an exit code.

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub struct HealthArgs {
    /// Where the service is: an API, or the address at which a worker serves its metrics
    #[arg(value_name = "URL", default_value = "http://127.0.0.1:5000")]
    url: Url,
    /// Ask only whether the process runs
    #[arg(long)]
    live: bool,
}

#[derive(Deserialize)]
struct Health {
    status: String,
    #[serde(default)]
    parts: BTreeMap<String, String>,
}

/// Fails where the service does not answer, or cannot serve.
pub async fn run(args: &HealthArgs) -> Result<()> {
    let path = if args.live { "/health/live" } else { "/health/ready" };
    let url = args.url.join(path)?;
    let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
    let answer = client.get(url.clone()).send().await.with_context(|| format!("{url} does not answer"))?;
    let code = answer.status();
    let health: Health =
        answer.json().await.with_context(|| format!("{url} answered {code}, and no health"))?;
    println!("{}", health.status);
    for (part, words) in health.parts.iter().filter(|(_, words)| *words != "up") {
        println!("{part}: {words}");
    }
    ensure!(code.is_success(), "{} cannot serve", args.url);
    Ok(())
}
