//! Small hand-made plants in several conventions.

use chrono::{DateTime, Duration};
use pattern_core::domain::{Sample, stable_id};
use pattern_core::library::{EquipmentPattern, builtin_of};
use pattern_core::series::{frame::ROLLUP_SECONDS, grid::day_buckets};
use pattern_equipment::fingerprint::fingerprint;
use pattern_equipment::matching::{Matcher, PointFeatures, Proposal, ProposedRole, SiteMemory};
use pattern_equipment::naming::{NamedPoint, labels, name_edges};

/// Points from lines of `name | unit | description`.
pub(crate) fn points(lines: &[impl AsRef<str>]) -> Vec<PointFeatures> {
    lines
        .iter()
        .map(|line| {
            let mut parts = line.as_ref().split('|').map(|part| part.trim().to_owned());
            let mut next = || parts.next().unwrap_or_default();
            let (name, unit, description) = (next(), next(), next());
            PointFeatures { id: stable_id(&[&name]), name, unit, description, fingerprint: None }
        })
        .collect()
}

fn best(points: &[PointFeatures], site: &SiteMemory) -> (String, Proposal) {
    let library = builtin_of::<EquipmentPattern>();
    let proposals = Matcher::new(library.iter().map(|p| (p, p.confidence))).propose(points, None, site);
    let (pattern, proposal) =
        library.iter().zip(proposals).max_by(|a, b| a.1.confidence.total_cmp(&b.1.confidence)).unwrap();
    (pattern.name.clone(), proposal)
}

pub(crate) fn propose(points: &[PointFeatures], spec: &EquipmentPattern, site: &SiteMemory) -> Proposal {
    Matcher::new([(spec, 0.85)]).propose(points, None, site).remove(0)
}

pub(crate) fn pattern(name: &str) -> EquipmentPattern {
    builtin_of::<EquipmentPattern>().into_iter().find(|p| p.name == name).unwrap()
}

pub(crate) fn role_of(proposal: &Proposal, point: usize) -> Option<&str> {
    proposal.roles.iter().find(|r| r.point == point).map(|r| r.role.as_str())
}

fn expect(lines: &[&str], kind: &str, roles: &[&str]) {
    let points = points(lines);
    let (name, proposal) = best(&points, &SiteMemory::default());
    assert_eq!(name, kind, "{}", proposal.reason);
    assert!(proposal.confidence >= 0.75, "{}: {}", proposal.confidence, proposal.reason);
    for (i, role) in roles.iter().enumerate() {
        assert_eq!(role_of(&proposal, i), Some(*role), "{}", points[i].name);
    }
}

const PUMP_ROLES: [&str; 5] =
    ["Discharge Pressure", "Suction Pressure", "Flow Rate", "Motor Current", "Running Status"];

#[test]
fn a_pump_with_readable_names_is_recognised() {
    expect(
        &[
            "North/Pumps/P-305/DischPress | kPa",
            "North/Pumps/P-305/SuctPress | kPa",
            "North/Pumps/P-305/FlowRate | m3/h",
            "North/Pumps/P-305/MtrCrnt | A",
            "North/Pumps/P-305/RunSts | on/off",
        ],
        "Centrifugal Pump",
        &PUMP_ROLES,
    );
}

#[test]
fn a_pump_with_glued_abbreviations_and_without_units_is_recognised() {
    expect(
        &[
            "U02_PMP07_DSCHPRESS",
            "U02_PMP07_SUCTPRESS",
            "U02_PMP07_FLOW",
            "U02_PMP07_MOTORCURR",
            "U02_PMP07_RUNSTAT",
        ],
        "Centrifugal Pump",
        &PUMP_ROLES,
    );
}

#[test]
fn a_pump_whose_names_end_with_it_is_recognised() {
    let lines: Vec<String> = ["P305", "P306A", "P306B"]
        .iter()
        .flat_map(|pump| {
            ["DISCH_PRESS", "SUCT_PRESS", "FLOW_RATE", "MTR_CURR", "RUN_STAT"]
                .map(|role| format!("{role}_{pump}"))
        })
        .collect();
    let all = points(&lines);
    let mut site = SiteMemory::default();
    site.observe(&all);
    let (name, proposal) = best(&all[5..10], &site);
    assert_eq!(name, "Centrifugal Pump", "{}", proposal.reason);
    let roles: Vec<_> = (0..5).map(|point| role_of(&proposal, point)).collect();
    assert_eq!(roles, PUMP_ROLES.map(Some));
}

