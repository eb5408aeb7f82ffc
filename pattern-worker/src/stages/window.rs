//! Which stretch of time a run looks at.

use chrono::{DateTime, Duration, DurationRound, Utc};
use pattern_core::{
    analytics::grid::{BUCKET_SECONDS, Grid},
    domain::DataSource,
};

use super::{Stage, StageError};

impl Stage {
    /// The grid of the data source's newest days, or `None` while it has no samples.
    pub async fn grid(&self, source: &DataSource) -> Result<Option<Grid>, StageError> {
        let Some(newest) = self.store.newest_sample(source.id).await? else { return Ok(None) };
        let end = window_end(newest.min(self.now), self.now);
        Ok(Some(self.store.read_grid(source.id, end, self.engine.window_days).await?))
    }
}

/// The first full bucket after the newest sample; of a past day, its end, so that sealing the day does
/// not move the window.
fn window_end(newest: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let step = if newest.date_naive() < now.date_naive() {
        Duration::days(1)
    } else {
        Duration::seconds(BUCKET_SECONDS)
    };
    newest.duration_trunc(step).map_or(newest, |start| start + step)
}

#[cfg(test)]
mod tests {
    use super::window_end;

    #[test]
    fn the_window_ends_with_the_bucket_of_today_or_with_a_past_day() {
        let at = |text: &str| text.parse().expect("timestamp");
        let now = at("2026-03-09T10:20:00Z");
        assert_eq!(window_end(at("2026-03-09T10:07:00Z"), now), at("2026-03-09T10:15:00Z"));
        assert_eq!(window_end(at("2026-03-08T10:07:00Z"), now), at("2026-03-09T00:00:00Z"));
    }
}
