//! Tables as people export them: which of the shapes it is, told by headers and by what stands below them.

mod doubts;
mod header;

use std::collections::{HashMap, HashSet};

use super::{
    Format, Head, Recognised,
    cells::{is_number, is_value},
    long::Long,
    point_list::PointList,
    wide::Tag,
    wide::Wide,
};
use crate::{
    columns::{Columns, Meaning, split_unit},
    quality, states, time,
};

/// Rows before the header, and between the header and the first sample.
const ROWS_BEFORE: usize = 20;
const MOST_HEADER_ROWS: usize = 4;

pub fn recognise(head: &Head<'_>) -> Recognised {
    let rows = head.rows;
    let keys = header::keys(rows);
    let early = &rows[..rows.len().min(ROWS_BEFORE + keys.len())];
    let widest = early.iter().map(|row| filled(row)).max()?;
    if is_dated_row(&rows[0]) {
        return without_header(head);
    }
    let Some(at) = header_row(early, widest, head) else { return unknown(head) };
    let mut header = header::header(rows, at);
    for name in &mut header.names {
        if let Some(named) = keys.get(name) {
            name.clone_from(named);
        }
    }
    let mut columns = match Columns::guess(&header.names, &head.options.columns) {
        Ok(columns) => columns,
        Err(problem) => return Some(Err(problem)),
    };
    rows[at].clone_into(&mut columns.as_written);
    let at = header.last;
    Table { head, columns, at, below: &rows[at + 1..] }.recognise().or_else(|| unknown(head))
}

/// Says of a text with columns that none of them is known; what is no table at all is somebody else's.
fn unknown(head: &Head<'_>) -> Recognised {
    if head.text.trim_start().starts_with(['{', '[', '<']) {
        return None;
    }
    let columns = head.rows.first().filter(|row| row.iter().all(|cell| cell.chars().count() < 100))?;
    Some(Err(format!(
        "has neither a column for the name of a point nor one for the time (found: {}); say which is which, as in --columns name=\"{}\"",
        columns.join(", "),
        columns.first()?,
    )))
}

fn filled(row: &[String]) -> usize {
    row.iter().filter(|cell| !cell.is_empty()).count()
}

fn is_dated_row(row: &[String]) -> bool {
    row.len() > 1 && time::is_dated(&row[0])
}

/// The row that names the columns: the first one that is not much emptier than the table and holds a known name, or
/// stands above the first time.
fn header_row(rows: &[Vec<String>], widest: usize, head: &Head<'_>) -> Option<usize> {
    let is_full = |row: &[String]| filled(row) * 2 >= widest && !row[0].starts_with("sep=");
    let early = || rows.iter().enumerate().filter(|(_, row)| is_full(row));
    let knows = |row: &[String]| {
        Columns::guess(row, &head.options.columns).map_or(true, |columns| !columns.used().is_empty())
    };
    let named = early().find(|(_, row)| knows(row)).map(|(at, _)| at);
    let dated = early().position(|(_, row)| row.iter().any(|cell| time::is_dated(cell)));
    let above = dated.filter(|at| *at > 0).and_then(|_| early().next()).map(|(at, _)| at);
    named.or(above)
}

struct Table<'a> {
    head: &'a Head<'a>,
    columns: Columns,
    /// The row of the header.
    at: usize,
    below: &'a [Vec<String>],
}

