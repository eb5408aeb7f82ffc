//! Putting samples onto `naia.datapoints`.

use pattern_core::domain::{
    NamedSample, SampleBatch, TOPIC_DATAPOINTS, quality::QualityScale, sample_batch_key,
};
use std::collections::{BTreeMap, HashMap};

use crate::{BusError, KafkaSettings, Producer, Record, Result};

/// Keeps a record well below Kafka's megabyte, with the longest names too.
const SAMPLES_PER_RECORD: usize = 1_000;

/// Publishes samples of one data source and waits until the broker has all of them. All samples of a
/// point go to one partition and keep their order. When it fails some may have been written; publishing
/// the same again does no harm. Of their qualities 0 is good.
pub async fn publish_batches(
    producer: &Producer,
    kafka: &KafkaSettings,
    data_source: &str,
    samples: &[NamedSample],
) -> Result<()> {
    let topic = kafka.topic(TOPIC_DATAPOINTS);
    let mut deliveries = Vec::new();
    for (key, samples) in by_key(data_source, samples) {
        for part in samples.chunks(SAMPLES_PER_RECORD) {
            let samples = part.iter().map(|sample| (*sample).clone()).collect();
            let data_source = data_source.to_owned();
            let batch = SampleBatch { data_source, quality_scale: QualityScale::default(), samples };
            let payload = serde_json::to_vec(&batch)
                .map_err(|e| BusError::Settings(format!("samples cannot be written as JSON: {e}")))?;
            let record = Record {
                topic: &topic,
                key: Some(key.as_bytes()),
                payload: Some(&payload),
                headers: &[("content-type", b"application/json")],
                ..Record::default()
            };
            deliveries.push(producer.enqueue(record).await?);
        }
    }
    for delivery in deliveries {
        delivery.report().await?;
    }
    Ok(())
}

fn by_key<'a>(data_source: &str, samples: &'a [NamedSample]) -> BTreeMap<String, Vec<&'a NamedSample>> {
    let mut keys: HashMap<&str, String> = HashMap::new();
    let mut groups: BTreeMap<String, Vec<&NamedSample>> = BTreeMap::new();
    for sample in samples {
        let key = keys.entry(&sample.name).or_insert_with(|| sample_batch_key(data_source, &sample.name));
        match groups.get_mut(key) {
            Some(group) => group.push(sample),
            None => {
                groups.insert(key.clone(), vec![sample]);
            }
        }
    }
    groups
}
