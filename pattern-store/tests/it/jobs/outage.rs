use pattern_core::domain::RunStatus;
use pattern_embedded::testing::postgres_url;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};
use tokio::sync::Semaphore;
use tracing::{field::Field, subscriber::DefaultGuard};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    util::SubscriberInitExt,
};

use super::support::{Log, Queue, Worker, eventually, handler, maintenance, options};

/// Ends every connection to the database and lets none in until `end`.
struct Outage {
    admin: PgConnection,
    database: String,
}

impl Outage {
    async fn begin(queue: &Queue) -> Self {
        let database = queue.database.url.rsplit('/').next().unwrap().to_owned();
        let mut outage = Self { admin: PgConnection::connect(&postgres_url()).await.unwrap(), database };
        outage.allow(false).await;
        sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1")
            .bind(&outage.database)
            .execute(&mut outage.admin)
            .await
            .unwrap();
        outage
    }

    async fn allow(&mut self, allow: bool) {
        let sql = format!("alter database {} allow_connections {allow}", self.database);
        self.admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }

    async fn end(mut self) {
        self.allow(true).await;
    }
}

/// What workers of this thread, which is the test's own, complain about.
#[derive(Clone, Default)]
struct Complaints(Arc<Mutex<Vec<String>>>);

impl Complaints {
    fn listen(&self) -> DefaultGuard {
        tracing_subscriber::registry().with(self.clone()).set_default()
    }

    /// Waits until a worker could not do it, so that the outage is known to have hit.
    async fn about(&self, what: &str) {
        eventually(what, || async { self.0.lock().unwrap().iter().any(|said| said.contains(what)) }).await;
    }
}

impl<S: tracing::Subscriber> Layer<S> for Complaints {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut message = String::new();
        event.record(&mut |field: &Field, value: &dyn Debug| {
            if field.name() == "message" {
                message = format!("{value:?}");
            }
        });
        self.0.lock().unwrap().push(message);
    }
}

#[tokio::test]
async fn workers_wait_while_postgres_is_away_and_resume() {
    let complaints = Complaints::default();
    let _listening = complaints.listen();
    let queue = Queue::create().await;
    let log = Log::default();
    let worker = Worker::start(&queue.another_store(), options("w"), log.handler());
    let before = queue.enqueue(maintenance()).await;
    queue.wait_for(before, RunStatus::Succeeded).await;

    let outage = Outage::begin(&queue).await;
    complaints.about("cannot fetch from the queue").await;
    outage.end().await;

    eventually("postgres", || async { queue.store.ping().await.is_ok() }).await;
    let after = queue.enqueue(maintenance()).await;
    queue.wait_for(after, RunStatus::Succeeded).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_job_that_ends_while_postgres_is_away_is_kept_and_runs_once() {
    let complaints = Complaints::default();
    let _listening = complaints.listen();
    let queue = Queue::create().await;
    let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
    let work = {
        let (log, gate) = (log.clone(), gate.clone());
        handler(move |context| {
            log.note(&context);
            let gate = gate.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(json!({"kept": true}))
            }
        })
    };
    let stores = [queue.another_store(), queue.another_store()];
    let workers = [
        Worker::start(&stores[0], options("a"), work.clone()),
        Worker::start(&stores[1], options("b"), work),
    ];
    let id = queue.enqueue(maintenance()).await;
    eventually("the job", || async { !log.entries().is_empty() }).await;

    let outage = Outage::begin(&queue).await;
    gate.add_permits(1);
    complaints.about("cannot end a run").await;
    outage.end().await;

    let run = queue.wait_for(id, RunStatus::Succeeded).await;
    assert_eq!(run.result.unwrap()["kept"], true);
    assert_eq!(log.attempts_of(id), [1]);
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_worker_that_starts_while_postgres_is_away_begins_when_it_comes() {
    let complaints = Complaints::default();
    let _listening = complaints.listen();
    let queue = Queue::create().await;
    let id = queue.enqueue(maintenance()).await;
    let outage = Outage::begin(&queue).await;
    let worker = Worker::start(&queue.another_store(), options("w"), Log::default().handler());
    complaints.about("cannot register the worker").await;
    outage.end().await;
    queue.wait_for(id, RunStatus::Succeeded).await;
    worker.stop().await;
}
