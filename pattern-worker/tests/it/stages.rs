//! What single stages leave behind.

use chrono::{Duration, DurationRound, Utc};
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
        // Two days, which touch three; the last value is held to the end of the last one.
        assert!((56..=SPARKLINE_LENGTH).contains(&drawn.len()), "{line:?}");
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

/// (a, b, variant, r, lag, samples) of every pair.
async fn pairs(site: &Site) -> Vec<(Uuid, Uuid, String, f32, i32, i32)> {
    sqlx::query_as(
        "select point_a, point_b, variant, r, lag_buckets, sample_count from correlations
         order by point_a, point_b, variant",
    )
    .fetch_all(site.store.pool())
    .await
    .expect("pairs")
}

#[tokio::test]
async fn only_what_changed_is_correlated_again_and_leaves_the_pairs_of_a_whole_run() {
    let site = Site::new().await;
    site.add_points().await;
    // On the grid, so that what is found does not depend on the minute in which the test runs.
    let end = (Utc::now() - Duration::days(3)).duration_trunc(Duration::minutes(15)).expect("a time");
    site.add_samples(end).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let first = pairs(&site).await;
    // One pump's flow begins to do what another pump did eight buckets before.
    let points = site.store.stored_points(site.source().await).await.expect("points");
    let key = |name: &str| points.iter().find(|p| p.name == name).expect("point").key;
    let changed: Vec<KeyedSample> = (0..192)
        .map(|step| {
            let load = ((step + 45) * 7 % 53) as f64;
            let at = end - Duration::minutes(15 * (192 - step) - 1);
            KeyedSample::new(key("P-102.FLOW"), Sample { at, value: load, quality: 0 })
        })
        .collect();
    site.store.insert_new_samples(&changed).await.expect("samples");
    site.analyse().await;
    let incremental = pairs(&site).await;
    assert_ne!(incremental, first);
    assert_eq!(computed(&site).await, [1, 1, 1]);

    for table in ["correlations", "correlated_points", "stage_inputs"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("delete from {table}")))
            .execute(site.store.pool())
            .await
            .expect("delete");
    }
    site.analyse().await;
    assert_eq!(computed(&site).await, [20, 20, 20]);
    assert_eq!(pairs(&site).await, incremental);
    assert!(incremental.iter().any(|pair| pair.4.abs() == 8), "no lag was found");

    let id = |name: &str| points.iter().find(|p| p.name == name).expect("point").id;
    let follows = site.store.moves_with(id("P-102.FLOW"), 50).await.expect("pairs");
    let two_hours =
        follows.iter().find(|other| other.lag_seconds.abs() == 8 * 900).expect("a lag of two hours");
    let leads = site.store.moves_with(two_hours.point_id, 50).await.expect("pairs");
    let back = leads.iter().find(|other| other.name == "P-102.FLOW").expect("the other way round");
    assert_eq!((back.lag_seconds, back.r), (-two_hours.lag_seconds, two_hours.r));
    assert!(follows.is_sorted_by(|a, b| a.r.abs() >= b.r.abs()), "the strongest first: {follows:?}");
    let mut names: Vec<&str> = follows.iter().map(|other| other.name.as_str()).collect();
    names.dedup();
    assert_eq!(names.len(), follows.len(), "each once");
}

/// Points whose pairs the last run computed, by variant.
async fn computed(site: &Site) -> [i64; 3] {
    let result: serde_json::Value = sqlx::query_scalar(
        "select result from job_runs where job = 'correlation-analysis' order by finished_at desc limit 1",
    )
    .fetch_one(site.store.pool())
    .await
    .expect("run");
    ["level", "high_pass", "rank"]
        .map(|variant| result["north"][variant]["computed"].as_i64().expect("number"))
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
    let run = NewRun::shipped(JobName::MAINTENANCE, "test");
    let run = Store::enqueue_run(&mut connection, &run).await.expect("enqueue").expect("a new run");
    let run = site.finished(run).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
    assert_eq!(site.count("select count(*) from dead_letters").await, 2);
}
