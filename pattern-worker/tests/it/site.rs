//! A small site with its own database and topics, and worker processes that serve it.

use chrono::{DateTime, Duration, Utc};
use pattern_bus::{KafkaSettings, topics};
use pattern_core::{
    domain::{
        EVENT_PARTITIONS, EVENT_TOPICS, JobRun, PatternSource, RunStatus, Sample, Suggestion,
        SuggestionStatus,
    },
    library,
};
pub use pattern_embedded::testing::until;
use pattern_embedded::testing::{self, eventually};
use pattern_store::{NewPoint, Store, SuggestionFilter, samples::KeyedSample};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::BorrowedMessage,
};
use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection};
use std::{
    fs::File,
    process::{Child, Command, Stdio},
};
use uuid::Uuid;

pub const NAME: &str = "north";
/// Pumps of one make: suffix, unit and share of the common load.
const PARTS: [(&str, &str, f64); 5] = [
    ("SUCT_PRESS", "psi", 20.0),
    ("DISCH_PRESS", "psi", 150.0),
    ("FLOW", "gpm", 900.0),
    ("MTR_AMPS", "A", 80.0),
    ("DISCH_TEMP", "degF", 110.0),
];
const PUMPS: [&str; 4] = ["P-101", "P-102", "P-103", "P-104"];

pub struct Site {
    pub store: Store,
    pub kafka: KafkaSettings,
    pub url: String,
    _database: Option<testing::TestDatabase>,
}

impl Site {
    /// On the servers that all tests share.
    pub async fn new() -> Self {
        let database = testing::TestDatabase::create().await;
        let url = database.url.clone();
        Self { _database: Some(database), ..Self::on(url, testing::kafka_bootstrap()).await }
    }

    /// On servers of the test's own.
    pub async fn on(url: String, bootstrap: String) -> Self {
        let store = Store::connect_lazy(&url, 6).expect("store");
        store.migrate().await.expect("migrate");
        let kafka = KafkaSettings::new(bootstrap).with_topic_prefix(format!("t{}.", Uuid::new_v4().simple()));
        topics::ensure_topics(&kafka).await.expect("topics");
        let builtin = library::builtin();
        store.load_library(&builtin, PatternSource::Library, Utc::now()).await.expect("library");
        Self { store, kafka, url, _database: None }
    }

    /// Registers the points of all pumps.
    pub async fn add_points(&self) {
        for pump in PUMPS {
            self.add_named(pump, &PARTS.map(|(part, unit, _)| (part, unit))).await;
        }
    }

    /// Registers the parts of a machine, each with its unit.
    pub async fn add_named(&self, machine: &str, parts: &[(&str, &str)]) {
        let points: Vec<NewPoint> = parts
            .iter()
            .map(|(part, unit)| NewPoint {
                unit: (*unit).into(),
                ..NewPoint::named(format!("{machine}.{part}"))
            })
            .collect();
        self.store.register_points(NAME, &points).await.expect("points");
    }

    /// Two days of samples at 15 minutes: the points of a pump follow its own load.
    pub async fn add_samples(&self, end: DateTime<Utc>) {
        let stored = self.store.stored_points(self.source().await).await.expect("points");
        let mut samples = Vec::new();
        for point in stored {
            let pump = PUMPS.iter().position(|pump| point.name.starts_with(pump)).unwrap_or(0);
            let scale = PARTS.iter().find(|(part, ..)| point.name.ends_with(part)).map_or(1.0, |part| part.2);
            for step in 0..192 {
                let at = end - Duration::minutes(15 * (192 - step));
                // Loads of different pumps wander independently of each other.
                let load = ((step * (7 + 4 * pump as i64)) % 53) as f64 / 53.0;
                samples.push(KeyedSample::new(
                    point.key,
                    Sample { at, value: scale * (0.5 + 0.5 * load), quality: 0 },
                ));
            }
        }
        self.store.insert_new_samples(&samples).await.expect("samples");
    }

    pub async fn source(&self) -> Uuid {
        self.store.data_source(NAME).await.expect("data source").expect("it was registered").id
    }

    pub async fn start_flywheel(&self) -> Uuid {
        self.store.start_flywheel(None, "test").await.expect("flywheel")
    }

    pub async fn finished(&self, run: Uuid) -> JobRun {
        eventually("the run ends", || async {
            let run = self.store.job_run(run).await.ok()?;
            (!matches!(run.status, RunStatus::Queued | RunStatus::Running)).then_some(run)
        })
        .await
    }

    /// Runs the whole chain with the workers there are.
    pub async fn analyse(&self) -> JobRun {
        let run = self.finished(self.start_flywheel().await).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
        run
    }

