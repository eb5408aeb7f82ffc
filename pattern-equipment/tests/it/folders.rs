//! Which points the device, the folder and the group of an export put together.

use pattern_equipment::naming::{NamedPoint, name_edges};
use proptest::prelude::*;
use std::collections::BTreeSet;

use crate::naming::joined;

#[test]
fn the_device_that_an_export_names_joins_what_names_do_not() {
    let of = |device: &str, names: &[&str]| -> Vec<NamedPoint> {
        let point =
            |name: &&str| NamedPoint { name: (*name).into(), device: device.into(), ..NamedPoint::default() };
        names.iter().map(point).collect()
    };
    let roof = ["Discharge Air Temp", "Mixed Air Temp", "Fan Speed"];
    let hall = ["Zone Temp", "Damper", "Occupancy"];
    let points = [of("RTU-1", &roof), of("VAV-7", &hall)].concat();
    assert!(joined(&points, roof[0], roof[2]));
    assert!(!joined(&points, roof[0], hall[0]));
    let unsaid = [of("", &roof), of("", &hall)].concat();
    assert!(!joined(&unsaid, roof[1], roof[2]));
    let many: Vec<String> = (0..100).map(|i| format!("Register {}", "x".repeat(i + 1))).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(name_edges(&of("PLC-7", &many)).is_empty(), "a controller of many points is no machine");
}

/// Points that an export puts into a folder: (path, group, names).
fn in_folders(folders: &[(&str, &str, &[&str])]) -> Vec<NamedPoint> {
    let folder = |(path, group, names): &(&str, &str, &[&str])| -> Vec<NamedPoint> {
        let point = |name: &&str| NamedPoint {
            name: (*name).into(),
            path: (*path).into(),
            group: (*group).into(),
            ..NamedPoint::default()
        };
        names.iter().map(point).collect()
    };
    folders.iter().flat_map(folder).collect()
}

/// The names that a point is joined with.
fn joined_with(points: &[NamedPoint], name: &str) -> Vec<String> {
    let edges = name_edges(points);
    let other = |(a, b, _): &(u32, u32, f32)| {
        let (a, b) = (&points[*a as usize].name, &points[*b as usize].name);
        if a == name { Some(b.clone()) } else { (b == name).then(|| a.clone()) }
    };
    edges.iter().filter_map(other).collect()
}

#[test]
fn a_folder_is_a_machine_where_what_is_in_it_comes_back_in_others() {
    let folders: [(&str, &str, &[&str]); 3] = [
        ("Plant/Unit A", "", &["Flow 17", "Pressure 4", "Speed 90"]),
        ("Plant/Unit B", "", &["Flow 18", "Pressure 6", "Speed 93"]),
        ("Plant/Unit C", "", &["Flow 25", "Pressure 9", "Speed 97"]),
    ];
    assert_eq!(joined_with(&in_folders(&folders), "Flow 17"), ["Pressure 4", "Speed 90"]);
    let groups = folders.map(|(path, _, names)| ("Plant", path, names));
    assert_eq!(joined_with(&in_folders(&groups), "Flow 17"), ["Pressure 4", "Speed 90"]);
    let unsaid = folders.map(|(_, _, names)| ("Plant", "", names));
    assert!(name_edges(&in_folders(&unsaid)).is_empty(), "the plant itself is no machine");
}

#[test]
fn the_inner_of_two_folders_joins_and_the_device_before_both() {
    let folders: [(&str, &str, &[&str]); 4] = [
        ("North/Unit A", "", &["Flow 17", "Pressure 4", "Speed 90"]),
        ("North/Unit B", "", &["Flow 18", "Pressure 6", "Speed 93"]),
        ("South/Unit A", "", &["Flow 25", "Pressure 9", "Speed 97"]),
        ("South/Unit B", "", &["Flow 26", "Pressure 2", "Speed 81"]),
    ];
    let mut points = in_folders(&folders);
    assert_eq!(joined_with(&points, "Flow 17"), ["Pressure 4", "Speed 90"]);
    points[0].device = "PLC-3".into();
    points[3].device = "PLC-3".into();
    assert_eq!(joined_with(&points, "Flow 17"), ["Flow 18"]);
}

