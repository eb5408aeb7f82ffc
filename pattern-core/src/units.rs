//! Units of measure: what a historian's spelling means, and conversion. The table is `data/units.toml`.

use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// A unit that was understood: `base value = value * scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Name of the dimension, as in `data/units.toml`.
    pub dimension: &'static str,
    pub scale: f64,
    pub offset: f64,
}

#[derive(Deserialize)]
struct Entry {
    scale: f64,
    #[serde(default)]
    offset: f64,
    names: Vec<String>,
}

static UNITS: LazyLock<HashMap<String, Unit>> = LazyLock::new(|| {
    let text = include_str!("../data/units.toml");
    let dimensions: BTreeMap<String, Vec<Entry>> =
        toml::from_str(text).expect("the shipped units are read by a test");
    let mut units = HashMap::new();
    for (dimension, entries) in dimensions {
        // The table lives as long as the process, and so do its names.
        let dimension: &'static str = dimension.leak();
        for entry in entries {
            let unit = Unit { dimension, scale: entry.scale, offset: entry.offset };
            units.extend(entry.names.iter().map(|name| (normal(name), unit)));
        }
    }
    units
});

/// What a spelling means; `None` where it is empty or unknown.
pub fn parse(spelling: &str) -> Option<Unit> {
    UNITS.get(&normal(spelling)).copied()
}

impl Unit {
    /// Whether both measure the same.
    pub fn measures_as(self, other: Unit) -> bool {
        self.dimension == other.dimension
    }

    /// A value in another unit of the same dimension.
    pub fn convert(self, value: f64, to: Unit) -> Option<f64> {
        self.measures_as(to).then(|| (value * self.scale + self.offset - to.offset) / to.scale)
    }

    /// A value in another unit of the same dimension, as marked and as plants mean it: gauge and absolute
    /// pressure are marked carelessly, so a pressure is also read as if both units were of one kind.
    pub fn readings(self, value: f64, to: Unit) -> Option<[f64; 2]> {
        let marked = self.convert(value, to)?;
        let meant = if self.dimension == "pressure" { value * self.scale / to.scale } else { marked };
        Some([marked, meant])
    }
}

fn normal(spelling: &str) -> String {
    let mut normal = String::with_capacity(spelling.len());
    for letter in spelling.trim().chars() {
        match letter {
            ' ' | '.' | '_' | '·' | '^' | '*' | '\u{a0}' => {}
            '°' | 'º' | '˚' => normal.push_str("deg"),
            '³' => normal.push('3'),
            '²' => normal.push('2'),
            'µ' | 'μ' => normal.push('u'),
            '″' | '”' | '“' => normal.push('"'),
            other => normal.extend(other.to_lowercase()),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_means_two_units() {
        let dimensions: BTreeMap<String, Vec<Entry>> =
            toml::from_str(include_str!("../data/units.toml")).unwrap();
        let mut seen: HashMap<String, (&str, f64, f64)> = HashMap::new();
        for (dimension, entries) in &dimensions {
            for entry in entries {
                for name in &entry.names {
                    let unit = (dimension.as_str(), entry.scale, entry.offset);
                    let before = seen.insert(normal(name), unit);
                    assert!(before.is_none_or(|before| before == unit), "'{name}' of {dimension} is taken");
                }
            }
        }
    }

    #[test]
    fn spellings_of_historians_are_understood() {
        for (spelling, dimension) in [
            ("°F", "temperature"),
            ("DEG F", "temperature"),
            ("deg. C", "temperature"),
            ("kscmh", "volume_flow"),
            ("M3/HR", "volume_flow"),
            ("US gpm", "volume_flow"),
            ("%OPEN", "ratio"),
            ("kPag", "pressure"),
            ("\"wc", "pressure"),
            ("W/m²", "irradiance"),
            ("µS/cm", "conductivity"),
            ("°", "angle"),
            ("on/off", "state"),
            ("kVAr", "reactive_power"),
        ] {
            assert_eq!(parse(spelling).map(|u| u.dimension), Some(dimension), "{spelling}");
        }
        for unknown in ["", "-", "furlong"] {
            assert_eq!(parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn kilonewtons_are_not_knots() {
        let same = |a, b| Some(parse(a)?.measures_as(parse(b)?));
        assert_eq!(same("kn", "m/s"), Some(false));
        assert_eq!(same("kts", "m/s"), Some(true));
    }
}
