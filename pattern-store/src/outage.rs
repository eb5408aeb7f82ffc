//! What the log says of a server that is away. Everything that needs it fails then, several times a second: all of it
//! is one outage, with one line when it begins, one a minute while it lasts, and one when it is over.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::StoreError;

const REMIND_EVERY: Duration = Duration::from_secs(60);
/// Where connections are short, one request fails and the next one does not: that is one outage, too.
const BEGINS_AT_MOST_EVERY: Duration = Duration::from_secs(10);

/// PostgreSQL's. A process works with one database.
static POSTGRES: Mutex<Option<Outage<()>>> = Mutex::new(None);

fn postgres() -> MutexGuard<'static, Option<Outage<()>>> {
    POSTGRES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Logs that something failed, and will be tried again. An outage of PostgreSQL is told of as such, whatever failed for it.
pub fn tell(error: &StoreError, what_failed: &str) {
    if !is_told(error, what_failed) {
        tracing::warn!(%error, "{what_failed}, trying again");
    }
}

/// Whether the failure is part of an outage of PostgreSQL, and is told of as such here.
pub fn is_told(error: &StoreError, what_failed: &str) -> bool {
    if !matches!(error, StoreError::Unavailable(_)) {
        return false;
    }
    match postgres().get_or_insert_default().fails((), Instant::now()) {
        Some(News::Begins) => tracing::warn!(%error, "{what_failed}, trying again until postgres is back"),
        Some(News::Lasts(time)) => {
            tracing::warn!(%error, seconds = time.as_secs(), "{what_failed}, still trying again");
        }
        Some(News::Ends(_)) | None => tracing::debug!(%error, "{what_failed}, trying again"),
    }
    true
}

/// PostgreSQL has answered, and takes writes.
pub(crate) fn is_over() {
    if let Some(outage) = postgres().as_mut()
        && let Some(News::Ends(time)) = outage.answers((), Instant::now())
    {
        // Who is shown that it went has to be shown that it is back.
        tracing::warn!(seconds = time.as_secs(), "postgres is back");
    }
}

#[derive(Debug, PartialEq)]
pub enum News {
    Begins,
    Lasts(Duration),
    Ends(Duration),
}

/// An outage as the clients of one process see it.
#[derive(Debug)]
pub struct Outage<C> {
    since: Option<Instant>,
    told: Option<Instant>,
    /// Those that failed, and have not been answered since.
    clients: HashSet<C>,
}

impl<C> Default for Outage<C> {
    fn default() -> Self {
        Self { since: None, told: None, clients: HashSet::new() }
    }
}

impl<C: Eq + std::hash::Hash> Outage<C> {
    pub fn lasts(&self) -> bool {
        self.since.is_some()
    }

    /// A client does not get an answer.
    pub fn fails(&mut self, client: C, now: Instant) -> Option<News> {
        self.clients.insert(client);
        let is_told = |pause| self.told.is_some_and(|told| now - told < pause);
        let news = match self.since {
            Some(_) if is_told(REMIND_EVERY) => return None,
            Some(since) => News::Lasts(now - since),
            None if is_told(BEGINS_AT_MOST_EVERY) => return None,
            None => News::Begins,
        };
        self.since.get_or_insert(now);
        self.told = Some(now);
        Some(news)
    }

    /// A client gets an answer.
    pub fn answers(&mut self, client: C, now: Instant) -> Option<News> {
        self.forget(&client);
        if !self.clients.is_empty() {
            return None;
        }
        self.since.take().map(|since| News::Ends(now - since))
    }

    /// A client is no more.
    pub fn forget(&mut self, client: &C) {
        self.clients.remove(client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_when_it_begins_once_a_minute_and_when_it_ends_for_all_clients() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut outage = Outage::default();
        assert_eq!(outage.answers(1, after(0)), None);
        assert_eq!(outage.fails(1, after(0)), Some(News::Begins));
        let told: Vec<_> = (1..150).filter_map(|s| outage.fails(s % 2, after(s))).collect();
        assert_eq!(told, [60, 120].map(|s| News::Lasts(Duration::from_secs(s))));
        assert_eq!(outage.answers(1, after(150)), None, "the other client still waits");
        assert_eq!(outage.answers(0, after(151)), Some(News::Ends(Duration::from_secs(151))));
        assert_eq!(outage.answers(1, after(152)), None);
        assert_eq!(outage.fails(1, after(160)), Some(News::Begins));
    }

    #[test]
    fn failures_and_answers_that_alternate_make_a_line_now_and_then() {
        let start = Instant::now();
        let mut outage = Outage::default();
        let lines = (0..1000).filter(|n| {
            let now = start + Duration::from_millis(20 * n);
            let begins = outage.fails((), now).is_some();
            let ends = outage.answers((), now).is_some();
            begins || ends
        });
        assert_eq!(lines.count(), 2, "within 20 s");
    }
}
