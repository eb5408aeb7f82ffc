//! What a quality says. Words say it alone; numbers are read on the scale that all numbers of the file fit.

pub use pattern_core::domain::quality::Class;
use pattern_core::domain::quality::{self as stored, class_of, class_of_status};

use crate::columns::plain;

/// The scales of the numbers that are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// 0 is good, anything else is the historian's own code.
    ZeroIsGood,
    /// 192 to 219 good, 64 to 95 uncertain, the others bad.
    OpcDa,
    /// 32 bits, of which the upper two say it.
    OpcUa,
    /// 100 is good.
    Percent,
    /// 1 is good: what is asked is whether it is valid.
    OneIsGood,
}

impl Scale {
    pub fn title(self) -> &'static str {
        match self {
            Self::ZeroIsGood => "0 is good",
            Self::OpcDa => "OPC DA, 192 is good",
            Self::OpcUa => "OPC UA status codes",
            Self::Percent => "percent, 100 is good",
            Self::OneIsGood => "1 is good",
        }
    }

    /// The scale that all texts of a column fit. Some are called by what their numbers say: IsGood, Validity.
    pub fn of_column<'a>(header: &str, texts: impl Iterator<Item = &'a str> + Clone) -> Self {
        let asks = ["isgood", "isvalid", "validity", "valid"].contains(&plain(header).as_str());
        let mut codes = texts.clone().filter_map(code);
        let is_answer =
            codes.clone().any(|code| code == 1.0) && codes.all(|code| (0.0..=2.0).contains(&code));
        if asks && is_answer { Self::OneIsGood } else { Self::of(texts) }
    }

    /// The scale that all these texts fit.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Self {
        let codes = texts.clone().filter_map(code);
        let any = |is: fn(f64) -> bool| codes.clone().any(is);
        // Uniformance PHD says -1 where it has no confidence at all.
        let all_are_percents = codes.clone().all(|code| code == -1.0 || (0.0..=100.0).contains(&code));
        let has_fractions = texts.clone().any(|text| text.contains('.') && code(text).is_some());
        // A status of OPC UA has 32 bits, one of OPC DA 16.
        let digits = |text: &str| text.strip_prefix("0x").or(text.strip_prefix("0X")).map(str::len);
        let has_status = texts.clone().filter_map(digits).any(|digits| digits > 4);
        let has_short = texts.clone().filter_map(digits).any(|digits| digits <= 4);
        if has_status || any(|code| !(-32_768.0..=65_535.0).contains(&code)) {
            Self::OpcUa
        } else if has_short || any(|code| (192.0..=219.0).contains(&code)) {
            Self::OpcDa
        } else if all_are_percents && (any(|code| code == 100.0) || has_fractions && any(|code| code > 1.0)) {
            Self::Percent
        } else {
            Self::ZeroIsGood
        }
    }

    fn class(self, code: f64) -> Class {
        match self {
            Self::ZeroIsGood if code == 0.0 => Class::Good,
            Self::ZeroIsGood => Class::Bad,
            Self::OpcDa if (192.0..=219.0).contains(&code) => Class::Good,
            Self::OpcDa if (64.0..=95.0).contains(&code) => Class::Uncertain,
            Self::OpcDa => Class::Bad,
            Self::OpcUa => class_of_status(code as i64 as u32),
            // What was interpolated or averaged is rarely 100 to the last digit.
            Self::Percent if code >= 99.5 => Class::Good,
            Self::Percent if code >= 50.0 => Class::Uncertain,
            Self::Percent => Class::Bad,
            Self::OneIsGood if code == 1.0 => Class::Good,
            Self::OneIsGood => Class::Bad,
        }
    }
}

/// What is kept of a quality: 0 where it is good, else the historian's own code as far as it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub class: Class,
    pub code: i16,
    /// Whether we know what it says.
    pub is_known: bool,
}

impl Kept {
    fn of(class: Class, code: i16) -> Self {
        let code = match class {
            Class::Good => stored::GOOD,
            Class::Uncertain | Class::Bad if code != stored::GOOD && !stored::is_good(code) => code,
            Class::Uncertain => stored::UNCERTAIN,
            Class::Bad => stored::BAD,
        };
        Self { class, code, is_known: true }
    }

    pub const GAP: Self = Self { class: Class::Bad, code: stored::BAD, is_known: true };
}

/// A text on the scale of its file.
pub fn understand(text: &str, scale: Scale) -> Kept {
    if text.is_empty() {
        return Kept::of(Class::Good, 0);
    }
    if let Some(code) = code(text) {
        let own = match scale {
            Scale::ZeroIsGood | Scale::OpcDa => i16::try_from(code as i64).unwrap_or(0),
            // The upper half names the state; the lower half is flags.
            Scale::OpcUa => ((code as i64 as u32) >> 16) as i16,
            Scale::Percent | Scale::OneIsGood => 0,
        };
        return Kept::of(scale.class(code), own);
    }
    match class_of(text) {
        Some(class) => Kept::of(class, 0),
        None => Kept { is_known: false, ..Kept::GAP },
    }
}

fn code(text: &str) -> Option<f64> {
    if let Some(hex) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).ok().map(f64::from);
    }
    let number = text.strip_suffix('%').map_or(text, str::trim_end);
    number.bytes().next_back().filter(u8::is_ascii_digit)?;
    number.replace(',', ".").parse().ok()
}

/// Whether a text could be a quality at all.
pub fn is_quality(text: &str) -> bool {
    text.is_empty() || code(text).is_some() || class_of(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(texts: &[&str]) -> Vec<(Class, i16)> {
        let scale = Scale::of(texts.iter().copied());
        texts.iter().map(|text| understand(text, scale)).map(|kept| (kept.class, kept.code)).collect()
    }

    #[test]
    fn the_whole_column_tells_the_scale() {
        use Class::*;
        assert_eq!(
            classes(&["192", "216", "64", "0", "24"]),
            [(Good, 0), (Good, 0), (Uncertain, 64), (Bad, stored::BAD), (Bad, 24)]
        );
        assert_eq!(classes(&["0", "1", ""]), [(Good, 0), (Bad, 1), (Good, 0)]);
        assert_eq!(
            classes(&["0", "2147483648", "0x40920000"]),
            [(Good, 0), (Bad, i16::MIN), (Uncertain, 0x4092)]
        );
        assert_eq!(classes(&["-2147352576", "0"]), [(Bad, 0x8002u16 as i16), (Good, 0)]);
        assert_eq!(
            classes(&["100.0", "75.5", "0.0"]),
            [(Good, 0), (Uncertain, stored::UNCERTAIN), (Bad, stored::BAD)]
        );
        assert_eq!(classes(&["100", "0"]), [(Good, 0), (Bad, stored::BAD)]);
    }

    #[test]
    fn words_say_it_alone() {
        use Class::*;
        let texts =
            ["Good", "Bad", "UNCERTAIN", "BadNoData", "Good, non-specific", "Questionable", "Substituted"];
        let expected = [Good, Bad, Uncertain, Bad, Good, Uncertain, Uncertain];
        assert_eq!(classes(&texts).iter().map(|(class, _)| *class).collect::<Vec<_>>(), expected);
        let unknown = understand("purple", Scale::ZeroIsGood);
        assert!(!unknown.is_known && unknown.class == Bad);
    }
}
