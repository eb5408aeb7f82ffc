//! Runs that are split: their tiles run anywhere, and count once.

use chrono::DateTime;
use futures_util::future::BoxFuture;
use pattern_core::{
    domain::{JobName, JobRun, RunStatus, TileArguments},
    series::frame::Frame,
};
use pattern_store::{
    CorrelationPlan, CorrelationTile, PlannedVariant, Store, StoreError, Variant,
    jobs::{Fence, Handler, JobContext, JobError, JobOutcome, NewRun, NewTile, RunFilter},
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use uuid::Uuid;

use super::support::{Log, Queue, Worker, eventually, options};

const TILES: i32 = 6;

/// Splits every correlation-analysis, does what the test wants in a tile, and answers at once otherwise.
fn splitting<F, Fut>(log: &Log, plant: Uuid, tile: F) -> Handler
where
    F: Fn(JobContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Value, JobError>> + Send + 'static,
{
    let (log, tile) = (log.clone(), Arc::new(tile));
    Arc::new(move |context: JobContext| {
        log.note(&context);
        let tile = tile.clone();
        Box::pin(async move {
            match (context.job, &context.so_far) {
                (JobName::CORRELATION_ANALYSIS, None) => {
                    let new = |tile| NewTile {
                        job: JobName::CORRELATION_TILE,
                        data_source_id: plant,
                        arguments: json!(TileArguments { tile }),
                    };
                    Ok(JobOutcome::Split { tiles: (0..TILES).map(new).collect(), so_far: json!("split") })
                }
                (JobName::CORRELATION_TILE, _) => tile(context).await.map(JobOutcome::Done),
                (_, so_far) => Ok(json!({ "so_far": so_far }).into()),
            }
        })
    })
}

async fn done(_: JobContext) -> Result<Value, JobError> {
    Ok(json!({}))
}

fn number_of(tile: &JobContext) -> i32 {
    tile.arguments::<TileArguments>().unwrap().tile
}

async fn tiles_of(store: &Store, run: Uuid) -> Vec<JobRun> {
    store.job_runs(&RunFilter { parent_id: Some(run), ..RunFilter::default() }).await.unwrap()
}

async fn stage_of(store: &Store, chain: Uuid, job: &str) -> JobRun {
    let filter = RunFilter { chain_id: Some(chain), job: Some(job.into()), ..RunFilter::default() };
    store.job_runs(&filter).await.unwrap().remove(0)
}

fn ran(log: &Log, job: JobName) -> usize {
    log.entries().iter().filter(|context| context.job == job).count()
}

#[tokio::test]
async fn a_split_run_waits_for_its_tiles_and_hands_over_once_although_they_finish_together() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let (log, arrived) = (Log::default(), Arc::new(AtomicUsize::new(0)));
    // In pairs, one on each worker: both find all the others done.
    let together = {
        let arrived = arrived.clone();
        move |_| {
            let arrived = arrived.clone();
            async move {
                let place = arrived.fetch_add(1, SeqCst);
                eventually("the other tile", || async { arrived.load(SeqCst) > place / 2 * 2 + 1 }).await;
                Ok(json!({}))
            }
        }
    };
    let work = splitting(&log, plant, together);
    let other = queue.another_store();
    let workers =
        [Worker::start(&queue.store, options("a"), work.clone()), Worker::start(&other, options("b"), work)];
    for _ in 0..5 {
        let before = log.entries().len();
        let chain = queue.start_flywheel(Some(plant)).await;
        let finished = queue.wait_for(chain, RunStatus::Succeeded).await;
        assert_eq!(finished.result.unwrap()["correlation-analysis"], json!({ "so_far": "split" }));
        let split = stage_of(&queue.store, chain, "correlation-analysis").await;
        let tiles = tiles_of(&queue.store, split.id).await;
        assert_eq!(tiles.len(), TILES as usize);
        assert!(tiles.iter().all(|tile| tile.status == RunStatus::Succeeded && tile.attempts == 1));
        assert_eq!(split.attempts, 2, "it split, and it went on");
        // Four stages, one of them twice, and the tiles.
        assert_eq!(log.entries().len() - before, 5 + TILES as usize);
    }
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn tiles_are_listed_for_who_asks_for_them_only() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let worker = Worker::start(&queue.store, options("w"), splitting(&Log::default(), plant, done));
    let run = queue.enqueue(NewRun::shipped(JobName::CORRELATION_ANALYSIS, "test")).await;
    queue.wait_for(run, RunStatus::Succeeded).await;
    let list = async |job: Option<&str>, parent_id| {
        let filter = RunFilter { job: job.map(Into::into), parent_id, ..RunFilter::default() };
        queue.store.job_runs(&filter).await.unwrap().len()
    };
    assert_eq!(list(None, None).await, 1);
    assert_eq!(list(Some("correlation-tile"), None).await, TILES as usize);
    assert_eq!(list(None, Some(run)).await, TILES as usize);
    worker.stop().await;
}

#[tokio::test]
async fn a_split_run_that_is_looked_at_too_early_goes_on_waiting() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let (log, release) = (Log::default(), Arc::new(AtomicBool::new(false)));
    let worker = Worker::start(&queue.store, options("w"), splitting(&log, plant, held_until(&release)));
    let run = queue.enqueue(NewRun::shipped(JobName::CORRELATION_ANALYSIS, "test")).await;
    eventually("the first tile", || async { ran(&log, JobName::CORRELATION_TILE) > 0 }).await;
    queue
        .execute(
            "update apalis.jobs set run_at = now() where job_type = 'correlation-analysis';
             select pg_notify('apalis::job::insert', '{}')",
        )
        .await;
    eventually("it is looked at", || async {
        let looked_at = "select count(*) from apalis.jobs where job_type = 'correlation-analysis'
                         and (status = 'Done' or run_at > now())";
        queue.count(looked_at).await == 1
    })
    .await;
    let waiting = queue.store.job_run(run).await.unwrap();
    assert_eq!((waiting.status, waiting.attempts), (RunStatus::Running, 1));
    release.store(true, SeqCst);
    queue.wait_for(run, RunStatus::Succeeded).await;
    worker.stop().await;
}

