//! What time it is: PostgreSQL's clock says so. Those of the machines may be wrong, and nothing that deletes,
//! expires or decides may depend on them.

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use crate::{Result, Store};

/// As long as the clocks differ by no more, both are thought right.
const TOLERANCE: TimeDelta = TimeDelta::minutes(1);

/// What this process knows of PostgreSQL's clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<Option<Reading>>>);

#[derive(Debug, Clone, Copy)]
struct Reading {
    read: Instant,
    database: DateTime<Utc>,
    /// How far this machine's clock was ahead; negative where it was behind.
    ahead: TimeDelta,
}

impl Clock {
    fn last(&self) -> Option<Reading> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `asked` and now enclose the moment that `database` tells: only what lies outside is a difference.
    fn keep(&self, asked: DateTime<Utc>, database: DateTime<Utc>) {
        let answered = Utc::now();
        let ahead = if database < asked {
            asked - database
        } else if database > answered {
            answered - database
        } else {
            TimeDelta::zero()
        };
        let reading = Reading { read: Instant::now(), database, ahead };
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(reading);
        match (before.is_none_or(|before| before.is_right()), reading.is_right()) {
            (true, false) => tracing::warn!(
                "the clock of this machine is {} that of postgres: set it. times are taken from postgres; there is \
                 no maintenance and no sealing here until both agree",
                difference(ahead)
            ),
            (false, true) => tracing::info!("the clock of this machine agrees with that of postgres again"),
            _ => {}
        }
    }

    /// Whether this process may delete and seal. Not before PostgreSQL was asked.
    pub fn is_right(&self) -> bool {
        self.last().is_some_and(|reading| reading.is_right())
    }
}

impl Reading {
    fn is_right(&self) -> bool {
        self.ahead.abs() <= TOLERANCE
    }
}

impl Store {
    /// What time it is for every process.
    pub async fn database_time(&self) -> Result<DateTime<Utc>> {
        let asked = Utc::now();
        let database =
            sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#).fetch_one(self.pool()).await?;
        self.clock.keep(asked, database);
        Ok(database)
    }

    /// What time it is as far as is known without asking: this machine's clock counts only until PostgreSQL
    /// was asked once.
    pub fn now(&self) -> DateTime<Utc> {
        let since = |reading: Reading| {
            let passed = TimeDelta::from_std(reading.read.elapsed()).ok()?;
            reading.database.checked_add_signed(passed)
        };
        self.clock.last().and_then(since).unwrap_or_else(Utc::now)
    }

    /// How far this machine's clock is ahead of PostgreSQL's, negative where it is behind, in seconds.
    pub fn clock_ahead_seconds(&self) -> Option<f64> {
        self.clock.last().map(|reading| reading.ahead.as_seconds_f64())
    }

    /// Whether this machine's clock agrees with PostgreSQL's, as far as is known. Where it does not, one of them is
    /// wrong, and what is deleted by a wrong clock does not come back.
    pub fn clock_is_right(&self) -> bool {
        self.clock.is_right()
    }
}

fn difference(ahead: TimeDelta) -> String {
    let minutes = (ahead.as_seconds_f64().abs() / 60.0).round();
    let length = match minutes {
        ..120.0 => format!("{minutes} minutes"),
        ..2_880.0 => format!("{:.0} hours", minutes / 60.0),
        _ => format!("{:.0} days", minutes / 1_440.0),
    };
    format!("{length} {}", if ahead > TimeDelta::zero() { "ahead of" } else { "behind" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_what_no_delay_explains() {
        let clock = Clock::default();
        assert!(!clock.is_right(), "nobody was asked yet");
        // PostgreSQL took half an hour to answer, and said what it was in between.
        clock.keep(Utc::now() - TimeDelta::minutes(30), Utc::now() - TimeDelta::minutes(10));
        assert!(clock.is_right());
        clock.keep(Utc::now(), Utc::now() - TimeDelta::days(40));
        assert!(!clock.is_right());
        clock.keep(Utc::now() - TimeDelta::minutes(30), Utc::now() + TimeDelta::minutes(5));
        assert!(!clock.is_right());
    }

    #[test]
    fn a_difference_is_told_in_words() {
        assert_eq!(difference(TimeDelta::days(40) - TimeDelta::milliseconds(3)), "40 days ahead of");
        assert_eq!(difference(TimeDelta::seconds(-125)), "2 minutes behind");
        assert_eq!(difference(TimeDelta::hours(-3)), "3 hours behind");
    }
}
