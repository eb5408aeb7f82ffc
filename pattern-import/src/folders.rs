//! What the folders tell in which files lie: where points stand, and whose they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::SurveyedFile;

/// As they are written out, or by their first three letters.
const MONTHS: [&str; 20] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "oktober",
    "dezember",
];
const SPANS: [&str; 6] = ["year", "quarter", "month", "week", "kw", "day"];
/// Mean a time only beside a date: W1 alone may be a well.
const LETTERS: [&str; 5] = ["q", "w", "h", "t", "z"];

/// The folders without those that only say when: `north/2026-11` is `north`.
pub fn path(folder: &str) -> String {
    let mut is_in_period = false;
    let mut kept = Vec::new();
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        is_in_period = is_period(part) || is_in_period && is_number;
        if !is_in_period {
            kept.push(part);
        }
    }
    kept.join("/")
}

/// A day, a month, a week, a year: `2026-11`, `202611`, `Nov 2026`, `KW 47`.
fn is_period(part: &str) -> bool {
    let (mut is_dated, mut spans, mut numbers) = (false, 0, 0);
    for token in tokens(part) {
        match token.parse::<u32>() {
            Ok(number) if token.len() >= 4 => {
                let year = number / 10_u32.pow(token.len().min(8) as u32 - 4);
                if !matches!(token.len(), 4 | 6 | 8) || !(1990..2100).contains(&year) {
                    return false;
                }
                is_dated = true;
            }
            Ok(_) => numbers += 1,
            Err(_) if SPANS.contains(&token.as_str()) => spans += 1,
            Err(_) if is_month(&token) => is_dated = true,
            Err(_) if LETTERS.contains(&token.as_str()) => {}
            Err(_) => return false,
        }
    }
    is_dated || spans == 1 && numbers == 1
}

fn is_month(token: &str) -> bool {
    let is_short = token.chars().count() == 3;
    MONTHS.iter().any(|month| *month == token || is_short && month.starts_with(token))
}

/// Letters and digits, in small letters.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut before = None;
    for letter in text.chars() {
        let sort = (letter.is_alphanumeric(), letter.is_ascii_digit());
        if sort.0 {
            if before != Some(sort) {
                tokens.push(String::new());
            }
            if let Some(token) = tokens.last_mut() {
                token.extend(letter.to_lowercase());
            }
        }
        before = Some(sort);
    }
    tokens
}

/// Where a point is met. At the top, and in folders that only say when, is nowhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    #[default]
    Nowhere,
    /// In a folder, by its number.
    In(u32),
    /// In several, which so tell nothing of it.
    Several,
}

impl Whereabouts {
    pub fn met(&mut self, there: Self) {
        match (*self, there) {
            (_, Self::Nowhere) => {}
            (Self::Nowhere, _) => *self = there,
            (before, _) if before == there => {}
            _ => *self = Self::Several,
        }
    }
}

/// From when until when there are samples; of a list it is not known.
type Span = Option<(i64, i64)>;

/// Folders most of whose names another has too at the same times: `AHU-1/SAT` and `AHU-2/SAT` are two points, while the
/// one of November goes on where that of October ended. Of lists without samples there is no time to tell.
pub(crate) fn namespaces(files: &[SurveyedFile]) -> BTreeSet<String> {
    let mut names: BTreeMap<String, BTreeMap<&str, Span>> = BTreeMap::new();
    let has_samples: BTreeSet<String> =
        files.iter().filter(|file| file.format.has_samples()).map(SurveyedFile::path).collect();
    for file in files {
        let (path, span) = (file.path(), file.taste.span());
        if path.is_empty() || has_samples.contains(&path) && span.is_none() {
            continue;
        }
        let here = names.entry(path).or_default();
        for name in &file.taste.names {
            let known = here.entry(name).or_insert(span);
            *known = known.zip(span).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))).or(span);
        }
    }
    let mut of_name: BTreeMap<&str, Vec<(&str, Span)>> = BTreeMap::new();
    for (path, here) in &names {
        here.iter().for_each(|(name, span)| of_name.entry(name).or_default().push((path, *span)));
    }
    let at_once = |a: Span, b: Span| match (a, b) {
        (Some(a), Some(b)) => a.0 == b.0 || a.0 < b.1 && b.0 < a.1,
        (None, None) => true,
        _ => false,
    };
    let mut shared: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for met in of_name.values() {
        for (i, (one, span)) in met.iter().enumerate() {
            for (other, _) in met[i + 1..].iter().filter(|(_, others)| at_once(*span, *others)) {
                *shared.entry((one, other)).or_default() += 1;
            }
        }
    }
    let are_alike =
        |(one, other): &(&str, &str), count: usize| count * 2 > names[*one].len().min(names[*other].len());
    let alike = shared.into_iter().filter(|(folders, count)| are_alike(folders, *count));
    alike.flat_map(|((one, other), _)| [one.to_owned(), other.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_say_when_are_no_place() {
        for when in [
            "2026-11",
            "202611",
            "2026",
            "2026-11-30",
            "Nov 2026",
            "november",
            "2026/11/30",
            "KW 47",
            "week12",
            "2026 Q3",
            "2026-11-30T00",
        ] {
            assert_eq!(path(when), "", "{when}");
        }
        for place in [
            "AHU-1",
            "north",
            "1",
            "Unit 12",
            "Q",
            "W1",
            "Day tank",
            "Marine",
            "Building 2026a",
            "P-2001/03",
            "12345",
        ] {
            assert_eq!(path(place), place);
        }
        assert_eq!(path("north/2026-11/AHU-1"), "north/AHU-1");
        assert_eq!(path("2026/11/AHU-1"), "AHU-1");
    }

    #[test]
    fn a_point_in_two_folders_is_in_none() {
        let mut point = Whereabouts::default();
        for (there, then) in [
            (Whereabouts::Nowhere, Whereabouts::Nowhere),
            (Whereabouts::In(3), Whereabouts::In(3)),
            (Whereabouts::Nowhere, Whereabouts::In(3)),
            (Whereabouts::In(3), Whereabouts::In(3)),
            (Whereabouts::In(4), Whereabouts::Several),
            (Whereabouts::In(3), Whereabouts::Several),
        ] {
            point.met(there);
            assert_eq!(point, then);
        }
    }
}
