use futures_util::FutureExt;
use serde_json::Value;
use std::{panic::AssertUnwindSafe, time::Duration};
use tokio::{runtime::Handle, task::JoinError, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Handler, JobContext, JobError,
    backend::Delivery,
    backoff,
    lifecycle::{self, Attempt, Claimant},
    workers::Executor,
};
use crate::{Result, StoreError};

const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How an attempt came out, before it is written down.
enum Outcome {
    Finished(Result<Value, JobError>),
    /// The worker shuts down and can not wait any longer.
    Interrupted,
}

impl Executor {
    /// Takes a delivery to its end. Nothing is answered: what there is to know stands in the run.
    pub(super) async fn execute(&self, delivery: Delivery, queue_worker: &str) {
        let claimant =
            Claimant { queue_worker, worker_id: &self.options.name, max_attempts: self.options.max_attempts };
        let Delivery { id, run_id, slot } = delivery;
        let begin = || lifecycle::begin(&self.store, &id, run_id, &claimant);
        if let Some(Ok(Some(attempt))) = self.persistently("start a run", begin).await {
            let stop = CancellationToken::new();
            self.running.enter(&attempt, stop.clone());
            let outcome = self.run(&attempt, &stop).await;
            self.write_down(&attempt, outcome).await;
            self.running.leave(&attempt);
        }
        drop(slot);
        self.bells.iter().for_each(super::bell::Bell::ring_if_hungry);
    }

    async fn run(&self, attempt: &Attempt, stop: &CancellationToken) -> Outcome {
        let abandoned = CancellationToken::new();
        let _abandon_when_left = abandoned.clone().drop_guard();
        let context = JobContext {
            run_id: attempt.run_id,
            job: attempt.job,
            data_source_id: attempt.data_source_id,
            attempt: attempt.number,
            cancelled: stop.clone(),
        };
        let handler = self.handler.clone();
        // A thread of its own: a job that computes or blocks would otherwise hold up the heartbeats,
        // and the run be given to another worker while it is still being worked on.
        let mut job = tokio::task::spawn_blocking(move || {
            Handle::current().block_on(async move {
                tokio::select! {
                    result = call(handler, context) => result,
                    () = abandoned.cancelled() => Err(JobError::Retry("the job did not stop when told to".into())),
                }
            })
        });
        let deadline = Instant::now() + self.options.job_timeout;
        tokio::select! {
            result = &mut job => return Outcome::Finished(flatten(result)),
            () = tokio::time::sleep_until(deadline) => {
                stop.cancel();
                let error = format!(
                    "took longer than {:?}; raise worker.job_timeout_minutes if that is to be expected",
                    self.options.job_timeout
                );
                return match tokio::time::timeout(self.options.patience, &mut job).await {
                    Ok(Ok(Ok(result))) => Outcome::Finished(Ok(result)),
                    _ => Outcome::Finished(Err(JobError::Retry(error))),
                };
            }
            () = stop.cancelled() => {}
            () = self.hurry.cancelled() => stop.cancel(),
        }
        match tokio::time::timeout(self.options.patience, &mut job).await {
            // Finished in time after all.
            Ok(Ok(Ok(result))) => Outcome::Finished(Ok(result)),
            _ if self.hurry.is_cancelled() => Outcome::Interrupted,
            Ok(result) => Outcome::Finished(flatten(result)),
            Err(_) => Outcome::Finished(Err(JobError::Retry("the job did not stop when told to".into()))),
        }
    }

    async fn write_down(&self, attempt: &Attempt, outcome: Outcome) {
        let written = match outcome {
            Outcome::Interrupted => {
                self.persistently("give back a run", || lifecycle::interrupt(&self.store, attempt)).await
            }
            Outcome::Finished(Err(error)) => self.write_failure(attempt, &error).await,
            Outcome::Finished(Ok(result)) => {
                let succeed = || lifecycle::succeed(&self.store, attempt, &result);
                match self.persistently("end a run", succeed).await {
                    Some(Err(error)) => {
                        let error = JobError::GiveUp(format!("the result can not be kept: {error}"));
                        self.write_failure(attempt, &error).await
                    }
                    written => written,
                }
            }
        };
        match written {
            Some(Ok(true)) => {}
            Some(Ok(false)) => tracing::warn!(
                run = %attempt.run_id, job = attempt.job.as_str(), attempt = attempt.number,
                "another worker has taken over the run; this attempt's outcome is dropped"
            ),
            Some(Err(error)) => tracing::error!(run = %attempt.run_id, %error, "a run's end can not be kept"),
            None => {
                tracing::warn!(run = %attempt.run_id, "postgres is away; another worker will repeat the run")
            }
        }
    }

    async fn write_failure(&self, attempt: &Attempt, error: &JobError) -> Option<Result<bool>> {
        let text = error.to_string().replace('\0', "");
        let again = matches!(error, JobError::Retry(_)) && attempt.counted < attempt.max_attempts;
        let wait = again.then(|| backoff::delay(self.options.retry_delay, attempt.counted, &mut rand::rng()));
        tracing::warn!(
            run = %attempt.run_id, job = attempt.job.as_str(), attempt = attempt.number, error = text,
            "a job failed; {}", if again { "it will be tried again" } else { "its run is dead" }
        );
        self.persistently("end a run", || lifecycle::fail(&self.store, attempt, &text, wait)).await
    }

    /// Repeats `work` while PostgreSQL is away. `None` when the worker had to end first.
    async fn persistently<T, F>(&self, doing: &str, work: impl Fn() -> F) -> Option<Result<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let mut pause = Duration::from_millis(100);
        loop {
            match work().await {
                Err(error) if error.is_transient() || is_conflict(&error) => {
                    tracing::warn!(%error, "can not {doing}, will try again in {pause:?}");
                }
                other => return Some(other),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.ending.cancelled() => return None,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Deadlock or serialisation failure: the transaction was rolled back and may be repeated.
fn is_conflict(error: &StoreError) -> bool {
    let StoreError::Database(sqlx::Error::Database(error)) = error else { return false };
    error.code().is_some_and(|code| code == "40P01" || code == "40001")
}

async fn call(handler: Handler, context: JobContext) -> Result<Value, JobError> {
    let job = AssertUnwindSafe(async move { handler(context).await });
    job.catch_unwind().await.unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        Err(JobError::Retry(format!("the job panicked: {}", message.unwrap_or_default())))
    })
}

fn flatten(result: Result<Result<Value, JobError>, JoinError>) -> Result<Value, JobError> {
    result.unwrap_or_else(|error| Err(JobError::Retry(format!("the job's thread ended: {error}"))))
}