/// Succeeds when it is released.
fn held_until(
    release: &Arc<AtomicBool>,
) -> impl Fn(JobContext) -> BoxFuture<'static, Result<Value, JobError>> + use<> {
    let release = release.clone();
    move |_| {
        let release = release.clone();
        Box::pin(async move {
            eventually("the release", || async { release.load(SeqCst) }).await;
            Ok(json!({}))
        })
    }
}

#[tokio::test]
async fn a_worker_has_one_tile_at_a_time_and_leaves_the_others_to_others() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let (log, release) = (Log::default(), Arc::new(AtomicBool::new(false)));
    let worker = Worker::start(&queue.store, options("a"), splitting(&log, plant, held_until(&release)));
    let run = queue.enqueue(NewRun::shipped(JobName::CORRELATION_ANALYSIS, "test")).await;
    eventually("the first tile", || async { ran(&log, JobName::CORRELATION_TILE) > 0 }).await;
    // It has slots left for other work.
    let other = queue.enqueue(NewRun::shipped(JobName::MAINTENANCE, "test")).await;
    queue.wait_for(other, RunStatus::Succeeded).await;
    assert_eq!(ran(&log, JobName::CORRELATION_TILE), 1);
    let helper = queue.another_store();
    let (helped, helping) = (Log::default(), queue.data_source("unused").await);
    let second = Worker::start(&helper, options("b"), splitting(&helped, helping, done));
    eventually("the other worker does the others", || async {
        ran(&helped, JobName::CORRELATION_TILE) == TILES as usize - 1
    })
    .await;
    release.store(true, SeqCst);
    queue.wait_for(run, RunStatus::Succeeded).await;
    worker.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_dead_tile_makes_a_dead_run_and_a_redrive_begins_anew() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let (log, repaired) = (Log::default(), Arc::new(AtomicBool::new(false)));
    let third_fails = {
        let repaired = repaired.clone();
        move |context: JobContext| {
            let fails = number_of(&context) == 3 && !repaired.load(SeqCst);
            async move { if fails { Err(JobError::GiveUp("no memory".into())) } else { Ok(json!({})) } }
        }
    };
    let worker = Worker::start(&queue.store, options("w"), splitting(&log, plant, third_fails));
    let chain = queue.start_flywheel(Some(plant)).await;
    let dead = queue.wait_for(chain, RunStatus::Dead).await;
    assert_eq!(dead.error.as_deref(), Some("correlation-analysis: correlation-tile 3 of plant: no memory"));
    let split = stage_of(&queue.store, chain, "correlation-analysis").await;
    assert_eq!(split.status, RunStatus::Dead);
    let is_over =
        |tile: &JobRun| matches!(tile.status, RunStatus::Succeeded | RunStatus::Dead | RunStatus::Cancelled);
    eventually("no tile goes on", || async { tiles_of(&queue.store, split.id).await.iter().all(is_over) })
        .await;
    assert_eq!(ran(&log, JobName::CLUSTER_DETECTION), 0);

    repaired.store(true, SeqCst);
    let failed = tiles_of(&queue.store, split.id).await;
    let failed = failed.iter().find(|tile| tile.status == RunStatus::Dead).unwrap();
    queue.store.redrive_run(failed.id, "tester", None).await.unwrap();
    queue.wait_for(chain, RunStatus::Succeeded).await;
    let generations: Vec<i32> = log.entries().iter().filter_map(|c| Some(c.tile?.generation)).collect();
    assert_eq!(generations.iter().filter(|g| **g == 2).count(), TILES as usize);
    assert_eq!(ran(&log, JobName::CLUSTER_DETECTION), 1);
    worker.stop().await;
}

