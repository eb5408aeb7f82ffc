use anyhow::{Context, Result, anyhow};
use rdkafka::{mocking::MockCluster, producer::DefaultProducerContext};
use std::{sync::mpsc, thread};

type Cluster = MockCluster<'static, DefaultProducerContext>;
type Order = Box<dyn FnOnce(&Cluster) + Send>;

/// A broker inside this process: the real protocol on a real loopback port, in memory only. Clients
/// built on librdkafka can use it, Java's cannot. It has no admin interface, so its topics are
/// named at the start.
pub struct MemoryBroker {
    bootstrap: String,
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl MemoryBroker {
    /// Starts one broker with these topics, each with its number of partitions.
    pub fn start(topics: &[(&str, i32)]) -> Result<Self> {
        let topics: Vec<(String, i32)> = topics.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        let (orders, inbox) = mpsc::channel::<Order>();
        let (started, born) = mpsc::channel();
        // The broker's handle may not leave its thread.
        let thread = thread::Builder::new().name("naia-memory-broker".into()).spawn(move || {
            let cluster = match create(&topics) {
                Ok(cluster) => cluster,
                Err(e) => return drop(started.send(Err(e))),
            };
            drop(started.send(Ok(cluster.bootstrap_servers())));
            for order in inbox {
                order(&cluster);
            }
        })?;
        let bootstrap = born.recv().context("the in-memory broker ended while it started")??;
        Ok(Self { bootstrap, orders: Some(orders), thread: Some(thread) })
    }

    /// `127.0.0.1:port`
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Does something to the broker, such as taking it down or letting requests fail.
    pub fn with<T: Send + 'static>(&self, order: impl FnOnce(&Cluster) -> T + Send + 'static) -> Result<T> {
        let gone = || anyhow!("the in-memory broker is gone");
        let (answer, answered) = mpsc::channel();
        let orders = self.orders.as_ref().ok_or_else(gone)?;
        orders.send(Box::new(move |cluster| drop(answer.send(order(cluster))))).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())
    }

    /// Lets clients lose the broker, as if its machine was unplugged.
    pub fn down(&self) -> Result<()> {
        self.with(|cluster| cluster.broker_down(1))?.context("the in-memory broker cannot be taken down")
    }

    pub fn up(&self) -> Result<()> {
        self.with(|cluster| cluster.broker_up(1))?.context("the in-memory broker cannot be brought back")
    }
}

fn create(topics: &[(String, i32)]) -> Result<Cluster> {
    let cluster = MockCluster::new(1).context("the in-memory broker cannot be started")?;
    for (topic, partitions) in topics {
        cluster
            .create_topic(topic, *partitions, 1)
            .with_context(|| format!("topic {topic} cannot be created in the in-memory broker"))?;
    }
    Ok(cluster)
}

impl Drop for MemoryBroker {
    fn drop(&mut self) {
        self.orders.take();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
