//! Headers of more than one row, and names that stand above the table.

use std::collections::{HashMap, HashSet};

use super::super::cells::is_number;
use super::unbracketed;
use crate::time;

/// The names of the columns, and the last row that is of the header.
pub struct Header {
    pub names: Vec<String>,
    pub last: usize,
}

/// The header whose known row is `at`: groups in the row above or below it, over several columns each, go in front of
/// the names: `Pump 1/Flow`.
pub fn header(rows: &[Vec<String>], at: usize) -> Header {
    let one_row = || Header { names: rows[at].clone(), last: at };
    if let Some(below) = rows.get(at + 1).filter(|below| names_parts(&rows[at], below)) {
        return Header { names: joined(&rows[at], below), last: at + 1 };
    }
    let Some(above) = at.checked_sub(1).map(|above| &rows[above]).filter(|_| has_twins(&rows[at])) else {
        return one_row();
    };
    let names = joined(above, &rows[at]);
    if has_twins(&names) { one_row() } else { Header { names, last: at } }
}

/// Whether a row names the columns of the groups above it. Units do not, nor does what holds a value.
fn names_parts(groups: &[String], row: &[String]) -> bool {
    let is_sample = row.iter().any(|cell| is_number(cell) || time::is_dated(cell));
    let cells = || row.iter().filter(|cell| !cell.is_empty());
    let units = cells().filter(|cell| pattern_core::units::parse(unbracketed(cell)).is_some()).count();
    let group = |place: usize| groups.get(place).map_or("", String::as_str);
    let goes_on = |place: usize| place > 0 && (group(place).is_empty() || group(place) == group(place - 1));
    let is_under = |place: usize| goes_on(place) && !row[place - 1].is_empty() && !row[place].is_empty();
    !is_sample && units * 2 < cells().count() && {
        // The first column of a group has its name.
        let starts = |place: usize| (0..place).rev().find(|before| !group(*before).is_empty());
        (1..row.len()).any(|place| is_under(place) && starts(place).is_some_and(|at| !row[at].is_empty()))
    }
}

fn joined(groups: &[String], names: &[String]) -> Vec<String> {
    let mut group = "";
    let joined = (0..groups.len().max(names.len())).map(|place| {
        let (above, name) = (cell(groups, place), cell(names, place));
        if !above.is_empty() {
            group = above;
        }
        match (group, name) {
            (_, "") => {
                group = "";
                above.to_owned()
            }
            ("", name) => name.to_owned(),
            (group, name) => format!("{group}/{name}"),
        }
    });
    joined.collect()
}

fn cell(row: &[String], place: usize) -> &str {
    row.get(place).map_or("", String::as_str)
}

fn has_twins(names: &[String]) -> bool {
    let mut known = HashSet::new();
    names.iter().filter(|name| !name.is_empty()).any(|name| !known.insert(name))
}

/// What reports of Desigo say above their table: `"Point_1:","RLT01.ZUL.T"`, where the header has `Point_1` only.
pub fn keys(rows: &[Vec<String>]) -> HashMap<String, String> {
    let key = |row: &Vec<String>| {
        let (key, name) = (row.first()?.strip_suffix(':')?, row.get(1).filter(|name| !name.is_empty())?);
        let is_numbered = key.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit());
        is_numbered.then(|| (key.trim().to_owned(), name.clone()))
    };
    rows.iter().filter_map(key).collect()
}
