use pattern_bus::{KafkaSettings, MAX_RECORD_BYTES, Producer, datapoints::run_datapoints_consumer};
pub use pattern_embedded::testing::eventually;
use pattern_embedded::testing::{TestDatabase, kafka_bootstrap};
use pattern_store::Store;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const DATAPOINTS: &str = "naia.datapoints";

/// Topics of its own on the shared broker, told apart by their prefix.
pub struct TestKafka {
    pub settings: KafkaSettings,
    pub producer: Producer,
}

impl TestKafka {
    pub async fn create() -> Self {
        let prefix = format!("test-{}.", Uuid::new_v4().simple());
        let settings = KafkaSettings::new(kafka_bootstrap()).with_topic_prefix(prefix);
        let producer = Producer::new(&settings).unwrap();
        let kafka = Self { settings, producer };
        kafka.make_topic(DATAPOINTS, 2).await;
        kafka.make_topic("naia.datapoints.dlq", 2).await;
        kafka
    }

    pub async fn make_topic(&self, name: &str, partitions: i32) {
        let (topic, limit) = (self.settings.topic(name), MAX_RECORD_BYTES.to_string());
        eventually("topic is made", || async {
            let new = NewTopic::new(&topic, partitions, TopicReplication::Fixed(1));
            let new = new.set("max.message.bytes", &limit);
            let made = self.admin().create_topics([&new], &AdminOptions::new()).await.unwrap();
            // The one of that name that was just deleted may still be on its way out.
            made[0].is_ok().then_some(())
        })
        .await;
    }

    pub async fn delete_topic(&self, name: &str) {
        let topic = self.settings.topic(name);
        self.admin().delete_topics(&[&topic], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    }

    pub fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.settings.client().create().unwrap()
    }
}

impl Drop for TestKafka {
    fn drop(&mut self) {
        let names = [self.settings.topic(DATAPOINTS), self.settings.topic("naia.datapoints.dlq")];
        let admin = self.admin();
        // A thread of its own: a runtime cannot block inside another one.
        let deleted = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            drop(runtime.block_on(admin.delete_topics(&names, &AdminOptions::new())));
        });
        drop(deleted.join());
    }
}

pub async fn test_store() -> (Store, TestDatabase) {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 10).unwrap();
    store.migrate().await.unwrap();
    (store, database)
}

/// A consumer of `naia.datapoints` in a task.
pub struct RunningConsumer {
    shutdown: CancellationToken,
    task: JoinHandle<pattern_bus::Result<()>>,
}

impl RunningConsumer {
    pub fn start(kafka: &KafkaSettings, store: &Store, group_id: &str) -> Self {
        let shutdown = CancellationToken::new();
        let consumer =
            run_datapoints_consumer(kafka.clone(), group_id.into(), store.clone(), shutdown.clone());
        Self { shutdown, task: tokio::spawn(consumer) }
    }

    pub fn is_running(&self) -> bool {
        !self.task.is_finished()
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        let stopped = tokio::time::timeout(Duration::from_secs(15), self.task).await;
        stopped.expect("stops within seconds").unwrap().unwrap();
    }
}
