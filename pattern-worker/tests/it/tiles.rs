//! Correlations that several workers do.

use chrono::{DateTime, Duration, Utc};
use pattern_core::domain::{RunStatus, Sample};
use pattern_store::{NewPoint, jobs::RunFilter, samples::KeyedSample};
use std::ops::Range;

use crate::site::{NAME, Site, Worker, until};

/// More than a block of the screen, in groups that are larger than what is kept of a point's pairs.
const POINTS: usize = 450;
const GROUPS: usize = 5;
/// Where these are changed, they are enough to be split again.
const CHANGED: Range<usize> = 20..170;

fn in_tiles(site: &Site) -> Worker {
    Worker::with(site, &[("NAIA_PATTERN_ENGINE__CORRELATION_TILE_POINTS", "100")])
}

async fn large_site() -> Site {
    let site = Site::new().await;
    let points: Vec<NewPoint> = (0..POINTS).map(|i| NewPoint::named(format!("TAG_{i:03}"))).collect();
    site.store.register_points(NAME, &points).await.expect("points");
    site
}

/// Two days at 15 minutes: a load that the group shares, and noise of the point's own.
async fn add_samples(site: &Site, end: DateTime<Utc>, points: Range<usize>, seed: u64) {
    let mut stored = site.store.stored_points(site.source().await).await.expect("points");
    stored.sort_by(|a, b| a.name.cmp(&b.name));
    let mut samples = Vec::new();
    for i in points {
        let (group, mut noise) = ((i + seed as usize) % GROUPS, seed + 7 * i as u64);
        for step in 0..192 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (noise >> 40) as f64 / (1 << 24) as f64;
            let load = ((step * (7 + 4 * group as i64)) % 53) as f64 / 53.0;
            // Every ninth point now and then says nothing of use.
            let quality = if i % 9 == 0 && step % 100 > 40 { 1 } else { 0 };
            let at = end - Duration::minutes(15 * (192 - step));
            samples.push(KeyedSample::new(stored[i].key, Sample { at, value: load + 0.4 * noise, quality }));
        }
    }
    site.store.insert_new_samples(&samples).await.expect("samples");
}

/// Everything that a correlation writes, as text.
async fn rows(site: &Site) -> Vec<String> {
    let mut rows = Vec::new();
    for sql in [
        "select c::text from correlations c order by point_a, point_b, variant",
        "select c::text from correlated_points c order by point_id",
        "select stage || input_version from stage_inputs where stage = 'correlation-analysis'",
    ] {
        rows.extend(sqlx::query_scalar::<_, String>(sql).fetch_all(site.store.pool()).await.expect("rows"));
    }
    rows
}

#[tokio::test]
async fn tiles_on_two_workers_leave_the_rows_of_one_worker() {
    let site = large_site().await;
    let end = Utc::now() - Duration::days(3);
    add_samples(&site, end, 0..POINTS, 0).await;
    let workers = [in_tiles(&site), in_tiles(&site)];
    let held = site.hold("correlation_tiles").await;
    let chain = site.start_flywheel().await;
    until("both workers have a tile", || async { tiles_running(&site).await == 2 }).await;
    drop(held);
    assert_eq!(site.finished(chain).await.status, RunStatus::Succeeded);
    // The pairs of 450 points, 100 a tile, of three variants.
    assert_eq!(site.count("select count(*) from job_runs where job = 'correlation-tile'").await, 15);
    let first = rows(&site).await;
    assert!(first.len() > POINTS * 64, "{} rows", first.len());
    add_samples(&site, end, CHANGED, 3).await;
    site.analyse().await;
    let second = rows(&site).await;
    assert_ne!(second, first);
    let tiles = site.count("select count(*) from job_runs where job = 'correlation-tile'").await;
    assert!(tiles > 15, "the second run was split too");
    assert_eq!(site.count("select count(*) from correlation_plans").await, 0, "what was planned is gone");
    workers.into_iter().for_each(Worker::kill);

    forget_correlations(&site).await;
    add_samples(&site, end, CHANGED, 0).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    assert!(rows(&site).await == first, "the first runs differ");
    add_samples(&site, end, CHANGED, 3).await;
    site.analyse().await;
    assert!(rows(&site).await == second, "the second runs differ");
    assert_eq!(
        site.count("select count(*) from job_runs where job = 'correlation-tile'").await,
        tiles,
        "one worker needs none"
    );
}

#[tokio::test]
async fn a_tile_whose_worker_was_killed_is_done_by_another() {
    let site = large_site().await;
    add_samples(&site, Utc::now() - Duration::days(3), 0..POINTS, 0).await;
    let first = in_tiles(&site);
    let held = site.hold("correlation_tiles").await;
    let chain = site.start_flywheel().await;
    until("the worker has a tile", || async { tiles_running(&site).await == 1 }).await;
    first.kill();
    drop(held);
    let _second = in_tiles(&site);
    let run = site.finished(chain).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
    let attempts: Vec<i32> = sqlx::query_scalar(
        "select attempts from job_runs where job = 'correlation-tile' order by attempts desc",
    )
    .fetch_all(site.store.pool())
    .await
    .expect("attempts");
    assert_eq!((attempts[0], attempts[1]), (2, 1));
    let stages = RunFilter { chain_id: Some(chain), ..RunFilter::default() };
    assert_eq!(site.store.job_runs(&stages).await.expect("stages").len(), 4, "nothing was handed over twice");
    assert_eq!(site.count("select count(*) from correlated_points").await, POINTS as i64);
}

#[tokio::test]
async fn samples_that_arrive_while_tiles_work_are_left_to_the_next_run() {
    let site = large_site().await;
    let end = Utc::now() - Duration::days(3);
    add_samples(&site, end, 0..POINTS, 0).await;
    let _worker = in_tiles(&site);
    site.analyse().await;
    let undisturbed = rows(&site).await;
    forget_correlations(&site).await;

    let held = site.hold("correlation_tiles").await;
    let chain = site.start_flywheel().await;
    until("the worker has a tile", || async { tiles_running(&site).await == 1 }).await;
    add_samples(&site, end, CHANGED, 3).await;
    drop(held);
    assert_eq!(site.finished(chain).await.status, RunStatus::Succeeded);
    assert!(rows(&site).await == undisturbed);
    site.analyse().await;
    assert!(rows(&site).await != undisturbed);
}

async fn forget_correlations(site: &Site) {
    for table in ["correlations", "correlated_points", "stage_inputs"] {
        let delete = sqlx::AssertSqlSafe(format!("delete from {table}"));
        sqlx::query(delete).execute(site.store.pool()).await.expect("delete");
    }
}

async fn tiles_running(site: &Site) -> i64 {
    site.count("select count(*) from job_runs where job = 'correlation-tile' and status = 'running'").await
}
