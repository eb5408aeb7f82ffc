//! The stretch of time that an analysis looks at suits the data, and nothing found comes with the reason.

use chrono::{DateTime, Duration, DurationRound, NaiveTime, Utc};
use pattern_core::domain::{DataSource, Sample};
use pattern_store::{NewPoint, samples::KeyedSample};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::site::{NAME, Site, Worker};

/// Machine of each tag. The names say nothing.
const BENCH: [(&str, usize); 12] = [
    ("KX7", 0),
    ("B2Q", 1),
    ("ZZ9", 0),
    ("M4", 1),
    ("QP31", 1),
    ("WU", 0),
    ("E55T", 0),
    ("RR8", 1),
    ("JH2", 0),
    ("V06", 1),
    ("OL", 1),
    ("DC77", 0),
];
const SECONDS: usize = 1_140;

/// Ten o'clock in the morning three days ago.
fn ten_o_clock() -> DateTime<Utc> {
    (Utc::now() - Duration::days(3)).date_naive().and_time(NaiveTime::MIN).and_utc() + Duration::hours(10)
}

/// The same numbers between -1 and 1 everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    }

    /// A load that goes to another level every half a minute or so, and gets there in some seconds.
    fn load(&mut self, length: usize) -> Vec<f64> {
        let (mut aim, mut load) = (0.0, 0.0);
        (0..length)
            .map(|_| {
                if self.next() > 0.93 {
                    aim = self.next();
                }
                load += (aim - load) * 0.2;
                load
            })
            .collect()
    }
}

/// A sample every `every`, in the order of time.
fn samples(key: i32, from: DateTime<Utc>, every: Duration, values: &[f64]) -> Vec<KeyedSample> {
    let sample = |(i, value): (usize, &f64)| {
        KeyedSample::new(key, Sample { at: from + every * i as i32, value: *value, quality: 0 })
    };
    values.iter().enumerate().map(sample).collect()
}

/// A data source with these points, and their keys.
async fn register(site: &Site, source: &str, points: &[&str]) -> BTreeMap<String, i32> {
    let points: Vec<NewPoint> = points.iter().map(|name| NewPoint::named(*name)).collect();
    site.store.register_points(source, &points).await.expect("points").keys.into_iter().collect()
}

/// Two machines of six points each, 19 minutes at a second.
async fn add_bench(site: &Site) {
    let keys = register(site, NAME, &BENCH.map(|(name, _)| name)).await;
    let mut dice = Dice(1);
    let loads = [dice.load(SECONDS), dice.load(SECONDS)];
    for (name, machine) in BENCH {
        let (scale, offset) = (1.0 + dice.next().abs() * 50.0, dice.next() * 100.0);
        let values: Vec<f64> =
            loads[machine].iter().map(|load| offset + scale * (load + 0.1 * dice.next())).collect();
        let all = samples(keys[name], ten_o_clock(), Duration::seconds(1), &values);
        site.store.insert_new_samples(&all).await.expect("samples");
    }
}

async fn source(site: &Site, name: &str) -> DataSource {
    site.store.data_source(name).await.expect("data source").expect("it was registered")
}

/// The names of the points of each equipment cluster.
async fn groups(site: &Site) -> BTreeSet<BTreeSet<String>> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "select c.id, p.name from clusters c join cluster_points m on m.cluster_id = c.id
         join points p on p.id = m.point_id where c.kind = 'equipment' and c.status = 'active'",
    )
    .fetch_all(site.store.pool())
    .await
    .expect("clusters");
    let mut groups: BTreeMap<Uuid, BTreeSet<String>> = BTreeMap::new();
    for (cluster, name) in rows {
        groups.entry(cluster).or_default().insert(name);
    }
    groups.into_values().collect()
}

/// All that fingerprints and correlations hold, but for when.
async fn found(site: &Site) -> Vec<String> {
    sqlx::query_scalar(
        "select concat_ws(' ', point_id, input_version, window_start, window_end, body) from fingerprints
         union all
         select concat_ws(' ', point_a, point_b, variant, r, lag_buckets, sample_count, window_end)
         from correlations order by 1",
    )
    .fetch_all(site.store.pool())
    .await
    .expect("rows")
}

