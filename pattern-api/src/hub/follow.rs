use futures_util::{FutureExt, future::BoxFuture};
use pattern_bus::{Backoff, KafkaSettings, ReadEvent, read_events};
use pattern_core::{domain::Position, sequencer::Sequencer};
use pattern_store::{
    Result, Store, outage,
    outbox::{CHANNEL_POSITION, NumberedEvent},
    trace,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Span;

use super::{Hub, HubEvent};

/// Finds a new top whose NOTIFY was lost with a connection.
const TOP_POLL: Duration = Duration::from_secs(2);
const GAP_READ: i64 = 500;
/// Events that wait behind a gap; more come from the outbox later.
const WAITING_LIMIT: usize = 10_000;
const QUEUE: usize = 1024;

/// Follows the stream, and begins again when it is another one.
pub async fn follow_stream(hub: Arc<Hub>, kafka: KafkaSettings) {
    let mut backoff = Backoff::default();
    while !hub.shutdown.is_cancelled() {
        match Follower::start(&hub, &kafka).await {
            Ok(mut follower) => {
                backoff.reset();
                follower.run().await;
            }
            Err(error) => {
                backoff.tell_of_store(&error, "the stream's top cannot be read");
                backoff.wait(&hub.shutdown).await;
            }
        }
    }
}

/// How an event came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    Kafka,
    Outbox,
}

/// An event that has come, and waits for those before it.
#[derive(Debug)]
struct Arrived {
    road: Road,
    text: String,
    /// What the outbox brings is in no trace: it was in one when it was published.
    traceparent: Option<String>,
}

/// The span of an event that Kafka brought; of none where it belongs to no trace.
fn process_span(arrived: &Arrived) -> Span {
    if arrived.traceparent.is_none() {
        return Span::none();
    }
    let span = tracing::info_span!(
        parent: None,
        "process",
        otel.name = "process event",
        otel.kind = "consumer",
        "messaging.system" = "kafka",
        "messaging.operation.type" = "process",
        "messaging.operation.name" = "process",
    );
    trace::receive(&span, arrived.traceparent.as_deref());
    span
}

/// Whether to go on.
#[derive(PartialEq)]
enum Step {
    On,
    /// The stream is another one, or went on without us.
    Again,
}

/// Events read from the outbox; `None`: they are pruned.
type GapRead = Result<Option<Vec<NumberedEvent>>>;

/// One epoch of the stream, from a starting point on. Nothing in its loop waits for PostgreSQL or for
/// Kafka alone, so each serves while the other is away.
struct Follower<'a> {
    hub: &'a Hub,
    epoch: String,
    sequencer: Sequencer<Arrived>,
    from_kafka: mpsc::Receiver<ReadEvent>,
    tops: mpsc::Receiver<Position>,
    /// The hub is ready once it is here.
    ready_at: i64,
    /// The first missing position, and since when it may be read from the outbox.
    gap: Option<(i64, Instant)>,
    reading_gap: Option<BoxFuture<'a, GapRead>>,
    retry: Duration,
    /// Ends the tasks that feed it.
    _feeding: DropGuard,
}

impl<'a> Follower<'a> {
    async fn start(hub: &'a Hub, kafka: &KafkaSettings) -> Result<Self> {
        let top = hub.store.stream_top().await?;
        let start = (top.position.number - hub.options.warm_events).max(top.pruned_through);
        let epoch = top.position.epoch;
        hub.restart(Position::new(epoch.clone(), start));

        let feeding = hub.shutdown.child_token();
        let (events, from_kafka) = mpsc::channel(QUEUE);
        tokio::spawn(bring_events(kafka.clone(), epoch.clone(), events, feeding.clone()));
        let (announced, tops) = mpsc::channel(1);
        tokio::spawn(announce_tops(hub.store.clone(), announced, feeding.clone()));

        let mut sequencer = Sequencer::new(start, WAITING_LIMIT);
        sequencer.announce(top.position.number);
        Ok(Self {
            hub,
            epoch,
            sequencer,
            from_kafka,
            tops,
            ready_at: top.position.number,
            gap: None,
            reading_gap: None,
            retry: Duration::ZERO,
            _feeding: feeding.drop_guard(),
        })
    }

    /// Returns at shutdown, or when the stream must be followed anew.
    async fn run(&mut self) {
        let mut step = Step::On;
        while step == Step::On {
            self.hand_on();
            let due = self.gap.filter(|_| self.reading_gap.is_none()).map(|(_, due)| due);
            step = tokio::select! {
                Some(event) = self.from_kafka.recv() => self.take(event),
                Some(top) = self.tops.recv() => self.hear(top),
                () = wait_until(due) => self.read_gap(),
                read = finish(&mut self.reading_gap) => self.close_gap(read),
                () = self.hub.shutdown.cancelled() => return,
            };
        }
    }

