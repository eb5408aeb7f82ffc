//! The objects of BACnet devices, one a row: its Engineering Data Exchange (B.I.G.-EU) with the tables beside it that tell
//! what states and units are called, and the lists that tools write when they look at a network.

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

const FIELDS: [(Field, &[&str]); 7] = [
    (Field::KeyName, &["keyname"]),
    (
        Field::Device,
        &["deviceobjinstance", "deviceobjectinstance", "devicename", "device", "deviceinstance", "deviceid"],
    ),
    (Field::Name, &["objectname", "name", "pointname"]),
    (Field::Type, &["objecttype", "bacnetobjecttype", "objectidentifier", "objectid", "type", "object"]),
    (Field::Description, &["description", "objectdescription"]),
    (Field::StateText, &["statetextreference"]),
    (Field::Unit, &["unitcode", "units", "unit", "engineeringunits", "engunits"]),
];

#[derive(Debug)]
struct Ede {
    title: &'static str,
    headers: Vec<String>,
    places: Vec<(Field, usize)>,
    /// Rows before the first object.
    skip: u64,
}

/// A table beside the objects: read with them, and no points of its own.
#[derive(Debug)]
struct Table(beside::Kind);

pub fn recognise(head: &Head<'_>) -> Recognised {
    if let Some(kind) = beside::recognise(head.rows) {
        return Some(Ok(Box::new(Table(kind))));
    }
    let exchanged = head.rows.iter().take(HEADER_WITHIN).position(|row| is_exchange(row));
    let at = exchanged.or_else(|| lists_objects(head.rows).then_some(0))?;
    Some(Ok(Box::new(Ede {
        title: if exchanged.is_some() { "BACnet EDE" } else { "a list of BACnet objects" },
        places: places(&head.rows[at]),
        headers: head.rows[at].clone(),
        skip: at as u64 + 1,
    })))
}

fn is_exchange(row: &[String]) -> bool {
    let headers: Vec<String> = row.iter().map(|cell| beside::plain(cell)).collect();
    ["objectname", "objecttype", "objectinstance"]
        .iter()
        .all(|name| headers.iter().any(|header| header == name))
}

/// Whether there is a column in which nearly everything is a type of BACnet's objects, by name.
fn lists_objects(rows: &[Vec<String>]) -> bool {
    let Some((header, below)) = rows.split_first() else { return false };
    let places = places(header);
    let place = |field| places.iter().find(|(known, _)| *known == field).map(|(_, place)| *place);
    let (Some(kind), Some(_)) = (place(Field::Type), place(Field::Name)) else { return false };
    let kinds = below.iter().filter_map(|row| row.get(kind));
    let named = kinds.clone().filter(|kind| object::is_named_type(kind)).count();
    named > 0 && named * 5 >= kinds.count() * 4
}

/// Where the fields stand, by what their columns are called.
fn places(row: &[String]) -> Vec<(Field, usize)> {
    let headers: Vec<String> = row.iter().map(|cell| beside::plain(cell)).collect();
    let place =
        |names: &[&str]| names.iter().find_map(|name| headers.iter().position(|header| header == name));
    FIELDS.iter().filter_map(|(field, names)| Some((*field, place(names)?))).collect()
}

impl Ede {
    fn place(&self, field: Field) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == field).map(|(_, place)| *place)
    }
}

impl Format for Ede {
    fn title(&self) -> String {
        self.title.into()
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
        let (mut objects, mut rows): (Vec<Object>, _) = (Vec::new(), 0);
        let mut names: HashMap<String, String> = HashMap::new();
        input.rows(sink, |sink, line, row| {
            rows += 1;
            if rows <= self.skip {
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
