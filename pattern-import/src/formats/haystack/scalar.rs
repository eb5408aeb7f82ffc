//! One value of a grid.

#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scalar {
    /// Nothing, or something that no point needs: lists, dicts, coordinates.
    #[default]
    None,
    Marker,
    Text(String),
    Bool(bool),
    /// As it is written, and its unit.
    Number(String, String),
    /// With its offset, without the name of a zone.
    Time(String),
    Ref {
        id: String,
        dis: String,
    },
}

pub type Tags = Vec<(String, Scalar)>;

/// A tag's value among others.
pub fn tag<'a>(tags: &'a Tags, name: &str) -> Option<&'a Scalar> {
    tags.iter().find(|(known, value)| known == name && *value != Scalar::None).map(|(_, value)| value)
}

impl Scalar {
    /// A cell of Zinc.
    pub fn zinc(cell: &str) -> Self {
        let cell = cell.trim();
        match cell {
            "" | "N" | "NA" | "R" => return Self::None,
            "M" => return Self::Marker,
            "T" => return Self::Bool(true),
            "F" => return Self::Bool(false),
            "NaN" | "INF" | "-INF" => return Self::Number("NaN".into(), String::new()),
            _ => {}
        }
        match cell.as_bytes()[0] {
            b'"' => Self::Text(unquoted(cell)),
            b'`' => Self::Text(cell.trim_matches('`').to_owned()),
            b'@' => Self::reference(&cell[1..]),
            b'0'..=b'9' | b'-' => Self::of_digits(cell),
            _ => Self::None,
        }
    }

    /// A cell of CSV, where texts need no quotes.
    pub fn lenient(cell: &str) -> Self {
        match cell.trim() {
            "✓" => Self::Marker,
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            cell => match Self::zinc(cell) {
                Self::None if cell.is_empty() => Self::None,
                Self::None => Self::Text(cell.to_owned()),
                scalar => scalar,
            },
        }
    }

    /// `p:demo:r:23a "RTU-1"`, or without the quotes.
    pub fn reference(text: &str) -> Self {
        let (id, dis) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let dis = dis.trim();
        let dis = if dis.starts_with('"') { unquoted(dis) } else { dis.to_owned() };
        Self::Ref { id: id.to_owned(), dis }
    }

    /// A number with its unit, a day, or a time.
    pub fn of_digits(text: &str) -> Self {
        let first = text.split(' ').next().unwrap_or_default();
        let is_day = first.len() >= 10 && first.as_bytes()[4] == b'-' && first.as_bytes()[7] == b'-';
        if is_day {
            return Self::Time(first.to_owned());
        }
        let mut end = 0;
        let bytes = text.as_bytes();
        while let Some(byte) = bytes.get(end) {
            let is_sign = matches!(byte, b'-' | b'+') && (end == 0 || matches!(bytes[end - 1], b'e' | b'E'));
            let is_exponent = matches!(byte, b'e' | b'E')
                && bytes.get(end + 1).is_some_and(|next| matches!(next, b'0'..=b'9' | b'-' | b'+'));
            if !(byte.is_ascii_digit() || matches!(byte, b'.' | b'_') || is_sign || is_exponent) {
                break;
            }
            end += 1;
        }
        let (number, unit) = text.split_at(end);
        match unit.starts_with(':') {
            true => Self::Text(text.to_owned()),
            false => Self::Number(number.replace('_', ""), unit.trim().to_owned()),
        }
    }

    /// How a person reads it.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Time(text) | Self::Number(text, _) => text,
            Self::Ref { dis, .. } if !dis.is_empty() => dis,
            Self::Ref { id, .. } => id,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Marker | Self::None => "",
        }
    }
}

/// A string without quotes and escapes.
fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').unwrap_or(text);
    let (mut plain, mut letters) = (String::with_capacity(inner.len()), inner.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => match letters.next() {
                Some('n') => plain.push('\n'),
                Some('t') => plain.push('\t'),
                Some('u') => {
                    let code: String = letters.by_ref().take(4).collect();
                    plain.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                }
                Some(other) => plain.push(other),
                None => {}
            },
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_zinc_are_understood() {
        let number = |value: &str, unit: &str| Scalar::Number(value.into(), unit.into());
        for (cell, expected) in [
            ("", Scalar::None),
            ("N", Scalar::None),
            ("M", Scalar::Marker),
            ("T", Scalar::Bool(true)),
            ("72.3°F", number("72.3", "°F")),
            ("-1.5e-3kW", number("-1.5e-3", "kW")),
            ("5_000", number("5000", "")),
            ("10inH₂O", number("10", "inH₂O")),
            ("3kWh/m²", number("3", "kWh/m²")),
            ("2026-11-20T00:00:00-05:00 New_York", Scalar::Time("2026-11-20T00:00:00-05:00".into())),
            (r#""say \"on\" \u00b0""#, Scalar::Text("say \"on\" °".into())),
            ("@p:demo \"RTU-1 Fan\"", Scalar::Ref { id: "p:demo".into(), dis: "RTU-1 Fan".into() }),
            ("10:00:00", Scalar::Text("10:00:00".into())),
            ("C(37.5,-77.4)", Scalar::None),
            ("[1, 2]", Scalar::None),
        ] {
            assert_eq!(Scalar::zinc(cell), expected, "{cell}");
        }
        assert_eq!(Scalar::lenient("✓"), Scalar::Marker);
        assert_eq!(Scalar::lenient("Zone Temp"), Scalar::Text("Zone Temp".into()));
    }
}
