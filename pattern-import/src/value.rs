//! What a value says: a number, a state, or that there was none.

use crate::number::{self, Decimal};

/// A value as it stands in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    Number(f64),
    /// A number and its unit in one field: `72.5 °F`.
    Measured(f64, &'a str),
    /// The historian says that it has none.
    Gap,
    /// On, Running, Auto: what it means depends on what else the point shows.
    Word(&'a str),
}

/// How the numbers of a file are written: as it is known, or as each tells itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    pub decimal: Option<Decimal>,
    /// Where a number does not tell.
    pub otherwise: Decimal,
}

impl Numbers {
    pub fn parse(self, text: &str) -> Option<f64> {
        let decimal = self.decimal.or_else(|| number::told(text)).unwrap_or(self.otherwise);
        number::parse(text, decimal)
    }
}

pub fn understand(text: &str, numbers: Numbers) -> Cell<'_> {
    if let Some(number) = numbers.parse(text) {
        return Cell::Number(number);
    }
    if is_gap(text) {
        return Cell::Gap;
    }
    measured(text, numbers).map_or(Cell::Word(text), |(number, unit)| Cell::Measured(number, unit))
}

fn measured(text: &str, numbers: Numbers) -> Option<(f64, &str)> {
    text.bytes().next().filter(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.'))?;
    let ends = text.char_indices().find(|(_, c)| c.is_alphabetic() || matches!(c, '%' | '°' | '℃' | '℉'));
    let (number, unit) = text.split_at(ends?.0);
    pattern_core::units::parse(unit)?;
    Some((numbers.parse(number.trim_end())?, unit))
}

/// What historians and spreadsheets write where they have no value.
fn is_gap(text: &str) -> bool {
    const GAPS: [&str; 93] = [
        "",
        "-",
        "--",
        "---",
        "?",
        "*",
        "null",
        "(null)",
        "none",
        "nil",
        "nan",
        "-nan",
        "n/a",
        "na",
        "#n/a",
        "#n/a!",
        "#na",
        "#value!",
        "#ref!",
        "#div/0!",
        "#num!",
        "#name?",
        "#null!",
        "inf",
        "-inf",
        "+inf",
        "infinity",
        "-infinity",
        "1.#inf",
        "-1.#inf",
        "1.#qnan",
        "-1.#ind",
        "no data",
        "nodata",
        "no value",
        "no sample",
        "no result",
        "no good data",
        "no good data for calculation",
        "no events found",
        "no lab data",
        "data loss",
        "missing",
        "undefined",
        "unknown",
        "unavailable",
        "not available",
        "bad",
        "bad input",
        "bad inp",
        "bad data",
        "bad value",
        "bad quality",
        "bad_quality",
        "bad output",
        "bad total",
        "bad lab data",
        "i/o timeout",
        "io timeout",
        "timeout",
        "scan timeout",
        "scan off",
        "calc timeout",
        "calc failed",
        "calc off",
        "calc overflow",
        "pt created",
        "point created",
        "shutdown",
        "comm fail",
        "comm failure",
        "comm lost",
        "comm error",
        "communication failure",
        "communication error",
        "intf shut",
        "intf fail",
        "interface failure",
        "not connect",
        "not connected",
        "configure",
        "config error",
        "out of serv",
        "out of service",
        "arc off-line",
        "archive offline",
        "over range",
        "under range",
        "inp outrange",
        "invalid",
        "invalid data",
        "invalid float",
        "sensor fail",
    ];
    const MORE: [&str; 11] = [
        "sensor failure",
        "equip fail",
        "wrong type",
        "access denied",
        "trace off",
        "stale",
        "error",
        "err",
        "failed",
        "getting data",
        "doubtful",
    ];
    // `[-11059] No Good Data For Calculation`
    let is_error = text
        .strip_prefix("[-")
        .and_then(|rest| rest.split_once(']'))
        .is_some_and(|(code, _)| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit()));
    is_error
        || number::is_beyond(text)
        || GAPS.iter().chain(&MORE).any(|gap| gap.eq_ignore_ascii_case(text))
        || matches!(text, "끊김" | "불량" | "통신불량" | "データなし" | "無效" | "无效")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbers_gaps_or_words() {
        let numbers = Numbers { decimal: None, otherwise: Decimal::Point };
        for (text, expected) in [
            ("1.5", Cell::Number(1.5)),
            ("60,5", Cell::Number(60.5)),
            ("1,234", Cell::Number(1234.0)),
            ("12.3 degC", Cell::Measured(12.3, "degC")),
            ("72.5 °F", Cell::Measured(72.5, "°F")),
            ("45%", Cell::Measured(45.0, "%")),
            ("", Cell::Gap),
            ("-", Cell::Gap),
            ("NaN", Cell::Gap),
            ("-Inf", Cell::Gap),
            ("I/O Timeout", Cell::Gap),
            ("Pt Created", Cell::Gap),
            ("[-11059] No Good Data For Calculation", Cell::Gap),
            ("1.7976931348623157e309", Cell::Gap),
            ("unavailable", Cell::Gap),
            ("ON", Cell::Word("ON")),
            ("0x10", Cell::Word("0x10")),
            ("Running", Cell::Word("Running")),
        ] {
            assert_eq!(understand(text, numbers), expected, "{text}");
        }
    }
}
