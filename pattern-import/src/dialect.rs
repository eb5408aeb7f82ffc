//! What separates the fields of a table.

use csv::{ReaderBuilder, StringRecord};

use crate::columns;

pub(crate) const CANDIDATES: [u8; 4] = *b",;\t|";
const ROWS_LOOKED_AT: usize = 200;

/// The separator with which most rows have the same number of fields, and of several such the one with most fields.
pub fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    // As Excel says it to itself: `sep=;`.
    if let Some(said) = first.strip_prefix("sep=").and_then(|said| by_name(said.get(..1)?)) {
        return said;
    }
    // Node ids hold semicolons; a header that is one known word has no separator at all.
    if columns::is_known(first.trim_matches(['"', ' ', '\u{feff}'])) {
        return b',';
    }
    let mut best = (0, 0, b',');
    for candidate in CANDIDATES {
        let rows = rows(text, candidate, ROWS_LOOKED_AT);
        let mut widths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        widths.sort_unstable();
        let groups = widths.chunk_by(|a, b| a == b).filter(|group| group[0] > 1);
        let Some(usual) = groups.max_by_key(|group| (group.len(), group[0])) else { continue };
        let share = 1000 * usual.len() / widths.len();
        if (share, usual[0]) > (best.0, best.1) {
            best = (share, usual[0], candidate);
        }
    }
    best.2
}

/// The first rows that are not empty.
pub fn rows(text: &str, separator: u8, most: usize) -> Vec<Vec<String>> {
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let fields = |row: &StringRecord| row.iter().map(|field| field.trim().to_owned()).collect();
    reader.records().map_while(Result::ok).take(most).map(|row| fields(&row)).collect()
}

/// What people call it.
pub fn title(separator: u8) -> &'static str {
    match separator {
        b';' => "semicolons",
        b'\t' => "tabs",
        b'|' => "bars",
        _ => "commas",
    }
}

/// A separator by its name or sign.
pub fn by_name(name: &str) -> Option<u8> {
    match name {
        "," | "comma" => Some(b','),
        ";" | "semicolon" => Some(b';'),
        "\t" | "\\t" | "tab" => Some(b'\t'),
        "|" | "bar" | "pipe" => Some(b'|'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_what_makes_the_rows_alike() {
        for (text, expected) in [
            ("timestamp,name,value\n1,A,2\n", b','),
            ("Zeit;Wert\n01.01.2026;60,5\n", b';'),
            ("Zeitstempel;Name;Wert\n20.11.2026 00:00;A;60,0\n20.11.2026 00:15;A;60,5\n", b';'),
            ("name\tunit\nA\tdegC\n", b'\t'),
            ("time|value\n1|2\n", b'|'),
            ("name\nns=3;s=\"Pump\".\"Speed\"\nns=3;s=\"Pump\".\"On\"\n", b','),
            ("name,unit\nns=3;s=A,psi\n", b','),
            ("a,\"b;c;d\",e\n1,\"2;3;4\",5\n", b','),
            ("name\n", b','),
            ("sep=;\ntime;x\n1;2,5\n", b';'),
        ] {
            assert_eq!(char::from(separator(text)), char::from(expected), "{text}");
        }
    }
}
