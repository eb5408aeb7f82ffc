//! One object of a device.

use pattern_core::units::bacnet_name;

use super::{Field, beside::Beside};

/// An object that has a value.
#[derive(Debug)]
pub struct Object {
    pub line: u64,
    pub name: String,
    pub unit: String,
    pub description: String,
    pub device: String,
    pub states: Vec<String>,
}

/// What an object shows, by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    Number,
    /// 0 and 1.
    TwoStates,
    /// 1, 2, 3 …
    States,
}

impl Object {
    pub fn of<'r>(line: u64, text: impl Fn(Field) -> &'r str, beside: &Beside) -> Result<Self, String> {
        let shows = shows(text(Field::Type))?;
        let name = [text(Field::Name), text(Field::KeyName)].into_iter().find(|name| !name.is_empty());
        let name = name.ok_or("has no object name")?.to_owned();
        let states = match (shows, beside.states_of(text(Field::StateText))) {
            (Shows::Number, _) | (_, None) => Vec::new(),
            (Shows::TwoStates, Some(texts)) => texts.to_vec(),
            // The first state has the number 1.
            (Shows::States, Some(texts)) => {
                [String::new()].into_iter().chain(texts.iter().cloned()).collect()
            }
        };
        let unit = match shows {
            Shows::Number => unit(text(Field::Unit), beside),
            Shows::TwoStates | Shows::States => "enum".into(),
        };
        let (description, device) = (text(Field::Description).to_owned(), text(Field::Device).to_owned());
        Ok(Self { line, name, unit, description, device, states })
    }
}

/// A number of ASHRAE's, one that the vendor says the name of, or a name.
fn unit(code: &str, beside: &Beside) -> String {
    let name = code.parse().ok().and_then(bacnet_name);
    let said = name.or_else(|| beside.unit_of(code)).unwrap_or(code);
    // A number without a name would look like a unit, and is none.
    if said.bytes().all(|byte| byte.is_ascii_digit()) || said == "no-units" {
        String::new()
    } else {
        said.into()
    }
}

/// Types by number (`0`), by name (`analog-input`, `analogInput`, `AI`), or with the number of the object behind it
/// (`analog-input,1`).
fn plain(kind: &str) -> String {
    let letters =
        kind.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect::<String>();
    let name = letters.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if name.is_empty() { letters } else { name.trim_start_matches("object").to_owned() }
}

/// The object that stands for the device itself, and has its name.
pub fn is_device(kind: &str) -> bool {
    matches!(plain(kind).as_str(), "8" | "device" | "dev")
}

/// Whether a word is surely one of the types; letters like AI may be anything.
pub fn is_named_type(kind: &str) -> bool {
    let plain = plain(kind);
    plain.len() > 3 && (shows(kind).is_ok() || WITHOUT_VALUE.contains(&plain.as_str()))
}

/// Types of objects that a network is full of, and that have no value to record.
const WITHOUT_VALUE: [&str; 18] = [
    "device",
    "calendar",
    "schedule",
    "trendlog",
    "trendlogmultiple",
    "notificationclass",
    "eventenrollment",
    "file",
    "group",
    "program",
    "command",
    "eventlog",
    "structuredview",
    "networkport",
    "notificationforwarder",
    "loadcontrol",
    "globalgroup",
    "alertenrollment",
];

fn shows(kind: &str) -> Result<Shows, String> {
    match plain(kind).as_str() {
        "0" | "1" | "2" | "ai" | "ao" | "av" | "analoginput" | "analogoutput" | "analogvalue" => {
            Ok(Shows::Number)
        }
        // Accumulators, pulse converters, averaging, loops, and the numeric values of later versions.
        "23" | "24" | "18" | "12" | "45" | "46" | "48" | "54" | "55" => Ok(Shows::Number),
        "accumulator"
        | "pulseconverter"
        | "loop"
        | "averaging"
        | "integervalue"
        | "largeanalogvalue"
        | "positiveintegervalue"
        | "lightingoutput" => Ok(Shows::Number),
        "3" | "4" | "5" | "bi" | "bo" | "bv" | "binaryinput" | "binaryoutput" | "binaryvalue" => {
            Ok(Shows::TwoStates)
        }
        "13" | "14" | "19" | "mi" | "mo" | "mv" | "msi" | "mso" | "msv" | "multistateinput"
        | "multistateoutput" | "multistatevalue" => Ok(Shows::States),
        _ => Err(format!("an object of type '{kind}' has no value that is recorded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_by_number_by_name_and_with_an_instance() {
        for kind in ["analog-input", "analogInput", "analog-input,1", "OBJECT_ANALOG_INPUT:7", "Analog Input"]
        {
            assert!(is_named_type(kind) && shows(kind) == Ok(Shows::Number), "{kind}");
        }
        assert!(
            shows("0") == Ok(Shows::Number)
                && shows("19") == Ok(Shows::States)
                && shows("BV") == Ok(Shows::TwoStates)
        );
        assert!(is_named_type("trend-log") && shows("trend-log").is_err());
        for other in ["AI", "0", "float", "pump", "analogue"] {
            assert!(!is_named_type(other), "{other}");
        }
    }
}
