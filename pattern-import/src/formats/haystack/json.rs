//! JSON in the dialects of Haystack 3 (`"n:72.3 °F"`) and 4 (`{"_kind": "number", "val": 72.3, "unit": "°F"}`).

use anyhow::{Result, anyhow};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::{fmt, io::BufReader};

use super::{
    grid::Grids,
    scalar::{Scalar, Tags},
};
use crate::{formats::Input, limits::Allowance, record::Sink};

/// The columns of a grid, as its beginning tells them.
pub fn columns(text: &str) -> Vec<String> {
    let Some(from) = text.find("\"cols\"").and_then(|at| Some(at + text[at..].find('[')?)) else {
        return Vec::new();
    };
    let mut values = serde_json::Deserializer::from_str(&text[from..]).into_iter::<Value>();
    match values.next() {
        Some(Ok(Value::Array(columns))) => columns.iter().map(|column| column_of(column).0).collect(),
        _ => Vec::new(),
    }
}

/// What is wrong with a text that begins like a grid; that it ends early is not.
pub fn damage(text: &str) -> Option<String> {
    let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err()?;
    (!error.is_eof()).then(|| format!("is a damaged Haystack grid: {error}; export it again"))
}

/// The rows are handed on one by one; a file of histories may be large.
pub fn read(input: &Input<'_>, grids: &mut Grids, sink: &mut dyn Sink) -> Result<()> {
    let mut failed = None;
    let (text, allowance) = input.allowed_text()?;
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(text));
    let read = Grid { grids, sink, allowance, failed: &mut failed }.deserialize(&mut json);
    match (failed, read) {
        (Some(error), _) => Err(error),
        (None, Ok(())) => Ok(()),
        // The beginning of a file ends anywhere.
        (None, Err(error)) if error.is_eof() && input.head.is_some() => Ok(()),
        (None, Err(error)) if error.is_io() => {
            Err(anyhow!("{}: a row of the grid {error}", input.source.name))
        }
        (None, Err(error)) => Err(anyhow!("{} is damaged or cut off: {error}", input.source.name)),
    }
}

struct Grid<'a> {
    grids: &'a mut Grids,
    sink: &'a mut dyn Sink,
    /// A row that does not end is no row.
    allowance: Allowance,
    failed: &'a mut Option<anyhow::Error>,
}

impl Grid<'_> {
    /// Keeps an error of ours, which serde would make a text of.
    fn took<E: serde::de::Error>(&mut self, result: Result<()>) -> Result<(), E> {
        result.map_err(|error| {
            *self.failed = Some(error);
            E::custom("given up")
        })
    }
}

impl<'de> DeserializeSeed<'de> for Grid<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Grid<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a grid")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let (mut meta, mut columns) = (Tags::new(), None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "meta" => meta = tags(&map.next_value::<Map<String, Value>>()?),
                "cols" => {
                    columns = Some(map.next_value::<Vec<Value>>()?.iter().map(column_of).collect::<Vec<_>>())
                }
                "rows" => {
                    let columns =
                        columns.take().ok_or_else(|| A::Error::custom("the columns come behind the rows"))?;
                    let names = columns.iter().map(|(name, _)| name.clone()).collect();
                    let begun = self.grids.begin(std::mem::take(&mut meta), columns, self.sink);
                    self.took(begun)?;
                    map.next_value_seed(Rows { grid: &mut self, names })?;
                }
                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct Rows<'a, 'g> {
    grid: &'a mut Grid<'g>,
    names: Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Rows<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rows of a grid")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(mut row) = rows.next_element::<Map<String, Value>>()? {
            number += 1;
            self.grid.allowance.renew();
            let cells =
                self.names.iter().map(|name| row.remove(name).map_or(Scalar::None, |value| scalar(&value)));
            let taken = self.grid.grids.row(number, cells.collect(), self.grid.sink);
            self.grid.took(taken)?;
        }
        Ok(())
    }
}

fn column_of(column: &Value) -> (String, Tags) {
    let name = column["name"].as_str().unwrap_or_default().to_owned();
    let said = column.get("meta").unwrap_or(column).as_object();
    (name, said.map_or_else(Tags::new, tags))
}

fn tags(said: &Map<String, Value>) -> Tags {
    let said = said.iter().filter(|(name, _)| !matches!(name.as_str(), "name" | "ver" | "_kind"));
    said.map(|(name, value)| (name.clone(), scalar(value))).collect()
}

fn scalar(value: &Value) -> Scalar {
    match value {
        Value::Bool(on) => Scalar::Bool(*on),
        Value::Number(number) => Scalar::Number(number.to_string(), String::new()),
        Value::String(text) => of_text(text),
        Value::Object(said) => of_kind(said),
        Value::Null | Value::Array(_) => Scalar::None,
    }
}

/// Haystack 3 says the type in front of a colon.
fn of_text(text: &str) -> Scalar {
    let Some((kind, rest)) = text.split_once(':').filter(|(kind, _)| kind.len() == 1) else {
        return Scalar::Text(text.to_owned());
    };
    match kind {
        "m" => Scalar::Marker,
        "n" if matches!(rest, "NaN" | "INF" | "-INF") => Scalar::Number("NaN".into(), String::new()),
        "n" => Scalar::of_digits(rest),
        "r" => Scalar::reference(rest),
        "s" | "u" => Scalar::Text(rest.to_owned()),
        "t" | "d" => Scalar::of_digits(rest),
        "-" | "z" | "c" | "x" | "b" | "h" => Scalar::None,
        _ => Scalar::Text(text.to_owned()),
    }
}

/// Haystack 4 says it in `_kind`, which some write with capitals.
fn of_kind(said: &Map<String, Value>) -> Scalar {
    let text = |key: &str| match said.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    match text("_kind").to_ascii_lowercase().as_str() {
        "marker" => Scalar::Marker,
        "number" | "num" => Scalar::Number(text("val"), text("unit")),
        "ref" => Scalar::Ref { id: text("val"), dis: text("dis") },
        "datetime" | "date" => Scalar::Time(text("val")),
        "uri" | "symbol" => Scalar::Text(text("val")),
        _ => Scalar::None,
    }
}
