//! Registries of VOLTTRON drivers: the points of one device, with the names that its controller gives them.

use anyhow::Result;
use pattern_core::units::bacnet_name;

use super::{Format, Head, Input, Recognised, as_text};
use crate::{
    columns::{Meaning, plain},
    record::{RawPoint, Sink},
};

#[derive(Debug)]
struct Registry {
    headers: Vec<String>,
    /// What the device calls the point.
    reference: Option<usize>,
    /// What the site calls it.
    volttron: usize,
    unit: Option<usize>,
    details: Option<usize>,
}

pub fn recognise(head: &Head<'_>) -> Recognised {
    let headers = head.rows.first()?;
    let place = |names: &[&str]| headers.iter().position(|header| names.contains(&plain(header).as_str()));
    let registry = Registry {
        headers: headers.clone(),
        volttron: place(&["volttronpointname"])?,
        reference: place(&["referencepointname", "pointname", "registername", "obixpointname"]),
        unit: place(&["units", "unit"]),
        details: place(&["unitdetails", "unitsdetails"]),
    };
    Some(Ok(Box::new(registry)))
}

impl Format for Registry {
    fn title(&self) -> String {
        "VOLTTRON registry".into()
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        let header = |place: usize| self.headers[place].clone();
        let mut used = vec![(Meaning::Name, header(self.reference.unwrap_or(self.volttron)))];
        used.extend(self.reference.map(|_| (Meaning::Description, header(self.volttron))));
        used.extend(self.unit.map(|place| (Meaning::Unit, header(place))));
        used
    }

    fn has_samples(&self) -> bool {
        false
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let mut is_header = true;
        input.rows(sink, |sink, line, row| {
            if std::mem::take(&mut is_header) || row.iter().all(|cell| cell.trim().is_empty()) {
                return Ok(());
            }
            let text = |place: Option<usize>| place.and_then(|place| row.get(place)).map_or("", str::trim);
            let (reference, volttron) = (text(self.reference), text(Some(self.volttron)));
            let name = if reference.is_empty() { volttron } else { reference };
            if name.is_empty() {
                return sink.reject(line, "names no point", &as_text(row));
            }
            let description = if volttron == name { "" } else { volttron };
            let states = states(text(self.details));
            let unit = unit(text(self.unit));
            sink.point(line, &RawPoint { name, unit, description, states: &states, ..RawPoint::default() })
        })
    }
}

/// The scan that writes registries says so where it has no name for a number.
fn unit(said: &str) -> &str {
    let number = said.strip_prefix("UNKNOWN UNIT ENUM VALUE:").and_then(|rest| rest.trim().parse().ok());
    match (number.and_then(bacnet_name), said.starts_with("UNKNOWN UNIT")) {
        (Some(name), _) => name,
        (None, true) => "",
        (None, false) => said,
    }
}

/// `0=Off, 1=On`, where the numbers come one behind the other.
fn states(details: &str) -> Vec<String> {
    let mut states = Vec::new();
    for part in details.split([',', ';']) {
        let Some((number, state)) = part.split_once(['=', ':']) else { return Vec::new() };
        match number.trim().parse::<usize>() {
            Ok(1) if states.is_empty() => states.extend([String::new(), state.trim().to_owned()]),
            Ok(number) if number == states.len() => states.push(state.trim().to_owned()),
            _ => return Vec::new(),
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_numbered_from_zero_or_one() {
        assert_eq!(states("0=Off, 1=On"), ["Off", "On"]);
        assert_eq!(states("1=Auto;2=Hand"), ["", "Auto", "Hand"]);
        assert!(states("0-1 (default 0)").is_empty());
        assert!(states("-50.00 to 250.00").is_empty());
        assert!(states("").is_empty());
    }

    #[test]
    fn numbers_that_a_scan_could_not_name_are_named_where_bacnet_does() {
        assert_eq!(unit("UNKNOWN UNIT ENUM VALUE: 62"), "degrees-celsius");
        assert_eq!(unit("UNKNOWN UNIT ENUM VALUE: 264"), "");
        assert_eq!(unit("degreesFahrenheit"), "degreesFahrenheit");
    }
}
