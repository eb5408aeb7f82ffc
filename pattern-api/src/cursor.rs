//! Where the next page of a list begins, as a text that clients hand back. Each kind of place has one form, which
//! the OpenAPI document tells, and every text of that form is a place.

use chrono::{DateTime, Utc};
use pattern_store::{SortKey, SuggestionSort};
use utoipa::openapi::{
    Object,
    schema::{SchemaType, Type},
};
use uuid::Uuid;

const ID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

pub fn name_and_id_form() -> Object {
    form(format!("^([0-9a-f]{{2}}){{1,500}}[.]{ID}$"))
}

pub fn time_form() -> Object {
    form(format!("^[0-9]{{1,16}}[.]{ID}$"))
}

pub fn number_form() -> Object {
    form("^[0-9]{1,18}$".into())
}

pub fn key_form() -> Object {
    form(format!("^([0-9a-f]{{2}}){{0,2000}}[.]{ID}$"))
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

impl Place for i64 {
    fn text(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Place for (String, Uuid) {
    fn text(&self) -> String {
        format!("{}.{}", self.0.text(), self.1)
    }

    fn read(text: &str) -> Option<Self> {
        let (name, id) = text.split_once('.')?;
        Some((String::read(name)?, id.parse().ok()?))
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

/// What a list is sorted by, as bytes, and the id.
impl Place for (Vec<u8>, Uuid) {
    fn text(&self) -> String {
        format!("{}.{}", hex::encode(&self.0), self.1)
    }

    fn read(text: &str) -> Option<Self> {
        let (bytes, id) = text.split_once('.')?;
        Some((hex::decode(bytes).ok()?, id.parse().ok()?))
    }
}

/// A number as its bits: written in decimals it may be read back as its neighbour, and ties were lost.
pub fn key_bytes(key: SortKey) -> Vec<u8> {
    match key {
        SortKey::Number(number) => number.to_bits().to_be_bytes().to_vec(),
        SortKey::Text(text) => text.into_bytes(),
    }
}

pub fn key(sort: SuggestionSort, bytes: &[u8]) -> SortKey {
    match sort {
        SuggestionSort::Name => SortKey::Text(String::from_utf8_lossy(bytes).replace('\0', "")),
        SuggestionSort::Priority | SuggestionSort::Confidence | SuggestionSort::Newest => {
            let mut bits = [0; 8];
            bits.iter_mut().zip(bytes).for_each(|(bit, byte)| *bit = *byte);
            SortKey::Number(f64::from_bits(u64::from_be_bytes(bits)))
        }
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
        comes_back(("Größe 5″".to_owned(), id));
        comes_back((DateTime::from_timestamp_micros(1_772_000_000_123_456).expect("a time"), id));
        comes_back((vec![0, 255], id));
    }

    #[test]
    fn what_has_no_such_form_is_no_place() {
        assert_eq!(Uuid::read("xyz"), None);
        assert_eq!((String::read("6"), String::read("")), (None, None));
        assert_eq!(<(Vec<u8>, Uuid)>::read("3fe0000000000000"), None);
        assert_eq!(<(DateTime<Utc>, Uuid)>::read(&format!("99999999999999999999.{}", Uuid::nil())), None);
    }

    #[test]
    fn what_a_list_is_sorted_by_comes_back_as_it_was() {
        let (number, text) = (SortKey::Number(0.1 + 0.2), SortKey::Text("Größe 5″".into()));
        assert_eq!(key(SuggestionSort::Priority, &key_bytes(number.clone())), number);
        assert_eq!(key(SuggestionSort::Name, &key_bytes(text.clone())), text);
    }
}
