use croner::Cron;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Display, net::SocketAddr, ops::RangeInclusive, str::FromStr};

use crate::{api::ApiSettings, auth::AuthSettings, logging::LogConfig, secrets::is_whole_url};

/// A whole configuration that can tell what is wrong with it.
pub trait Settings: Serialize + DeserializeOwned + Default {
    /// Every problem, each as `key: what is wrong, what to do`.
    fn problems(&self) -> Vec<String>;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    pub url: String,
    /// PostgreSQL itself, where `url` leads to a pooler in transaction mode: for LISTEN and migrations.
    pub direct_url: Option<String>,
    pub max_connections: u32,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self { url: "postgres://naia@127.0.0.1:5432/naia".into(), direct_url: None, max_connections: 20 }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    pub bootstrap_servers: String,
    /// Consumer group of the ingest.
    pub group_id: String,
    /// Put before every topic's name, so that several installations can share a cluster.
    pub topic_prefix: String,
    /// More librdkafka properties, by their own names (security, timeouts); they win over ours.
    #[serde(deserialize_with = "texts")]
    pub options: BTreeMap<String, String>,
}

/// librdkafka takes every value as text, and its names are flat: the table that TOML makes of a name whose dots
/// were not quoted is none of theirs.
fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let mut values: Vec<(String, Value)> = BTreeMap::<_, _>::deserialize(from)?.into_iter().collect();
    let mut texts = BTreeMap::new();
    while let Some((name, value)) = values.pop() {
        match value {
            Value::Object(deeper) => {
                values.extend(deeper.into_iter().map(|(rest, value)| (format!("{name}.{rest}"), value)));
            }
            // The flat name comes first, and wins: it may be a variable's.
            Value::String(text) => drop(texts.entry(name).or_insert(text)),
            other => drop(texts.entry(name).or_insert_with(|| other.to_string())),
        }
    }
    Ok(texts)
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            bootstrap_servers: "127.0.0.1:9092".into(),
            group_id: "naia-pattern-worker".into(),
            topic_prefix: String::new(),
            options: BTreeMap::new(),
        }
    }
}

/// How the engine decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// A suggestion of purpose `match` has at least this confidence.
    pub detection_threshold_score: f64,
    /// An episode has at least this many points …
    pub cluster_min_points: usize,
    /// … that changed their behaviour within this time.
    pub cluster_time_window_minutes: i64,
    /// An unanswered suggestion expires after this time.
    pub suggestion_expiration_days: i64,
    /// How far back behaviour and correlation are judged, in means of 15 minutes. What is shorter gets a window of its
    /// length, and finer buckets where that is less than a day; what has hardly a sample in two hours gets a longer one and
    /// coarser buckets.
    pub window_days: i64,
    /// |r| from which two points are associated.
    pub correlation_threshold: f64,
    /// Where more points than these are to be correlated, the work is split into tiles that any worker pulls: the
    /// pairs of so many points with all others. A tile has to read the grid, which takes as long as correlating
    /// some ten thousand points does.
    pub correlation_tile_points: usize,
    /// At most so many open suggestions of purpose `learning` per data source.
    pub learning_suggestions: usize,
    /// A day is sealed when it ended so long ago.
    pub sealing_after_hours: i64,
    /// How long finished runs and dead letters are kept. (Published events: as long as Kafka keeps them.)
    pub retention_days: i64,
    /// How long sealed samples are kept; for ever where it is missing.
    pub sample_retention_days: Option<i64>,
    /// How long the 15-minute means of sealed days are kept, which behaviour and correlation are judged on; for ever
    /// where it is missing.
    pub rollup_retention_days: Option<i64>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            detection_threshold_score: 0.75,
            cluster_min_points: 10,
            cluster_time_window_minutes: 15,
            suggestion_expiration_days: 30,
            window_days: 7,
            correlation_threshold: 0.6,
            correlation_tile_points: 50_000,
            learning_suggestions: 20,
            sealing_after_hours: 36,
            retention_days: 90,
            sample_retention_days: None,
            rollup_retention_days: None,
        }
    }
}

