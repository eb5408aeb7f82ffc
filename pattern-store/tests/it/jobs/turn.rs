use pattern_core::domain::{JobName, RunStatus};
use pattern_store::jobs::NewRun;
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::support::{Log, Queue, Worker, eventually, handler, options};

/// Runs that are under way, by data source, and the most there were at once.
#[derive(Clone, Default)]
struct Meter(Arc<Mutex<(usize, usize)>>);

impl Meter {
    fn enter(&self) {
        let mut meter = self.0.lock().unwrap();
        meter.0 += 1;
        meter.1 = meter.1.max(meter.0);
    }

    fn leave(&self) {
        self.0.lock().unwrap().0 -= 1;
    }

    fn most(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

#[tokio::test]
async fn runs_of_the_same_job_and_data_source_take_turns() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let meter = Meter::default();
    let other = queue.another_store();
    let work = {
        let (meter, store) = (meter.clone(), queue.another_store());
        handler(move |_| {
            let (meter, store) = (meter.clone(), store.clone());
            async move {
                meter.enter();
                eventually("others were told to wait, or there are none", || async {
                    sqlx::query_scalar::<_, bool>(
                        "select exists (select from apalis.jobs where status = 'Pending' and run_at > now())
                             or not exists (select from job_runs where status = 'queued')",
                    )
                    .fetch_one(store.pool())
                    .await
                    .unwrap()
                })
                .await;
                meter.leave();
                Ok(json!({}))
            }
        })
    };
    let workers =
        [Worker::start(&queue.store, options("a"), work.clone()), Worker::start(&other, options("b"), work)];
    let mut ids: Vec<Uuid> = Vec::new();
    for _ in 0..10 {
        ids.push(queue.enqueue(NewRun::shipped(JobName::SEALING, "test").for_data_source(plant)).await);
    }
    // One over every data source is in the way of each single one.
    ids.push(queue.enqueue(NewRun::shipped(JobName::SEALING, "test")).await);
    for id in ids {
        queue.wait_for(id, RunStatus::Succeeded).await;
    }
    assert_eq!(meter.most(), 1);
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn different_data_sources_run_at_once_up_to_the_concurrency() {
    let queue = Queue::create().await;
    let meter = Meter::default();
    let gate = Arc::new(Semaphore::new(0));
    let work = {
        let (meter, gate) = (meter.clone(), gate.clone());
        handler(move |_| {
            let (meter, gate) = (meter.clone(), gate.clone());
            async move {
                meter.enter();
                gate.acquire().await.unwrap().forget();
                meter.leave();
                Ok(json!({}))
            }
        })
    };
    let mut two = options("w");
    two.concurrency = 2;
    let worker = Worker::start(&queue.store, two, work);
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let id = queue.data_source(name).await;
        ids.push(queue.enqueue(NewRun::shipped(JobName::SEALING, "test").for_data_source(id)).await);
        ids.push(
            queue.enqueue(NewRun::shipped(JobName::CLUSTER_DETECTION, "test").for_data_source(id)).await,
        );
    }
    eventually("two at once", || async { meter.most() == 2 }).await;
    gate.add_permits(8);
    for id in ids {
        queue.wait_for(id, RunStatus::Succeeded).await;
    }
    assert_eq!(meter.most(), 2, "never more than the concurrency, over all job types");
    worker.stop().await;
}

#[tokio::test]
async fn a_waiting_run_takes_no_slot_from_others() {
    let queue = Queue::create().await;
    let gate = Arc::new(Semaphore::new(0));
    let log = Log::default();
    let work = {
        let (gate, log) = (gate.clone(), log.clone());
        handler(move |context| {
            log.note(&context);
            let gate = gate.clone();
            async move {
                if context.job == JobName::SEALING {
                    gate.acquire().await.unwrap().forget();
                }
                Ok(json!({}))
            }
        })
    };
    let mut two = options("w");
    two.concurrency = 2;
    let worker = Worker::start(&queue.store, two, work);
    let mut blocked = Vec::new();
    for _ in 0..3 {
        blocked.push(queue.enqueue(NewRun::shipped(JobName::SEALING, "test")).await);
    }
    eventually("the first", || async { !log.entries().is_empty() }).await;
    let free = queue.enqueue(NewRun::shipped(JobName::MAINTENANCE, "test")).await;
    queue.wait_for(free, RunStatus::Succeeded).await;
    gate.add_permits(3);
    for id in blocked {
        queue.wait_for(id, RunStatus::Succeeded).await;
    }
    worker.stop().await;
}
