//! Times as exporters write them.
//!
//! A text says a moment (with an offset, or as a number since an epoch), or what a clock on a wall showed. What it
//! cannot say alone, whether 04/07 is in April or in July and where the clock hung, is told by the whole column
//! (`date_order.rs`) and by a person (`zone.rs`).

pub use crate::{date_order::DateOrder, zone::Zone};

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

/// The day of a text whose order of day and month is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenDate {
    pub first: u32,
    pub second: u32,
    pub year: i32,
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
        Date::Open(OpenDate { first, second, year }) => match order {
            DateOrder::DayFirst => (year, second, first),
            DateOrder::MonthFirst => (year, first, second),
        },
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

#[derive(Debug, Clone, Copy)]
enum Date {
    Known(i32, u32, u32),
    Open(OpenDate),
}

/// A text taken apart.
#[derive(Debug)]
struct Parts {
    date: Date,
    /// Time of day.
    clock: i64,
    offset: Option<i64>,
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        let (date, rest) = date(text.trim())?;
        let rest = rest.trim_start_matches(['T', 't', ',', ':', '_']).trim();
        let (clock, rest) = clock(rest)?;
        let mut rest = rest.trim();
        let mut date = date;
        // `Fri Nov 20 00:11:00 2026`
        if let Date::Known(0, month, day) = date {
            let (year, behind) = digits(rest)?;
            (date, rest) = (Date::Known(year.parse().ok().filter(|y| *y > 999)?, month, day), behind.trim());
        }
        Some(Self { date, clock, offset: offset(rest)? })
    }
}

/// The digits that a text begins with, and the rest.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The letters that a text begins with, and the rest.
fn letters(text: &str) -> (&str, &str) {
    let end = text.char_indices().find(|(_, c)| !c.is_alphabetic()).map_or(text.len(), |(at, _)| at);
    text.split_at(end)
}

/// A separator between the parts of a date, and the rest.
fn apart(text: &str) -> Option<(char, &str)> {
    let c = text.chars().next().filter(|c| matches!(c, '-' | '/' | '.' | ' ' | '年' | '月' | '년' | '월'))?;
    Some((c, text[c.len_utf8()..].trim_start()))
}

fn date(text: &str) -> Option<(Date, &str)> {
    let (word, behind) = letters(text);
    if !word.is_empty() {
        return match month(word) {
            Some(month) => date_of_month(month, behind),
            // A weekday says nothing that the date does not.
            None if is_weekday(word) => date(behind.trim_start_matches([',', '.', ' '])),
            None => None,
        };
    }
    let (first, rest) = digits(text)?;
    if matches!(first.len(), 8 | 12 | 14) {
        let date =
            Date::Known(first[..4].parse().ok()?, first[4..6].parse().ok()?, first[6..8].parse().ok()?);
        return is_on_calendar(date).then_some((date, &text[8..]));
    }
    let (between, rest) = apart(rest)?;
    let (word, behind) = letters(rest);
    if let Some(month) = month(word) {
        let (_, behind) = apart(behind.trim_start_matches('.')).unwrap_or((' ', behind));
        let (year, rest) = digits(behind)?;
        return Some((Date::Known(full_year(year)?, month, first.parse().ok()?), rest));
    }
    let (second, rest) = digits(rest)?;
    let (_, rest) = apart(rest)?;
    let (third, rest) = digits(rest)?;
    let rest = rest.trim_start_matches(['日', '일']);
    if first.len() == 4 {
        return Some((Date::Known(first.parse().ok()?, second.parse().ok()?, third.parse().ok()?), rest));
    }
    if first.len() > 2 || second.len() > 2 {
        return None;
    }
    let (year, first, second) = (full_year(third)?, first.parse().ok()?, second.parse().ok()?);
    // Nobody who writes dots puts the month first.
    let date = match between {
        '.' if second <= 12 => Date::Known(year, second, first),
        _ => Date::Open(OpenDate { first, second, year }),
    };
    let is_possible = first >= 1 && second >= 1 && first.min(second) <= 12 && first.max(second) <= 31;
    is_possible.then_some((date, rest))
}

/// `Nov 20, 2026` and `Nov 20 00:11:00 2026`, whose year comes last; it is 0 until then.
fn date_of_month(month: u32, text: &str) -> Option<(Date, &str)> {
    let (day, rest) = digits(text.trim_start_matches(['.', ' ', '-']))?;
    let day = day.parse().ok()?;
    let behind = rest.trim_start_matches([',', ' ', '-']);
    match digits(behind) {
        Some((year, rest)) if year.len() == 4 => Some((Date::Known(year.parse().ok()?, month, day), rest)),
        _ => Some((Date::Known(0, month, day), rest)),
    }
}

fn is_on_calendar(date: Date) -> bool {
    matches!(date, Date::Known(year, month, day) if (1900..2200).contains(&year) && days_of(year, month, day).is_some())
}

fn full_year(digits: &str) -> Option<i32> {
    let year: i32 = digits.parse().ok()?;
    match digits.len() {
        4 => Some(year),
        2 if year >= 70 => Some(1900 + year),
        2 => Some(2000 + year),
        _ => None,
    }
}

