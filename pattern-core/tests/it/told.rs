//! What answers about some points say about others.

use crate::matching::{approve, pattern, points, propose, role_of};
use pattern_core::library::builtin;
use pattern_core::matching::{Matcher, SiteMemory};

#[test]
fn what_was_told_of_one_spelling_is_believed_of_another() {
    let spec = pattern("Centrifugal Pump");
    let (first, second) = (points(&["K-7.SEALPOTLVL", "K-7.XX"]), points(&["PMP9_SEALPOT_LVL", "PMP9_FLOW"]));
    let mut site = SiteMemory::default();
    site.observe(first.iter().chain(&second));
    assert_eq!(site.likely_role(&second[0]), None);
    approve(&mut site, &first, &spec.name, &["Seal Pot Level", "Spare"]);
    let (told, sure) = site.likely_role(&first[0]).expect("it was told");
    let (alike, less_sure) = site.likely_role(&second[0]).expect("it resembles the other");
    assert_eq!([told.as_str(), alike.as_str()], ["Seal Pot Level"; 2]);
    assert!(less_sure < sure && sure < 1.0, "{less_sure} {sure}");
    assert_eq!(site.likely_role(&second[1]), None);
}

#[test]
fn words_give_way_where_look_alikes_were_told_to_be_something_else() {
    let spec = pattern("Centrifugal Pump");
    let (first, second) = (
        points(&["P-101.DISCH PRESS | kPa", "P-101.FLO"]),
        points(&["P-102.DISCH PRESS | kPa", "P-102.FLO"]),
    );
    let mut site = SiteMemory::default();
    assert_eq!(role_of(&propose(&second, &spec, &site), 0), Some("Discharge Pressure"));
    approve(&mut site, &first, &spec.name, &["Header Pressure"]);
    assert_eq!(role_of(&propose(&second, &spec, &site), 0), Some("Header Pressure"));
}

#[test]
fn several_points_share_a_role_where_that_was_told_of_look_alikes() {
    let spec = pattern("Centrifugal Pump");
    let pump = |n: u32| {
        points(&[&format!("P-{n}.DISCH PRESS | bar"), &format!("P-{n}.HDR | bar"), &format!("P-{n}.FLOW")])
    };
    let mut site = SiteMemory::default();
    approve(&mut site, &pump(101), &spec.name, &["Discharge Pressure", "Discharge Pressure", "Flow Rate"]);
    let proposal = propose(&pump(102), &spec, &site);
    let roles: Vec<_> = (0..3).map(|point| role_of(&proposal, point)).collect();
    assert_eq!(roles, [Some("Discharge Pressure"), Some("Discharge Pressure"), Some("Flow Rate")]);
}

#[test]
fn a_look_alike_that_is_described_otherwise_is_not_believed() {
    let spec = pattern("VAV");
    let first =
        points(&["ZC4104MV | % | box 10 damper position", "ZC4105MV | % | box 10 reheat valve position"]);
    let second = points(&["ZC4114MV | % | box 11 damper position"]);
    let mut site = SiteMemory::default();
    site.observe(first.iter().chain(&second));
    // Of six boxes only the valves were told, so that most who are called ZC are valves.
    for _ in 0..6 {
        approve(&mut site, &first[1..], &spec.name, &["Reheat Valve Position"]);
    }
    approve(&mut site, &first, &spec.name, &["Damper Position", "Reheat Valve Position"]);
    let proposal = propose(&second, &spec, &site);
    assert_eq!(role_of(&proposal, 0), Some("Damper Position"), "{proposal:?}");
}

#[test]
fn what_a_loop_does_in_one_machine_it_does_in_the_next_of_its_kind() {
    let spec = pattern("VAV");
    let box_of = |n: u32| points(&[&format!("12_FIC_{n}.OP"), &format!("12_TIC_{}.OP", n + 1)]);
    let (first, second) = (box_of(2611), box_of(2637));
    let others: Vec<_> = (0..20).flat_map(|n| box_of(3000 + 7 * n)).collect();
    let mut site = SiteMemory::default();
    site.observe(first.iter().chain(&second).chain(&others));
    approve(&mut site, &first, &spec.name, &["Damper Position", "Reheat Valve Position"]);
    let proposal = propose(&second, &spec, &site);
    assert_eq!(role_of(&proposal, 0), Some("Damper Position"), "{proposal:?}");
    assert_eq!(role_of(&proposal, 1), Some("Reheat Valve Position"), "{proposal:?}");
}

#[test]
fn a_point_on_its_own_gets_the_role_it_is_called_after() {
    let library = builtin();
    let matcher = Matcher::new(library.iter().map(|p| (p, p.confidence)));
    let lone = points(&["X17 | degC | winding temperature", "X18", "X19 | kPa | suction pressure"]);
    let site = SiteMemory::default();
    let role = |i: usize| matcher.likely_role(&lone[i], &site).map(|(role, _)| role);
    assert_eq!(role(0).as_deref(), Some("Winding Temperature"));
    assert_eq!(role(1), None);
    assert_eq!(role(2).as_deref(), Some("Suction Pressure"));
}