    pub async fn suggestions(&self, status: SuggestionStatus) -> Vec<Suggestion> {
        let filter = SuggestionFilter { status: Some(status), limit: 500, ..SuggestionFilter::default() };
        self.store.list_suggestions(&filter).await.expect("suggestions").items
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.store.pool()).await.expect("count")
    }

    /// Waits until a decision was learned from.
    pub async fn until_learned(&self) {
        self.until_any("select count(*) from job_runs where job = 'learning' and status = 'succeeded'").await;
    }

    /// Waits until `sql` counts something.
    pub async fn until_any(&self, sql: &'static str) {
        until(sql, || async {
            let count: Option<i64> = sqlx::query_scalar(sql).fetch_one(self.store.pool()).await.ok();
            count.is_some_and(|count| count > 0)
        })
        .await;
    }

    pub async fn until_drained(&self) {
        until("the outbox drains", || async {
            self.count("select count(*) from outbox where published_at is null").await == 0
        })
        .await;
    }

    /// Everything on the event topics, partition by partition in order.
    pub fn published_events(&self) -> Vec<PublishedEvent> {
        let event = |record: &BorrowedMessage<'_>| {
            let event: Value = serde_json::from_slice(record.payload().expect("payload")).expect("json");
            PublishedEvent {
                topic: record.topic().to_owned(),
                partition: record.partition(),
                id: event["id"].as_str().expect("id").to_owned(),
                position: event["sequence"].as_str().expect("sequence").parse().expect("number"),
            }
        };
        self.published(event)
    }

    /// When the records on the event topics were written, as Kafka keeps it, in milliseconds.
    pub fn published_times(&self) -> Vec<i64> {
        self.published(|record| record.timestamp().to_millis().expect("time"))
    }

    fn published<T>(&self, read: impl Fn(&BorrowedMessage<'_>) -> T) -> Vec<T> {
        let mut config = self.kafka.consumer();
        config.set("enable.partition.eof", "true").set("group.id", "reads-everything");
        let consumer: BaseConsumer = config.create().expect("consumer");
        let mut assignment = TopicPartitionList::new();
        for topic in EVENT_TOPICS {
            for partition in 0..EVENT_PARTITIONS {
                assignment
                    .add_partition_offset(&self.kafka.topic(topic), partition, Offset::Beginning)
                    .expect("partition");
            }
        }
        consumer.assign(&assignment).expect("assign");
        let (mut events, mut ended) = (Vec::new(), 0);
        while ended < assignment.count() {
            let polled = consumer.poll(std::time::Duration::from_secs(30));
            match polled.expect("the end of every partition is reached") {
                Err(KafkaError::PartitionEOF(_)) => ended += 1,
                Err(error) => panic!("{error}"),
                Ok(record) => events.push(read(&record)),
            }
        }
        events
    }

    /// Holds a table so that whoever needs it waits, until the connection is dropped.
    pub async fn hold(&self, table: &str) -> PgConnection {
        let mut connection = PgConnection::connect(&self.url).await.expect("connect");
        let sql = format!("begin; lock table {table} in access exclusive mode");
        connection.execute(sqlx::AssertSqlSafe(sql)).await.expect("lock");
        connection
    }
}

/// An event as it lies on the broker.
pub struct PublishedEvent {
    pub topic: String,
    pub partition: i32,
    pub id: String,
    pub position: i64,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_naia-pattern-worker");

/// A worker process; killed when dropped.
pub struct Worker {
    child: Child,
}

impl Worker {
    pub fn start(site: &Site) -> Self {
        Self::with(site, &[])
    }

    /// With settings of its own.
    pub fn with(site: &Site, settings: &[(&str, &str)]) -> Self {
        Self::spawn(&mut Command::new(PROGRAM), site, settings)
    }

    /// Where the clock shows another time, as `faketime` has it (`+40d`); what it logs goes to a file.
    pub fn at_another_time(site: &Site, shift: &str, log: File) -> Self {
        let mut command = Command::new(PROGRAM);
        command.envs(testing::at_another_time(shift)).stderr(log);
        Self::spawn(&mut command, site, &[("RUST_LOG", "info")])
    }

    /// With its log in a place of its own.
    pub fn logging_to(log: impl Into<Stdio>, site: &Site, settings: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(PROGRAM).stderr(log), site, settings)
    }

    fn spawn(command: &mut Command, site: &Site, settings: &[(&str, &str)]) -> Self {
        let child = command
            .env("NAIA_POSTGRES__URL", &site.url)
            .env("NAIA_KAFKA__BOOTSTRAP_SERVERS", &site.kafka.bootstrap)
            .env("NAIA_KAFKA__TOPIC_PREFIX", &site.kafka.topic_prefix)
            // In one group for all tests, the workers that other tests kill would hold this one up.
            .env("NAIA_KAFKA__GROUP_ID", format!("{}worker", site.kafka.topic_prefix))
            // There are many on this machine.
            .env("NAIA_WORKER__METRICS_LISTEN", "")
            // Nothing runs by itself: what a test sees, it started.
            .envs(
                ["FLYWHEEL", "PATTERN_LEARNING", "MAINTENANCE", "SEALING"]
                    .map(|job| (format!("NAIA_SCHEDULE__{job}"), "")),
            )
            .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".into()))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the worker starts");
        Self { child }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// As `kill -9`.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}
