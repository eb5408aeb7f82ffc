//! What the markers of a point say of it, in the order in which an engineer says it.

use super::scalar::{Scalar, Tags};

/// Where, what of, what is measured, what for.
const ORDER: [&str; 112] = [
    "primary",
    "secondary",
    "zone",
    "floor",
    "room",
    "space",
    "outside",
    "weather",
    "discharge",
    "supply",
    "return",
    "exhaust",
    "mixed",
    "bypass",
    "relief",
    "inlet",
    "outlet",
    "entering",
    "leaving",
    "header",
    "primaryLoop",
    "secondaryLoop",
    "chilled",
    "hot",
    "cold",
    "condenser",
    "domestic",
    "makeup",
    "blowdown",
    "evaporator",
    "refrig",
    "refrigerant",
    "steam",
    "condensate",
    "gasoline",
    "naturalGas",
    "fuelOil",
    "air",
    "water",
    "gas",
    "elec",
    "ac",
    "dc",
    "heatPump",
    "heat",
    "heating",
    "cool",
    "cooling",
    "preheat",
    "reheat",
    "humidifier",
    "humidification",
    "dehumidification",
    "economizer",
    "coil",
    "economizing",
    "fan",
    "pump",
    "valve",
    "damper",
    "compressor",
    "tower",
    "chiller",
    "boiler",
    "tank",
    "vav",
    "ahu",
    "light",
    "lights",
    "door",
    "window",
    "motion",
    "phase",
    "active",
    "reactive",
    "apparent",
    "net",
    "import",
    "export",
    "total",
    "avg",
    "demand",
    "co2",
    "humidity",
    "dewPoint",
    "wetBulb",
    "enthalpy",
    "temp",
    "pressure",
    "differential",
    "static",
    "delta",
    "flow",
    "level",
    "speed",
    "freq",
    "volt",
    "current",
    "power",
    "pf",
    "energy",
    "volume",
    "stage",
    "occ",
    "occupied",
    "unocc",
    "effective",
    "run",
    "enable",
    "load",
    "alarm",
    "fault",
];
/// Of how a point is kept, nothing of what it is.
const KEPT: [&str; 29] = [
    "point",
    "his",
    "cur",
    "writable",
    "curTracksHis",
    "hisCollectCov",
    "hisCollectNA",
    "navNameFormat",
    "id",
    "connTuningRef",
    "bacnetPoint",
    "bacnetCur",
    "bacnetHis",
    "bacnetWrite",
    "modbusPoint",
    "haystackPoint",
    "haystackCur",
    "haystackHis",
    "obixPoint",
    "sedonaPoint",
    "opcPoint",
    "kwSite",
    "siteMeter",
    "sitePoint",
    "elecMeterLoad",
    "lightsGroup",
    "public",
    "trash",
    "auditHis",
];

pub fn description(tags: &Tags) -> String {
    let mut said: Vec<&str> = tags
        .iter()
        .filter(|(name, value)| *value == Scalar::Marker && !KEPT.contains(&name.as_str()))
        .map(|(name, _)| name.as_str())
        .collect();
    let function = |name: &str| match name {
        "sensor" => 1,
        "cmd" => 2,
        "sp" => 3,
        _ => 0,
    };
    // What is not in the list stands where the grid has it, before the quantity would come.
    let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    said.sort_by_key(|name| (function(name), place(name)));
    let words = said.into_iter().map(|name| match name {
        "sp" => "setpoint".to_owned(),
        "cmd" => "command".to_owned(),
        "freq" => "frequency".to_owned(),
        "volt" => "voltage".to_owned(),
        "pf" => "power factor".to_owned(),
        other => spaced(other),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `dewPoint` as `dew point`.
fn spaced(tag: &str) -> String {
    let mut words = String::new();
    for letter in tag.chars() {
        if letter.is_uppercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_said_in_the_order_of_engineers() {
        let tags = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), Scalar::Marker)).collect::<Tags>();
        let said = description(&tags(&["sensor", "temp", "his", "point", "air", "discharge"]));
        assert_eq!(said, "discharge air temp sensor");
        assert_eq!(description(&tags(&["cur", "air", "sp", "temp", "zone"])), "zone air temp setpoint");
        assert_eq!(description(&tags(&["cmd", "fan"])), "fan command");
    }
}
