use rdkafka::ClientConfig;
use std::collections::BTreeMap;

use crate::{Result, client_log::ClientLog};

/// The largest record that our producers make and our topics take. An event carries its entity's whole
/// state, so a cluster of 10 000 points outgrows the megabyte that Kafka takes by itself.
pub const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// Where Kafka is, and how its clients are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port`, several with commas.
    pub bootstrap: String,
    /// Put before every topic name. Empty except where several systems, or tests, share one cluster.
    pub topic_prefix: String,
    /// More librdkafka properties, by their own names (security, timeouts); they win over ours.
    pub options: BTreeMap<String, String>,
}

impl KafkaSettings {
    pub fn new(bootstrap: impl Into<String>) -> Self {
        Self { bootstrap: bootstrap.into(), ..Self::default() }
    }

    pub fn with_topic_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.topic_prefix = prefix.into();
        self
    }

    /// The name a topic has on the broker.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// The name a consumer group has on the broker: installations that share a cluster must not share one.
    pub fn group(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// What every client of ours has in common.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set("client.id", "naia-patterns")
            // A broker that comes back is found within half a second, not ten.
            .set("reconnect.backoff.max.ms", "500")
            // One that vanished without a word, too: by default it is waited for up to a minute.
            .set("socket.connection.setup.timeout.ms", "5000")
            .set("socket.timeout.ms", "10000")
            .set("socket.keepalive.enable", "true")
            // A decision should reach the browsers now, not with the next packet.
            .set("socket.nagle.disable", "true");
        self.with_options(config)
    }

    /// Snappy, idempotent, acknowledged by all replicas, and partitioned as Java clients do, so that
    /// everybody puts a key into the same partition.
    pub fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("compression.type", "snappy")
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "2")
            .set("message.max.bytes", MAX_RECORD_BYTES.to_string())
            .set("message.timeout.ms", "30000");
        self.with_options(config)
    }

    /// Offsets are ours to keep: nothing is committed and nothing is stored in Kafka unless the
    /// caller sets it so.
    pub fn consumer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "false")
            .set("auto.offset.reset", "earliest")
            .set("fetch.wait.max.ms", "100")
            // Else a large record waits until the partitions before it have nothing to bring.
            .set("fetch.message.max.bytes", MAX_RECORD_BYTES.to_string())
            .set("topic.metadata.refresh.interval.ms", "30000");
        self.with_options(config)
    }

    /// For a client that lives as long as its process, and so has to tell when a broker is back: only its
    /// statistics say that.
    pub(crate) fn lasting(&self, mut config: ClientConfig) -> ClientConfig {
        config.set("statistics.interval.ms", "2000");
        self.with_options(config)
    }

    /// The context of a client that is made of this.
    pub(crate) fn log(&self) -> ClientLog {
        ClientLog::new(&self.bootstrap)
    }

    /// Whether clients can be made of this: librdkafka names the option that it cannot use.
    pub fn check(&self) -> Result<()> {
        self.producer().create_native_config()?;
        self.consumer().create_native_config()?;
        Ok(())
    }

    /// Call it last.
    pub(crate) fn with_options(&self, mut config: ClientConfig) -> ClientConfig {
        for (name, value) in &self.options {
            config.set(name, value);
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_options_win_over_the_defaults() {
        let mut settings = KafkaSettings::new("broker:9092");
        settings.options.insert("linger.ms".into(), "50".into());
        assert_eq!(settings.producer().get("linger.ms"), Some("50"));
        assert_eq!(settings.producer().get("compression.type"), Some("snappy"));
    }

    #[test]
    fn the_prefix_goes_before_the_topic() {
        let settings = KafkaSettings::new("broker:9092").with_topic_prefix("test1.");
        assert_eq!(settings.topic("naia.datapoints"), "test1.naia.datapoints");
    }

    #[test]
    fn two_prefixes_do_not_share_a_consumer_group() {
        let group = |prefix| KafkaSettings::new("broker:9092").with_topic_prefix(prefix).group("worker");
        assert_eq!(group(""), "worker");
        assert_ne!(group("one."), group("two."));
    }
}