impl Table<'_> {
    fn recognise(mut self) -> Recognised {
        self.columns.unnamed = (0..self.columns.headers.len())
            .filter(|place| self.columns.headers[*place].is_empty() && self.cells(*place).next().is_some())
            .collect();
        let has = |table: &Self, meaning| table.columns.place(meaning).is_some();
        let knows_time = has(&self, Meaning::Time) || has(&self, Meaning::Clock);
        if !knows_time && has(&self, Meaning::Name) && !has(&self, Meaning::Value) {
            return Some(self.point_list());
        }
        if !knows_time {
            let dated = (0..self.columns.headers.len())
                .find(|place| !self.columns.is_taken(*place) && self.is_column(*place, time::is_dated));
            match dated {
                Some(place) => self.columns.set(Meaning::Time, place),
                None if has(&self, Meaning::Name) => return Some(self.point_list()),
                None => return None,
            }
        }
        self.complete_time();
        self.doubt_quality();
        self.doubt_names();
        self.doubt_milliseconds();
        if let Some(matrix) = self.matrix() {
            return Some(Ok(matrix));
        }
        let (name, value) = (has(&self, Meaning::Name), has(&self, Meaning::Value));
        let free: Vec<usize> =
            (0..self.columns.headers.len()).filter(|place| !self.columns.is_taken(*place)).collect();
        let measured: Vec<usize> =
            free.iter().copied().filter(|place| self.is_column(*place, is_value)).collect();
        match (name, value) {
            (true, true) => Some(Ok(self.long(None))),
            (true, false) if free.is_empty() => Some(self.point_list()),
            (true, false) if free.len() == 1 || measured.len() == 1 => {
                let place = measured.first().or(free.first())?;
                self.columns.set(Meaning::Value, *place);
                Some(Ok(self.long(None)))
            }
            (true, false) if measured.len() > 1 => {
                let place = self.columns.place(Meaning::Name)?;
                self.columns.forget(Meaning::Name);
                self.columns.set(Meaning::Device, place);
                if !self.has_devices() {
                    self.columns.forget(Meaning::Device);
                }
                self.wide()
            }
            (true, false) => None,
            (false, _) if self.has_devices() => self.by_device(value, &measured),
            (false, true) if measured.is_empty() => {
                let tag = self.head.source.stem();
                Some(Ok(self.long(Some(tag))))
            }
            (false, _) => self.wide(),
        }
    }

    fn skip(&self) -> u64 {
        self.at as u64 + 1
    }

    fn point_list(mut self) -> Result<Box<dyn Format>, String> {
        if self.columns.place(Meaning::Value).is_some() && self.head.source.stem() == "samples" {
            let found = self.columns.headers.join(", ");
            return Err(format!(
                "has no column for the time (found: {found}); say which it is, as in --columns timestamp=\"When\""
            ));
        }
        // A scan of a controller holds what its points showed once, which is no history.
        self.columns.forget(Meaning::Value);
        self.columns.forget(Meaning::Quality);
        let skip = self.skip();
        Ok(Box::new(PointList { columns: self.columns, skip }))
    }

    fn long(self, tag: Option<&str>) -> Box<dyn Format> {
        let (skip, tag) = (self.skip(), tag.map(str::to_owned));
        Box::new(Long { columns: self.columns, tag, skip })
    }

    fn by_device(mut self, has_value: bool, measured: &[usize]) -> Recognised {
        if has_value && measured.is_empty() {
            let place = self.columns.place(Meaning::Device)?;
            self.columns.set(Meaning::Name, place);
            return Some(Ok(self.long(None)));
        }
        self.wide()
    }

    /// The cells of a column that hold something.
    fn cells(&self, place: usize) -> impl Iterator<Item = &str> + Clone {
        self.below.iter().filter_map(move |row| row.get(place)).map(String::as_str).filter(|c| !c.is_empty())
    }

    /// Whether most cells of a column are so.
    fn is_column(&self, place: usize, is: impl Fn(&str) -> bool) -> bool {
        let (mut all, mut fit) = (0, 0);
        for cell in self.cells(place) {
            all += 1;
            fit += usize::from(is(cell));
        }
        all > 0 && fit * 3 >= all * 2
    }

    /// A column of devices comes back with other devices at the same time, or holds names.
    fn has_devices(&self) -> bool {
        let Some(place) = self.columns.place(Meaning::Device).or(self.columns.place(Meaning::Equipment))
        else {
            return false;
        };
        let cells = self.cells(place);
        let is_named = cells.clone().all(|cell| cell.chars().any(char::is_alphabetic));
        let is_counted = cells.clone().all(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()));
        let time = self.columns.place(Meaning::Time).or(self.columns.place(Meaning::Clock));
        let mut times = HashSet::new();
        let repeats = time.is_some_and(|time| !self.cells(time).all(|time| times.insert(time)));
        let are_states = self.is_column(place, states::is_two_state);
        (is_named && !are_states || is_counted && repeats) && cells.count() > 0
    }

    fn wide(mut self) -> Recognised {
        if self.has_devices() && self.columns.place(Meaning::Device).is_none() {
            let place = self.columns.place(Meaning::Equipment)?;
            self.columns.set(Meaning::Device, place);
        }
        let by_device = self.columns.place(Meaning::Device).is_some();
        let keeps = |meaning| match meaning {
            Meaning::Time | Meaning::Date | Meaning::Clock | Meaning::Millisecond => true,
            Meaning::Device => by_device,
            _ => false,
        };
        let is_text = |table: &Self, meaning: Meaning| {
            let place = table.columns.place(meaning);
            place.is_some_and(|place| by_device || !table.is_column(place, is_value))
        };
        for meaning in Meaning::ALL {
            let is_place = matches!(meaning, Meaning::Group | Meaning::Path);
            let is_kept = keeps(meaning) || is_place && is_text(&self, meaning);
            if !is_kept {
                self.columns.forget(meaning);
            }
        }
        let mut tags = self.tags();
        if let Some(twin) = twin(&tags) {
            return Some(Err(format!("has the column '{twin}' twice; keep one of them")));
        }
        let qualities = self.take_qualities(&mut tags);
        let mut ignored = self.columns.ignored();
        let read: HashSet<&String> = tags.iter().map(|tag| &self.columns.headers[tag.place]).collect();
        ignored.retain(|header| !read.contains(header) && !qualities.contains(header));
        let skip = self.skip() + self.describe(&mut tags);
        let wide = Wide { columns: self.columns, tags, ignored, device: String::new(), skip };
        (!wide.tags.is_empty()).then(|| Ok(Box::new(wide) as Box<dyn Format>))
    }

    /// Every other column is a tag, but for row numbers and what holds nothing.
    fn tags(&self) -> Vec<Tag> {
        let headers = &self.columns.headers;
        let is_tag = |place: &usize| {
            let header = headers[*place].to_lowercase();
            let is_counter =
                matches!(header.as_str(), "" | "index" | "#" | "no" | "no." | "nr" | "nr." | "row");
            !self.columns.is_taken(*place)
                && !is_counter
                && !header.starts_with("unnamed:")
                && !self.is_beside(*place)
        };
        let tag = |place: usize| {
            let (name, unit) = split_unit(&headers[place]);
            let (name, unit) = match pattern_core::units::parse(unit) {
                Some(_) => (name, unit),
                None => (headers[place].as_str(), ""),
            };
            let (name, unit) = (name.to_owned(), unit.to_owned());
            Tag { place, name, unit, description: String::new(), quality: None }
        };
        let mut tags: Vec<Tag> = (0..headers.len()).filter(is_tag).map(tag).collect();
        // `T (degC)` beside `T (degF)`
        let mut counts: HashMap<String, usize> = HashMap::new();
        for tag in &tags {
            *counts.entry(tag.name.clone()).or_default() += 1;
        }
        for tag in &mut tags {
            if counts[&tag.name] > 1 {
                tag.name.clone_from(&headers[tag.place]);
            }
        }
        tags
    }

    /// `TI101` and `TI101 Quality` are one tag with its quality.
    fn take_qualities(&self, tags: &mut Vec<Tag>) -> HashSet<String> {
        let mut taken = HashSet::new();
        let names: Vec<String> = tags.iter().map(|tag| tag.name.to_lowercase()).collect();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            known.entry(name).or_insert(place);
        }
        for place in 0..tags.len() {
            let column = tags[place].place;
            let of = |word: &str| {
                let before = names[place].strip_suffix(word)?;
                known.get(before.strip_suffix([' ', '_', '.', '-', ':', '/'])?)
            };
            let owner = ["quality", "status", "q", "qual", "qc"].into_iter().find_map(of);
            if let Some(&owner) = owner.filter(|_| self.is_column(column, quality::is_quality)) {
                tags[owner].quality = Some(column);
                taken.insert(self.columns.headers[column].clone());
            }
        }
        tags.retain(|tag| !taken.contains(&self.columns.headers[tag.place]));
        taken
    }

    /// Rows of units or descriptions between the header and the first sample; answers how many there are.
    fn describe(&self, tags: &mut [Tag]) -> u64 {
        let time = self.columns.place(Meaning::Time).or(self.columns.place(Meaning::Date));
        let is_sample = |row: &Vec<String>| {
            let clock = time.and_then(|time| row.get(time)).map_or("", String::as_str);
            let has_number = tags.iter().any(|tag| row.get(tag.place).is_some_and(|cell| is_number(cell)));
            let is_dated = || time::parse(clock, time::DateOrder::DayFirst).is_ok() || time::is_dated(clock);
            !is_mark(row) && (has_number || is_dated())
        };
        let count = self.below.iter().take_while(|row| !is_sample(row)).count();
        if count > MOST_HEADER_ROWS || count == self.below.len() {
            return 0;
        }
        for (place, row) in self.below[..count].iter().enumerate() {
            // Ignition says the types of the columns: `date,D,D` under `#TYPES`.
            if is_mark(row) || place > 0 && is_mark(&self.below[place - 1]) {
                continue;
            }
            let cell = |tag: &Tag| row.get(tag.place).map_or("", String::as_str).to_owned();
            let cells: Vec<String> = tags.iter().map(cell).collect();
            let texts = || cells.iter().filter(|cell| !cell.is_empty());
            let known =
                texts().filter(|cell| pattern_core::units::parse(unbracketed(cell)).is_some()).count();
            let are_units = known > 0 && known * 2 >= texts().count();
            for (tag, cell) in tags.iter_mut().zip(&cells) {
                if are_units && tag.unit.is_empty() {
                    unbracketed(cell).clone_into(&mut tag.unit);
                } else if !are_units && tag.description.is_empty() {
                    tag.description.clone_from(cell);
                }
            }
        }
        count as u64
    }
}