#[test]
fn a_vav_box_of_a_building_is_recognised() {
    expect(
        &[
            "BLD.VAV3-12:ROOM TEMP",
            "BLD.VAV3-12:CTL STPT",
            "BLD.VAV3-12:AIR VOLUME",
            "BLD.VAV3-12:DMPR POS",
            "BLD.VAV3-12:CTL FLOW MIN",
            "BLD.VAV3-12:CTL FLOW MAX",
        ],
        "VAV",
        &[
            "Zone Temperature",
            "Zone Temperature Setpoint",
            "Air Flow",
            "Damper Position",
            "Minimum Air Flow Setpoint",
            "Maximum Air Flow Setpoint",
        ],
    );
}

#[test]
fn a_fan_coil_that_only_one_point_calls_so_is_recognised() {
    expect(
        &[
            "421_U10_DAT",
            "421_U10_RAT",
            "421_U10_CLG_VLV",
            "421_U10_HTG_VLV",
            "421_U10_TEMP_SPT",
            "421_U10_FCU_FAULT",
        ],
        "FCU",
        &[
            "Supply Air Temperature",
            "Return Air Temperature",
            "Cooling Valve Position",
            "Heating Valve Position",
        ],
    );
}

#[test]
fn a_wind_turbine_is_told_from_its_anomalies() {
    expect(
        &[
            "WTG07.WindSpeed | m/s",
            "WTG07.ActivePower | kW",
            "WTG07.RotorSpeed | rpm",
            "WTG07.GenSpeed | rpm",
            "WTG07.PitchA | deg",
            "WTG07.WindDir | deg",
            "WTG07.NacPos | deg",
        ],
        "Horizontal Axis Wind Turbine",
        &["Wind Speed", "Active Power", "Rotor Speed", "Generator Speed", "Pitch Angle A", "Wind Direction"],
    );
}

#[test]
fn what_the_library_does_not_know_gets_no_suggestion() {
    for lines in [
        &["RX-4_JacketTemp | degC", "RX-4_AgitSpeed | rpm", "RX-4_BatchPhase", "RX-4_ChargeFlow | kg/h"][..],
        &["cpu.load.1m", "disk.sda.await", "net.eth0.rx_bytes", "mem.cached"][..],
        &["17", "23", "42", "108"][..],
        &["CNV-2_BeltSpeed | m/s", "CNV-2_MassFlow | t/h", "CNV-2_TakeupPos | mm"][..],
    ] {
        let (name, proposal) = best(&points(lines), &SiteMemory::default());
        assert!(proposal.confidence < 0.75, "{lines:?} as {name}: {}", proposal.confidence);
    }
}

#[test]
fn roles_are_one_to_one_and_what_is_left_over_has_none() {
    let mut lines = vec!["P-1.DischPress | psi", "P-1.SuctPress | psi", "P-1.Flow | gpm"];
    lines.extend(["P-1.Flow_2 | gpm", "P-1.Flow_3 | gpm", "P-1.Password", "P-1.Colour"]);
    let points = points(&lines);
    let proposal = propose(&points, &pattern("Centrifugal Pump"), &SiteMemory::default());
    let mut used: Vec<usize> = proposal.roles.iter().map(|r| r.point).collect();
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), proposal.roles.len());
    assert_eq!(proposal.roles.iter().filter(|r| r.role == "Flow Rate").count(), 1);
    assert_eq!(role_of(&proposal, 5), None);
    assert_eq!(role_of(&proposal, 6), None);
}

const FIRST: [&str; 4] = ["P-101.DP | kPa", "P-101.XQ7 | kPa", "P-101.FLO | m3/h", "P-101.ZZ1"];
const SECOND: [&str; 4] = ["P-102.DP | kPa", "P-102.XQ7 | kPa", "P-102.FLO | m3/h", "P-102.ZZ1"];

pub(crate) fn approve(site: &mut SiteMemory, points: &[PointFeatures], pattern: &str, roles: &[&str]) {
    let siblings: Vec<&str> = points.iter().map(|p| p.name.as_str()).collect();
    for (point, role) in points.iter().zip(roles) {
        site.learn(point, &siblings, (pattern, role), points[0].id);
    }
}

