//! Numbers as people write them: with a decimal point or a decimal comma, and signs between thousands.

use crate::time;

/// How the numbers of a file are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Decimal {
    #[default]
    Point,
    Comma,
}

impl Decimal {
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "." | "point" => Some(Self::Point),
            "," | "comma" => Some(Self::Comma),
            _ => None,
        }
    }

    pub fn sign(self) -> &'static str {
        match self {
            Self::Point => ".",
            Self::Comma => ",",
        }
    }
}

/// A number, if the text is one. What is not finite is none.
pub fn parse(text: &str, decimal: Decimal) -> Option<f64> {
    let bytes = text.as_bytes();
    // "inf" and "nan" are no numbers here, and most texts are plain.
    if !matches!(bytes.last()?, b'0'..=b'9' | b'.' | b',') {
        return None;
    }
    if decimal == Decimal::Point
        && let Ok(value) = text.parse::<f64>()
    {
        return Some(value).filter(|value| value.is_finite());
    }
    tidy(text, decimal)?.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Whether it is written as a number, but one that is larger than numbers here can be.
pub fn is_beyond(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.parse::<f64>().is_ok_and(|value| !value.is_finite())
}

/// The number without signs between thousands and with a decimal point.
fn tidy(text: &str, decimal: Decimal) -> Option<String> {
    let (minus, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => digits.split_at(at),
        None => (digits, ""),
    };
    let last = mantissa.rfind(['.', ',']);
    // Where both signs stand, the last one is the decimal sign; else the file's habit says.
    let has_both = mantissa.contains('.') && mantissa.contains(',');
    let sign = match last {
        Some(at) if has_both => mantissa.as_bytes()[at],
        _ => decimal.sign().as_bytes()[0],
    } as char;
    let (whole, fraction) = match mantissa.rsplit_once(sign) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let whole = ungrouped(whole, sign)?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.unwrap_or_default();
    if !is_digits(fraction) || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { &whole };
    Some(format!("{minus}{whole}.{fraction}0{exponent}"))
}

/// The digits in front of the decimal sign. Groups must be of three digits each, but for the first.
fn ungrouped(whole: &str, decimal: char) -> Option<String> {
    let is_between =
        |c: char| matches!(c, '.' | ',' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}') && c != decimal;
    let groups: Vec<&str> = whole.split(is_between).collect();
    let is_digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    let is_grouped =
        groups.len() == 1 || (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|g| g.len() == 3);
    (is_digits && is_grouped).then(|| groups.concat())
}

/// What a text says of the decimal sign, if it says anything: `60,5` a comma, `60.5` a point, `1,234` neither.
pub fn told(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let is_numeric = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b',' | b'-' | b'+' | b'e' | b'E'));
    let at = text.rfind(['.', ','])?;
    if !is_numeric {
        return None;
    }
    let (sign, other) = if text.as_bytes()[at] == b',' { (',', '.') } else { ('.', ',') };
    let (whole, fraction) = (text[..at].trim_start_matches(['-', '+']), &text[at + 1..]);
    let decimal = if sign == ',' { Decimal::Comma } else { Decimal::Point };
    if whole.contains(other) {
        return Some(decimal);
    }
    if whole.contains(sign) {
        return Some(if sign == ',' { Decimal::Point } else { Decimal::Comma });
    }
    let may_be_thousands = fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    (!may_be_thousands).then_some(decimal)
}

/// The one sign in a number that could be decimal or stand between thousands: in `1.234` a point.
pub fn lone(text: &str) -> Option<Decimal> {
    let digits = text.trim().trim_start_matches(['-', '+']);
    let at = digits.find(['.', ','])?;
    let (whole, fraction) = (&digits[..at], &digits[at + 1..]);
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_lone =
        (1..=3).contains(&whole.len()) && fraction.len() == 3 && is_digits(whole) && is_digits(fraction);
    let sign = if digits.as_bytes()[at] == b',' { Decimal::Comma } else { Decimal::Point };
    is_lone.then_some(sign)
}

/// Why a text that is no number here is none: it is one that is written in another way, and so no state either.
pub fn written_otherwise(text: &str) -> Option<&'static str> {
    let hex = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    if hex.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Some("is a hexadecimal number; export it as a decimal one");
    }
    if time::is_clock(text.trim_start_matches('-')) {
        return Some("is a span of time or a time of day; export it as a number of seconds or hours");
    }
    if told(text).is_some() {
        return Some("has another decimal sign than the other numbers");
    }
    let is_numeric =
        |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}');
    let digits = text.trim_start_matches(['-', '+', '\u{2212}']);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(is_numeric);
    is_number.then_some("is no number as the others are written")
}

/// Whether it has thousands, and no sign between them.
pub fn is_ungrouped(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    digits.len() > 3 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_their_file_writes_them() {
        use Decimal::*;
        for (text, decimal, expected) in [
            ("1.5", Point, Some(1.5)),
            ("+5", Point, Some(5.0)),
            ("1e3", Point, Some(1000.0)),
            ("-.5", Point, Some(-0.5)),
            ("5.", Point, Some(5.0)),
            ("11,000.0", Point, Some(11_000.0)),
            ("1,234", Point, Some(1234.0)),
            ("1.234,5", Point, Some(1234.5)),
            ("1,5", Point, None),
            ("60,5", Comma, Some(60.5)),
            ("-60,5", Comma, Some(-60.5)),
            ("1.234,5", Comma, Some(1234.5)),
            ("1,234.5", Comma, Some(1234.5)),
            ("1 234,5", Comma, Some(1234.5)),
            ("1'234.5", Point, Some(1234.5)),
            ("1,5e3", Comma, Some(1500.0)),
            ("60.5", Comma, None),
            ("12,34,567.0", Point, None),
            ("1.7976931348623157e309", Point, None),
            ("inf", Point, None),
            ("NaN", Point, None),
            ("0x10", Point, None),
            ("", Point, None),
            (".", Point, None),
            ("-", Point, None),
        ] {
            assert_eq!(parse(text, decimal), expected, "{text} {decimal:?}");
        }
    }

    #[test]
    fn a_number_tells_its_decimal_sign_where_it_can() {
        use Decimal::*;
        for (text, expected) in [
            ("60,5", Some(Comma)),
            ("0,123", Some(Comma)),
            ("1.234,5", Some(Comma)),
            ("1.234.567", Some(Comma)),
            ("1,234", None),
            ("1.234", None),
            ("0.123", Some(Point)),
            ("11,000.0", Some(Point)),
            ("60", None),
            ("12:30", None),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_a_program_writes_is_read_to_the_last_bit(value in proptest::num::f64::NORMAL) {
            prop_assert_eq!(parse(&value.to_string(), Decimal::Point), Some(value));
            let comma = value.to_string().replace('.', ",");
            prop_assert_eq!(parse(&comma, Decimal::Comma), Some(value));
        }

        #[test]
        fn no_text_makes_it_stumble(text in ".{0,20}") {
            for decimal in [Decimal::Point, Decimal::Comma] {
                prop_assert!(parse(&text, decimal).is_none_or(f64::is_finite));
            }
        }
    }
}
