use futures_util::FutureExt;
use pattern_core::domain::{JobName, JobRun, RunStatus};
pub use pattern_embedded::testing::until as eventually;
use pattern_embedded::testing::{self, TestDatabase};
use pattern_store::{
    Store,
    jobs::{Handler, JobContext, JobError, JobOutcome, NewRun, WorkerOptions, run_workers},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub struct Queue {
    pub store: Store,
    pub database: TestDatabase,
}

impl Queue {
    pub async fn create() -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 12).unwrap();
        store.migrate().await.unwrap();
        Self { store, database }
    }

    /// A pool of its own, as another process would have.
    pub fn another_store(&self) -> Store {
        Store::connect_lazy(&self.database.url, 12).unwrap()
    }

    pub async fn data_source(&self, name: &str) -> Uuid {
        let id = Uuid::new_v4();
        sqlx::query("insert into data_sources (id, name) values ($1, $2)")
            .bind(id)
            .bind(name)
            .execute(self.store.pool())
            .await
            .unwrap();
        id
    }

    pub async fn enqueue(&self, run: NewRun) -> Uuid {
        let mut conn = self.store.pool().acquire().await.unwrap();
        Store::enqueue_run(&mut conn, &run).await.unwrap().expect("a new run")
    }

    pub async fn start_flywheel(&self, data_source_id: Option<Uuid>) -> Uuid {
        self.store.start_flywheel(data_source_id, "test").await.unwrap()
    }

    pub async fn wait_for(&self, id: Uuid, status: RunStatus) -> JobRun {
        wait_for(&self.store, id, status).await
    }

    pub async fn execute(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(self.store.pool()).await.unwrap();
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.store.pool()).await.unwrap()
    }
}

pub async fn wait_for(store: &Store, id: Uuid, status: RunStatus) -> JobRun {
    // The database may be away in the middle of a test.
    testing::eventually(&format!("{status:?}"), || async {
        store.job_run(id).await.ok().filter(|run| run.status == status)
    })
    .await
}

pub fn maintenance() -> NewRun {
    NewRun::shipped(JobName::MAINTENANCE, "test")
}

/// Impatient, so that tests need not wait.
pub fn options(name: &str) -> WorkerOptions {
    WorkerOptions {
        heartbeat: Duration::from_secs(1),
        poll: Duration::from_millis(200),
        retry_delay: Duration::from_millis(100),
        patience: Duration::from_secs(2),
        ..WorkerOptions::new(name)
    }
}

pub struct Worker {
    pub shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Worker {
    pub fn start(store: &Store, options: WorkerOptions, handler: Handler) -> Self {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(run_workers(store.clone(), options, handler, shutdown.clone()));
        Self { shutdown, task }
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

pub fn handler<F, Fut>(work: F) -> Handler
where
    F: Fn(JobContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Value, JobError>> + Send + 'static,
{
    Arc::new(move |context| work(context).map(|result| result.map(JobOutcome::Done)).boxed())
}

/// What ran, in the order in which it started.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<JobContext>>>);

impl Log {
    pub fn note(&self, context: &JobContext) {
        self.0.lock().unwrap().push(context.clone());
    }

    pub fn entries(&self) -> Vec<JobContext> {
        self.0.lock().unwrap().clone()
    }

    pub fn attempts_of(&self, run_id: Uuid) -> Vec<i32> {
        self.entries().iter().filter(|c| c.run_id == run_id).map(|c| c.attempt).collect()
    }

    /// Succeeds at once and notes that it ran.
    pub fn handler(&self) -> Handler {
        let log = self.clone();
        handler(move |context| {
            log.note(&context);
            async { Ok(json!({})) }
        })
    }
}
