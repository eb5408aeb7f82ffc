//! A date and a time of day in words and digits, taken apart.

use super::{DateOrder, HOUR, MINUTE, OpenDate, SECOND, days_of, micros, pair};

#[derive(Debug, Clone, Copy)]
pub enum Date {
    Known(i32, u32, u32),
    Open(OpenDate),
}

/// A text taken apart.
#[derive(Debug)]
pub struct Parts {
    pub date: Date,
    /// Time of day.
    pub clock: i64,
    pub offset: Option<i64>,
}

impl Parts {
    pub fn of(text: &str) -> Option<Self> {
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
    let leading = full_year(first).filter(|_| third.len() == 2);
    let (year, first, second) = (full_year(third)?, first.parse().ok()?, second.parse().ok()?);
    let year_first = leading.zip(third.parse().ok().filter(|day| (1..=31).contains(day)));
    // Nobody who writes dots puts the month first.
    let date = match between {
        '.' if second <= 12 => Date::Known(year, second, first),
        _ => Date::Open(OpenDate { first, second, year, year_first }),
    };
    let is_possible = match date {
        Date::Open(date) => DateOrder::ALL.iter().any(|order| date.is_possible(*order)),
        Date::Known(..) => first >= 1 && second >= 1 && first <= 31,
    };
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

/// Those that mean one offset only; CST, IST and BST are of several places.
const ABBREVIATIONS: [(&str, i64); 17] = [
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("MEZ", 1),
    ("CEST", 2),
    ("MESZ", 2),
    ("EET", 2),
    ("EEST", 3),
    ("JST", 9),
    ("KST", 9),
    ("EST", -5),
    ("EDT", -4),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

/// What is left is the offset or nothing; anything else makes the text no time.
fn offset(text: &str) -> Option<Option<i64>> {
    match text {
        "" => return Some(None),
        "Z" | "z" | "UTC" | "utc" | "GMT" => return Some(Some(0)),
        _ => {}
    }
    if let Some((_, hours)) = ABBREVIATIONS.iter().find(|(name, _)| *name == text) {
        return Some(Some(hours * HOUR));
    }
    // `+01:00[Europe/Oslo]`
    let text = text.split_once('[').map_or(text, |(offset, _)| offset);
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
