//! Looks at the clock and queues what is due. It never runs anything itself, so nothing it sets off
//! can hold up the next tick.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use pattern_config::ScheduleConfig;
use pattern_core::domain::JobName;
use pattern_store::{Store, jobs::Scheduled, outage};
use std::{str::FromStr, time::Duration};
use tokio_util::sync::CancellationToken;

use crate::metrics;

/// The clock may be set meanwhile, so it is looked at this often at least.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A cron expression in UTC and what it sets off.
#[derive(Debug, Clone)]
pub struct Schedule {
    what: Scheduled,
    cron: Cron,
}

impl Schedule {
    pub fn new(what: Scheduled, expression: &str) -> anyhow::Result<Self> {
        let cron = Cron::from_str(expression)
            .with_context(|| format!("schedule '{expression}' of {} cannot be kept", what.as_str()))?;
        Ok(Self { what, cron })
    }

    /// The newest tick at or before `now`.
    fn due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_previous_occurrence(&now, true).ok()
    }

    fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_next_occurrence(&now, false).ok()
    }
}

/// The schedules that the configuration asks for; an empty expression means never.
pub fn schedules(config: &ScheduleConfig) -> anyhow::Result<Vec<Schedule>> {
    [
        (Scheduled::Flywheel, &config.flywheel),
        (Scheduled::Learning, &config.pattern_learning),
        (Scheduled::Job(JobName::MAINTENANCE), &config.maintenance),
        (Scheduled::Job(JobName::SEALING), &config.sealing),
    ]
    .into_iter()
    .filter(|(_, expression)| !expression.trim().is_empty())
    .map(|(what, expression)| Schedule::new(what, expression))
    .collect()
}

/// Queues every tick once, however many workers run this, until `shutdown`.
pub async fn run(store: Store, schedules: Vec<Schedule>, shutdown: CancellationToken) {
    let mut pause = Duration::from_millis(500);
    loop {
        let wait = match tick(&store, &schedules).await {
            Ok(wait) => {
                pause = Duration::from_millis(500);
                wait
            }
            Err(error) => {
                outage::tell(&error, "the schedule cannot be looked at");
                let wait = pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
                wait
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Queues what is due and answers how long there is nothing to do.
async fn tick(store: &Store, schedules: &[Schedule]) -> pattern_store::Result<Duration> {
    let now = store.database_time().await?;
    for schedule in schedules {
        let Some(due) = schedule.due(now) else { continue };
        let queued = store.schedule_tick(schedule.what, due).await?;
        if !queued.is_empty() {
            metrics::scheduled(schedule.what.as_str(), queued.len());
            tracing::info!(what = schedule.what.as_str(), tick = %due, runs = queued.len(), "scheduled");
        }
    }
    Ok(until_next(schedules, now))
}

fn until_next(schedules: &[Schedule], now: DateTime<Utc>) -> Duration {
    schedules
        .iter()
        .filter_map(|schedule| schedule.next(now))
        .min()
        // Just after the tick, or rounding would make it look as if it were still ahead.
        .and_then(|next| (next - now + TimeDelta::milliseconds(5)).to_std().ok())
        .map_or(LONGEST_SLEEP, |wait| wait.min(LONGEST_SLEEP))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn at(hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 2, hour, minute, second).unwrap()
    }

    #[test]
    fn after_a_long_absence_only_the_newest_tick_is_due() {
        let schedule = Schedule::new(Scheduled::Flywheel, "*/15 * * * *").unwrap();
        assert_eq!(schedule.due(at(9, 59, 30)), Some(at(9, 45, 0)));
        assert_eq!(schedule.due(at(10, 0, 0)), Some(at(10, 0, 0)));
    }

    #[test]
    fn default_schedules_are_valid_and_an_empty_one_means_never() {
        let config = ScheduleConfig::default();
        assert_eq!(schedules(&config).unwrap().len(), 4);
        let without_sealing = ScheduleConfig { sealing: String::new(), ..config };
        assert_eq!(schedules(&without_sealing).unwrap().len(), 3);
    }

    #[test]
    fn it_sleeps_until_the_next_tick_but_never_long() {
        let schedules = schedules(&ScheduleConfig::default()).unwrap();
        assert_eq!(until_next(&schedules, at(9, 44, 50)), Duration::from_millis(10_005));
        assert_eq!(until_next(&schedules, at(9, 46, 0)), LONGEST_SLEEP);
    }
}
