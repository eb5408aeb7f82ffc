//! BACnet's Engineering Data Exchange (B.I.G.-EU): the objects of devices, one a row, and the tables beside it that tell
//! what states and units are called.

mod beside;
mod object;

use anyhow::Result;
use std::collections::HashMap;

use self::{beside::Beside, object::Object};
use super::{Format, Head, Input, Recognised, as_text};
use crate::{
    columns::Meaning,
    record::{RawPoint, Sink},
};

/// Rows of title before the header.
const HEADER_WITHIN: usize = 20;

/// The columns that are read, as `plain` leaves their headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    KeyName,
    Device,
    Name,
    Type,
    Description,
    StateText,
    Unit,
}

const FIELDS: [(&str, Field); 7] = [
    ("keyname", Field::KeyName),
    ("deviceobjinstance", Field::Device),
    ("objectname", Field::Name),
    ("objecttype", Field::Type),
    ("description", Field::Description),
    ("statetextreference", Field::StateText),
    ("unitcode", Field::Unit),
];

#[derive(Debug)]
struct Ede {
    headers: Vec<String>,
    places: Vec<(Field, usize)>,
}

/// A table beside the objects: read with them, and no points of its own.
#[derive(Debug)]
struct Table(beside::Kind);

pub fn recognise(head: &Head<'_>) -> Recognised {
    if let Some(kind) = beside::recognise(head.rows) {
        return Some(Ok(Box::new(Table(kind))));
    }
    let headers = head.rows.iter().take(HEADER_WITHIN).find(|row| !places(row).is_empty())?.clone();
    let ede = Ede { places: places(&headers), headers };
    Some(Ok(Box::new(ede)))
}

/// Where the fields stand, if this is the header.
fn places(row: &[impl AsRef<str>]) -> Vec<(Field, usize)> {
    let headers: Vec<String> = row.iter().map(|cell| beside::plain(cell.as_ref())).collect();
    let place = |name: &str| headers.iter().position(|header| header == name);
    if ["objectname", "objecttype", "objectinstance"].iter().any(|name| place(name).is_none()) {
        return Vec::new();
    }
    FIELDS.iter().filter_map(|(name, field)| Some((*field, place(name)?))).collect()
}

impl Ede {
    fn place(&self, field: Field) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == field).map(|(_, place)| *place)
    }
}

impl Format for Ede {
    fn title(&self) -> String {
        "BACnet EDE".into()
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        let used = [
            (Field::Name, Meaning::Name),
            (Field::Device, Meaning::Device),
            (Field::Description, Meaning::Description),
            (Field::Unit, Meaning::Unit),
        ];
        let header = |field| self.place(field).map(|place| self.headers[place].clone());
        used.into_iter().filter_map(|(field, meaning)| Some((meaning, header(field)?))).collect()
    }

    fn has_samples(&self) -> bool {
        false
    }

    /// Object names are unique in their device only; those that several devices have get it in front.
    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let beside = Beside::of(input);
        let (mut objects, mut has_begun): (Vec<Object>, _) = (Vec::new(), false);
        let mut names: HashMap<String, String> = HashMap::new();
        input.rows(sink, |sink, line, row| {
            if !has_begun {
                has_begun = !places(&row.iter().collect::<Vec<_>>()).is_empty();
                return Ok(());
            }
            if row.get(0).is_some_and(|cell| cell.trim_start().starts_with('#'))
                || row.iter().all(|cell| cell.trim().is_empty())
            {
                return Ok(());
            }
            let text = |field| self.place(field).and_then(|place| row.get(place)).map_or("", str::trim);
            if object::is_device(text(Field::Type)) {
                names.insert(text(Field::Device).to_owned(), text(Field::Name).to_owned());
                return Ok(());
            }
            match Object::of(line, text, &beside) {
                Ok(object) => objects.push(object),
                Err(problem) => sink.reject(line, &problem, &as_text(row))?,
            }
            Ok(())
        })?;
        for object in &mut objects {
            if let Some(name) = names.get(&object.device).filter(|name| !name.is_empty()) {
                object.device.clone_from(name);
            }
        }
        let mut devices: HashMap<&str, (&str, bool)> = HashMap::new();
        for object in &objects {
            let (first, several) = devices.entry(&object.name).or_insert((&object.device, false));
            *several |= *first != object.device;
        }
        for Object { line, name, unit, description, device, states } in &objects {
            let with_device = format!("{device}/{name}");
            let (_, is_shared) = devices[name.as_str()];
            let name = if is_shared { &with_device } else { name };
            sink.point(*line, &RawPoint { name, unit, description, device, states, ..RawPoint::default() })?;
        }
        Ok(())
    }
}

impl Format for Table {
    fn title(&self) -> String {
        format!("BACnet EDE, {}", self.0.title())
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        Vec::new()
    }

    fn has_samples(&self) -> bool {
        false
    }

    fn read(&self, _: &Input<'_>, _: &mut dyn Sink) -> Result<()> {
        Ok(())
    }
}
