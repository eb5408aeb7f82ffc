use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A place in the one stream of all events: `<epoch>.<position>`.
///
/// The epoch is made with the database and renewed after a restore; positions of different epochs
/// cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    pub epoch: String,
    pub number: i64,
}

impl Position {
    pub fn new(epoch: impl Into<String>, number: i64) -> Self {
        Self { epoch: epoch.into(), number }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.number)
    }
}

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || format!("position '{text}' is not of the form <epoch>.<number>");
        let (epoch, number) = text.rsplit_once('.').ok_or_else(malformed)?;
        let number = number.parse().map_err(|_| malformed())?;
        if epoch.is_empty() || number < 0 {
            return Err(malformed());
        }
        Ok(Self::new(epoch, number))
    }
}

impl Serialize for Position {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text_form() {
        let position = Position::new("1f2e3d4c", 42);
        assert_eq!(position.to_string(), "1f2e3d4c.42");
        assert_eq!("1f2e3d4c.42".parse(), Ok(position));
    }

    #[test]
    fn malformed_positions_are_refused() {
        for text in ["", "42", ".42", "x.", "x.-1", "x.y"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }
}