    fn take(&mut self, event: ReadEvent) -> Step {
        self.offer(event);
        while let Ok(event) = self.from_kafka.try_recv() {
            self.offer(event);
        }
        Step::On
    }

    fn offer(&mut self, event: ReadEvent) {
        let ReadEvent { position, text, traceparent } = event;
        self.sequencer.offer(position, Arrived { road: Road::Kafka, text, traceparent });
    }

    fn hear(&mut self, top: Position) -> Step {
        if top.epoch != self.epoch {
            tracing::warn!(old = self.epoch, new = top.epoch, "the stream was renewed");
            return Step::Again;
        }
        self.sequencer.announce(top.number);
        Step::On
    }

    /// Gives the clients what is complete, and sees whether something is missing.
    fn hand_on(&mut self) {
        while let Some((position, arrived)) = self.sequencer.take() {
            let process = process_span(&arrived);
            let _inside = process.enter();
            let event = HubEvent::new(&self.epoch, position, &arrived.text);
            let _broadcast = match arrived.traceparent {
                Some(_) => {
                    tracing::info_span!(
                        "broadcast",
                        otel.kind = "producer",
                        "naia.connections" = self.hub.connection_count()
                    )
                }
                None => Span::none(),
            }
            .entered();
            self.hub.push(event, arrived.road);
        }
        let catching_up = self.sequencer.position() < self.ready_at;
        if !catching_up {
            self.hub.ready.store(true, Ordering::Release);
        }
        self.gap = self.sequencer.missing().map(|missing| {
            let first = *missing.start();
            match self.gap {
                Some((known, due)) if known == first => (known, due),
                _ if catching_up => (first, Instant::now()),
                _ => (first, Instant::now() + self.hub.options.gap_wait),
            }
        });
    }

    fn read_gap(&mut self) -> Step {
        if let Some(missing) = self.sequencer.missing() {
            let after = missing.start() - 1;
            let count = (missing.end() - after).min(GAP_READ);
            self.reading_gap = Some(self.hub.store.read_events(after, count).boxed());
        }
        Step::On
    }

    fn close_gap(&mut self, read: GapRead) -> Step {
        self.reading_gap = None;
        match read {
            Ok(Some(events)) => {
                self.retry = Duration::ZERO;
                if let Some(last) = events.last() {
                    // What is still missing after these has waited long enough.
                    self.gap = Some((last.position + 1, Instant::now()));
                }
                for event in events {
                    let arrived = Arrived { road: Road::Outbox, text: event.text, traceparent: None };
                    self.sequencer.offer(event.position, arrived);
                }
                Step::On
            }
            Ok(None) => {
                tracing::warn!(after = self.sequencer.position(), "missed events were pruned");
                Step::Again
            }
            Err(error) => {
                self.retry = (self.retry * 2).clamp(Duration::from_millis(200), Duration::from_secs(5));
                outage::tell(&error, "a gap in the stream cannot be closed yet");
                self.gap = self.gap.map(|(first, _)| (first, Instant::now() + self.retry));
                Step::On
            }
        }
    }
}

async fn bring_events(
    kafka: KafkaSettings,
    epoch: String,
    events: mpsc::Sender<ReadEvent>,
    shutdown: CancellationToken,
) {
    if let Err(error) = read_events(kafka, epoch, events, shutdown).await {
        tracing::error!(%error, "kafka cannot be read, the outbox serves instead");
    }
}

/// Sends the stream's top whenever it may have changed.
async fn announce_tops(store: Store, tops: mpsc::Sender<Position>, shutdown: CancellationToken) {
    let mut listener = store.listener(CHANNEL_POSITION, TOP_POLL);
    let announce = async {
        loop {
            let heard = listener.wait().await.and_then(|text| text.parse().ok());
            let top = match heard {
                Some(top) => top,
                None => match store.stream_top().await {
                    Ok(top) => top.position,
                    Err(error) => {
                        tracing::debug!(%error, "the stream's top cannot be read");
                        continue;
                    }
                },
            };
            if tops.send(top).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = announce => {}
        () = shutdown.cancelled() => {}
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn finish(reading: &mut Option<BoxFuture<'_, GapRead>>) -> GapRead {
    match reading {
        Some(read) => read.await,
        None => std::future::pending().await,
    }
}
