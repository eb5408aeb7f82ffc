//! What descriptions and single points tell of a machine.

use crate::matching::{pattern, points, propose, role_of};
use pattern_core::library::{EquipmentPattern, builtin_of};
use pattern_equipment::matching::{Matcher, SiteMemory, spelled_out};

#[test]
fn codes_in_descriptions_tell_the_kind_of_equipment_as_those_in_names_do() {
    let turbine = |code: &str| {
        let described = |name: &str, unit: &str, said: &str| format!("{name} | {unit} | {code}402 {said}");
        points(&[
            described("PT4026AV", "kPa", "lo press"),
            described("TT4029AV", "degC", "temperature"),
            described("FI4023AV", "Nm3/h", "flow"),
        ])
    };
    let spec = pattern("Gas Turbine");
    let confidence = |code| propose(&turbine(code), &spec, &SiteMemory::default()).confidence;
    assert!(confidence("gt") > confidence("zz"), "{} {}", confidence("gt"), confidence("zz"));
}

#[test]
fn look_alikes_that_stand_alone_are_matched_each_by_itself() {
    let motors = points(&["X-1.WINDING TEMP | degC", "X-2.WINDING TEMP | degC", "X-3.WINDING TEMP | degC"]);
    let spec = pattern("Electric Motor");
    let proposal = Matcher::new([(&spec, 0.85)]).propose_for_each(&motors, &SiteMemory::default()).remove(0);
    let roles: Vec<_> = (0..3).map(|point| role_of(&proposal, point)).collect();
    assert_eq!(roles, [Some("Winding Temperature"); 3], "{proposal:?}");
    assert!(proposal.confidence < 0.75, "a single point tells no machine: {}", proposal.confidence);
    assert!(proposal.reason.starts_with("3 points are called alike"), "{}", proposal.reason);
}

#[test]
fn the_end_that_is_not_the_drives_is_the_other_one() {
    let motor =
        points(&["M-1.BRG TEMP A | degC | ND BRG TE MOTOR #1", "M-1.BRG TEMP B | degC | DE BRG TE MOTOR #1"]);
    let spec = pattern("Electric Motor");
    // Alone, so that the other one does not decide it.
    for (point, role) in motor.iter().zip(["Bearing Temperature NDE", "Bearing Temperature DE"]) {
        let proposal = propose(std::slice::from_ref(point), &spec, &SiteMemory::default());
        assert_eq!(role_of(&proposal, 0), Some(role), "{}", point.description);
    }
}

#[test]
fn a_description_that_name_and_unit_contradict_is_another_points() {
    let motor = |unit: &str, said: &str| {
        let point = |code: &str, rest: &str| format!("KM{unit}{code} | {rest}");
        points(&[
            point("BE", said),
            point("RS", "on/off | running status"),
            point("WT", "degC | winding temperature"),
        ])
    };
    let first = "601A";
    let others = ["601B", "601C", "602A"].map(|unit| motor(unit, "degC | drive end bearing temperature"));
    let spec = pattern("Electric Motor");
    let role = |said: &str| {
        let own = motor(first, said);
        let mut site = SiteMemory::default();
        site.observe(others.iter().flatten().chain(&own));
        role_of(&propose(&own, &spec, &site), 0).map(str::to_owned)
    };
    assert_eq!(role("degC | motor current").as_deref(), Some("Bearing Temperature DE"));
    assert_eq!(role("A | motor current").as_deref(), Some("Motor Current"), "the unit agrees");
}

#[test]
fn what_a_point_is_said_to_be_stands_against_what_its_letters_may_mean() {
    let coil = points(&["XS601_R | | common alarm hall fan co"]);
    let proposal = propose(&coil, &pattern("FCU"), &SiteMemory::default());
    assert_eq!(role_of(&proposal, 0), Some("Alarm Active"), "{proposal:?}");
}

