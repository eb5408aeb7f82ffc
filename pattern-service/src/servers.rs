use pattern_bus::KafkaSettings;
use pattern_config::{KafkaConfig, PostgresConfig};
use pattern_store::Store;

/// The store of the configured database; nothing is connected yet.
pub fn store(config: &PostgresConfig) -> anyhow::Result<Store> {
    let PostgresConfig { url, direct_url, max_connections } = config;
    Ok(Store::connect_lazy_beside(url, direct_url.as_deref(), *max_connections)?)
}

/// The configured brokers, in the bus's terms; refused where they make no sense.
pub fn kafka(config: &KafkaConfig) -> anyhow::Result<KafkaSettings> {
    let kafka = KafkaSettings {
        bootstrap: config.bootstrap_servers.clone(),
        topic_prefix: config.topic_prefix.clone(),
        options: config.options.clone(),
    };
    kafka.check()?;
    Ok(kafka)
}
