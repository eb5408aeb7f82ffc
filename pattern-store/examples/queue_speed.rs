//! Measures the job queue: trivial runs a second, and how long a run waits on an idle queue.
//!
//! `NAIA_TEST_POSTGRES=postgres://…/postgres cargo run --release -p pattern-store --example queue_speed`

use futures_util::FutureExt;
use pattern_core::domain::JobName;
use pattern_embedded::testing::TestDatabase;
use pattern_store::{
    Store,
    jobs::{Handler, NewRun, WorkerOptions, run_workers},
};
use std::{sync::Arc, time::Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const RUNS: usize = 3000;
const PICKUPS: usize = 300;

#[tokio::main]
async fn main() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 24).expect("the url is valid");
    store.migrate().await.expect("migrate");
    let (started, mut starts) = mpsc::unbounded_channel();
    let handler: Handler = Arc::new(move |_| {
        let _ = started.send(Instant::now());
        async { Ok(serde_json::Value::Null.into()) }.boxed()
    });
    // Runs of one job and data source take turns, so each gets a data source of its own.
    let sources: Vec<Uuid> = (0..RUNS).map(|_| Uuid::new_v4()).collect();
    sqlx::query("insert into data_sources (id, name) select id, id::text from unnest($1::uuid[]) id")
        .bind(&sources)
        .execute(store.pool())
        .await
        .expect("data sources");

    let begun = Instant::now();
    let mut tx = store.pool().begin().await.expect("begin");
    for source in &sources {
        let run = NewRun::shipped(JobName::MAINTENANCE, "bench").for_data_source(*source);
        Store::enqueue_run(&mut tx, &run).await.expect("enqueue");
    }
    tx.commit().await.expect("commit");
    println!("queued    {:>8.0} runs/s", RUNS as f64 / begun.elapsed().as_secs_f64());

    let mut options = WorkerOptions::new("bench");
    options.concurrency = 16;
    let shutdown = CancellationToken::new();
    let begun = Instant::now();
    let worker = tokio::spawn(run_workers(store.clone(), options, handler, shutdown.clone()));
    for _ in 0..RUNS {
        starts.recv().await;
    }
    println!("ran       {:>8.0} runs/s", RUNS as f64 / begun.elapsed().as_secs_f64());

    let mut waits = Vec::new();
    for _ in 0..PICKUPS {
        let mut conn = store.pool().acquire().await.expect("connection");
        let run = NewRun::shipped(JobName::SEALING, "bench").for_data_source(sources[waits.len()]);
        Store::enqueue_run(&mut conn, &run).await.expect("enqueue");
        let queued = Instant::now();
        let start = starts.recv().await.expect("the worker lives");
        waits.push(start.saturating_duration_since(queued));
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
    }
    waits.sort();
    println!("picked up {:>8.1?} p50, {:.1?} p99", waits[PICKUPS / 2], waits[PICKUPS * 99 / 100]);
    shutdown.cancel();
    worker.await.expect("the worker ends");
}
