//! Where partitions begin and end.

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{Consumer, ConsumerContext},
    error::KafkaError,
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{BusError, Result};

/// The offsets that a partition holds: from `first` up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    pub first: i64,
    pub end: i64,
}

/// Asks each leader once for all of its partitions. Blocks up to the time limit.
pub(crate) fn partition_ends<X: ConsumerContext, C: Consumer<X>>(
    consumer: &C,
    topic: &str,
    partitions: &[i32],
    within: Duration,
) -> Result<HashMap<i32, Ends>> {
    if partitions.is_empty() {
        return Ok(HashMap::new());
    }
    let asked = Instant::now();
    let first = look_up(consumer, topic, partitions, Offset::Beginning, within)?;
    let left = within.saturating_sub(asked.elapsed());
    let end = look_up(consumer, topic, partitions, Offset::End, left)?;
    partitions
        .iter()
        .map(|partition| match (first.get(partition), end.get(partition)) {
            (Some(first), Some(end)) => Ok((*partition, Ends { first: *first, end: *end })),
            _ => {
                Err(BusError::Unavailable(format!("no answer about partition {partition} of topic {topic}")))
            }
        })
        .collect()
}

/// The protocol has times for both ends of a partition, and these are librdkafka's logical offsets.
fn look_up<X: ConsumerContext, C: Consumer<X>>(
    consumer: &C,
    topic: &str,
    partitions: &[i32],
    which: Offset,
    within: Duration,
) -> Result<HashMap<i32, i64>> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, *partition, which)?;
    }
    let answered = consumer.offsets_for_times(list, within)?;
    answered
        .elements()
        .iter()
        .map(|element| {
            element.error()?;
            match element.offset() {
                Offset::Offset(offset) => Ok((element.partition(), offset)),
                _ => {
                    Err(KafkaError::OffsetFetch(rdkafka::error::RDKafkaErrorCode::LeaderNotAvailable).into())
                }
            }
        })
        .collect()
}
