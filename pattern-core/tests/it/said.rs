//! What descriptions and single points tell of a machine.

use crate::matching::{pattern, points, propose, role_of};
use pattern_core::matching::{Matcher, SiteMemory};

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
