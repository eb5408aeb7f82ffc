//! Times as exporters write them.
//!
//! A text says a moment (with an offset, or as a number since an epoch), or what a clock on a wall showed. What it
//! cannot say alone, whether 04/07 is in April or in July and where the clock hung, is told by the whole column
//! (`date_order.rs`) and by a person (`zone.rs`).

mod open_date;
mod spelled;

pub use crate::zone::Zone;
pub use open_date::{DateOrder, OpenDate};
use spelled::{Date, Parts};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 1990, before which no sample is taken; whatever is smaller counts days, not seconds.
const EARLIEST_SECONDS: f64 = 631_152_000.0;
/// Days of Excel between 1982 and 2119.
const SERIALS: std::ops::Range<f64> = 30_000.0..80_000.0;
/// The day 0 of Excel as days since 1970.
const SERIAL_EPOCH: f64 = 25_569.0;

/// Microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    At(i64),
    /// As a clock showed it: of no zone yet.
    Local(i64),
}

/// Reads a time; `order` says how a date like 04/07/2026 is meant.
pub fn parse(text: &str, order: DateOrder) -> Result<Moment, String> {
    if let Some(moment) = iso(text.as_bytes()) {
        return Ok(moment);
    }
    if text.is_empty() {
        return Err("the time is empty".into());
    }
    if let Some(number) = number(text) {
        return of_number(text, number);
    }
    let parts = Parts::of(text).ok_or_else(|| unknown(text))?;
    let (year, month, day) = match parts.date {
        Date::Known(year, month, day) => (year, month, day),
        Date::Open(date) => date.read(order).ok_or_else(|| {
            format!("the time '{text}' does not begin with a year, as others of the file do")
        })?,
    };
    let days = days_of(year, month, day).ok_or_else(|| match parts.date {
        Date::Open(_) => format!("the time '{text}' has no month {month} when read {order}"),
        Date::Known(..) => format!("the time '{text}' is on no day of the calendar"),
    })?;
    let local = days * DAY + parts.clock;
    Ok(parts.offset.map_or(Moment::Local(local), |offset| Moment::At(local - offset)))
}

fn unknown(text: &str) -> String {
    format!("the time '{text}' is none that is known; RFC 3339 (2026-03-02T00:00:00Z) always is")
}

/// The date of a text where day and month could be either way around.
pub fn open_date(text: &str) -> Option<OpenDate> {
    if iso(text.as_bytes()).is_some() || number(text).is_some() {
        return None;
    }
    match Parts::of(text)?.date {
        Date::Open(date) => Some(date),
        Date::Known(..) => None,
    }
}

/// Whether a text is a date and perhaps a time of day, as a column of times has them; no plain number is.
pub fn is_dated(text: &str) -> bool {
    number(text).is_none() && (iso(text.as_bytes()).is_some() || Parts::of(text).is_some())
}

/// Whether a text is a time of day or a span of hours and no more: `00:15`, `100:00:00`.
pub fn is_clock(text: &str) -> bool {
    let is_two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split(':');
    let hours = parts.next().unwrap_or_default();
    let is_hours = (1..=5).contains(&hours.len()) && hours.bytes().all(|byte| byte.is_ascii_digit());
    let (minutes, seconds) = (parts.next(), parts.next());
    let whole_seconds = seconds.map(|seconds| seconds.split(['.', ',']).next().unwrap_or_default());
    is_hours && minutes.is_some_and(is_two) && whole_seconds.is_none_or(is_two) && parts.next().is_none()
}

