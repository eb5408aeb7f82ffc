//! What the quality that is stored with a sample means: decided here, for whatever way samples come in.

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, schema::Type},
};

pub const GOOD: i16 = 0;
/// Bad, where the historian has no code of its own for it or one that here means good.
pub const BAD: i16 = 1;
/// Uncertain, as OPC DA codes it.
pub const UNCERTAIN: i16 = 64;

/// Good, on whatever scale the numbers beside it are.
pub const GOOD_OF_OPC_DA: i16 = 192;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    Good,
    Uncertain,
    Bad,
}

/// What the numbers of a batch of samples mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QualityScale {
    /// 0 is good, and so are OPC DA's 192 to 219.
    #[default]
    ZeroIsGood,
    /// As OPC DA codes it: 0 is bad.
    OpcDa,
}

/// What is stored of the quality of a sample that came in a batch.
pub fn stored(quality: i16, scale: QualityScale) -> i16 {
    match quality {
        good if is_good(good) && good != 0 => GOOD,
        0 if scale == QualityScale::OpcDa => BAD,
        other => other,
    }
}

/// A number as it comes: one of a scale, or 32 bits of OPC UA, whose upper half names the state.
fn of_number(number: i64) -> Option<i16> {
    if let Ok(code) = i16::try_from(number) {
        return Some(code);
    }
    let status = u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned)).ok()?;
    Some(of_status(status))
}

fn of_status(status: u32) -> i16 {
    match class_of_status(status) {
        Class::Good => GOOD_OF_OPC_DA,
        Class::Uncertain | Class::Bad => (status >> 16) as i16,
    }
}

/// The upper two bits of an OPC UA status code.
pub fn class_of_status(status: u32) -> Class {
    match status >> 30 {
        0 => Class::Good,
        1 => Class::Uncertain,
        _ => Class::Bad,
    }
}

/// A text as it comes: a word, a number, or a status code in hexadecimal.
fn of_text(text: &str) -> Option<i16> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).ok().map(of_status);
    }
    if let Ok(number) = text.parse() {
        return of_number(number);
    }
    Some(match class_of(text)? {
        Class::Good => GOOD_OF_OPC_DA,
        Class::Uncertain => UNCERTAIN,
        Class::Bad => BAD,
    })
}

/// A sample that says nothing of its quality is good.
pub(super) fn unsaid() -> i16 {
    GOOD_OF_OPC_DA
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<i16, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    let (understood, said) = match Either::deserialize(d)? {
        Either::Number(number) => (of_number(number), number.to_string()),
        Either::Text(text) => (of_text(&text), text),
    };
    understood.ok_or_else(|| {
        let known = "a number, a status code of OPC UA, or a word as Good, Uncertain, Bad";
        D::Error::custom(format!("the quality '{said}' means nothing here; write {known}"))
    })
}

/// Both forms, for the published schemas.
pub(super) fn schema() -> OneOfBuilder {
    let number =
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(i32::MIN)).maximum(Some(u32::MAX));
    let text = ObjectBuilder::new().schema_type(Type::String);
    OneOfBuilder::new()
        .description(Some(
            "Good where it is missing. A number: 0 is good, and so are OPC DA's 192 to 219 (`quality_scale` of the batch \
             says that 0 is not); beyond 16 bits, a status code of OPC UA. A text: Good, Uncertain, Bad and words that \
             begin with them, a number, or a status code as 0x80000000. No job uses a sample that is not good.",
        ))
        .item(number)
        .item(text)
}

