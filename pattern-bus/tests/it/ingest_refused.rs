//! Records that fail alone, for reasons of their own.

use chrono::{DateTime, Duration};
use pattern_bus::datapoints::{publish_batches, skip_record};
use pattern_core::domain::NamedSample;
use pattern_embedded::{EmbeddedPostgres, PostgresUse, testing::private_folder};
use pattern_store::Store;
use sqlx::{Connection, Executor, PgConnection};

use crate::{
    datapoints::{sample, until_rows},
    ingest_outage::publish_to,
    support::{RunningConsumer, TestKafka, eventually, test_store},
};

#[tokio::test]
async fn of_a_batch_that_postgres_refuses_only_the_culprits_become_dead_letters() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    // A rule of the site's own, that our code knows nothing of.
    store.pool().execute("alter table points add check (name not like 'cursed%')").await.unwrap();
    for index in 0..40 {
        let name = if [7, 23].contains(&index) { format!("cursed{index}") } else { format!("N{index}") };
        crate::datapoints::publish(&kafka, &[sample(&name, index, 1.0)]).await;
    }
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 38).await;
    let letters = eventually("both letters are kept", || async {
        let letters = store.dead_letters(None, 10).await.unwrap();
        (letters.len() == 2).then_some(letters)
    })
    .await;
    consumer.stop().await;
    for letter in letters {
        assert!(letter.reason.starts_with("the record cannot be stored: "), "{}", letter.reason);
        let payload = String::from_utf8(letter.payload.unwrap()).unwrap();
        assert!(payload.contains("cursed"), "{payload}");
    }
    let totals = store.dead_letter_totals().await.unwrap();
    assert_eq!((totals.kept, totals.waiting), (2, 2));
    let read: i64 = sqlx::query_scalar("select sum(next_offset)::bigint from consumed_offsets")
        .fetch_one(store.pool())
        .await
        .unwrap();
    assert_eq!(read, 40);
}

#[tokio::test]
async fn what_waits_for_the_server_is_the_culprit_alone_and_skipping_takes_it() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    // What PostgreSQL cannot do now, it may be able to do later: nothing is given up by itself.
    let full = "create function full_disk() returns trigger language plpgsql as $$
                begin raise exception 'the disk is full' using errcode = '53100'; end $$;
                create trigger full_disk before insert on points
                for each row when (new.name like 'cursed%') execute function full_disk()";
    store.pool().execute(sqlx::raw_sql(full)).await.unwrap();
    for index in 0..20 {
        let name = if index == 7 { "cursed".to_owned() } else { format!("N{index}") };
        publish_to(&kafka, 0, &name, index).await;
    }
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 7).await;
    let skipped = skip_record(&kafka.settings, &store, 0, Some(7), "by hand").await.unwrap();
    assert_eq!((skipped.offset, skipped.left), (7, 12));
    until_rows(&store, 19).await;
    consumer.stop().await;
    let letters = store.dead_letters(None, 10).await.unwrap();
    let payload = String::from_utf8(letters[0].payload.clone().unwrap()).unwrap();
    assert!(letters.len() == 1 && payload.contains("cursed"), "{payload}");
}

/// So many days that one transaction could not hold the locks of all of them.
const DAYS: i64 = 13_000;

#[tokio::test]
async fn a_record_with_samples_of_more_days_than_postgres_has_locks_for_is_stored() {
    let kafka = TestKafka::create().await;
    let data_dir = private_folder("few-locks");
    let postgres = EmbeddedPostgres::start(&data_dir, PostgresUse::Tests).await.unwrap();
    let url = postgres.database_url("postgres");
    let store = Store::connect_lazy(&url, 4).unwrap();
    store.migrate().await.unwrap();
    let _taken = take_locks(&url, 600).await;

    let samples: Vec<NamedSample> = (0..DAYS).map(daily).collect();
    publish_batches(&kafka.producer, &kafka.settings, "plant", &samples).await.unwrap();
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    eventually("all days are there", || async {
        let days: i64 =
            sqlx::query_scalar("select count(*) from sample_days").fetch_one(store.pool()).await.ok()?;
        (days == DAYS).then_some(())
    })
    .await;
    consumer.stop().await;
    assert!(store.dead_letters(None, 1).await.unwrap().is_empty());
    store.close().await;
    postgres.stop().await;
}

fn daily(day: i64) -> NamedSample {
    let timestamp = DateTime::UNIX_EPOCH + Duration::days(7_305 + day);
    NamedSample { timestamp, ..sample("daily", 0, day as f64) }
}

/// Takes all of the server's locks but about `left`, as long as the connection lives.
async fn take_locks(url: &str, left: i64) -> PgConnection {
    let mut taker = PgConnection::connect(url).await.unwrap();
    let mut taken = 0;
    while sqlx::query("select pg_advisory_lock(n) from generate_series($1::bigint + 1, $1 + 100) n")
        .bind(taken)
        .execute(&mut taker)
        .await
        .is_ok()
    {
        taken += 100;
    }
    sqlx::query("select pg_advisory_unlock(n) from generate_series(1, $1::bigint) n")
        .bind(left)
        .execute(&mut taker)
        .await
        .unwrap();
    taker
}