/// When jobs run by themselves: cron expressions in UTC; empty means never.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    pub flywheel: String,
    pub pattern_learning: String,
    pub maintenance: String,
    pub sealing: String,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            flywheel: "*/15 * * * *".into(),
            pattern_learning: "5 * * * *".into(),
            maintenance: "0 3 * * *".into(),
            sealing: "0 1 * * *".into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Names the worker; made from host, process and chance where it is missing.
    pub id: Option<String>,
    /// Jobs at once.
    pub concurrency: usize,
    /// Where Prometheus gets its metrics, at `/metrics`; nowhere where it is empty.
    pub metrics_listen: String,
    /// The job types that it pulls; all of them where none is named.
    pub capabilities: Vec<String>,
    /// A run is dead after so many failed attempts; as its job declares unless given.
    pub max_attempts: Option<i32>,
    /// A job that takes longer is stopped and tried again; as it declares unless given.
    pub job_timeout_minutes: Option<u64>,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            id: None,
            concurrency: 4,
            metrics_listen: "127.0.0.1:9464".into(),
            capabilities: Vec::new(),
            max_attempts: None,
            job_timeout_minutes: None,
        }
    }
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Address of a collector that takes OTLP over HTTP, as `http://127.0.0.1:4318`; no traces are sent without one. The
    /// variables `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_TRACES_SAMPLER`
    /// mean what the OpenTelemetry specification says.
    pub otlp_endpoint: Option<String>,
    /// The share of traces that begin here and are kept, 0 to 1.
    pub sample_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample_ratio: 1.0 }
    }
}

impl TelemetryConfig {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(endpoint) = &self.otlp_endpoint
            && !endpoint.starts_with("http://")
        {
            problems.push(format!(
                "telemetry.otlp_endpoint: '{endpoint}' is no address of a collector on this network; write \
                 http://host:4318, and let the collector encrypt what leaves it"
            ));
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            problems.push(format!("telemetry.sample_ratio: {} is no share; use 0 to 1", self.sample_ratio));
        }
        problems
    }
}

/// Configuration of `naia-pattern-worker`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerConfig {
    pub worker: WorkerSettings,
    pub pattern_engine: EngineConfig,
    pub schedule: ScheduleConfig,
    pub postgres: PostgresConfig,
    pub kafka: KafkaConfig,
    pub log: LogConfig,
    pub telemetry: TelemetryConfig,
}

/// Nothing is an address as well: it switches off.
pub(crate) fn no_address(key: &str, listen: &str) -> Option<String> {
    let is_one = listen.is_empty() || listen.parse::<SocketAddr>().is_ok();
    (!is_one).then(|| {
        format!("{key}: '{listen}' is no address; write 127.0.0.1:9464, or nothing to serve no metrics")
    })
}

/// Configuration of `naia-pattern-api`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiConfig {
    pub api: ApiSettings,
    pub auth: AuthSettings,
    pub postgres: PostgresConfig,
    pub kafka: KafkaConfig,
    pub log: LogConfig,
    pub telemetry: TelemetryConfig,
}

/// Where the servers are: what commands need of the services' configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServersConfig {
    pub postgres: PostgresConfig,
    pub kafka: KafkaConfig,
}

impl Settings for ServersConfig {
    fn problems(&self) -> Vec<String> {
        server_problems(&self.postgres, &self.kafka)
    }
}

impl Settings for WorkerConfig {
    fn problems(&self) -> Vec<String> {
        let mut problems = server_problems(&self.postgres, &self.kafka);
        problems.extend(self.pattern_engine.problems());
        let WorkerSettings { concurrency, max_attempts, job_timeout_minutes, .. } = &self.worker;
        problems.extend(out_of_range("worker.concurrency", concurrency, 1..=1_024));
        let attempts = max_attempts.as_ref();
        problems.extend(attempts.and_then(|n| out_of_range("worker.max_attempts", n, 1..=1_000)));
        let minutes = job_timeout_minutes.as_ref();
        problems.extend(minutes.and_then(|n| out_of_range("worker.job_timeout_minutes", n, 1..=10_080)));
        problems.extend(self.schedule.problems());
        problems.extend(self.log.problem());
        problems.extend(self.telemetry.problems());
        problems.extend(no_address("worker.metrics_listen", &self.worker.metrics_listen));
        let wanted = concurrency.saturating_add(6);
        if (self.postgres.max_connections as usize) < wanted {
            problems.push(format!(
                "postgres.max_connections: {} is too few for worker.concurrency {concurrency}; use {wanted} or more",
                self.postgres.max_connections
            ));
        }
        problems
    }
}

impl Settings for ApiConfig {
    fn problems(&self) -> Vec<String> {
        let mut problems = server_problems(&self.postgres, &self.kafka);
        problems.extend(self.api.problems(self.auth.is_configured()));
        problems.extend(self.auth.problems());
        problems.extend(self.log.problem());
        problems.extend(self.telemetry.problems());
        problems
    }
}