/// By the first letters, in the languages whose exports are met.
fn month(word: &str) -> Option<u32> {
    const MONTHS: [&[&str]; 12] = [
        &["jan", "ene", "gen"],
        &["feb", "fév", "fev"],
        &["mar", "mär", "mrz", "maa"],
        &["apr", "avr", "abr"],
        &["may", "mai", "mei", "maj", "mag"],
        &["jun", "juin", "giu"],
        &["jul", "juil", "lug"],
        &["aug", "aoû", "aou", "ago"],
        &["sep", "set"],
        &["oct", "okt", "ott"],
        &["nov"],
        &["dec", "dez", "déc", "des", "dic"],
    ];
    let word = word.to_lowercase();
    let begins = |names: &&[&str]| names.iter().any(|name| word.starts_with(name));
    (word.chars().count() >= 3).then(|| MONTHS.iter().position(begins))?.map(|at| at as u32 + 1)
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 14] =
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "die", "mit", "don", "fre", "sam", "son", "mo"];
    let word = word.to_lowercase();
    DAYS.iter().any(|day| word.starts_with(day))
}

/// Before noon is false, after it is true.
fn half(text: &str) -> Option<(bool, &str)> {
    const HALVES: [(&str, bool); 10] = [
        ("a.m.", false),
        ("p.m.", true),
        ("am", false),
        ("pm", true),
        ("오전", false),
        ("오후", true),
        ("上午", false),
        ("下午", true),
        ("午前", false),
        ("午後", true),
    ];
    HALVES.iter().find_map(|(sign, after)| {
        let begins = text.get(..sign.len()).is_some_and(|start| start.eq_ignore_ascii_case(sign));
        begins.then(|| (*after, text[sign.len()..].trim_start()))
    })
}

/// The time of day, midnight where there is none, and what follows it.
fn clock(text: &str) -> Option<(i64, &str)> {
    if text.is_empty() {
        return Some((0, text));
    }
    let (mut afternoon, text) = match half(text) {
        Some((after, rest)) => (Some(after), rest),
        None => (None, text),
    };
    let Some((hours, mut rest)) = digits(text) else { return Some((0, text)) };
    let (mut hour, mut minute, mut second): (i64, i64, i64) = match hours.len() {
        1 | 2 => (hours.parse().ok()?, 0, 0),
        // 1200 and 120000, as in 20261120T120000
        4 => (hours[..2].parse().ok()?, hours[2..].parse().ok()?, 0),
        6 => (hours[..2].parse().ok()?, hours[2..4].parse().ok()?, hours[4..].parse().ok()?),
        _ => return None,
    };
    let mut fraction = 0;
    let next = |rest: &mut &str| -> Option<Option<i64>> {
        let Some(behind) = rest.strip_prefix([':', 'h', '시', '時']).or_else(|| dotted(rest)) else {
            return Some(None);
        };
        let (two, behind) = match digits(behind) {
            Some(found) => found,
            None => return if behind.is_empty() { Some(None) } else { None },
        };
        *rest = behind;
        (two.len() <= 2).then(|| two.parse().ok())
    };
    if hours.len() <= 2
        && let Some(minutes) = next(&mut rest)?
    {
        minute = minutes;
        if let Some(seconds) = next(&mut rest)? {
            second = seconds;
        }
    }
    if let Some((digits, behind)) = rest.strip_prefix(['.', ',']).and_then(digits) {
        fraction = micros(digits.as_bytes())?;
        rest = behind;
    }
    if let Some((after, behind)) = half(rest.trim_start()) {
        (afternoon, rest) = (Some(after), behind);
    }
    match afternoon {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(after) => hour = hour % 12 + if after { 12 } else { 0 },
        None => {}
    }
    let is_midnight = hour == 24 && minute == 0 && second == 0 && fraction == 0;
    let is_clock = (hour < 24 && minute < 60 && second < 60) || is_midnight;
    is_clock.then_some((hour * HOUR + minute * MINUTE + second * SECOND + fraction, rest))
}

/// `06.15` as some write a time: two digits behind the dot and no more.
fn dotted(text: &str) -> Option<&str> {
    let behind = text.strip_prefix('.')?;
    digits(behind).filter(|(two, _)| two.len() == 2).map(|_| behind)
}

/// What is left is the offset or nothing; anything else makes the text no time.
fn offset(text: &str) -> Option<Option<i64>> {
    match text {
        "" => return Some(None),
        "Z" | "z" | "UTC" | "utc" | "GMT" => return Some(Some(0)),
        _ => {}
    }
    let text = text.strip_prefix("UTC").or(text.strip_prefix("GMT")).unwrap_or(text);
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let minutes = match *rest.as_bytes() {
        [a, b, b':', c, d] | [a, b, c, d] => pair(a, b)? * 60 + pair(c, d)?,
        [a, b] => pair(a, b)? * 60,
        [a] if a.is_ascii_digit() => i64::from(a - b'0') * 60,
        _ => return None,
    };
    (minutes <= 18 * 60).then_some(Some(sign * minutes * MINUTE))
}
