//! Which stretch of time a run looks at, and how finely.

use chrono::{DateTime, Duration, DurationRound, Utc};
use pattern_core::{
    domain::DataSource,
    series::{
        frame::{Frame, ROLLUP_SECONDS, Sampling, longest_window},
        grid::Grid,
    },
};

use super::stage::{Stage, StageError};

impl Stage {
    /// The grid of the data source's newest samples, or `None` while it has none.
    pub async fn grid(&self, source: &DataSource) -> Result<Option<Grid>, StageError> {
        let Some(newest) = self.store.newest_sample(source.id).await? else { return Ok(None) };
        let newest = newest.min(self.now);
        let known = self.store.analysed_frame(source.id).await?;
        let frame = self.frame(source, newest, known.map(|frame| frame.bucket_seconds)).await?;
        if known != Some(frame) {
            self.store.set_analysed_frame(source.id, frame, self.fence).await?;
        }
        Ok(Some(self.store.read_grid(source.id, frame).await?))
    }

    async fn frame(
        &self,
        source: &DataSource,
        newest: DateTime<Utc>,
        former: Option<i64>,
    ) -> Result<Frame, StageError> {
        let (end, days) = (window_end(newest, self.now), self.engine.window_days);
        let window = Duration::days(days);
        let mut sampling = self.sampling(source, newest, window).await?;
        let may_be_slow = former.is_some_and(|bucket| bucket > ROLLUP_SECONDS)
            || sampling.is_some_and(|sampling| sampling.is_slow(window));
        if may_be_slow {
            sampling = self.sampling(source, newest, window.max(longest_window())).await?;
        }
        Ok(match sampling {
            Some(sampling) => Frame::suiting(&sampling, end, days, former),
            None => Frame::days(end, days),
        })
    }

    /// As far back as a window that ends with the newest sample.
    async fn sampling(
        &self,
        source: &DataSource,
        newest: DateTime<Utc>,
        window: Duration,
    ) -> Result<Option<Sampling>, StageError> {
        let times = self.store.point_times(source.id, newest - window, newest).await?;
        Ok(Sampling::of(&times))
    }
}

/// The first full bucket of 15 minutes after the newest sample; of a past day, its end, so that sealing the day does
/// not move the window.
fn window_end(newest: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let step = if newest.date_naive() < now.date_naive() {
        Duration::days(1)
    } else {
        Duration::seconds(ROLLUP_SECONDS)
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
