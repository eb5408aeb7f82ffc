//! Units of measure: what a historian's, a building system's or a standard's spelling means, and conversion.
//! `data/units.toml` has the spellings, `ucum.rs` reads the codes that are nobody's spelling.

mod spelling;
mod table;
mod ucum;

use std::collections::HashMap;
use std::sync::LazyLock;

/// A unit that was understood: `base value = value * scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Name of the dimension, as in `data/units.toml`.
    pub dimension: &'static str,
    pub scale: f64,
    pub offset: f64,
    /// Units of another basis measure the same, but no factor leads to them: ppm, and mg in a cubic metre of gas.
    basis: &'static str,
}

/// What a spelling means; `None` where it is empty, unknown, or means several things.
pub fn parse(spelling: &str) -> Option<Unit> {
    table::UNITS.get(spelling).or_else(|| table::UNITS.coded(spelling))
}

/// Whether a spelling says that there is no unit: empty, `-`, `n/a`, `no-units`.
pub fn says_none(spelling: &str) -> bool {
    table::UNITS.says_none(spelling)
}

/// The name of one of BACnet's engineering units by its number. Numbers that ASHRAE left to vendors, or to a site,
/// have none.
pub fn bacnet_name(number: u32) -> Option<&'static str> {
    static NAMES: LazyLock<HashMap<u32, &str>> = LazyLock::new(|| {
        let rows =
            include_str!("../../data/bacnet_units.tsv").lines().filter_map(|line| line.split_once('\t'));
        rows.filter_map(|(number, name)| Some((number.parse().ok()?, name))).collect()
    });
    NAMES.get(&number).copied()
}

impl Unit {
    /// Whether both measure the same.
    pub fn measures_as(self, other: Unit) -> bool {
        self.dimension == other.dimension
    }

    /// A value in another unit of the same dimension.
    pub fn convert(self, value: f64, to: Unit) -> Option<f64> {
        let converts = self.measures_as(to) && self.basis == to.basis;
        converts.then(|| (value * self.scale + self.offset - to.offset) / to.scale)
    }

    /// A value in another unit of the same dimension, as marked and as plants mean it: gauge and absolute
    /// pressure are marked carelessly, so a pressure is also read as if both units were of one kind.
    pub fn readings(self, value: f64, to: Unit) -> Option<[f64; 2]> {
        let marked = self.convert(value, to)?;
        let meant = if self.dimension == "pressure" { value * self.scale / to.scale } else { marked };
        Some([marked, meant])
    }
}
