//! What the order of numbers in a machine tells.

use crate::matching::{pattern, points, propose, role_of};
use pattern_equipment::matching::{PointFeatures, SiteMemory};

/// A box whose loops count on from a number: the flow, its setpoints, and the damper between them.
fn air_box(first: u32) -> Vec<PointFeatures> {
    let loops = [
        ("FT", "| m3/h | air flow"),
        ("FC", "| m3/h | air flow setpoint"),
        ("ZC", "| % | damper"),
        ("FC", "| m3/h | air flow setpoint"),
        ("FC", "| m3/h | air flow setpoint"),
    ];
    let line = |((letters, told), number): ((&str, &str), u32)| format!("{letters}{number} {told}");
    points(&loops.into_iter().zip(first..).map(line).collect::<Vec<_>>())
}

const ROLES: [&str; 5] = [
    "Air Flow",
    "Air Flow Setpoint",
    "Damper Position",
    "Minimum Air Flow Setpoint",
    "Maximum Air Flow Setpoint",
];

#[test]
fn setpoints_that_only_their_order_tells_apart_are_numbered_as_in_other_machines() {
    let spec = pattern("VAV");
    let unknown = air_box(4581);
    let setpoints = |site: &SiteMemory| {
        let proposal = propose(&unknown, &spec, site);
        [1, 3, 4].map(|point| role_of(&proposal, point).map(str::to_owned))
    };
    let in_order = |site: &SiteMemory| setpoints(site) == [1, 3, 4].map(|role| Some(ROLES[role].to_owned()));

    let mut site = SiteMemory::default();
    let others: Vec<Vec<PointFeatures>> = [4101, 4202, 4303, 4404].map(air_box).into();
    site.observe(others.iter().flatten().chain(&unknown));
    assert!(!in_order(&site), "nothing tells them apart yet");
    for numbered in &others {
        let machine: Vec<_> = numbered.iter().zip(ROLES).map(|(point, role)| (point, role, 1.0)).collect();
        site.learn_order(&spec.name, &machine);
    }
    assert!(in_order(&site), "{:?}", setpoints(&site));
}

#[test]
fn machines_that_are_numbered_in_any_order_tell_none() {
    let spec = pattern("VAV");
    let (first, second) = (air_box(4101), air_box(4202));
    let proposal = |site: &SiteMemory| propose(&second, &spec, site);
    let mut site = SiteMemory::default();
    site.observe(first.iter().chain(&second));
    let before = proposal(&site);
    let forwards: Vec<_> = first.iter().zip(ROLES).map(|(point, role)| (point, role, 1.0)).collect();
    let backwards: Vec<_> = first.iter().rev().zip(ROLES).map(|(point, role)| (point, role, 1.0)).collect();
    site.learn_order(&spec.name, &forwards);
    site.learn_order(&spec.name, &backwards);
    assert_eq!(proposal(&site), before);
}