fn server_problems(postgres: &PostgresConfig, kafka: &KafkaConfig) -> Vec<String> {
    let mut problems = Vec::new();
    let mut require = |holds: bool, problem: &str| {
        if !holds {
            problems.push(problem.to_owned());
        }
    };
    let is_postgres = |url: &str| url.starts_with("postgres://") || url.starts_with("postgresql://");
    for (key, url) in [("url", Some(&postgres.url)), ("direct_url", postgres.direct_url.as_ref())] {
        let Some(url) = url else { continue };
        if !is_postgres(url) {
            require(false, &format!("postgres.{key}: must start with postgres://"));
        } else if !is_whole_url(url) {
            let what = "is not a url; write @ : / ? # % within a password as %40 %3A %2F %3F %23 %25";
            require(false, &format!("postgres.{key}: {what}"));
        }
    }
    require(postgres.max_connections >= 4, "postgres.max_connections: must be 4 or more");
    require(
        !kafka.bootstrap_servers.trim().is_empty(),
        "kafka.bootstrap_servers: name at least one host:port",
    );
    require(!kafka.group_id.trim().is_empty(), "kafka.group_id: must not be empty");
    let is_legal = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    require(
        kafka.topic_prefix.chars().all(is_legal),
        "kafka.topic_prefix: Kafka's names are made of letters, digits, dots, hyphens and underscores",
    );
    problems
}

/// The upper ends are far beyond use; behind them dates and sums overflow.
pub(crate) fn out_of_range<T: PartialOrd + Display>(
    key: &str,
    value: &T,
    range: RangeInclusive<T>,
) -> Option<String> {
    let (least, most) = (range.start(), range.end());
    (!range.contains(value)).then(|| format!("{key}: {value} is out of range; use {least} to {most}"))
}

impl EngineConfig {
    fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.out_of_range().collect();
        let shares = [
            ("detection_threshold_score", self.detection_threshold_score, "a probability"),
            ("correlation_threshold", self.correlation_threshold, "an absolute correlation"),
        ];
        for (name, value, what) in shares {
            if !(0.0..=1.0).contains(&value) {
                problems.push(format!("pattern_engine.{name}: is {what}, use 0 to 1"));
            }
        }
        problems
    }

    fn out_of_range(&self) -> impl Iterator<Item = String> {
        let whole_numbers = [
            ("cluster_time_window_minutes", self.cluster_time_window_minutes, 1..=10_080),
            ("suggestion_expiration_days", self.suggestion_expiration_days, 1..=36_500),
            ("window_days", self.window_days, 1..=90),
            ("sealing_after_hours", self.sealing_after_hours, 1..=8_760),
            ("retention_days", self.retention_days, 7..=36_500),
        ];
        let sizes = [
            ("cluster_min_points", self.cluster_min_points, 2..=1_000_000),
            ("correlation_tile_points", self.correlation_tile_points, 100..=10_000_000),
            ("learning_suggestions", self.learning_suggestions, 0..=10_000),
        ];
        // The window may begin within a day, and needs what the day before brought over midnight.
        let least = self.window_days + 2;
        let kept = [
            ("sample_retention_days", self.sample_retention_days),
            ("rollup_retention_days", self.rollup_retention_days),
        ];
        let key = |name| format!("pattern_engine.{name}");
        let kept = kept.into_iter().filter_map(move |(name, days)| {
            let problem = out_of_range(&key(name), &days?, least..=36_500)?;
            Some(format!("{problem} (window_days and two more), or leave it out to keep everything"))
        });
        let whole_numbers = whole_numbers.map(|(name, value, range)| out_of_range(&key(name), &value, range));
        let sizes = sizes.map(|(name, value, range)| out_of_range(&key(name), &value, range));
        whole_numbers.into_iter().chain(sizes).flatten().chain(kept)
    }
}

impl ScheduleConfig {
    fn problems(&self) -> impl Iterator<Item = String> {
        let Self { flywheel, pattern_learning, maintenance, sealing } = self;
        let all = [
            ("flywheel", flywheel),
            ("pattern_learning", pattern_learning),
            ("maintenance", maintenance),
            ("sealing", sealing),
        ];
        all.into_iter().filter(|(_, expression)| !expression.trim().is_empty()).filter_map(|(name, expression)| {
            let error = Cron::from_str(expression).err()?;
            Some(format!(
                "schedule.{name}: '{expression}' is not a cron expression: {error}; write for example '*/15 * * * *'"
            ))
        })
    }
}