#[test]
fn approving_one_pump_raises_the_name_score_of_its_look_alikes() {
    let spec = pattern("Centrifugal Pump");
    let (first, second) = (points(&FIRST), points(&SECOND));
    let mut site = SiteMemory::default();
    let before = propose(&second, &spec, &site);
    approve(&mut site, &first, &spec.name, &["Discharge Pressure", "Suction Pressure", "Flow Rate"]);
    let after = propose(&second, &spec, &site);
    assert!(after.scores.name.unwrap() >= before.scores.name.unwrap() + 0.1, "{before:?} {after:?}");
    assert!(after.confidence > before.confidence);
    assert_eq!(role_of(&after, 1), Some("Suction Pressure"));
}

#[test]
fn a_role_of_the_sites_own_is_proposed_for_look_alikes() {
    let spec = pattern("Centrifugal Pump");
    let (first, second) = (points(&FIRST), points(&SECOND));
    let mut site = SiteMemory::default();
    let roles = ["Discharge Pressure", "Suction Pressure", "Flow Rate", "Seal Pot Camera"];
    approve(&mut site, &first, &spec.name, &roles);
    let proposal = propose(&second, &spec, &site);
    assert_eq!(role_of(&proposal, 3), Some("Seal Pot Camera"));
}

#[test]
fn a_corrected_pattern_wins_for_the_look_alikes() {
    let names = ["K-7.SP | psi", "K-7.DP | psi", "K-7.FL | gpm", "K-7.AMPS | A"];
    let others = ["K-8.SP | psi", "K-8.DP | psi", "K-8.FL | gpm", "K-8.AMPS | A"];
    let (first, second) = (points(&names), points(&others));
    let mut site = SiteMemory::default();
    let wrong = pattern("Reciprocating Compressor");
    let before = propose(&second, &wrong, &site).confidence;
    approve(
        &mut site,
        &first,
        "Centrifugal Pump",
        &["Suction Pressure", "Discharge Pressure", "Flow Rate", "Motor Current"],
    );
    assert_eq!(best(&second, &site).0, "Centrifugal Pump");
    assert!(propose(&second, &wrong, &site).confidence < before);
}

#[test]
fn letters_that_every_loop_has_do_not_make_look_alikes_of_them() {
    let spec = pattern("Centrifugal Pump");
    let (first, second) = (points(&["FI-101", "PI-102", "TI-103"]), points(&["FI-207", "PI-208", "TI-209"]));
    let others: Vec<String> =
        (30..36).flat_map(|n| ["FI", "PI", "TI"].map(|l| format!("{l}-{n}1"))).collect();
    let others = points(&others);
    let mut site = SiteMemory::default();
    site.observe(first.iter().chain(&second).chain(&others));
    let before = propose(&second, &spec, &site);
    approve(&mut site, &first, &spec.name, &["Flow Rate", "Discharge Pressure", "Discharge Temperature"]);
    let after = propose(&second, &spec, &site);
    assert!(after.confidence < 0.75 && after.confidence >= before.confidence, "{before:?} {after:?}");
}

#[test]
fn a_unit_speaks_for_a_role_and_one_of_something_else_against_it() {
    let spec = pattern("Centrifugal Pump");
    let score = |line: &str| {
        let proposal = propose(&points(&[line]), &spec, &SiteMemory::default());
        proposal.roles.first().map_or(0.0, |role| role.score)
    };
    let (fits, unmarked, foreign) =
        (score("P-1.FlowRate | m3/h"), score("P-1.FlowRate"), score("P-1.FlowRate | degC"));
    assert!(fits > unmarked && unmarked > foreign, "{fits} {unmarked} {foreign}");
}

/// Two days of a reading every ten minutes.
pub(crate) fn behaves(mut point: PointFeatures, value: impl Fn(i64) -> f64) -> PointFeatures {
    let at = |i: i64| DateTime::from_timestamp(1_750_032_000 + 600 * i, 0).unwrap();
    let samples: Vec<Sample> = (0..288).map(|i| Sample { at: at(i), value: value(i), quality: 0 }).collect();
    let day = |n: usize| {
        let part = &samples[144 * n..144 * (n + 1)];
        day_buckets(part[0].at.date_naive(), None, part, Duration::hours(24))
    };
    point.fingerprint = fingerprint(&samples, &[day(0), day(1)].concat(), ROLLUP_SECONDS);
    point
}

