//! Tables as people paste them out of PI DataLink: every tag with a column of times of its own, or labelled rows on top
//! that name tags, descriptors and units.

use anyhow::Result;
use csv::StringRecord;

use super::{Format, Head, Input, Recognised, as_text, fit::swallowed};
use crate::{
    columns::{Meaning, is_known, plain},
    record::{RawPoint, RawSample, Sink},
    time,
};

/// Rows on top of the samples.
const MOST_ROWS_ABOVE: usize = 20;

const TAG: [&str; 8] = ["tag", "tagname", "pitag", "pitagname", "pipoint", "point", "pointname", "tags"];
const DESCRIPTION: [&str; 6] =
    ["description", "descriptor", "desc", "tagdescription", "longname", "bezeichnung"];
const UNIT: [&str; 9] =
    ["units", "unit", "engunits", "engunit", "engineeringunits", "eu", "uom", "unitofmeasure", "einheit"];

#[derive(Debug)]
struct DataLink {
    series: Vec<Series>,
    /// Rows before the first sample.
    skip: u64,
}

/// One tag, and where its times and values stand.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Series {
    name: String,
    unit: String,
    description: String,
    time: usize,
    value: usize,
}

pub fn recognise(head: &Head<'_>) -> Recognised {
    let dated = |row: &Vec<String>| row.iter().any(|cell| time::is_dated(cell)) && !is_labelled(row);
    let first = head.rows.iter().position(dated).filter(|first| (1..=MOST_ROWS_ABOVE).contains(first))?;
    let (above, below) = head.rows.split_at(first);
    let series = pairs(above, below).or_else(|| labelled(above, below))?;
    Some(Ok(Box::new(DataLink { series, skip: first as u64 })))
}

/// `Start Time, 27-Oct-2026` has a date and is no sample.
fn is_labelled(row: &[String]) -> bool {
    row.first().is_some_and(|cell| !cell.is_empty() && !time::is_dated(cell))
}

/// The columns in which most cells are times.
fn times(below: &[Vec<String>]) -> Vec<usize> {
    let width = below.iter().map(Vec::len).max().unwrap_or_default();
    let is_time = |column: &usize| {
        let cells = below.iter().filter_map(|row| row.get(*column)).filter(|cell| !cell.is_empty());
        let dated = cells.clone().filter(|cell| time::is_dated(cell)).count();
        dated > 0 && dated * 3 >= cells.count() * 2
    };
    (0..width).filter(is_time).collect()
}

/// A time in front of each value: two or more columns of times, each with one value behind it.
fn pairs(above: &[Vec<String>], below: &[Vec<String>]) -> Option<Vec<Series>> {
    let times = times(below);
    let are_pairs = times.len() >= 2 && times.windows(2).all(|pair| pair[1] > pair[0] + 1);
    let cell = |row: &'_ Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
    // The tag stands above its times or above its values, in the row that labels it or the first that is not
    // a row of headers.
    let labelled_by = |names: &[&str]| {
        above.iter().find(|row| row.iter().any(|cell| names.contains(&plain(cell).as_str())))
    };
    let (tags, units, descriptions) = (labelled_by(&TAG), labelled_by(&UNIT), labelled_by(&DESCRIPTION));
    let said = |row: Option<&Vec<String>>, names: &[&str], time: usize| {
        let row = row?;
        [cell(row, time + 1), cell(row, time)]
            .into_iter()
            .find(|c| !c.is_empty() && !names.contains(&plain(c).as_str()))
    };
    let unlabelled = |time: usize| {
        let is_header = |cell: &str| cell.is_empty() || is_known(cell);
        above.iter().flat_map(|row| [cell(row, time + 1), cell(row, time)]).find(|cell| !is_header(cell))
    };
    let series = times.iter().map(|&time| {
        Some(Series {
            name: said(tags, &TAG, time).or_else(|| unlabelled(time))?,
            unit: said(units, &UNIT, time).unwrap_or_default(),
            description: said(descriptions, &DESCRIPTION, time).unwrap_or_default(),
            time,
            value: time + 1,
        })
    });
    series.collect::<Option<Vec<_>>>().filter(|_| are_pairs)
}

/// One column of times, and above it what the rows on top say: `Tag`, `Descriptor`, `Units`.
fn labelled(above: &[Vec<String>], below: &[Vec<String>]) -> Option<Vec<Series>> {
    let [time] = times(below)[..] else { return None };
    let row = |names: &[&str]| {
        above.iter().find(|row| row.get(time).is_some_and(|label| names.contains(&plain(label).as_str())))
    };
    let tags = row(&TAG)?;
    let (units, descriptions) = (row(&UNIT), row(&DESCRIPTION));
    let said = |row: Option<&Vec<String>>, value: usize| {
        row.and_then(|row| row.get(value)).cloned().unwrap_or_default()
    };
    let named = tags.iter().enumerate().skip(time + 1).filter(|(_, name)| !name.is_empty());
    let series = named.map(|(value, name)| Series {
        name: name.clone(),
        unit: said(units, value),
        description: said(descriptions, value),
        time,
        value,
    });
    Some(series.collect::<Vec<_>>()).filter(|series| !series.is_empty())
}

impl Format for DataLink {
    fn title(&self) -> String {
        format!("PI DataLink table, {} tags", self.series.len())
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        Vec::new()
    }

    fn has_samples(&self) -> bool {
        true
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let mut rows = 0;
        input.rows(sink, |sink, line, row| {
            rows += 1;
            if rows <= self.skip {
                return Ok(());
            }
            if let Some(problem) = swallowed(row) {
                return sink.reject(line, &problem, &as_text(row));
            }
            let text = |place: usize| StringRecord::get(row, place).map_or("", str::trim);
            for Series { name, unit, description, time, value } in &self.series {
                let (time, value) = (text(*time), text(*value));
                // A tag with fewer values than others leaves its columns empty; a row of a table may have holes.
                if value.is_empty() || time.is_empty() {
                    continue;
                }
                let point = RawPoint { name, unit, description, ..RawPoint::default() };
                sink.sample(&point, &RawSample { time, value, quality: "", line })?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn a_tag_stands_above_its_times_or_its_values() {
        let below = rows(
            "27-Oct-2026 05:00:00,1,27-Oct-2026 05:00:03,2\n27-Oct-2026 05:01:00,1,27-Oct-2026 05:02:03,2",
        );
        for above in ["TI1.PV,,PI2.PV,", ",TI1.PV,,PI2.PV", "TI1.PV,,PI2.PV,\nTime,Value,Time,Value"] {
            let found = pairs(&rows(above), &below).unwrap();
            let places: Vec<_> = found.iter().map(|s| (s.name.as_str(), s.time, s.value)).collect();
            assert_eq!(places, [("TI1.PV", 0, 1), ("PI2.PV", 2, 3)], "{above}");
        }
    }

    #[test]
    fn labels_on_top_say_what_the_columns_are() {
        let above = rows("Tag,TI1.PV,PI2.PV\nDescriptor,Inlet,Outlet\nEng Units,degC,bar");
        let found = labelled(&above, &rows("27-Oct-2026 05:00:00,1,2")).unwrap();
        assert_eq!(found[1].name, "PI2.PV");
        assert_eq!((found[1].unit.as_str(), found[1].description.as_str()), ("bar", "Outlet"));
        assert_eq!(pairs(&rows("Date,Name,Modified,Value"), &rows("2026-10-27,TI1,2026-10-28,5")), None);
        assert_eq!(labelled(&rows("Timestamp,TI1.PV,PI2.PV"), &rows("27-Oct-2026 05:00:00,1,2")), None);
    }
}
