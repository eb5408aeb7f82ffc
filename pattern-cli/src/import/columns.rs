//! Which column of a CSV file holds what: by header, in any order.

use anyhow::{Result, bail};
use csv::ByteRecord;
use pattern_core::domain::name_problem;

/// The places of known columns in a file.
#[derive(Debug)]
pub struct Columns {
    places: Vec<(&'static str, usize)>,
    /// Headers that mean nothing to us.
    pub ignored: Vec<String>,
}

impl Columns {
    /// Finds `required` and `optional` columns in a header.
    pub fn find(
        file: &str,
        header: &ByteRecord,
        required: &[&'static str],
        optional: &[&'static str],
    ) -> Result<Self> {
        let found: Vec<String> = header.iter().map(header_name).collect();
        if found.len() == 1 && found[0].contains([';', '\t', '|']) {
            bail!("{file} separates its columns by something other than a comma; save it with commas");
        }
        let mut columns = Self { places: Vec::new(), ignored: Vec::new() };
        for (place, name) in found.iter().enumerate() {
            match required.iter().chain(optional).find(|known| *known == name) {
                Some(known) if columns.place(known).is_some() => {
                    bail!("{file} has the column '{known}' twice; keep one of them")
                }
                Some(known) => columns.places.push((known, place)),
                None => columns.ignored.push(name.clone()),
            }
        }
        let missing: Vec<&str> = required.iter().copied().filter(|c| columns.place(c).is_none()).collect();
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "" } else { "s" };
            bail!(
                "{file} lacks the column{plural} {}: its first line must name them (found: {}; needed: {}; optional: {})",
                missing.join(", "),
                if found.is_empty() { "nothing".to_string() } else { found.join(", ") },
                required.join(", "),
                optional.join(", "),
            );
        }
        Ok(columns)
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.places.iter().find(|(name, _)| *name == column).map(|(_, place)| *place)
    }

    pub fn is_at(&self, column: &str, place: usize) -> bool {
        self.place(column) == Some(place)
    }

    /// A row's field as text without outer blanks; empty where the file has no such column.
    pub fn text<'r>(&self, row: &'r ByteRecord, column: &str) -> Result<&'r str, String> {
        let Some(place) = self.place(column) else { return Ok("") };
        let field = row
            .get(place)
            .ok_or_else(|| format!("the row has {} fields, too few for '{column}'", row.len()))?;
        std::str::from_utf8(field).map(str::trim).map_err(|_| format!("'{column}' is not UTF-8"))
    }
}

fn header_name(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim_start_matches('\u{feff}').trim().to_lowercase()
}

/// A point's name, if it can be one.
pub fn point_name<'r>(columns: &Columns, row: &'r ByteRecord) -> Result<&'r str, String> {
    // Else a forgotten quote would swallow the rows after it, and nobody would miss them.
    let breaks = row.as_slice().iter().filter(|byte| **byte == b'\n').count();
    if breaks > 0 {
        return Err(format!("a field goes on over {breaks} more lines; is a closing quote missing?"));
    }
    let name = columns.text(row, "name")?;
    name_problem(name).map_or(Ok(name), Err)
}
