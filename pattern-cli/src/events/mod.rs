//! `naia events [TOPIC] [--follow]`: a topic's records, decoded.

mod topic;

pub use topic::describe_event;

use anyhow::{Context, Result, bail};
use pattern_bus::KafkaSettings;
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::BorrowedMessage,
};
use std::{
    collections::HashMap,
    io::{self, ErrorKind, Write},
    time::Duration,
};

use crate::installation::InstallationOptions;

const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, clap::Args)]
pub struct EventsArgs {
    /// suggestions, updated, clusters, datapoints or a topic's whole name; the three event topics, if not given
    pub topic: Option<String>,
    /// Go on with new records instead of stopping at the end
    #[arg(long, short)]
    pub follow: bool,
    /// Print the records' values only, as they are
    #[arg(long)]
    pub raw: bool,
    /// Bootstrap servers; those of the configuration or of the running stack, if not given
    #[arg(long, value_name = "BROKERS")]
    pub kafka: Option<String>,
    #[command(flatten)]
    pub installation: InstallationOptions,
}

pub async fn run(args: &EventsArgs) -> Result<()> {
    let kafka = args.installation.kafka(args.kafka.as_deref())?;
    let args = args.clone();
    // librdkafka's plain consumer blocks; Ctrl-C ends the process.
    tokio::task::spawn_blocking(move || print(&kafka, &args)).await?
}

fn print(kafka: &KafkaSettings, args: &EventsArgs) -> Result<()> {
    let mut config = kafka.consumer();
    // librdkafka assigns nothing without a group id; nobody joins this one.
    config.set("group.id", "naia-events").set("log_level", "0");
    let consumer: BaseConsumer = config.create()?;
    let topics = topic::resolve(args.topic.as_deref(), kafka);
    let mut ends =
        assign(&consumer, &topics).with_context(|| format!("{} does not answer", kafka.bootstrap))?;
    let mut out = io::stdout().lock();
    while args.follow || !ends.is_empty() {
        let Some(received) = consumer.poll(Duration::from_millis(200)) else { continue };
        let message = match received {
            Ok(message) => message,
            Err(problem) if args.follow => {
                tracing::warn!("{problem}");
                continue;
            }
            Err(problem) => return Err(problem).context("the topic cannot be read"),
        };
        let line = if args.raw { topic::raw(&message) } else { topic::describe(&message) };
        match writeln!(out, "{line}").and_then(|()| out.flush()) {
            // `naia events | head` is no failure.
            Err(problem) if problem.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        passed(&mut ends, &message);
    }
    Ok(())
}

type Ends = HashMap<(String, i32), i64>;

/// Reads all partitions from their beginning; answers where those that hold something end now.
fn assign(consumer: &BaseConsumer, topics: &[String]) -> Result<Ends> {
    let mut all = TopicPartitionList::new();
    let mut ends = Ends::new();
    let metadata = consumer.fetch_metadata(None, TIMEOUT)?;
    for topic in topics {
        let Some(found) = metadata.topics().iter().find(|t| t.name() == topic) else {
            let mut known: Vec<_> =
                metadata.topics().iter().map(|t| t.name()).filter(|n| !n.starts_with("__")).collect();
            known.sort_unstable();
            bail!("topic {topic} does not exist; there are: {}", known.join(", "));
        };
        for partition in found.partitions() {
            let (first, end) = consumer.fetch_watermarks(topic, partition.id(), TIMEOUT)?;
            all.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
            if end > first {
                ends.insert((topic.clone(), partition.id()), end);
            }
        }
    }
    consumer.assign(&all)?;
    Ok(ends)
}

fn passed(ends: &mut Ends, message: &BorrowedMessage<'_>) {
    let partition = (message.topic().to_owned(), message.partition());
    if ends.get(&partition).is_some_and(|end| message.offset() + 1 >= *end) {
        ends.remove(&partition);
    }
}
