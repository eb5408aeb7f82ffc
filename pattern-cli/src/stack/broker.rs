use anyhow::{Result, bail};
use pattern_bus::topics;
use pattern_embedded::{DataDir, EmbeddedKafka, KafkaPrograms, MemoryBroker};

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
    Yours(String),
}

impl Broker {
    pub async fn start(options: &ServerOptions, data_dir: &DataDir) -> Result<Self> {
        if let Some(bootstrap) = &options.kafka {
            return Ok(Self::Yours(bootstrap.clone()));
        }
        if options.broker == Some(BrokerKind::Memory) {
            return Self::in_memory();
        }
        match KafkaPrograms::find(Some(data_dir.path())) {
            Ok(programs) => {
                let kafka = EmbeddedKafka::start(data_dir, &programs).await?;
                tracing::info!("kafka serves");
                Ok(Self::Apache(kafka))
            }
            Err(missing) if options.broker == Some(BrokerKind::Apache) => bail!("{missing}"),
            Err(missing) => {
                tracing::warn!("no Apache Kafka: {missing}");
                tracing::warn!(
                    "using a broker in memory instead: Java tools (kafka-console-consumer) can not read it, \
                     and its topics are gone when this stops; no event is lost, all are in postgres"
                );
                Self::in_memory()
            }
        }
    }

    fn in_memory() -> Result<Self> {
        let topics = topics::names_and_partitions();
        let topics: Vec<(&str, i32)> = topics.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        Ok(Self::Memory(MemoryBroker::start(&topics)?))
    }

    pub fn bootstrap(&self) -> String {
        match self {
            Self::Apache(kafka) => kafka.bootstrap(),
            Self::Memory(broker) => broker.bootstrap().to_owned(),
            Self::Yours(bootstrap) => bootstrap.clone(),
        }
    }

    pub async fn stop(self) {
        if let Self::Apache(kafka) = self {
            kafka.stop().await;
        }
    }
}
