use pattern_core::units::{Unit, bacnet_name, parse, says_none};
use std::collections::HashMap;

fn convert(value: f64, from: &str, to: &str) -> Option<f64> {
    parse(from)?.convert(value, parse(to)?)
}

#[test]
fn conversions_are_those_of_the_books() {
    for (value, from, to, expected) in [
        (212.0, "DEG F", "°C", 100.0),
        (0.0, "degC", "K", 273.15),
        (100.0, "psig", "barg", 6.894757293),
        (1.0, "bara", "kPag", -1.325),
        (1.0, "kscmh", "m3/h", 1000.0),
        (100.0, "US gpm", "M3/HR", 22.712470704),
        (1.0, "CFM", "l/s", 0.471947443),
        (25.4, "MM/S", "in/s", 1.0),
        (1.0, "inH2O", "Pa", 249.08891),
        (1.0, "MW", "kw", 1000.0),
        (60.0, "mph", "m/s", 26.8224),
        (1.0, "lbf", "kN", 0.0044482216),
        (90.0, "min", "hrs", 1.5),
        (1.0, "MWh", "KWH", 1000.0),
        (0.5, "pu", "%", 50.0),
    ] {
        let found = convert(value, from, to).unwrap_or(f64::NAN);
        assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{value} {from} is {found} {to}");
    }
}

#[test]
fn what_measures_something_else_or_is_unknown_is_not_converted() {
    assert_eq!(convert(1.0, "kPa", "degC"), None);
    assert_eq!(convert(1.0, "furlong", "m"), None);
    assert!(parse("").is_none() && parse("-").is_none());
}

#[test]
fn what_measures_the_same_without_a_factor_is_not_converted() {
    assert!(parse("mg/Nm3").unwrap().measures_as(parse("ppm").unwrap()));
    assert_eq!(convert(1.0, "mg/Sm³", "ppm"), None);
    assert_eq!(convert(1.0, "mg/Sm³", "µg/m3"), Some(1000.0));
    assert!(parse("EUR").unwrap().measures_as(parse("$").unwrap()));
    assert_eq!(convert(1.0, "EUR", "$"), None);
}

#[test]
fn every_name_of_bacnet_is_known_as_its_stacks_spell_it() {
    // What a site or nobody defines is no unit.
    let undefined = |name: &str| name.starts_with("site-unit") || name == "no-units";
    let names: Vec<&str> = (0..=u32::from(u16::MAX)).filter_map(bacnet_name).collect();
    assert!(names.len() > 420);
    for name in names.into_iter().filter(|name| !undefined(name)) {
        let unit = parse(name);
        assert!(unit.is_some(), "{name} is unknown");
        let mut camel = String::new();
        for (i, word) in name.split('-').enumerate() {
            camel.push_str(&if i == 0 { word.to_owned() } else { word[..1].to_uppercase() + &word[1..] });
        }
        let constant = format!("UNITS_{}", name.to_uppercase().replace('-', "_"));
        for spelling in [camel, constant, name.replace('-', "_"), name.replace('-', " ")] {
            assert_eq!(parse(&spelling), unit, "{spelling}");
        }
    }
    assert_eq!(bacnet_name(62), Some("degrees-celsius"));
    assert_eq!(bacnet_name(264), None);
}

/// What plants mean otherwise: letters that the database gives to units which no plant measures.
const OTHERWISE: [&str; 22] = [
    "MV",
    "g",
    "t",
    "C",
    "F",
    "H",
    "S",
    "T",
    "scf",
    "scm",
    "Nm",
    "newton_meter",
    "standard_cubic_meter",
    "standard_cubic_foot",
    "kip",
    "Kn",
    "Db",
    "UM",
    "RM",
    "MK",
    "Sh",
    "Le",
];
/// Currencies of which the letters alone say nothing.
const OPEN: [&str; 4] = ["Af", "ƒ", "Br", "Vt"];
/// Quantities that hold what no factor joins.
const MIXED: [&str; 7] =
    ["dimensionless", "currency", "temperature", "cooling efficiency", "frequency", "velocity", "density"];