/// A row that says what the next one is: `#TYPES`, `#ROWS,3`.
fn is_mark(row: &[String]) -> bool {
    row.first().is_some_and(|cell| ["#NAMES", "#TYPES", "#ROWS"].contains(&cell.as_str()))
}

fn unbracketed(cell: &str) -> &str {
    cell.trim_matches(['[', ']', '(', ')'])
}

fn twin(tags: &[Tag]) -> Option<&str> {
    let mut names = HashSet::new();
    tags.iter().find(|tag| !names.insert(&tag.name)).map(|tag| tag.name.as_str())
}

/// Rows of time and value, or time, name and value, and perhaps a quality, without a word what they are.
fn without_header(head: &Head<'_>) -> Recognised {
    let row = &head.rows[0];
    let mut columns = Columns::unnamed(row.len());
    columns.set(Meaning::Time, 0);
    let is_number_column = |place: usize| {
        let cells = || head.rows.iter().filter_map(|row| row.get(place));
        cells().filter(|cell| is_value(cell)).count() * 2 > cells().count()
    };
    let tag = match (row.len(), is_number_column(1)) {
        (2 | 3, true) => {
            columns.set(Meaning::Value, 1);
            Some(head.source.stem().to_owned())
        }
        (3 | 4, false) if is_number_column(2) => {
            columns.set(Meaning::Name, 1);
            columns.set(Meaning::Value, 2);
            None
        }
        _ => return Some(Err("has no row that names its columns; add one above the first".into())),
    };
    let last = row.len() - 1;
    let is_last = columns.place(Meaning::Value) != Some(last);
    if is_last && head.rows.iter().filter_map(|row| row.get(last)).all(|cell| quality::is_quality(cell)) {
        columns.set(Meaning::Quality, last);
    }
    Some(Ok(Box::new(Long { columns, tag, skip: 0 })))
}
