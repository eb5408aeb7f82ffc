//! `naia status`: what is up, what is stored, what waits and what ran last, as the API tells it.

use anyhow::{Context, Result, bail, ensure};
use pattern_core::domain::{DataSource, JobRun};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

use crate::{api_client::ApiClient, printable::counted, stack::DataDirOption, stack_file::StackFile};

#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Address of an API; that of the stack that runs from the data folder, if not given
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    #[command(flatten)]
    pub data: DataDirOption,
}

#[derive(Debug, Serialize)]
struct Status {
    api: String,
    kafka: Option<String>,
    /// up, degraded or down.
    status: String,
    /// `up`, or what is wrong, by part.
    health: BTreeMap<String, String>,
    /// Lags and ages; null where the API does not know them.
    figures: BTreeMap<String, Option<f64>>,
    /// `None` while the API cannot tell.
    #[serde(flatten)]
    contents: Option<Contents>,
}

#[derive(Debug, Serialize)]
struct Contents {
    data_sources: Vec<DataSource>,
    suggestions: BTreeMap<String, Value>,
    queues: Vec<Queue>,
    workers: Vec<Worker>,
    last_runs: Vec<JobRun>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Queue {
    job: String,
    workers: i64,
    due: i64,
    oldest_due_seconds: f64,
    running: i64,
    failed: i64,
    dead: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Worker {
    id: String,
    hostname: String,
    pid: i32,
    capabilities: Vec<String>,
    last_seen: String,
    stopped_at: Option<String>,
    #[serde(default)]
    clock_ahead_seconds: Option<f64>,
}

#[derive(Deserialize)]
struct List<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
struct Health {
    #[serde(default)]
    status: String,
    #[serde(default)]
    parts: BTreeMap<String, String>,
    #[serde(default)]
    figures: BTreeMap<String, Option<f64>>,
}

pub async fn run(args: &StatusArgs) -> Result<()> {
    let stack = StackFile::read(&args.data.path)?;
    let (address, kafka) = match (&args.api, stack) {
        (Some(named), _) => (named.clone(), None),
        (None, Some(stack)) => (stack.api, Some(stack.kafka)),
        (None, None) => bail!(
            "no stack runs from the data folder {}; start one with `naia up`, or name an api with --api",
            args.data.path.display()
        ),
    };
    let api = ApiClient::new(&address)?;
    let health: Health = api.health().await.with_context(|| format!("nothing serves at {address}"))?;
    let (contents, problem) = match contents(&api).await {
        Ok(contents) => (Some(contents), None),
        Err(problem) => (None, Some(problem)),
    };
    let is_down = health.status == "down";
    let status = Status {
        api: address,
        kafka,
        status: health.status,
        health: health.parts,
        figures: health.figures,
        contents,
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&status)?);
    } else {
        print!("{}", status.in_words());
    }
    if let Some(problem) = problem {
        return Err(problem.context("the rest cannot be told"));
    }
    ensure!(!is_down, "the api is not ready");
    Ok(())
}

async fn contents(api: &ApiClient) -> Result<Contents> {
    Ok(Contents {
        data_sources: list(api, "/api/data-sources", &[]).await?,
        suggestions: api.get("/api/suggestions/stats", &[]).await?,
        queues: list(api, "/api/jobs", &[]).await?,
        workers: list(api, "/api/workers", &[]).await?,
        last_runs: list(api, "/api/jobs/runs", &[("limit", "10")]).await?,
    })
}

async fn list<T: DeserializeOwned>(api: &ApiClient, path: &str, query: &[(&str, &str)]) -> Result<Vec<T>> {
    let list: List<T> = api.get(path, query).await?;
    Ok(list.items)
}

impl Status {
    fn in_words(&self) -> String {
        let mut lines = vec![format!("api      {}", self.api), format!("health   {}", self.status)];
        lines.extend(self.kafka.iter().map(|kafka| format!("kafka    {kafka}")));
        lines.extend(self.health.iter().map(|(part, state)| format!("{part:<8} {state}")));
        let figures = self.figures.iter().filter_map(|(name, value)| Some((name, (*value)?)));
        lines.extend(figures.map(|(name, value)| format!("  {}: {value}", name.replace('_', " "))));
        lines.extend(self.contents.iter().flat_map(Contents::in_words));
        lines.join("\n") + "\n"
    }
}

