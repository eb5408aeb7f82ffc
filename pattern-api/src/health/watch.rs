use pattern_bus::{
    KafkaSettings,
    datapoints::{IngestLag, LagProbe},
};
use pattern_core::domain::TOPIC_DATAPOINTS;
use pattern_store::{Store, StoreError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::metrics;

use super::judge::{self, Figures, Health, IngestProgress, Since};

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What is shown is at most the pause and twice this old.
const POSTGRES_WITHIN: Duration = Duration::from_millis(1_500);
const KAFKA_WITHIN: Duration = Duration::from_secs(1);

/// What PostgreSQL and Kafka say of themselves, and what should happen in them, as last seen. Cheap to clone.
#[derive(Clone)]
pub struct HealthWatch(watch::Receiver<Option<Health>>);

impl HealthWatch {
    /// Looks until `shutdown`.
    pub fn start(store: Store, kafka: KafkaSettings, shutdown: CancellationToken) -> Self {
        let (sender, receiver) = watch::channel(None);
        let mut looker = Looker {
            // The rest of the time is for finding out why.
            store: store.apart(POSTGRES_WITHIN / 2),
            kafka,
            probe: None,
            progress: IngestProgress::default(),
            unserved: Since::default(),
        };
        tokio::spawn(async move {
            while !shutdown.is_cancelled() {
                let seen = looker.look().await;
                sender.send_if_modified(|known| {
                    let is_news = known.as_ref() != Some(&seen);
                    *known = Some(seen);
                    is_news
                });
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        });
        Self(receiver)
    }

    /// As last seen; waits for the first look.
    pub async fn seen(&self) -> Health {
        match self.0.clone().wait_for(Option::is_some).await {
            Ok(seen) => seen.clone().unwrap_or_else(Health::live),
            // The process ends.
            Err(_) => {
                let mut health = Health::live();
                health.add("process", true, Err("is shutting down".into()));
                health
            }
        }
    }

    /// What is wrong with a part; `None` where it is well, or not known yet.
    pub fn problem_of(&self, part: &str) -> Option<String> {
        let seen = self.0.borrow();
        seen.as_ref()?.parts.get(part).filter(|words| *words != "up").cloned()
    }

    /// Waits until something is different from what this one was told before; `None` when the process ends.
    pub async fn changed(&mut self) -> Option<Health> {
        self.0.changed().await.ok()?;
        self.0.borrow_and_update().clone()
    }
}

struct Looker {
    store: Store,
    kafka: KafkaSettings,
    /// Made when it is first needed.
    probe: Option<LagProbe>,
    progress: IngestProgress,
    /// Since when there is no worker.
    unserved: Since,
}

impl Looker {
    async fn look(&mut self) -> Health {
        let mut health = Health::live();
        let store = self.store.clone();
        let (postgres, lag) = tokio::join!(within(POSTGRES_WITHIN, store.ping()), self.ingest_lag());
        let is_up = postgres.is_ok();
        health.add("postgres", true, postgres.map_err(|e| e.to_string()));
        self.judge_ingest(&mut health, lag, is_up);
        if is_up && let Err(error) = within(POSTGRES_WITHIN, self.look_at_work(&mut health)).await {
            health.add("postgres", true, Err(error.to_string()));
        }
        metrics::figures(&health.figures);
        health
    }

    fn judge_ingest(
        &mut self,
        health: &mut Health,
        lag: pattern_bus::Result<Option<IngestLag>>,
        postgres_is_up: bool,
    ) {
        match lag {
            Ok(None) => {
                let words = format!(
                    "topic {} is missing, so that no samples are taken; a running worker makes it",
                    self.kafka.topic(TOPIC_DATAPOINTS)
                );
                health.add("kafka", false, Ok(()));
                health.add("ingest", false, Err(words));
            }
            Ok(Some(lag)) => {
                let stalled = self.progress.stalled_for(lag.records, lag.last_progress, Instant::now());
                health.figures.ingest_lag_records = Some(lag.records);
                health.figures.ingest_stalled_seconds = Some(stalled.as_secs_f64().round());
                health.add("kafka", false, Ok(()));
                health.add("ingest", false, judge::ingest(lag.records, lag.last_progress, stalled));
            }
            // PostgreSQL says for itself what is wrong with it.
            Err(pattern_bus::BusError::Store(_)) => {
                let words = if postgres_is_up { "its progress cannot be read" } else { "waits for postgres" };
                health.add("kafka", false, Ok(()));
                health.add("ingest", false, Err(words.into()));
            }
            Err(error) => {
                let words = format!("away, events come from the outbox and samples are not taken: {error}");
                health.add("kafka", false, Err(words));
                health.add("ingest", false, Err("waits for kafka".into()));
            }
        }
    }

    async fn ingest_lag(&mut self) -> pattern_bus::Result<Option<IngestLag>> {
        let probe = match self.probe.take() {
            Some(probe) => probe,
            None => LagProbe::new(&self.kafka)?,
        };
        let lag = tokio::time::timeout(POSTGRES_WITHIN, probe.ingest_lag(&self.store, KAFKA_WITHIN)).await;
        self.probe = Some(probe);
        // Kafka has a limit of its own, and keeps to it.
        lag.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into()).into()))
    }

    async fn look_at_work(&mut self, health: &mut Health) -> pattern_store::Result<()> {
        let unpublished = self.store.unpublished_count().await?;
        let oldest = self.store.oldest_unpublished().await?;
        let queues = self.store.queue_health().await?;
        let dead_letters = self.store.dead_letter_totals().await?.waiting;
        let never_read = self.store.ingest_gap_totals().await?.records;
        let unserved = self.unserved.lasts(queues.iter().all(|queue| queue.workers == 0), Instant::now());
        let types = self.store.job_types();
        metrics::queues(&queues, |job| types.named(job).is_ok());
        let due = queues.iter().map(|queue| queue.oldest_due_seconds).fold(0.0, f64::max);
        health.figures = Figures {
            unpublished_events: Some(unpublished),
            oldest_unpublished_seconds: Some(oldest.as_secs_f64().round()),
            dead_letters: Some(dead_letters),
            records_never_read: Some(never_read),
            oldest_due_run_seconds: Some(due.round()),
            ..health.figures.clone()
        };
        health.add("relay", false, judge::relay(unpublished, oldest));
        health.add("jobs", false, judge::jobs(&queues, unserved));
        Ok(())
    }
}

async fn within<T>(
    limit: Duration,
    asked: impl Future<Output = pattern_store::Result<T>>,
) -> pattern_store::Result<T> {
    match tokio::time::timeout(limit, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(StoreError::Unavailable(format!("no answer within {} s", limit.as_secs()))),
    }
}
