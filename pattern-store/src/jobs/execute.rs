use futures_util::FutureExt;
use std::{
    any::Any,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::{
    Handler, JobContext, JobError, JobOutcome,
    attempt::Attempt,
    backend::Delivery,
    backoff,
    begin::{self, Claimant},
    lifecycle,
    workers::Executor,
};
use crate::{Result, StoreError, metrics, outage, trace};

const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How an attempt came out, before it is written down.
enum Outcome {
    Finished(Result<JobOutcome, JobError>),
    /// The worker shuts down and cannot wait any longer.
    Interrupted,
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Finished(Ok(JobOutcome::Done(_))) => "succeeded",
            Self::Finished(Ok(JobOutcome::Split { .. })) => "split",
            Self::Finished(Err(_)) => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Executor {
    /// Takes a delivery to its end. Nothing is answered: what there is to know stands in the run.
    pub(super) async fn execute(&self, delivery: Delivery, queue_worker: &str) {
        let claimant = Claimant {
            queue_worker,
            worker_id: &self.options.name,
            max_attempts: self.options.max_attempts,
            timeout: self.options.job_timeout,
        };
        let Delivery { id, run_id, slot } = delivery;
        let start_run = || begin::begin(&self.store, &id, run_id, &claimant);
        match self.persistently("start a run", start_run).await {
            Some(Ok(Some(attempt))) => {
                let stop = CancellationToken::new();
                self.running.enter(&attempt, stop.clone());
                let span = tracing::info_span!(
                    "run",
                    otel.name = format!("run {}", attempt.job),
                    otel.kind = "consumer",
                    "naia.job" = attempt.job.as_str(),
                    "naia.run" = %attempt.run_id,
                    "naia.attempt" = attempt.number,
                );
                trace::receive(&span, attempt.terms.traceparent.as_deref());
                let began = Instant::now();
                async {
                    let outcome = self.run(&attempt, &stop).await;
                    metrics::executed(attempt.job.as_str(), outcome.word(), began.elapsed());
                    tracing::info!(
                        run = %attempt.run_id, job = attempt.job.as_str(), attempt = attempt.number,
                        outcome = outcome.word(), seconds = began.elapsed().as_secs_f32(), "an attempt ended"
                    );
                    self.write_down(&attempt, outcome).await;
                }
                .instrument(span)
                .await;
                self.running.leave(&attempt);
            }
            Some(Ok(None)) | None => {}
            Some(Err(error)) => {
                tracing::error!(run = %run_id, %error, "a run cannot be started here; it is left to other workers");
                self.persistently("give back a run", || begin::put_off(&self.store, &id)).await;
            }
        }
        drop(slot);
        self.shared.slots_were_freed();
    }

    async fn run(&self, attempt: &Attempt, stop: &CancellationToken) -> Outcome {
        let abandoned = CancellationToken::new();
        let _abandon_when_left = abandoned.clone().drop_guard();
        let context = JobContext {
            run_id: attempt.run_id,
            job: attempt.job,
            arguments: attempt.terms.arguments.clone(),
            data_source_id: attempt.data_source_id,
            attempt: attempt.number,
            tile: attempt.tile,
            so_far: attempt.so_far.clone(),
            cancelled: stop.clone(),
        };
        let mut job = start(self.handler.clone(), context, abandoned);
        let (longest, too_long) = self.limit(attempt);
        tokio::select! {
            result = &mut job => return Outcome::Finished(flatten(result)),
            () = tokio::time::sleep(longest) => {
                stop.cancel();
                return match tokio::time::timeout(self.options.patience, &mut job).await {
                    // In time after all, unless there is no time left.
                    Ok(Ok(Ok(result))) if matches!(too_long, JobError::Retry(_)) => Outcome::Finished(Ok(result)),
                    _ => Outcome::Finished(Err(too_long)),
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

    /// How long the attempt may take, and what to say when it takes longer.
    fn limit(&self, attempt: &Attempt) -> (Duration, JobError) {
        let left = attempt.terms.deadline.map(|deadline| {
            let left = (deadline - self.store.now()).to_std().unwrap_or_default();
            (left, JobError::GiveUp(begin::too_late(deadline)))
        });
        let timeout = attempt.timeout;
        let error = format!(
            "took longer than {timeout:?}; raise worker.job_timeout_minutes if that is to be expected"
        );
        match left {
            Some((left, too_late)) if left < timeout => (left, too_late),
            _ => (timeout, JobError::Retry(error)),
        }
    }

    async fn write_down(&self, attempt: &Attempt, outcome: Outcome) {
        let written = match outcome {
            Outcome::Interrupted => {
                self.persistently("give back a run", || lifecycle::interrupt(&self.store, attempt)).await
            }
            Outcome::Finished(Err(error)) => self.write_failure(attempt, &error).await,
            Outcome::Finished(Ok(JobOutcome::Split { tiles, so_far })) => {
                self.persistently("split a run", || lifecycle::split(&self.store, attempt, &tiles, &so_far))
                    .await
            }
            Outcome::Finished(Ok(JobOutcome::Done(result))) => {
                let succeed = || lifecycle::succeed(&self.store, attempt, &result);
                match self.persistently("end a run", succeed).await {
                    Some(Err(error)) => {
                        let error = JobError::GiveUp(format!("the result cannot be kept: {error}"));
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
            Some(Err(error)) => tracing::error!(run = %attempt.run_id, %error, "a run's end cannot be kept"),
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

    /// Repeats `work` until PostgreSQL has done it, or refuses what it is given. `None` when the worker
    /// had to end first.
    async fn persistently<T, F>(&self, doing: &str, work: impl Fn() -> F) -> Option<Result<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let mut pause = Duration::from_millis(100);
        loop {
            match work().await {
                Err(error) if !is_refusal(&error) => {
                    outage::tell(&error, &format!("cannot {doing}"));
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

/// The values themselves are wrong: the same again would end the same way. Everything else passes,
/// sooner or later.
fn is_refusal(error: &StoreError) -> bool {
    matches!(error, StoreError::Invalid(_) | StoreError::Corrupt(_))
}

/// Runs the job on a thread of its own: one that computes or blocks would otherwise hold up the
/// heartbeats, and its run be given to another worker while it is still being worked on. Not on
/// tokio's threads for blocking work, because the process could not end while one of those is stuck.
fn start(
    handler: Handler,
    context: JobContext,
    abandoned: CancellationToken,
) -> oneshot::Receiver<Result<JobOutcome, JobError>> {
    let (done, job) = oneshot::channel();
    let (runtime, span) = (Handle::current(), Span::current());
    let work = async move {
        let result = AssertUnwindSafe(async move { handler(context).await }).catch_unwind();
        tokio::select! {
            result = result => {
                // Nobody listens any more when the job was given up meanwhile.
                let _ = done.send(result.unwrap_or_else(|panic| Err(panicked(&*panic))));
            }
            () = abandoned.cancelled() => {}
        }
    };
    let thread =
        std::thread::Builder::new().name("job".into()).spawn(move || runtime.block_on(work.instrument(span)));
    if let Err(error) = thread {
        tracing::error!(%error, "the system gives no thread for a job");
    }
    job
}

fn panicked(panic: &(dyn Any + Send)) -> JobError {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    JobError::Retry(format!("the job panicked: {}", message.unwrap_or("without a message")))
}

fn flatten(
    result: Result<Result<JobOutcome, JobError>, oneshot::error::RecvError>,
) -> Result<JobOutcome, JobError> {
    result.unwrap_or_else(|_| Err(JobError::Retry("the job has lost its thread".into())))
}
