//! Where the clock hung that a file's times are of.

use anyhow::{Result, bail};
use chrono::{DateTime, Duration, FixedOffset, MappedLocalTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use std::{fmt, str::FromStr};

use crate::columns::split_unit;

const HOUR: i64 = 3_600_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// With the summer time of a place.
    Place(Tz),
    Fixed(FixedOffset),
}

/// What a clock's time means in a zone, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Local {
    Once(i64),
    /// The clock was put back: it showed this time twice.
    Twice(i64, i64),
    /// The clock was put forward over this time; read with the offset from before.
    Never(i64),
}

impl Zone {
    /// `local` in microseconds, as if the clock showed UTC.
    pub fn utc(self, local: i64) -> Option<Local> {
        let naive = DateTime::from_timestamp_micros(local)?.naive_utc();
        match self {
            Self::Fixed(offset) => Some(Local::Once(local - micros(offset))),
            Self::Place(tz) => Some(at_place(tz, naive, local)),
        }
    }
}

fn micros(offset: FixedOffset) -> i64 {
    i64::from(offset.local_minus_utc()) * 1_000_000
}

fn at_place(tz: Tz, naive: NaiveDateTime, local: i64) -> Local {
    match tz.offset_from_local_datetime(&naive) {
        MappedLocalTime::Single(offset) => Local::Once(local - micros(offset.fix())),
        MappedLocalTime::Ambiguous(early, late) => {
            Local::Twice(local - micros(early.fix()), local - micros(late.fix()))
        }
        MappedLocalTime::None => {
            let before = tz.offset_from_utc_datetime(&(naive - Duration::hours(26))).fix();
            Local::Never(local - micros(before))
        }
    }
}

/// Remembers the last hour's offset: neighbouring samples rarely differ in it.
#[derive(Debug)]
pub struct ZoneReader {
    zone: Zone,
    last: Option<(i64, i64)>,
}

impl ZoneReader {
    pub fn new(zone: Zone) -> Self {
        Self { zone, last: None }
    }

    pub fn utc(&mut self, local: i64) -> Option<Local> {
        let hour = local.div_euclid(HOUR);
        if let Some((_, offset)) = self.last.filter(|(known, _)| *known == hour) {
            return Some(Local::Once(local - offset));
        }
        let found = self.zone.utc(local)?;
        // Clocks are put forward and back within an hour only where its ends differ.
        let ends = [hour * HOUR, hour * HOUR + HOUR - 1].map(|end| self.zone.utc(end));
        if let [Some(Local::Once(first)), Some(Local::Once(last))] = ends
            && last - first == HOUR - 1
            && let Local::Once(utc) = found
        {
            self.last = Some((hour, local - utc));
        }
        Some(found)
    }
}

/// The zone that a column of times says in its header: `Time (UTC)`, `Date Time, GMT+01:00`, `Time (Europe/Oslo)`.
pub fn of_header(header: &str) -> Option<Zone> {
    let lower = header.to_ascii_lowercase();
    let behind = ["utc", "gmt"].into_iter().find_map(|name| Some(&lower[lower.find(name)? + name.len()..]));
    let offset = behind.and_then(offset_in_front).or_else(|| offset_in_front(split_unit(header).1));
    if let Some(offset) = offset {
        return Some(Zone::Fixed(offset));
    }
    if behind.is_some() && !lower.contains("local") {
        return FixedOffset::east_opt(0).map(Zone::Fixed);
    }
    let in_brackets = split_unit(header).1;
    in_brackets.parse().ok().filter(|_| in_brackets.contains('/'))
}

/// The offset that a text begins with: `+01:00`, `+0100`, `-5`.
fn offset_in_front(text: &str) -> Option<FixedOffset> {
    let text = text.trim_start();
    let sign = if text.starts_with('+') { 1 } else { -1 };
    let digits = text.strip_prefix(['+', '-'])?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (hours, minutes) = match (&digits[..end], digits[end..].strip_prefix(':')) {
        ("", _) => return None,
        (hours, Some(minutes)) => (hours, minutes.get(..2)?),
        (four, None) if four.len() == 4 => four.split_at(2),
        (hours, None) => (hours, "0"),
    };
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    FixedOffset::east_opt(sign * seconds).filter(|_| hours.len() <= 2)
}

impl FromStr for Zone {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Ok(place) = text.parse::<Tz>() {
            return Ok(Self::Place(place));
        }
        let offset = text.strip_prefix("UTC").unwrap_or(text);
        if let Ok(offset) = offset.parse::<FixedOffset>() {
            return Ok(Self::Fixed(offset));
        }
        let wanted = text.to_lowercase().replace(' ', "_");
        let same = chrono_tz::TZ_VARIANTS.iter().find(|tz| tz.name().to_lowercase().ends_with(&wanted));
        match same.filter(|_| wanted.len() > 2) {
            Some(meant) => bail!("no time zone is called '{text}'; did you mean {}?", meant.name()),
            None => bail!("no time zone is called '{text}'; say one like Europe/Oslo, UTC or +01:00"),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(place) => f.write_str(place.name()),
            Self::Fixed(offset) => write!(f, "{offset}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros_of(text: &str) -> i64 {
        text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_micros()
    }

    #[test]
    fn a_clock_that_is_put_back_shows_an_hour_twice_and_forward_never() {
        let oslo: Zone = "Europe/Oslo".parse().unwrap();
        let mut reader = ZoneReader::new(oslo);
        for (local, expected) in [
            ("2026-10-25T01:30:00Z", Local::Once(micros_of("2026-10-24T23:30:00Z"))),
            (
                "2026-10-25T02:30:00Z",
                Local::Twice(micros_of("2026-10-25T00:30:00Z"), micros_of("2026-10-25T01:30:00Z")),
            ),
            ("2026-10-25T03:30:00Z", Local::Once(micros_of("2026-10-25T02:30:00Z"))),
            ("2026-03-29T02:30:00Z", Local::Never(micros_of("2026-03-29T01:30:00Z"))),
            ("2026-07-01T12:00:00Z", Local::Once(micros_of("2026-07-01T10:00:00Z"))),
        ] {
            assert_eq!(oslo.utc(micros_of(local)), Some(expected), "{local}");
            for _ in 0..2 {
                assert_eq!(reader.utc(micros_of(local)), Some(expected), "{local} remembered");
            }
        }
    }

    #[test]
    fn zones_have_names_or_offsets() {
        for text in ["Europe/Oslo", "UTC", "+01:00", "UTC+05:30"] {
            assert!(text.parse::<Zone>().is_ok(), "{text}");
        }
        let unknown = "oslo".parse::<Zone>().unwrap_err().to_string();
        assert!(unknown.contains("did you mean Europe/Oslo"), "{unknown}");
        assert!("Mars/Base".parse::<Zone>().is_err());
    }

    #[test]
    fn a_header_may_say_the_zone_of_its_times() {
        for (header, expected) in [
            ("Time (UTC)", Some("+00:00")),
            ("UtcTime", Some("+00:00")),
            ("Date Time, GMT+01:00", Some("+01:00")),
            ("Date Time, GMT-0530", Some("-05:30")),
            ("Local Time (UTC+2)", Some("+02:00")),
            ("Time (+01:00)", Some("+01:00")),
            ("Time (Europe/Oslo)", Some("Europe/Oslo")),
            ("LocalTime", None),
            ("Time (local, not UTC)", None),
            ("Time (s)", None),
            ("Zeit", None),
        ] {
            assert_eq!(of_header(header).map(|zone| zone.to_string()).as_deref(), expected, "{header}");
        }
    }
}