#[test]
fn behaviour_speaks_for_and_against_a_role() {
    let spec = pattern("Centrifugal Pump");
    let score = |line: &str, value: &dyn Fn(i64) -> f64| {
        let point = behaves(points(&[line]).remove(0), value);
        let proposal = propose(&[point], &spec, &SiteMemory::default());
        let role = proposal.roles.first().map(|r| (r.role.clone(), r.score));
        (role, proposal.scores, proposal.reason)
    };
    let wave = |i: i64| (i as f64 / 7.0).sin();
    let (role, scores, _) = score("P-1.FlowRate | m3/h", &|i| 400.0 + 30.0 * wave(i));
    let (name, plain) = role.expect("a role");
    assert_eq!((name.as_str(), scores.range, scores.behavior), ("Flow Rate", Some(1.0), Some(1.0)));
    // 400 m³/h are 1 761 gpm, within the pump's 10 000; 400 000 are not.
    let (role, scores, reason) = score("P-1.FlowRate | m3/h", &|i| 400_000.0 + 30.0 * wave(i));
    assert_eq!(scores.range, Some(0.0));
    assert!(role.is_none_or(|(_, score)| score < plain), "{reason}");
    // A flow that is on or off is none.
    let (role, scores, _) = score("P-1.FlowRate | m3/h", &|i| (i / 30 % 2) as f64);
    assert_eq!(scores.behavior, Some(0.0));
    assert!(role.is_none_or(|(_, score)| score < plain));
}

#[test]
fn a_barometer_is_understood_however_its_pressure_is_marked() {
    let spec = pattern("Meteorological Station");
    for (unit, factor) in [("hPa", 1.0), ("bara", 0.001), ("mbar", 1.0), ("hPa(a)", 1.0), ("kPa", 0.1)] {
        let point = points(&[&format!("MET.BaroPress | {unit}")]).remove(0);
        let point = behaves(point, |i| factor * (1000.0 + 8.0 * (i as f64 / 40.0).sin()));
        let proposal = propose(&[point], &spec, &SiteMemory::default());
        assert_eq!(proposal.scores.range, Some(1.0), "{unit}");
    }
}

fn named(names: &[&str]) -> Vec<NamedPoint> {
    names.iter().map(|name| NamedPoint { name: (*name).into(), ..NamedPoint::default() }).collect()
}

fn connected(names: &[&str], a: usize, b: usize) -> bool {
    name_edges(&named(names)).iter().any(|e| (e.0, e.1) == (a.min(b) as u32, a.max(b) as u32))
}

#[test]
fn names_group_by_the_part_that_identifies_equipment() {
    let boxes = [
        "SITE.S1-17:CTL FLOW MIN",
        "SITE.S1-17:ROOM TEMP",
        "SITE.S1-18:CTL FLOW MIN",
        "SITE.S1-18:ROOM TEMP",
        "SITE.S2-17:CTL FLOW MIN",
        "SITE.S2-17:ROOM TEMP",
    ];
    assert!(connected(&boxes, 0, 1) && connected(&boxes, 4, 5));
    assert!(name_edges(&named(&boxes)).iter().all(|edge| edge.2 == 1.0), "the name itself is sure");
    assert!(!connected(&boxes, 0, 2) && !connected(&boxes, 0, 4));
    let padded = ["U01_CMP-01_Flow", "U01_CMP-001_Temp", "U01_CMP-02_Flow", "U01_CMP-002_Temp"];
    assert!(connected(&padded, 0, 1) && !connected(&padded, 0, 2));
}

#[test]
fn loop_numbers_alone_do_not_glue_points_together() {
    let loops: Vec<String> =
        (101..=141).map(|n| format!("{}-{n}", ["FI", "TI", "PI", "LI", "AI"][n % 5])).collect();
    let loops: Vec<&str> = loops.iter().map(String::as_str).collect();
    assert!(name_edges(&named(&loops)).is_empty());
}

#[test]
fn sequence_digits_behind_an_equipment_number_group_it() {
    let rooms: Vec<String> = (601..=608)
        .flat_map(|n| [format!("TT{n}1"), format!("TC{n}2SP"), format!("FT{n}3"), format!("ZC{n}4Z")])
        .collect();
    let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
    assert!(connected(&rooms, 0, 3) && connected(&rooms, 4, 7) && !connected(&rooms, 3, 4));
}

