use pattern_store::StoreError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

pub type Result<T, E = BusError> = std::result::Result<T, E>;

/// Why Kafka could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The broker does not answer, or not in time; trying again later may help.
    #[error("kafka is not available: {0}")]
    Unavailable(String),
    /// The settings cannot work; trying again will not help.
    #[error("kafka settings cannot be used: {0}")]
    Settings(String),
    /// Trying again will not help until the limit is raised.
    #[error("the record is larger than kafka takes: raise max.message.bytes of its topic")]
    TooLarge,
    #[error("topic {topic} could not be prepared: {reason}")]
    Topic { topic: String, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<KafkaError> for BusError {
    fn from(error: KafkaError) -> Self {
        match error {
            // Without the value, which may be a password.
            KafkaError::ClientConfig(_, problem, option, _) => Self::Settings(format!("{option}: {problem}")),
            KafkaError::ClientCreation(_) => Self::Settings(error.to_string()),
            KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge) => Self::TooLarge,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