#[tokio::test]
async fn cancelling_a_split_run_cancels_its_tiles_and_hands_nothing_over() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let log = Log::default();
    let until_told = |context: JobContext| async move {
        context.cancelled.cancelled().await;
        Ok(json!({}))
    };
    let worker = Worker::start(&queue.store, options("w"), splitting(&log, plant, until_told));
    for by_tile in [false, true] {
        let chain = queue.start_flywheel(Some(plant)).await;
        eventually("a tile runs", || async { !tile_running(&queue).await.is_empty() }).await;
        let asked = if by_tile { tile_running(&queue).await[0].id } else { chain };
        queue.store.cancel_run(asked, "tester", None).await.unwrap();
        queue.wait_for(chain, RunStatus::Cancelled).await;
        let split = stage_of(&queue.store, chain, "correlation-analysis").await;
        assert_eq!(split.status, RunStatus::Cancelled);
        eventually("its tiles are cancelled", || async {
            tiles_of(&queue.store, split.id).await.iter().all(|tile| tile.status == RunStatus::Cancelled)
        })
        .await;
    }
    assert_eq!(ran(&log, JobName::CORRELATION_TILE), 2, "the others never began");
    assert_eq!(ran(&log, JobName::CLUSTER_DETECTION), 0);
    worker.stop().await;
}

async fn tile_running(queue: &Queue) -> Vec<JobRun> {
    let filter = RunFilter {
        job: Some("correlation-tile".into()),
        status: Some(RunStatus::Running),
        ..RunFilter::default()
    };
    queue.store.job_runs(&filter).await.unwrap()
}

#[tokio::test]
async fn a_waiting_run_is_cancelled_also_when_nobody_serves_its_tiles() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let log = Log::default();
    let mut without_tiles = options("w");
    without_tiles.capabilities.retain(|job| !job.is_part());
    let worker = Worker::start(&queue.store, without_tiles, splitting(&log, plant, done));
    let run = queue.enqueue(NewRun::shipped(JobName::CORRELATION_ANALYSIS, "test")).await;
    eventually("it is split", || async { tiles_of(&queue.store, run).await.len() == TILES as usize }).await;
    let health = queue.store.queue_health().await.unwrap();
    let alarm = health.iter().find(|queue| queue.job == "correlation-tile").unwrap();
    assert_eq!((alarm.workers, alarm.due), (0, TILES.into()));
    queue.store.cancel_run(run, "tester", None).await.unwrap();
    queue.wait_for(run, RunStatus::Cancelled).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_late_tile_of_an_older_generation_writes_nothing() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let (log, store) = (Log::default(), queue.another_store());
    // The first tile of the first generation works on, whatever it is told.
    let late = move |context: JobContext| {
        let store = store.clone();
        async move {
            let tile = context.tile.unwrap();
            if tile.generation == 1 && number_of(&context) == 0 {
                write(&store, &context).await.unwrap();
                store.cancel_run(tile.run_id, "tester", None).await.unwrap();
                super::support::wait_for(&store, tile.run_id, RunStatus::Cancelled).await;
                store.redrive_run(tile.run_id, "tester", None).await.unwrap();
                eventually("the second generation", || async {
                    tiles_of(&store, tile.run_id).await.len() > 6
                })
                .await;
                // Its own run is believed to be current, as if it were not yet known to be over.
                sqlx::query("update job_runs set cancel_requested = false where id = $1")
                    .bind(context.run_id)
                    .execute(store.pool())
                    .await
                    .unwrap();
                let refused = write(&store, &context).await.unwrap_err().to_string();
                assert!(refused.contains("goes on without its tiles of attempt 1"), "{refused}");
                return Ok(json!("late"));
            }
            if tile.generation == 1 {
                context.cancelled.cancelled().await;
            }
            Ok(json!({}))
        }
    };
    let mut patient = options("w");
    patient.patience = Duration::from_secs(60);
    let work = splitting(&log, plant, late);
    let other = queue.another_store();
    let workers =
        [Worker::start(&queue.store, patient, work.clone()), Worker::start(&other, options("helper"), work)];
    let run = queue.enqueue(NewRun::shipped(JobName::CORRELATION_ANALYSIS, "test")).await;
    queue.wait_for(run, RunStatus::Succeeded).await;
    assert_eq!(queue.count("select count(*) from correlation_tiles").await, 0);
    assert!(log.entries().iter().any(|context| context.tile.is_some_and(|tile| tile.generation == 2)));
    for worker in workers {
        worker.stop().await;
    }
}

/// Writes what the tile found, of a new plan.
async fn write(store: &Store, context: &JobContext) -> Result<(), StoreError> {
    let (tile, plant) = (context.tile.unwrap(), context.data_source_id.unwrap());
    let variant = PlannedVariant { variant: Variant::Level, computed: vec![true; 2], tiles: TILES };
    let plan = CorrelationPlan {
        run_id: tile.run_id,
        data_source_id: plant,
        input_version: "v".into(),
        frame: Frame { start: DateTime::UNIX_EPOCH, bucket_seconds: 900, buckets: 2 },
        threshold: 0.5,
        points: vec![Uuid::from_u128(1), Uuid::from_u128(2)],
        row_versions: vec!["a".into(), "b".into()],
        variants: vec![variant],
    };
    store.save_correlation_plan(&plan, &[0.0; 4], Fence::open()).await.unwrap();
    let found = CorrelationTile { found: Default::default(), lags: Vec::new() };
    store.save_correlation_tile(&plan, number_of(context), Variant::Level, &found, Fence::of(context)).await
}