#[test]
fn labels_are_what_a_person_would_say() {
    let label = |names: &[&str]| labels(&[names.to_vec()]).remove(0).text;
    assert_eq!(label(&["North/Pumps/P-305/Flow", "North/Pumps/P-305/Level"]), "P-305");
    assert_eq!(label(&["U02_PMP07_FLOW", "U02_PMP07_AMPS", "X"]), "U02_PMP07");
    assert_eq!(label(&["DISCH_PRESS_P305A", "FLOW_P305A"]), "P305A");
    assert_eq!(label(&["PUMP_FLOW_3", "PUMP_SPEED_3"]), "PUMP_3");
    assert_eq!(label(&["alone"]), "alone");
    assert_eq!(label(&[]), "");
}

#[test]
fn groups_that_would_be_called_the_same_are_told_apart() {
    let groups = [
        vec!["East/AHU-1/Flow", "East/AHU-1/Temp"],
        vec!["West/AHU-1/Flow", "West/AHU-1/Temp"],
        vec!["West/AHU-2/Flow", "West/AHU-2/Temp"],
        vec!["12VAV1_T", "12VAV2_T"],
        vec!["12VAV3_T", "12VAV4_T"],
    ];
    let expected = ["East/AHU-1", "West/AHU-1", "AHU-2", "12VAV1_T and 1 more", "12VAV3_T and 1 more"];
    let labels = labels(&groups);
    let texts: Vec<_> = labels.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(texts, expected);
    let lists: Vec<_> = labels.iter().map(|label| label.lists_points).collect();
    assert_eq!(lists, [false, false, false, true, true]);
}

#[test]
fn a_second_sensor_of_the_same_is_a_spare() {
    let spec = pattern("Centrifugal Pump");
    let points = points(&["P-7.DISCH PRESS | bar", "P-7.DISCH PRESS 2 | bar", "P-7.SUCT PRESS | bar"]);
    let proposal = propose(&points, &spec, &SiteMemory::default());
    let of_discharge =
        |roles: &[ProposedRole]| roles.iter().filter(|r| r.role == "Discharge Pressure").count();
    assert_eq!((of_discharge(&proposal.roles), of_discharge(&proposal.spares)), (1, 1), "{proposal:?}");
}

#[test]
fn points_that_differ_in_numbers_only_are_look_alikes() {
    let boxes: Vec<String> =
        (1..=9).flat_map(|n| ["TEMP", "FLOW"].map(|part| format!("BOX{n}_{part}"))).collect();
    let boxes = points(&boxes);
    let mut site = SiteMemory::default();
    site.observe(&boxes);
    let (temperatures, size) = site.family(&boxes[0]);
    assert_eq!((&temperatures, size), (&site.family(&boxes[2]).0, 9.0));
    assert_ne!(temperatures, site.family(&boxes[1]).0);
}

#[test]
fn loops_of_an_area_are_read_as_loops() {
    let spec = pattern("VAV");
    let points = points(&[
        "12_TIC_2650.PV | degC",
        "12_TIC_2650.SP | degC",
        "12_FIC_2651.PV | l/s | air flow",
        "12_FIC_2651.SP | l/s",
    ]);
    let proposal = propose(&points, &spec, &SiteMemory::default());
    assert_eq!(role_of(&proposal, 1), Some("Zone Temperature Setpoint"), "{proposal:?}");
    assert_eq!(role_of(&proposal, 3), Some("Air Flow Setpoint"), "{proposal:?}");
}

#[test]
fn what_only_behaves_like_a_machine_is_not_sure_to_be_one() {
    let names = ["P000865", "P000563", "P000678", "P000716", "P000021"];
    let unnamed = points(&names).into_iter().enumerate();
    let unnamed: Vec<_> =
        unnamed.map(|(n, point)| behaves(point, |i| 50.0 + (i as f64 / (7.0 + n as f64)).sin())).collect();
    let mut site = SiteMemory::default();
    site.observe(&unnamed);
    let (name, proposal) = best(&unnamed, &site);
    assert!(proposal.confidence < 0.2, "{name} {proposal:?}");
}
