use chrono::{DateTime, Duration, Utc};
use pattern_core::series::frame::{
    COARSE, FEWEST_BUCKETS, FINE, Frame, PointTimes, ROLLUP_SECONDS, Sampling,
};
use proptest::{collection::vec, prelude::*};

use super::support::midnight;

const DAY: i64 = 86_400;

fn after(seconds: i64) -> DateTime<Utc> {
    midnight() + Duration::seconds(seconds)
}

/// Samples from 10:00:03 on.
fn sampling(span: i64, interval: f64) -> Sampling {
    let first = after(36_003);
    Sampling { first, last: first + Duration::seconds(span), interval_seconds: interval }
}

/// As the engine asks for a week of data of the past.
fn frame(sampling: &Sampling, former: Option<i64>) -> Frame {
    let day_after = sampling.last.date_naive().succ_opt().expect("a day");
    Frame::suiting(sampling, day_after.and_hms_opt(0, 0, 0).expect("midnight").and_utc(), 7, former)
}

fn any_sampling() -> impl Strategy<Value = Sampling> {
    // As likely seconds as years.
    let magnitudes = (0.0..18.0_f64, -4.0..14.0_f64);
    magnitudes.prop_map(|(span, interval)| sampling(span.exp() as i64, interval.exp()))
}

fn any_bucket() -> impl Strategy<Value = Option<i64>> {
    let all: Vec<i64> = FINE.into_iter().chain([ROLLUP_SECONDS]).chain(COARSE).collect();
    prop::option::of(prop::sample::select(all))
}

proptest! {
    #[test]
    fn a_frame_is_bounded_aligned_and_holds_the_data_or_the_newest_of_it(
        data in any_sampling(), former in any_bucket()
    ) {
        let frame = frame(&data, former);
        let bucket = frame.bucket_seconds;
        prop_assert!(bucket == ROLLUP_SECONDS || FINE.contains(&bucket) || COARSE.contains(&bucket), "{frame:?}");
        prop_assert!(frame.buckets >= 1 && frame.buckets <= 672, "{frame:?}");
        prop_assert_eq!(frame.start.timestamp().rem_euclid(bucket), 0);
        prop_assert!(frame.end() > data.last, "{frame:?}");
        let whole_week = bucket == ROLLUP_SECONDS && frame.buckets == 672;
        let long = bucket > ROLLUP_SECONDS && frame.buckets == 2 * FEWEST_BUCKETS;
        let cut_to_a_week = frame.length() == Duration::days(7);
        prop_assert!(frame.start <= data.first || whole_week || long || cut_to_a_week, "{frame:?}");
    }

    #[test]
    fn a_choice_is_kept_as_long_as_the_data_stay_and_little_changes_nothing(
        data in any_sampling(), former in any_bucket(), longer in 0.85..1.2_f64, slower in 0.85..1.2_f64
    ) {
        let chosen = frame(&data, former).bucket_seconds;
        prop_assert_eq!(frame(&data, Some(chosen)).bucket_seconds, chosen);
        let first_choice = frame(&data, None).bucket_seconds;
        let span = data.span().as_seconds_f64();
        // Near a day two choices lie close together.
        let grown = sampling((span * longer) as i64, data.interval_seconds * slower);
        prop_assume!(span > 10.0 && span < DAY as f64 / 2.0);
        prop_assert_eq!(frame(&grown, Some(first_choice)).bucket_seconds, first_choice);
    }

    #[test]
    fn a_week_of_quarters_of_an_hour_or_faster_is_looked_at_as_ever(
        span in 7 * DAY..4_000 * DAY, interval in 0.001..5_000.0_f64
    ) {
        let data = sampling(span, interval);
        let usual = Frame::days(frame(&data, None).end(), 7);
        prop_assert_eq!(frame(&data, None), usual);
        prop_assert_eq!(usual.buckets, 672);
    }

    #[test]
    fn a_tenth_of_strange_points_does_not_matter(strange in vec((-400 * DAY..400 * DAY, 1..1_000_000_i64), 0..2)) {
        let usual = PointTimes { first: after(0), last: after(1_139), samples: 1_140 };
        let mut points = vec![usual; 20];
        points.extend(strange.into_iter().map(|(from, samples)| PointTimes {
            first: after(from),
            last: after(from + 100_000),
            samples,
        }));
        let found = Sampling::of(&points).expect("points");
        prop_assert_eq!((found.first, found.last, found.interval_seconds), (after(0), after(1_139), 1.0));
    }
}

#[test]
fn short_data_get_a_bucket_that_fits_their_length_and_their_rate() {
    let chosen = |span, interval| {
        let frame = frame(&sampling(span, interval), None);
        (frame.bucket_seconds, frame.buckets)
    };
    assert_eq!(chosen(1_139, 1.0), (5, 229), "19 minutes at a second, begun in the middle of a bucket");
    assert_eq!(chosen(1_139, 30.01), (30, 39), "19 minutes at half a minute");
    assert_eq!(chosen(6 * 3_600, 1.0), (120, 181), "six hours");
    assert_eq!(chosen(DAY - 3_600, 180.0), (600, 139), "23 hours at three minutes");
    assert_eq!(chosen(DAY + 3_600, 180.0), (900, 192), "25 hours, in whole days");
    assert_eq!(
        chosen(3 * DAY, 900.0),
        (900, 384),
        "three days at a quarter of an hour, from midnight to midnight"
    );
    assert_eq!(chosen(6 * DAY, 1.0), (900, 672), "nearly a week, cut to whole days");
}

#[test]
fn slow_data_get_a_longer_window_of_coarser_buckets_where_there_are_enough_of_them() {
    let chosen = |days: i64, interval| {
        let frame = frame(&sampling(days * DAY, interval), None);
        (frame.bucket_seconds, frame.buckets)
    };
    assert_eq!(chosen(400, 3_600.0), (900, 672), "an hour");
    assert_eq!(chosen(400, 4.0 * 3_600.0), (14_400, 192), "four hours");
    assert_eq!(chosen(400, 86_400.0), (86_400, 192), "a day");
    assert_eq!(chosen(120, 86_400.0), (86_400, 121), "a day, for four months");
    assert_eq!(chosen(60, 86_400.0), (900, 672), "a day, but only two months");
    assert_eq!(chosen(4_000, 7.0 * 86_400.0), (900, 672), "a week");
}

#[test]
fn a_frame_is_told_in_words() {
    let said = |bucket_seconds, buckets| Frame { start: midnight(), bucket_seconds, buckets }.to_string();
    assert_eq!(said(2, 571), "19 min in 571 buckets of 2 s");
    assert_eq!(said(900, 672), "7 days in 672 buckets of 15 min");
    assert_eq!(said(60, 361), "6 h in 361 buckets of 1 min");
    assert_eq!(said(86_400, 192), "192 days in 192 buckets of 1 day");
    assert_eq!(said(900, 96), "1 day in 96 buckets of 15 min");
}

#[test]
fn points_that_have_one_sample_have_no_rate() {
    let one = PointTimes { first: after(5), last: after(5), samples: 1 };
    let found = Sampling::of(&[one; 3]).expect("points");
    assert_eq!(found.interval_seconds, f64::INFINITY);
    assert_eq!(frame(&found, None).bucket_seconds, ROLLUP_SECONDS);
    assert_eq!(Sampling::of(&[]), None);
}