/// What a word says.
pub fn class_of(text: &str) -> Option<Class> {
    const WORDS: [(&str, Class); 59] = [
        ("good", Class::Good),
        ("ok", Class::Good),
        ("g", Class::Good),
        ("valid", Class::Good),
        ("overridden", Class::Good),
        ("unackedalarm", Class::Good),
        ("normal", Class::Good),
        ("gut", Class::Good),
        ("bon", Class::Good),
        ("buen", Class::Good),
        // It tells of the plant: the reading is as good as any.
        ("alarm", Class::Good),
        ("true", Class::Good),
        ("ein", Class::Good),
        ("정상", Class::Good),
        ("양호", Class::Good),
        ("uncertain", Class::Uncertain),
        ("questionable", Class::Uncertain),
        ("substituted", Class::Uncertain),
        ("suspect", Class::Uncertain),
        ("doubtful", Class::Uncertain),
        ("estimated", Class::Uncertain),
        ("interpolated", Class::Uncertain),
        ("annotated", Class::Uncertain),
        ("u", Class::Uncertain),
        ("q", Class::Uncertain),
        ("s", Class::Uncertain),
        ("unsicher", Class::Uncertain),
        ("incertain", Class::Uncertain),
        ("ersatzwert", Class::Uncertain),
        ("dudos", Class::Uncertain),
        ("douteu", Class::Uncertain),
        ("bad", Class::Bad),
        ("b", Class::Bad),
        ("invalid", Class::Bad),
        ("error", Class::Bad),
        ("fail", Class::Bad),
        ("failed", Class::Bad),
        ("fault", Class::Bad),
        ("false", Class::Bad),
        ("down", Class::Bad),
        ("stale", Class::Bad),
        ("disabled", Class::Bad),
        ("no data", Class::Bad),
        ("nodata", Class::Bad),
        ("schlecht", Class::Bad),
        ("gestört", Class::Bad),
        ("gestoert", Class::Bad),
        ("mala", Class::Bad),
        ("malo", Class::Bad),
        ("mauvais", Class::Bad),
        ("timeout", Class::Bad),
        ("i/o timeout", Class::Bad),
        ("comm fail", Class::Bad),
        ("comm. fail", Class::Bad),
        ("device down", Class::Bad),
        ("offline", Class::Bad),
        ("not good", Class::Bad),
        ("불량", Class::Bad),
        ("비정상", Class::Bad),
    ];
    // `{ok}`, as Niagara writes it.
    let lower = text.trim_matches(['{', '}']).to_lowercase();
    let whole = WORDS.iter().find(|(word, _)| *word == lower);
    // `Good, non-specific`, `BadNoData`, `Uncertain (sensor not accurate)`
    let begins = || {
        let begins = |(word, _): &&(&str, Class)| word.len() >= 3 && lower.starts_with(word);
        WORDS.iter().find(begins).filter(|(word, _)| !matches!(*word, "normal" | "ein" | "true"))
    };
    whole.or_else(begins).map(|(_, class)| *class)
}

/// 0, or one of OPC DA's codes for good, which gateways hand through. Anything else no job uses.
pub fn is_good(quality: i16) -> bool {
    matches!(quality, GOOD | 192..=219)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_is_zero_and_what_opc_da_calls_good() {
        for good in [0, 192, 216, 219] {
            assert!(is_good(good), "{good}");
        }
        for other in [BAD, UNCERTAIN, 24, 95, 191, 220, 256, -1] {
            assert!(!is_good(other), "{other}");
        }
    }

    fn read(json: &str) -> Result<i16, serde_json::Error> {
        #[derive(Deserialize)]
        struct Sample(#[serde(deserialize_with = "deserialize")] i16);
        serde_json::from_str(json).map(|Sample(quality)| quality)
    }

    #[test]
    fn a_quality_comes_as_a_number_a_word_or_a_status_code_of_opc_ua() {
        for good in ["0", "192", "\"192\"", "\"Good\"", "\"good, non-specific\"", "9830400", "\"0x00960000\""]
        {
            assert!(is_good(read(good).unwrap()), "{good}");
        }
        for (other, kept) in [
            ("24", 24),
            ("\"Bad\"", BAD),
            ("\"BadNoCommunication\"", BAD),
            ("\"Uncertain\"", UNCERTAIN),
            ("2147483648", i16::MIN),
            ("-2147483648", i16::MIN),
            ("\"0x40920000\"", 0x4092),
        ] {
            assert_eq!(read(other).unwrap(), kept, "{other}");
            assert!(!is_good(kept));
        }
        for nothing in ["\"perhaps\"", "\"\"", "99999999999", "1.5", "null", "\"0xyz\""] {
            assert!(read(nothing).is_err(), "{nothing}");
        }
        assert!(read("\"perhaps\"").unwrap_err().to_string().contains("Good, Uncertain, Bad"));
    }

    #[test]
    fn on_the_scale_of_opc_da_zero_is_bad_and_what_is_said_in_words_stays() {
        use QualityScale::{OpcDa, ZeroIsGood};
        for (said, on_ours, on_opc_da) in [
            ("0", GOOD, BAD),
            ("192", GOOD, GOOD),
            ("216", GOOD, GOOD),
            ("64", UNCERTAIN, UNCERTAIN),
            ("24", 24, 24),
            ("\"Good\"", GOOD, GOOD),
            ("\"Bad\"", BAD, BAD),
        ] {
            let quality = read(said).unwrap();
            assert_eq!((stored(quality, ZeroIsGood), stored(quality, OpcDa)), (on_ours, on_opc_da), "{said}");
        }
        assert_eq!(stored(unsaid(), OpcDa), GOOD);
    }
}