/// The last result of each stage for a data source.
async fn result(site: &Site, job: &str, source: &str) -> Value {
    sqlx::query_scalar(
        "select result -> $2 from job_runs where job = $1 and result is not null order by finished_at desc limit 1",
    )
    .bind(job)
    .bind(source)
    .fetch_one(site.store.pool())
    .await
    .expect("a run")
}

#[tokio::test]
async fn a_bench_of_nineteen_minutes_is_looked_at_by_seconds_and_its_machines_are_found_by_their_signals() {
    let site = Site::new().await;
    add_bench(&site).await;
    let _worker = Worker::start(&site);
    site.analyse().await;

    let bench = source(&site, NAME).await;
    let window = bench.analysed.expect("a window");
    assert_eq!(window.in_words, "19 min in 228 buckets of 5 s");
    assert_eq!(window.start, ten_o_clock());
    assert_eq!(result(&site, "behavioral-analysis", NAME).await["analysed"], window.in_words.as_str());
    let machine = |number: usize| -> BTreeSet<String> {
        BENCH.iter().filter(|(_, of)| *of == number).map(|(name, _)| (*name).to_owned()).collect()
    };
    assert_eq!(groups(&site).await, BTreeSet::from([machine(0), machine(1)]));
    let reasons: Vec<_> = bench.nothing_found.iter().map(|nothing| nothing.stage.as_str()).collect();
    assert!(reasons.iter().all(|stage| *stage == "pattern-matching"), "{:?}", bench.nothing_found);
}

#[tokio::test]
async fn sealing_leaves_a_short_window_as_it_is_and_what_changed_alone_gives_the_rows_of_a_whole_run() {
    let site = Site::new().await;
    add_bench(&site).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let before = source(&site, NAME).await.analysed;
    site.store.seal_day(ten_o_clock().date_naive()).await.expect("sealed");
    site.analyse().await;
    assert_eq!(source(&site, NAME).await.analysed, before);
    for stage in ["behavioral-analysis", "correlation-analysis", "cluster-detection"] {
        assert_eq!(result(&site, stage, NAME).await["skipped"], true, "{stage}");
    }

    // What one point did for a minute is corrected.
    let first = found(&site).await;
    let points = site.store.stored_points(site.source().await).await.expect("points");
    let corrected =
        samples(points[0].key, ten_o_clock() + Duration::minutes(5), Duration::seconds(1), &[7.0; 60]);
    site.store.append_samples(&corrected).await.expect("samples");
    site.analyse().await;
    let incremental = found(&site).await;
    assert_ne!(incremental, first);
    assert_eq!(result(&site, "behavioral-analysis", NAME).await["recomputed"], 1);
    for table in ["fingerprints", "correlations", "correlated_points", "stage_inputs", "analysis_windows"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("delete from {table}")))
            .execute(site.store.pool())
            .await
            .expect("delete");
    }
    site.analyse().await;
    assert_eq!(result(&site, "behavioral-analysis", NAME).await["recomputed"], 12);
    assert_eq!(found(&site).await, incremental);
}

#[tokio::test]
async fn two_days_of_quarters_of_an_hour_are_looked_at_in_whole_days() {
    let site = Site::new().await;
    site.add_points().await;
    let end = (Utc::now() - Duration::days(3)).duration_trunc(Duration::days(1)).expect("midnight");
    site.add_samples(end).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let window = source(&site, NAME).await.analysed.expect("a window");
    assert_eq!(window.in_words, "2 days in 192 buckets of 15 min");
    assert_eq!((window.start, window.end), (end - Duration::days(2), end));
    assert_eq!(groups(&site).await.len(), 4);
}

#[tokio::test]
async fn a_reading_a_day_is_looked_at_in_days_over_a_longer_window_sealed_or_not() {
    const DAYS: usize = 150;
    let site = Site::new().await;
    let keys = register(&site, NAME, &BENCH.map(|(name, _)| name)).await;
    let first = ten_o_clock() - Duration::days(DAYS as i64 - 1);
    let mut dice = Dice(3);
    let loads: [Vec<f64>; 2] = std::array::from_fn(|_| (0..DAYS).map(|_| dice.next()).collect());
    let mut all = Vec::new();
    for (name, machine) in BENCH {
        let values: Vec<f64> = loads[machine].iter().map(|load| load + 0.1 * dice.next()).collect();
        all.extend(samples(keys[name], first, Duration::days(1), &values));
    }
    site.store.insert_new_samples(&all).await.expect("samples");
    let _worker = Worker::start(&site);
    site.analyse().await;
    let window = source(&site, NAME).await.analysed.expect("a window");
    assert_eq!(window.in_words, "150 days in 150 buckets of 1 day");
    assert_eq!(groups(&site).await.len(), 2);
    for day in first.date_naive().iter_days().take(DAYS) {
        site.store.seal_day(day).await.expect("sealed");
    }
    site.analyse().await;
    assert_eq!(source(&site, NAME).await.analysed, Some(window));
    assert_eq!(result(&site, "correlation-analysis", NAME).await["skipped"], true);
}

