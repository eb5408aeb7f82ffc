use anyhow::{Result, bail};
use pattern_bus::topics;
use pattern_embedded::{DataDir, EmbeddedKafka, KafkaPrograms, MemoryBroker, MissingKafka};
use std::future::pending;

use super::ServerOptions;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BrokerKind {
    Apache,
    Memory,
}

/// The Kafka of a stack.
pub enum Broker {
    Apache(EmbeddedKafka),
    Memory(MemoryBroker),
    /// In memory because there is no Apache Kafka to run.
    Makeshift(MemoryBroker, MissingKafka),
    Yours(String),
}

impl Broker {
    pub async fn start(options: &ServerOptions, data_dir: &DataDir) -> Result<Self> {
        if let Some(bootstrap) = &options.kafka {
            return Ok(Self::Yours(bootstrap.clone()));
        }
        if options.broker == Some(BrokerKind::Memory) {
            return Ok(Self::Memory(in_memory()?));
        }
        match KafkaPrograms::find(Some(data_dir.path())) {
            Ok(programs) => {
                let kafka = EmbeddedKafka::start(data_dir, &programs).await?;
                tracing::info!("kafka serves");
                Ok(Self::Apache(kafka))
            }
            Err(missing) if options.broker == Some(BrokerKind::Apache) => bail!("{missing}"),
            Err(missing) => Ok(Self::Makeshift(in_memory()?, missing)),
        }
    }

    /// What a person should know about it.
    pub fn note(&self) -> Option<String> {
        let Self::Makeshift(_, missing) = self else { return None };
        Some(format!(
            "no Apache Kafka: {missing}; using a broker in memory instead: Java tools (kafka-console-consumer) \
             cannot read it, and its topics are gone when this stops; no event is lost, all are in postgres"
        ))
    }

    pub fn bootstrap(&self) -> String {
        match self {
            Self::Apache(kafka) => kafka.bootstrap(),
            Self::Memory(broker) | Self::Makeshift(broker, _) => broker.bootstrap().to_owned(),
            Self::Yours(bootstrap) => bootstrap.clone(),
        }
    }

    /// What made a private broker end. Returns only then.
    pub async fn ended(&mut self) -> anyhow::Error {
        match self {
            Self::Apache(kafka) => kafka.ended().await,
            Self::Memory(_) | Self::Makeshift(..) | Self::Yours(_) => pending().await,
        }
    }

    pub async fn stop(self) {
        if let Self::Apache(kafka) = self {
            kafka.stop().await;
        }
    }
}

fn in_memory() -> Result<MemoryBroker> {
    let topics = topics::names_and_partitions();
    let topics: Vec<(&str, i32)> = topics.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    MemoryBroker::start(&topics)
}