#[test]
fn a_code_that_is_described_at_one_kind_of_machine_means_the_same_at_another() {
    let machines = |kind: &str, said: &str| {
        let of_unit = |unit| {
            let point = |code: &str, rest: &str| format!("{kind}{unit}{code} | {rest}");
            [point("QX", &format!("| {said}")), point("RS", "on/off"), point("MI", "A")]
        };
        points(&["501A", "501B", "501C", "502A"].into_iter().flat_map(of_unit).collect::<Vec<_>>())
    };
    let (drives, motors) = (machines("DM", "stator winding temperature"), machines("KM", ""));
    let spec = pattern("Electric Motor");
    let role = |observed: &[&[_]]| {
        let mut site = SiteMemory::default();
        site.observe(observed.iter().copied().flatten());
        role_of(&propose(&motors[..3], &spec, &site), 0).map(str::to_owned)
    };
    assert_eq!(role(&[&motors]), None);
    assert_eq!(role(&[&motors, &drives]).as_deref(), Some("Winding Temperature"));
}

#[test]
fn where_half_of_the_points_name_a_machine_it_is_no_other_one() {
    let coil = |called: &str| {
        points(&[
            format!("SI2688.PV | % | canteen {called} fan speed"),
            format!("TT2692.PV | degC | canteen {called} supply air temperature"),
            format!("ZT2690.PV | % | canteen {called} heating valve position"),
            "TIC2687.PV".into(),
        ])
    };
    let (handler, fan_coil) = (pattern("AHU"), pattern("FCU"));
    let of_handler = |called: &str| {
        let matcher = Matcher::new([(&handler, 0.75), (&fan_coil, 0.75)]);
        matcher.propose(&coil(called), None, &SiteMemory::default())[0].confidence
    };
    assert!(of_handler("fan coil") < of_handler("unit"), "{} {}", of_handler("fan coil"), of_handler("unit"));
}

#[test]
fn what_is_left_over_is_shown_as_what_it_is_most_likely() {
    let spec = pattern("VAV");
    let air_box = points(&[
        "TT2750 | degC | zone temperature",
        "FT2751 | m3/h | air flow",
        "ZC2752 | % | damper position",
        "XS2753 | on/off",
    ]);
    let proposal = propose(&air_box, &spec, &SiteMemory::default());
    assert_eq!(role_of(&proposal, 3), None, "too little speaks for it to be asked: {proposal:?}");
    let spare = proposal.spares.iter().find(|spare| spare.point == 3).expect("a switch of the box");
    assert!(spare.score < 0.5, "{spare:?}");
}

#[test]
fn a_point_that_stands_alone_is_what_it_is_said_to_be() {
    let library = builtin_of::<EquipmentPattern>();
    let matcher = Matcher::new(library.iter().map(|p| (p, p.confidence)));
    // The letters alone would be any temperature, level or status.
    let expected = [
        ("T4131AV | DEGC | vav413 zone temp", "Zone Temperature"),
        ("XS413ST | | vav413 occup stat", "Occupancy Status"),
        ("18_LI_1904_PV | PCT | COOLING WATER BASIN LEVE", "Basin Level"),
        ("18_TIC_1907_PV | | COOLING WATER SPLY TEMP", "Supply Temperature"),
    ];
    for (line, role) in expected {
        let likely = matcher.likely_role(&points(&[line])[0], &SiteMemory::default());
        assert_eq!(likely.map(|(role, _)| role).as_deref(), Some(role), "{line}");
    }
}

#[test]
fn points_that_read_alike_are_told_apart_by_what_they_measure() {
    let dryer = points(&["D-1.I_HEATING | A", "D-1.V_HEATING | V", "D-1.TEMP | degC", "D-1.FLOW | m3/h"]);
    let said = spelled_out(&dryer, &SiteMemory::default(), &|_| false);
    let said: Vec<Option<&str>> = said.iter().map(Option::as_deref).collect();
    assert_eq!(said, [Some("Heating Current"), Some("Heating Voltage"), Some("Temperature"), Some("Flow")]);
}