impl Contents {
    fn in_words(&self) -> Vec<String> {
        let mut lines = vec!["\ndata sources".to_owned()];
        lines.extend(self.data_sources.iter().flat_map(source_in_words));
        lines.push("\nsuggestions".into());
        let counts = self.suggestions.iter().filter(|(_, count)| !count.is_null());
        lines.extend(counts.map(|(what, count)| format!("  {}: {count}", what.replace('_', " "))));
        lines.push("\nqueues".into());
        lines.extend(self.queues.iter().map(Queue::in_words));
        lines.push("\nworkers".into());
        lines.extend(self.workers.iter().map(Worker::in_words));
        lines.push("\nlast runs".into());
        lines.extend(self.last_runs.iter().map(run_in_words));
        lines
    }
}

impl Queue {
    fn in_words(&self) -> String {
        let alarm = if self.workers == 0 && self.due > 0 { "  ALARM: no worker does this job" } else { "" };
        format!(
            "  {}: {} due (oldest {:.0} s), {} running, {} failed, {} dead, {}{alarm}",
            self.job,
            self.due,
            self.oldest_due_seconds,
            self.running,
            self.failed,
            self.dead,
            counted(self.workers, "worker")
        )
    }
}

impl Worker {
    fn in_words(&self) -> String {
        let state = match &self.stopped_at {
            Some(stopped) => format!("stopped {stopped}"),
            None => format!("seen {}", self.last_seen),
        };
        let clock = match self.clock_ahead_seconds {
            Some(ahead) if ahead.abs() > 60.0 && self.stopped_at.is_none() => {
                let side = if ahead > 0.0 { "ahead of" } else { "behind" };
                let off = ahead.abs();
                format!(
                    "  ALARM: its clock is {off:.0} s {side} that of postgres; it does no maintenance and no sealing"
                )
            }
            _ => String::new(),
        };
        format!("  {} on {} (process {}): {state}{clock}", self.id, self.hostname, self.pid)
    }
}

/// Its points, what of their samples was analysed, and why stages found nothing.
fn source_in_words(source: &DataSource) -> Vec<String> {
    let points = counted(source.point_count, "point");
    let analysed = source.analysed.as_ref().map(|window| format!(", analysed {}", window.in_words));
    let mut lines = vec![format!("  {}: {points}{}", source.name, analysed.unwrap_or_default())];
    let nothing = source.nothing_found.iter();
    lines.extend(nothing.map(|nothing| format!("    {} found nothing: {}", nothing.stage, nothing.reason)));
    lines
}

fn run_in_words(run: &JobRun) -> String {
    let took = run.started_at.zip(run.finished_at).map(|(from, to)| (to - from).num_milliseconds());
    let took = took.map(|ms| format!(" in {:.1} s", ms as f64 / 1000.0)).unwrap_or_default();
    let error = run.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    let source = run.data_source.as_deref().unwrap_or("all data sources");
    let time = run.created_at.format("%Y-%m-%d %H:%M:%S");
    format!("  {time} {} of {source}: {:?}{took}{error}", run.job, run.status)
}

#[cfg(test)]
mod tests {
    use super::source_in_words;
    use serde_json::json;

    #[test]
    fn a_data_source_is_told_with_what_was_analysed_and_why_nothing_was_found() {
        let source = json!({
            "id": "00000000-0000-0000-0000-000000000001", "name": "bench", "version": 1, "point_count": 2,
            "created_at": "2026-03-02T00:00:00Z",
            "analysed": {
                "start": "2026-03-02T10:00:00Z", "end": "2026-03-02T10:19:00Z", "bucket_seconds": 2, "buckets": 570,
                "in_words": "19 min in 570 buckets of 2 s",
            },
            "nothing_found": [{ "stage": "correlation-analysis", "reason": "only one point moves" }],
        });
        let mut source = serde_json::from_value(source).expect("a data source");
        assert_eq!(
            source_in_words(&source),
            [
                "  bench: 2 points, analysed 19 min in 570 buckets of 2 s",
                "    correlation-analysis found nothing: only one point moves",
            ]
        );
        (source.analysed, source.nothing_found) = (None, Vec::new());
        assert_eq!(source_in_words(&source), ["  bench: 2 points"]);
    }
}
