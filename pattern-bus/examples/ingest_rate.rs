//! Measures how fast samples get from Kafka into PostgreSQL, durably.
//!
//! `NAIA_TEST_POSTGRES=… NAIA_TEST_KAFKA=… cargo run --release -p pattern-bus --example ingest_rate [SAMPLES] [POINTS] [SAMPLES_PER_RECORD]`
//!
//! Publishes first and then starts the consumer, so that the figure is the consumer's own.

use chrono::{Duration, Utc};
use pattern_bus::{
    KafkaSettings, Producer,
    datapoints::{publish_batches, run_datapoints_consumer},
    topics::ensure_topics,
};
use pattern_core::domain::{DATAPOINT_PARTITIONS, NamedSample, TOPIC_DATAPOINTS};
use pattern_embedded::testing::{TestDatabase, kafka_bootstrap};
use pattern_store::Store;
use rdkafka::{
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |place: usize, default: usize| {
        std::env::args().nth(place).map_or(Ok(default), |text| text.parse::<usize>())
    };
    let (total, points) = (argument(1, 5_000_000)?, argument(2, 2_000)?);
    let per_call = argument(3, 100)? * 64;

    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 10)?;
    store.migrate().await?;
    let kafka = KafkaSettings::new(kafka_bootstrap())
        .with_topic_prefix(format!("rate-{}.", Utc::now().timestamp_millis()));
    ensure_topics(&kafka).await?;

    let names: Vec<String> =
        (0..points).map(|p| format!("AREA{}.UNIT{:02}.TAG{p:05}.PV", p % 7, p % 40)).collect();
    let start = Utc::now() - Duration::days(2);
    let samples: Vec<NamedSample> = (0..total)
        .map(|i| NamedSample {
            name: names[i % points].clone(),
            timestamp: start + Duration::seconds((i / points) as i64),
            value: (i as f64 * 0.37).sin() * 100.0,
            quality: 0,
        })
        .collect();
    let producer = Producer::new(&kafka)?;
    let began = Instant::now();
    for part in samples.chunks(per_call) {
        publish_batches(&producer, &kafka, "plant", part).await?;
    }
    println!("published {total} samples in {:.2} s", began.elapsed().as_secs_f64());
    drop(samples);

    let topic = kafka.topic(TOPIC_DATAPOINTS);
    let records = record_count(&kafka, &topic)?;
    let shutdown = CancellationToken::new();
    let consumer =
        tokio::spawn(run_datapoints_consumer(kafka.clone(), "rate".into(), store.clone(), shutdown.clone()));
    let began = Instant::now();
    let (mut first, mut consumed) = (None, 0);
    while consumed < records {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        // Counting rows would take the machine from the consumer; offsets move with the samples.
        consumed = sqlx::query_scalar("select coalesce(sum(next_offset), 0)::bigint from consumed_offsets")
            .fetch_one(store.pool())
            .await?;
        if consumed > 0 && first.is_none() {
            first = Some((Instant::now(), consumed));
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "stored {total} samples of {records} records in {seconds:.2} s: {:.0} samples/s with joining the group",
        total as f64 / seconds
    );
    if let Some((since, had)) = first {
        let share = (records - had) as f64 / records as f64;
        println!(
            "after the first batch: {:.0} samples/s",
            total as f64 * share / since.elapsed().as_secs_f64()
        );
    }
    shutdown.cancel();
    consumer.await??;
    let rows: i64 = sqlx::query_scalar("select count(*) from samples").fetch_one(store.pool()).await?;
    println!("{rows} rows");
    Ok(())
}

fn record_count(kafka: &KafkaSettings, topic: &str) -> Result<i64, KafkaError> {
    let reader: BaseConsumer = kafka.client().create()?;
    let mut records = 0;
    for partition in 0..DATAPOINT_PARTITIONS {
        let (low, high) = reader.fetch_watermarks(topic, partition, std::time::Duration::from_secs(10))?;
        records += high - low;
    }
    Ok(records)
}
