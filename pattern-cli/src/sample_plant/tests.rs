use chrono::{DateTime, Utc};
use flate2::read::GzDecoder;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    io::Read,
    path::Path,
    sync::OnceLock,
};

use super::*;

fn end() -> DateTime<Utc> {
    "2026-03-10T15:20:37Z".parse().unwrap()
}

/// Generated once: it takes some seconds without optimisation.
fn plant() -> &'static Path {
    static PLANT: OnceLock<tempfile::TempDir> = OnceLock::new();
    PLANT
        .get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            generate(dir.path(), end(), DEFAULT_SEED).unwrap();
            dir
        })
        .path()
}

fn samples() -> Vec<(DateTime<Utc>, String, f64, i16)> {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(plant().join("samples.csv.gz")).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.unwrap()).collect()
}

fn points() -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(plant().join("points.csv"))
        .unwrap()
        .deserialize()
        .map(|row| row.unwrap())
        .collect()
}

#[test]
fn the_same_seed_and_end_give_the_same_files() {
    let again = tempfile::tempdir().unwrap();
    generate(again.path(), end(), DEFAULT_SEED).unwrap();
    for file in ["points.csv", "samples.csv.gz"] {
        assert_eq!(
            fs::read(again.path().join(file)).unwrap(),
            fs::read(plant().join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn another_seed_gives_other_samples() {
    let other = units(DEFAULT_SEED + 1);
    let texts: Vec<String> = other.iter().flat_map(|u| &u.tags).map(|t| t.unit.clone()).collect();
    let first: Vec<String> = points().iter().map(|p| p["unit"].clone()).collect();
    assert_ne!(texts, first);
}

#[test]
fn labels_are_consistent() {
    let points = points();
    assert!((180..=260).contains(&points.len()), "{} points", points.len());
    let mut types: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut roles = BTreeSet::new();
    let mut names = BTreeSet::new();
    for point in &points {
        assert!(names.insert(&point["name"]), "{} twice", point["name"]);
        let labels = [&point["equipment"], &point["equipment_type"], &point["role"]];
        assert!(
            labels.iter().all(|l| l.is_empty()) || labels.iter().all(|l| !l.is_empty()),
            "{} is labelled by half",
            point["name"]
        );
        if !point["equipment"].is_empty() {
            types.entry(&point["equipment_type"]).or_default().insert(&point["equipment"]);
            assert!(
                roles.insert((&point["equipment"], &point["role"])),
                "{} fills a role twice",
                point["name"]
            );
        }
    }
    assert_eq!(types[UNKNOWN_TYPE].len(), 3);
    assert!(types["Centrifugal Pump"].len() >= 4);
    assert!(points.iter().any(|p| p["equipment"].is_empty()));
}

#[test]
fn labels_use_the_words_of_the_library() {
    let library = pattern_core::library::builtin_of::<pattern_core::library::EquipmentPattern>();
    for point in points() {
        let (equipment_type, role) = (&point["equipment_type"], &point["role"]);
        if equipment_type.is_empty() || equipment_type == UNKNOWN_TYPE {
            continue;
        }
        let pattern = library.iter().find(|pattern| pattern.name == *equipment_type);
        let known = pattern.is_some_and(|pattern| pattern.roles.iter().any(|r| r.name == *role));
        assert!(known, "the library has no {role} of a {equipment_type}");
    }
    assert!(library.iter().all(|pattern| pattern.name != UNKNOWN_TYPE));
}

#[test]
fn samples_are_in_order_and_end_when_asked() {
    let samples = samples();
    let start = end() - chrono::Duration::days(moment::DAYS) - chrono::Duration::minutes(1);
    assert!(samples.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    assert!(samples[0].0 >= start && samples[samples.len() - 1].0 <= end());
    let sampled: BTreeSet<&str> = samples.iter().map(|s| s.1.as_str()).collect();
    assert_eq!(sampled.len(), points().len());
    let seen: BTreeSet<_> = samples.iter().map(|s| (s.0, &s.1)).collect();
    assert_eq!(seen.len(), samples.len(), "a point has two samples of one time");
    assert!(samples.iter().any(|s| s.3 != 0));
    assert!(samples.iter().all(|s| s.2.is_finite()));
}

#[test]
fn the_whole_plant_trips_once() {
    let samples = samples();
    let mut stopped: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
    let mut last: HashMap<&str, f64> = HashMap::new();
    for (at, name, value, _) in &samples {
        if ["AMPS", "I_MOTOR", "RUN_STS", "RUN"].iter().any(|code| name.ends_with(code)) {
            let before = last.insert(name, *value);
            if before.is_some_and(|b| b > 0.0) && *value == 0.0 {
                stopped.entry(at.timestamp() / 900).or_default().insert(name);
            }
        }
    }
    let trips = stopped.values().filter(|points| points.len() >= 6).count();
    assert_eq!(trips, 1, "{stopped:?}");
}