#[tokio::test]
async fn nothing_found_comes_with_the_reason() {
    let site = Site::new().await;
    let second = Duration::seconds(1);
    register(&site, "names", &["KX7", "B2Q"]).await;
    let bad = register(&site, "bad", &["KX7", "B2Q"]).await;
    let few = register(&site, "few", &["KX7", "B2Q"]).await;
    let slow = register(&site, "slow", &["KX7", "B2Q"]).await;
    let flat = register(&site, "flat", &["KX7", "B2Q"]).await;
    let alone = register(&site, "alone", &["KX7", "B2Q"]).await;
    let mut dice = Dice(7);
    let mut all = Vec::new();
    for name in ["KX7", "B2Q"] {
        let noise: Vec<f64> = (0..SECONDS).map(|_| dice.next()).collect();
        let of_bad = samples(bad[name], ten_o_clock(), second, &noise);
        all.extend(of_bad.into_iter().map(|sample| KeyedSample { quality: 24, ..sample }));
        all.extend(samples(few[name], ten_o_clock(), second, &noise[..5]));
        all.extend(samples(slow[name], ten_o_clock(), second * 30, &noise[..38]));
        all.extend(samples(flat[name], ten_o_clock(), second, &[4.0; SECONDS]));
        all.extend(samples(alone[name], ten_o_clock(), second, &noise));
    }
    site.store.insert_new_samples(&all).await.expect("samples");
    let _worker = Worker::start(&site);
    site.analyse().await;

    let (behavior, correlation) = ("behavioral-analysis", "correlation-analysis");
    for (name, stage, expected) in [
        ("names", behavior, "there are no samples, only names"),
        ("names", correlation, "there are no samples, only names"),
        ("names", "cluster-detection", "a group has at least 3 points, and there are only 2"),
        ("names", "pattern-matching", "no points belong together"),
        ("bad", behavior, "no point has good samples between"),
        ("bad", correlation, "no point has good samples between"),
        ("few", behavior, "none of the 2 points has the 8 good samples"),
        (
            "few",
            correlation,
            "over 5 s in 5 buckets of 1 s, and points can only be compared over at least 96",
        ),
        ("slow", correlation, "over 19 min in 38 buckets of 30 s"),
        ("flat", correlation, "none of the 2 points with enough samples moves"),
        ("alone", correlation, "none of the 2 points that move do so together: no |r| reaches 0.6"),
    ] {
        let told = source(&site, name).await.nothing_found;
        let reason = told.iter().find(|nothing| nothing.stage == stage).map(|nothing| &nothing.reason);
        let reason = reason.unwrap_or_else(|| panic!("{stage} of {name} gave no reason: {told:?}"));
        assert!(reason.contains(expected), "{stage} of {name}: {reason}");
        assert_eq!(result(&site, stage, name).await["nothing_found"], reason.as_str());
    }
    let told = source(&site, "alone").await.nothing_found;
    assert!(told.iter().all(|nothing| nothing.stage != behavior), "behaviour was found: {told:?}");

    // A run that has nothing to do says it again; samples that tell something end it.
    site.analyse().await;
    assert!(result(&site, correlation, "flat").await["nothing_found"].is_string());
    let both: Vec<KeyedSample> = ["KX7", "B2Q"]
        .iter()
        .flat_map(|name| {
            let values: Vec<f64> = (0..SECONDS).map(|i| (i / 60 % 7) as f64).collect();
            samples(flat[*name], ten_o_clock(), second, &values)
        })
        .collect();
    site.store.append_samples(&both).await.expect("samples");
    site.analyse().await;
    let told = source(&site, "flat").await.nothing_found;
    assert!(told.iter().all(|nothing| nothing.stage != correlation), "{told:?}");
}