/// `2026-03-02T00:00:00.000Z` and its nearest relatives, without looking twice.
fn iso(text: &[u8]) -> Option<Moment> {
    let digits = |from: usize, to: usize| {
        text.get(from..to)?.iter().try_fold(0i64, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    let is = |at: usize, byte: u8| text.get(at) == Some(&byte);
    if !(is(4, b'-') && is(7, b'-') && (is(10, b'T') || is(10, b' ')) && is(13, b':')) {
        return None;
    }
    let (hour, minute) = (digits(11, 13)?, digits(14, 16)?);
    let mut at = 16;
    let mut second = 0;
    if is(at, b':') {
        second = digits(17, 19)?;
        at = 19;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut fraction = 0;
    if is(at, b'.') {
        let end = text[at + 1..].iter().position(|b| !b.is_ascii_digit()).map_or(text.len(), |n| at + 1 + n);
        fraction = micros(&text[at + 1..end])?;
        at = end;
    }
    let days = days_of(digits(0, 4)? as i32, digits(5, 7)? as u32, digits(8, 10)? as u32)?;
    let local = days * DAY + hour * HOUR + minute * MINUTE + second * SECOND + fraction;
    let offset = match &text[at..] {
        [] => return Some(Moment::Local(local)),
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let minutes = match *rest {
                [a, b, b':', c, d] | [a, b, c, d] => pair(a, b)? * 60 + pair(c, d)?,
                [a, b] => pair(a, b)? * 60,
                _ => return None,
            };
            if *sign == b'-' { -minutes * MINUTE } else { minutes * MINUTE }
        }
        _ => return None,
    };
    Some(Moment::At(local - offset))
}

fn pair(a: u8, b: u8) -> Option<i64> {
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| i64::from(a - b'0') * 10 + i64::from(b - b'0'))
}

/// The digits behind a second as microseconds; finer ones are cut.
fn micros(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    let six = (0..6).map(|i| digits.get(i).copied().unwrap_or(b'0'));
    Some(six.fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}

/// Days since 1970.
fn days_of(year: i32, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    // Howard Hinnant's count of days: the year begins in March, so that the leap day is its last.
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn days_in(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn number(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    // 20261120 and 20261120120000 are dates.
    let is_date = (text.len() == 8 || text.len() == 14) && (text.starts_with("19") || text.starts_with("20"));
    let is_written_date = is_date && Parts::of(text).is_some() && !text.contains('.');
    if !is_plain || is_written_date { None } else { text.parse().ok() }
}

/// Seconds, milliseconds, microseconds and nanoseconds since 1970 differ by their size alone; so do days of Excel.
fn of_number(text: &str, number: f64) -> Result<Moment, String> {
    if SERIALS.contains(&number) {
        let micros = ((number - SERIAL_EPOCH) * 86_400_000.0).round() as i64 * 1000;
        return Ok(Moment::Local(micros));
    }
    let scaled = [(1.0, SECOND), (1e3, 1000), (1e6, 1)]
        .into_iter()
        .find(|(unit, _)| (EARLIEST_SECONDS * unit..EARLIEST_SECONDS * unit * 1000.0).contains(&number));
    // Whole numbers are kept to the last digit.
    let whole = text.parse::<i64>().ok();
    match scaled {
        Some((_, micros)) => Ok(Moment::At(
            whole.map_or_else(|| (number * micros as f64).round() as i64, |whole| whole * micros),
        )),
        None if (EARLIEST_SECONDS * 1e9..EARLIEST_SECONDS * 1e12).contains(&number) => {
            Ok(Moment::At(whole.map_or_else(|| (number / 1000.0).round() as i64, |whole| whole / 1000)))
        }
        None => Err(format!(
            "the time {text} is no number since an epoch from 1990 on, in seconds, milliseconds, microseconds or nanoseconds"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_moment_is_read_back_from_every_way_of_writing_it(seconds in 631_152_000i64..4_102_444_800, minutes in -720i64..720) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            for format in [
                "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %I:%M:%S %p", "%d-%b-%Y %H:%M:%S",
                "%d %B %Y %H:%M:%S", "%a %b %e %H:%M:%S %Y", "%b %d, %Y %I:%M:%S %p", "%Y%m%dT%H%M%S", "%Y%m%d%H%M%S",
            ] {
                let text = at.format(format).to_string();
                prop_assert_eq!(parse(&text, DateOrder::DayFirst), Ok(Moment::Local(seconds * SECOND)), "{}", text);
            }
            let american = at.format("%m/%d/%Y %H:%M:%S").to_string();
            prop_assert_eq!(parse(&american, DateOrder::MonthFirst), Ok(Moment::Local(seconds * SECOND)));
            let offset = chrono::FixedOffset::east_opt(minutes as i32 * 60).unwrap();
            let written = at.with_timezone(&offset);
            for text in [written.to_rfc3339(), written.format("%Y-%m-%d %H:%M:%S%z").to_string()] {
                prop_assert_eq!(parse(&text, DateOrder::DayFirst), Ok(Moment::At(seconds * SECOND)), "{}", text);
            }
            for (unit, text) in [seconds, seconds * 1000, seconds * 1_000_000].map(|n| (n / seconds, n.to_string())) {
                prop_assert_eq!(parse(&text, DateOrder::DayFirst), Ok(Moment::At(seconds * SECOND)), "{}", unit);
            }
        }

        #[test]
        fn no_text_makes_it_stumble(text in ".{0,30}", digits in "[0-9:./, TZ+-]{0,30}") {
            for text in [text, digits] {
                let _ = (parse(&text, DateOrder::DayFirst), open_date(&text), is_dated(&text));
            }
        }
    }

    #[test]
    fn numbers_and_words_are_no_dates() {
        for text in [
            "12",
            "12.5",
            "1.234,5",
            "-20",
            "192.168.1.1",
            "v1.2.3",
            "May",
            "12:30",
            "1/2",
            "3-4-5",
            "Pump 1",
            "AHU-1",
        ] {
            assert!(!is_dated(text), "{text}");
        }
    }
}
