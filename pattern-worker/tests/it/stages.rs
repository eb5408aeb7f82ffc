//! What single stages leave behind.

use chrono::{Duration, Utc};
use pattern_core::domain::{JobName, RunStatus, Sample};
use pattern_store::{SPARKLINE_LENGTH, Store, jobs::NewRun, samples::KeyedSample};
use uuid::Uuid;

use crate::site::{Site, Worker};

#[tokio::test]
async fn the_analysis_draws_a_line_for_every_point_that_it_knows() {
    let site = Site::new().await;
    site.add_points().await;
    site.add_samples(Utc::now() - Duration::days(3)).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let points = site.store.stored_points(site.source().await).await.expect("points");
    let ids: Vec<Uuid> = points.iter().map(|p| p.id).collect();
    let lines = site.store.sparklines(&ids).await.expect("lines");
    assert_eq!(lines.len(), points.len());
    for line in lines.values() {
        assert_eq!(line.len(), SPARKLINE_LENGTH);
        let drawn: Vec<f32> = line.iter().copied().flatten().collect();
        // Two days of seven; the last value is held for another one.
        assert!((24..=40).contains(&drawn.len()), "{line:?}");
        assert!(drawn.contains(&0.0) && drawn.contains(&1.0), "{line:?}");
    }
}

#[tokio::test]
async fn a_point_that_falls_nearly_silent_is_no_longer_judged_by_what_it_was() {
    let site = Site::new().await;
    site.add_points().await;
    site.add_samples(Utc::now() - Duration::days(20)).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    assert_eq!(site.count("select count(*) from fingerprints").await, 20);
    let point = site.store.stored_points(site.source().await).await.expect("points").remove(0);
    let few: Vec<KeyedSample> = (1..=3)
        .map(|hour| Sample { at: Utc::now() - Duration::hours(hour), value: hour as f64, quality: 0 })
        .map(|sample| KeyedSample::new(point.key, sample))
        .collect();
    site.store.insert_new_samples(&few).await.expect("samples");
    site.analyse().await;
    assert_eq!(site.count("select count(*) from fingerprints").await, 0);
}

#[tokio::test]
async fn maintenance_forgets_old_dead_letters_and_keeps_young_ones() {
    let site = Site::new().await;
    for days in [1, 80, 100] {
        sqlx::query(
            "insert into dead_letters (id, topic, partition, record_offset, payload, reason, created_at)
             values (gen_random_uuid(), 'naia.datapoints', 0, $1, 'x', 'not json', now() - make_interval(days => $1))",
        )
        .bind(days)
        .execute(site.store.pool())
        .await
        .expect("dead letter");
    }
    let _worker = Worker::start(&site);
    let mut connection = site.store.pool().acquire().await.expect("connection");
    let run = NewRun::new(JobName::Maintenance, "test");
    let run = Store::enqueue_run(&mut connection, &run).await.expect("enqueue").expect("a new run");
    let run = site.finished(run).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
    assert_eq!(site.count("select count(*) from dead_letters").await, 2);
}
