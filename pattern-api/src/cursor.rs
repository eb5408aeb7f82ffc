//! Where the next page of a list begins, as a text that clients hand back. Each kind of place has one form, which
//! the OpenAPI document tells, and every text of that form is a place.

use chrono::{DateTime, Utc};
use utoipa::openapi::{
    Object,
    schema::{SchemaType, Type},
};
use uuid::Uuid;

const ID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

pub fn name_form() -> Object {
    form("^([0-9a-f]{2}){1,500}$".to_owned())
}

pub fn time_form() -> Object {
    form(format!("^[0-9]{{1,16}}[.]{ID}$"))
}

pub fn rank_form() -> Object {
    form(format!("^[0-9a-f]{{16}}[.]{ID}$"))
}

fn form(pattern: String) -> Object {
    Object::builder().schema_type(SchemaType::new(Type::String)).pattern(Some(pattern)).build()
}

pub trait Place: Sized {
    fn text(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

impl Place for Uuid {
    fn text(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A name, byte by byte: it may hold anything.
impl Place for String {
    fn text(&self) -> String {
        hex::encode(self)
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = hex::decode(text).ok().filter(|bytes| !bytes.is_empty())?;
        // No name has a NUL, and PostgreSQL takes none.
        Some(String::from_utf8_lossy(&bytes).replace('\0', ""))
    }
}

impl Place for (DateTime<Utc>, Uuid) {
    fn text(&self) -> String {
        format!("{}.{}", self.0.timestamp_micros(), self.1)
    }

    fn read(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('.')?;
        Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
    }
}

/// As bits: a number written in decimals may be read back as its neighbour, and ties were lost.
impl Place for (f64, Uuid) {
    fn text(&self) -> String {
        format!("{:016x}.{}", self.0.to_bits(), self.1)
    }

    fn read(text: &str) -> Option<Self> {
        let (bits, id) = text.split_once('.')?;
        Some((f64::from_bits(u64::from_str_radix(bits, 16).ok()?), id.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back<P: Place + PartialEq + std::fmt::Debug>(place: P) {
        let text = place.text();
        assert_eq!(P::read(&text), Some(place), "{text}");
    }

    #[test]
    fn every_place_comes_back_as_it_was() {
        let id = Uuid::new_v4();
        comes_back(id);
        comes_back("Größe 5″ / %00".to_owned());
        comes_back((DateTime::from_timestamp_micros(1_772_000_000_123_456).expect("a time"), id));
        comes_back((0.1 + 0.2, id));
    }

    #[test]
    fn what_has_no_such_form_is_no_place() {
        assert_eq!(Uuid::read("xyz"), None);
        assert_eq!((String::read("6"), String::read("")), (None, None));
        assert_eq!(<(f64, Uuid)>::read("3fe0000000000000"), None);
        assert_eq!(<(DateTime<Utc>, Uuid)>::read(&format!("99999999999999999999.{}", Uuid::nil())), None);
    }
}