/// Where the database is wrong: by powers of ten, by the seconds of a minute, or the wrong way around.
const WRONG: [&str; 14] = [
    "micrometer",
    "µm",
    "cubic_feet_per_hour",
    "cfh",
    "revolutions_per_minute",
    "rpm",
    "joules_per_gram",
    "J/g",
    "footcandle",
    "fc",
    "candels_per_square_foot",
    "cd/ft²",
    "imperial_gallons_per_minute",
    "galUK/min",
];

#[test]
fn every_name_of_haystacks_database_is_known_and_worth_what_it_says() {
    let mut first: HashMap<&str, (f64, Unit)> = HashMap::new();
    let mut differ = Vec::new();
    for row in include_str!("haystack.tsv").lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = row.split('\t').collect();
        let (quantity, scale) = (cells[0], cells[1].parse::<f64>().unwrap());
        for name in cells[2..].iter().filter(|name| !OTHERWISE.contains(name)) {
            let Some(unit) = parse(name) else {
                differ.extend((!OPEN.contains(name)).then(|| format!("{name} is unknown")));
                continue;
            };
            if MIXED.contains(&quantity) || WRONG.contains(name) {
                continue;
            }
            let (of, as_first) = *first.entry(quantity).or_insert((scale, unit));
            match unit.convert(1.0, as_first) {
                Some(worth) if (worth * of / scale - 1.0).abs() < 0.01 => {}
                worth => differ.push(format!("{name} of {quantity}: {worth:?} of {}", scale / of)),
            }
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(first.len() > 40);
}

#[test]
fn codes_of_ucum_are_understood() {
    for (code, dimension) in [
        ("Cel", "temperature"),
        ("[degF]", "temperature"),
        ("Cel/min", "temperature_rate"),
        ("kW.h", "energy"),
        ("MW.h", "energy"),
        ("[Btu_IT]/h", "power"),
        ("[HP]", "power"),
        ("m3/h", "volume_flow"),
        ("m3.h-1", "volume_flow"),
        ("[gal_us]/min", "volume_flow"),
        ("[cft_i]/min", "volume_flow"),
        ("10*3.m3/d", "volume_flow"),
        ("L/(24.h)", "volume_flow"),
        ("[lb_av]/h", "mass_flow"),
        ("kg/s", "mass_flow"),
        ("t/(24.h)", "mass_flow"),
        ("[in_i'H2O]", "pressure"),
        ("mm[H2O]", "pressure"),
        ("[psi]", "pressure"),
        ("bar", "pressure"),
        ("kN/cm2", "pressure"),
        ("W/m2", "irradiance"),
        ("kW.h/m2", "energy_per_area"),
        ("uS/cm", "conductivity"),
        ("[pH]", "acidity"),
        ("[NTU]", "turbidity"),
        ("[ppm]", "concentration"),
        ("mol/L", "molar_concentration"),
        ("mmol/kg/h", ""),
        ("%", "ratio"),
        ("%{vol}", "ratio"),
        ("deg/s", "rotation"),
        ("{rev}/min", "rotation"),
        ("Hz", "frequency"),
        ("dB", "level"),
        ("[ft_i]/s", "velocity"),
        ("mm/s", "velocity"),
        ("[acr_us]", "area"),
        ("cP", "viscosity"),
        ("cSt", "kinematic_viscosity"),
        ("kcal/kg", "specific_energy"),
        ("kJ/(kg.K)", "specific_entropy"),
        ("N.m", "torque"),
        ("By/s", "data_rate"),
        ("[mil_us]", "length"),
        ("pm", ""),
    ] {
        assert_eq!(parse(code).map_or("", |unit| unit.dimension), dimension, "{code}");
    }
    assert_eq!(parse("kL/h").unwrap().dimension, "volume_flow");
}

#[test]
fn what_an_export_spells_is_understood() {
    for (spelling, dimension) in [
        ("℃", "temperature"),
        ("ºC", "temperature"),
        ("Grad C", "temperature"),
        ("degrees-Celsius", "temperature"),
        ("degreesFahrenheit", "temperature"),
        ("degrees_fahrenheit", "temperature"),
        ("percentRelativeHumidity", "ratio"),
        ("inH₂O", "pressure"),
        ("in/wc", "pressure"),
        ("inchesOfWater", "pressure"),
        ("㎥/h", "volume_flow"),
        ("Nm3/h", "volume_flow"),
        ("cubic-feet-per-minute", "volume_flow"),
        ("kilowatts", "power"),
        ("kVARh", "reactive_energy"),
        ("partsPerMillion", "concentration"),
        ("mg/Sm³", "concentration"),
        ("\u{3bc}S/cm", "conductivity"),
        ("\u{b5}S/cm", "conductivity"),
        ("NTU", "turbidity"),
        ("U/min", "rotation"),
        ("On / Off", "state"),
        ("$", "currency"),
        ("kW", "power"),
        (" kW", "power"),
    ] {
        assert_eq!(parse(spelling).map_or("", |unit| unit.dimension), dimension, "{spelling}");
    }
}

#[test]
fn spellings_that_tell_nothing_stay_unknown() {
    // A number is a unit only where the format says that it is one of BACnet's.
    let others =
        ["62", "95", "10*3", "UNKNOWN UNIT ENUM VALUE: 264", "N/A", "PV", "SP", "auto", "MV", "MS", "nm"];
    for spelling in ["-", "n/a", "None", "noUnits", "no-units", ""].into_iter().chain(others) {
        assert_eq!(parse(spelling), None, "{spelling}");
    }
    for spelling in ["-", "n/a", "None", "noUnits", "no-units", " "] {
        assert!(says_none(spelling), "{spelling}");
    }
    for spelling in others.into_iter().filter(|spelling| *spelling != "N/A") {
        assert!(!says_none(spelling), "{spelling}");
    }
}

#[test]
fn brackets_without_end_are_no_unit() {
    assert_eq!(parse(&format!("m/{}", "(".repeat(1_000_000))), None);
}

#[test]
fn case_tells_milli_from_mega_where_both_are_written() {
    assert_eq!(convert(1.0, "mW", "W"), Some(0.001));
    assert_eq!(convert(1.0, "MW", "kW"), Some(1000.0));
    assert_eq!(convert(1.0, "mw", "kW"), Some(1000.0));
    assert_eq!(parse("mS").unwrap().dimension, "conductivity");
    assert_eq!(parse("ms").unwrap().dimension, "time");
}

#[test]
fn spellings_of_historians_are_understood() {
    for (spelling, dimension) in [
        ("°F", "temperature"),
        ("DEG F", "temperature"),
        ("deg. C", "temperature"),
        ("kscmh", "volume_flow"),
        ("M3/HR", "volume_flow"),
        ("US gpm", "volume_flow"),
        ("%OPEN", "ratio"),
        ("kPag", "pressure"),
        ("\"wc", "pressure"),
        ("W/m²", "irradiance"),
        ("µS/cm", "conductivity"),
        ("°", "angle"),
        ("on/off", "state"),
        ("kVAr", "reactive_power"),
    ] {
        assert_eq!(parse(spelling).map(|u| u.dimension), Some(dimension), "{spelling}");
    }
    for unknown in ["", "-", "furlong"] {
        assert_eq!(parse(unknown), None, "{unknown}");
    }
}

#[test]
fn kilonewtons_are_not_knots() {
    let same = |a, b| Some(parse(a)?.measures_as(parse(b)?));
    assert_eq!(same("kn", "m/s"), Some(false));
    assert_eq!(same("kts", "m/s"), Some(true));
}