#[test]
fn a_folder_of_one_kind_of_signal_or_of_an_area_is_no_machine() {
    let words = ["Inlet", "Outlet", "Shell", "Jacket", "Top", "Bottom"];
    let of = |kind: &str, from: usize| -> Vec<String> {
        (from..from + 12).map(|number| format!("{kind} {number}")).collect()
    };
    let [temperatures, pressures] = [of("Temperature", 1), of("Pressure", 30)];
    let [temperatures, pressures] =
        [&temperatures, &pressures].map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
    let by_kind = in_folders(&[("", "Temperatures", &temperatures), ("", "Pressures", &pressures)]);
    assert!(name_edges(&by_kind).is_empty());
    // Areas of four machines each, as many as a machine has signals and more.
    let area = |area: usize| -> (String, Vec<String>) {
        let machine = |machine: usize| {
            ["Flow", "Speed", "Level"].map(|signal| format!("{signal} {}", 100 + 7 * (4 * area + machine)))
        };
        (format!("Plant/Area {area}"), (0..4).flat_map(machine).collect())
    };
    let areas: Vec<(String, Vec<String>)> = (0..9).map(area).collect();
    let names: Vec<Vec<&str>> =
        areas.iter().map(|(_, names)| names.iter().map(String::as_str).collect()).collect();
    let areas: Vec<(&str, &str, &[&str])> =
        areas.iter().zip(&names).map(|((path, _), names)| (path.as_str(), "", &names[..])).collect();
    let unsaid: Vec<(&str, &str, &[&str])> = areas.iter().map(|(_, _, names)| ("", "", *names)).collect();
    assert_eq!(name_edges(&in_folders(&areas)), name_edges(&in_folders(&unsaid)));
    // Two halves of a plant with nothing in common.
    let half = in_folders(&[("East", "", &words[..3]), ("West", "", &words[3..])]);
    assert!(name_edges(&half).is_empty());
}

#[test]
fn the_fewer_of_a_plants_points_a_folder_holds_the_more_it_tells() {
    let words = |n: usize| -> Vec<String> {
        let letters = |i: usize| ["b", "d", "f", "g", "k", "l", "m", "n"][i % 8].repeat(i / 8 + 1);
        (0..n).map(|i| format!("x{}", letters(i))).collect()
    };
    let weight = |all: usize| {
        let names = words(all);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let points = in_folders(&[("Kiln", "", &names[..4]), ("", "", &names[4..])]);
        name_edges(&points).first().map_or(0.0, |edge| edge.2)
    };
    let [few, some, many] = [8, 40, 400].map(weight);
    assert!(few == 0.0 && some > 0.5 && many > some && many < 0.8, "{few} {some} {many}");
}

proptest! {
    /// Folders speak only where names and devices are silent, and never join what is in none together.
    #[test]
    fn folders_only_ever_join_points_that_share_one(
        places in proptest::collection::vec((0usize..6, 0usize..5, 0usize..9), 2..60),
    ) {
        let point = |(i, (path, group, word)): (usize, &(usize, usize, usize))| NamedPoint {
            name: format!("{} {}", ["Flow", "Speed", "Level", "Gas", "Air", "Oil", "Heat", "Load", "Feed"][*word], i + 1),
            path: ["", "a", "a/b", "a/c", "d/b", "d"][*path].into(),
            group: ["", "north", "south", "east", "west"][*group].into(),
            ..NamedPoint::default()
        };
        let points: Vec<NamedPoint> = places.iter().enumerate().map(point).collect();
        let bare = |point: &NamedPoint| NamedPoint { path: String::new(), group: String::new(), ..point.clone() };
        let silent: BTreeSet<(u32, u32)> =
            name_edges(&points.iter().map(bare).collect::<Vec<_>>()).iter().map(|e| (e.0, e.1)).collect();
        let edges = name_edges(&points);
        for (a, b, weight) in &edges {
            let (one, other) = (&points[*a as usize], &points[*b as usize]);
            let share = !one.group.is_empty() && one.group == other.group
                || one.path.split('/').next() == other.path.split('/').next() && !one.path.is_empty();
            prop_assert!(share || silent.contains(&(*a, *b)), "{one:?} {other:?}");
            prop_assert!((0.0..=1.0).contains(weight));
        }
        let found: BTreeSet<(u32, u32)> = edges.iter().map(|edge| (edge.0, edge.1)).collect();
        prop_assert!(silent.is_subset(&found));
        prop_assert_eq!(name_edges(&points), edges, "the same input gives the same edges");
    }
}
