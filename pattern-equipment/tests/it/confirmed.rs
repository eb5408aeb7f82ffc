//! What answers about some points say about others.

use crate::matching::{approve, behaves, pattern, points, propose, role_of};
use pattern_core::library::{EquipmentPattern, builtin_of};
use pattern_equipment::matching::{Matcher, PointFeatures, SiteMemory};
use uuid::Uuid;

/// As told in an answer of its own.
fn by_itself((point, role): (PointFeatures, (String, String))) -> (PointFeatures, (String, String), Uuid) {
    let answer = point.id;
    (point, role, answer)
}

#[test]
fn one_answer_about_look_alikes_is_told_apart_from_several() {
    let spec = pattern("Storage Tank");
    let dryers = ["D-1", "D-2", "D-3", "D-4"].map(|d| {
        points(&[
            &format!("{d}.STACK_TEMP | degC"),
            &format!("{d}.DRUM_SPEED | rpm"),
            &format!("{d}.DRAFT | Pa"),
        ])
    });
    let roles = ["Temperature", "Level", "Pressure"];
    let mut site = SiteMemory::default();
    site.observe(dryers.iter().flatten());
    let before = propose(&dryers[3], &spec, &site);
    assert_eq!(before.unanswered, None);

    approve(&mut site, &dryers[0], &spec.name, &roles);
    let after_one = propose(&dryers[3], &spec, &site);
    let without = after_one.unanswered.expect("it rests on one answer");
    assert!(after_one.confidence > before.confidence);
    assert!((without - before.confidence).abs() < 0.05, "{without} {}", before.confidence);
    assert_eq!(propose(&dryers[0], &spec, &site).unanswered, None, "it was said of these themselves");

    approve(&mut site, &dryers[1], &spec.name, &roles);
    assert_eq!(propose(&dryers[3], &spec, &site).unanswered, None, "two say so");
}

#[test]
fn what_was_read_before_an_answer_serves_after_it() {
    let machines = ["P-1", "P-2", "P-3"].map(|p| {
        points(&[
            &format!("{p}.DISCH PRESS | kPa"),
            &format!("{p}.SUCT PRESS | kPa"),
            &format!("{p}.FLO | m3/h"),
        ])
    });
    let library = builtin_of::<EquipmentPattern>();
    let matcher = Matcher::new(library.iter().map(|spec| (spec, spec.confidence)));
    let mut site = SiteMemory::default();
    site.observe(machines.iter().flatten());
    let read = matcher.read(&machines[2], &site);
    let before = matcher.propose_read(&machines[2], &read, Some(0.5), &site);
    let other = (machines[0][0].clone(), ("Boiler".into(), "Steam Pressure".into()), machines[0][0].id);
    site.learn_elsewhere(&[other]);
    approve(&mut site, &machines[0], "Storage Tank", &["Pressure", "Level", "Flow"]);
    let roles = ["Discharge Pressure", "Suction Pressure", "Flow Rate"];
    let presumed: Vec<_> = machines[1].iter().zip(roles).map(|(point, role)| (point, role, 0.9)).collect();
    site.presume("Centrifugal Pump", &presumed);

    let after = matcher.propose_read(&machines[2], &read, Some(0.5), &site);
    assert_ne!(after, before);
    assert_eq!(after, matcher.propose(&machines[2], Some(0.5), &site));
}

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
    let library = builtin_of::<EquipmentPattern>();
    let matcher = Matcher::new(library.iter().map(|p| (p, p.confidence)));
    let lone = points(&["X17 | degC | winding temperature", "X18", "X19 | kPa | suction pressure"]);
    let site = SiteMemory::default();
    let role = |i: usize| matcher.likely_role(&lone[i], &site).map(|(role, _)| role);
    assert_eq!(role(0).as_deref(), Some("Winding Temperature"));
    assert_eq!(role(1), None);
    assert_eq!(role(2).as_deref(), Some("Suction Pressure"));
}

/// A jacket's and an exhaust's temperature, a level and a drive's current, all with mere numbers for names; each
/// machine a little different.
fn numbered_points(machine: u32, fahrenheit: bool) -> Vec<PointFeatures> {
    let (unit, scale, offset) = if fahrenheit { ("degF", 1.8, 32.0) } else { ("degC", 1.0, 0.0) };
    let line = |(i, unit): (usize, &str)| format!("M{machine}{i} | {unit}");
    let lines: Vec<String> = [unit, unit, "%", "A"].into_iter().enumerate().map(line).collect();
    let named = points(&lines);
    let more = f64::from(machine) / 50.0;
    let wave = |i: i64, every: f64| (i as f64 / every).sin();
    let [jacket, exhaust, level, current] = named.try_into().expect("four");
    vec![
        behaves(jacket, |i| scale * (45.0 + more + 0.2 * wave(i, 9.0)) + offset),
        // In °C what the jacket is in °F.
        behaves(exhaust, |i| scale * (113.0 + more + 0.36 * wave(i, 9.0)) + offset),
        behaves(level, |i| 60.0 + more + 20.0 * wave(i, 60.0)),
        behaves(current, |i| if i / 40 % 2 == 0 { 0.0 } else { 30.0 + more + wave(i, 3.0) }),
    ]
}

#[test]
fn where_names_are_mere_numbers_points_that_behave_alike_get_the_role_that_was_told() {
    let machines: Vec<_> = (1..8).map(|machine| numbered_points(machine, machine == 7)).collect();
    let mut site = SiteMemory::default();
    site.observe(machines.iter().flatten());
    let told = ["Jacket Temperature", "Exhaust Temperature", "Sump Level", "Drive Current"];
    for machine in &machines[..2] {
        approve(&mut site, machine, "Skid", &told);
    }
    for machine in &machines[2..] {
        let roles: Vec<_> = machine.iter().map(|p| site.likely_role(p).map(|(role, _)| role)).collect();
        assert_eq!(roles, told.map(|role| Some(role.to_owned())), "{}", machine[0].unit);
    }
}

#[test]
fn behaviour_tells_look_alikes_of_two_roles_apart() {
    let spec = pattern("VAV");
    let moves = |i: i64| 55.0 + 30.0 * (i as f64 / 11.0).sin();
    let opens = |i: i64| if i % 144 < 20 { 80.0 } else { 0.0 };
    // Which of both has which number differs from box to box.
    let box_of = |n: usize| {
        let [first, second] =
            points(&[&format!("ZC4{n}1MV"), &format!("ZC4{n}2MV")]).try_into().expect("two");
        if n.is_multiple_of(2) {
            (vec![behaves(first, moves), behaves(second, opens)], ["Bypass", "Trim"])
        } else {
            (vec![behaves(first, opens), behaves(second, moves)], ["Trim", "Bypass"])
        }
    };
    let boxes: Vec<(Vec<PointFeatures>, [&str; 2])> = (10..16).map(box_of).collect();
    let mut site = SiteMemory::default();
    site.observe(boxes.iter().flat_map(|(points, _)| points));
    for (known, roles) in &boxes[..2] {
        approve(&mut site, known, &spec.name, roles);
    }
    for (unknown, roles) in &boxes[2..] {
        let proposal = propose(unknown, &spec, &site);
        assert_eq!([0, 1].map(|point| role_of(&proposal, point)), roles.map(Some), "{proposal:?}");
    }
}

#[test]
fn one_look_alike_says_less_where_names_of_the_same_letters_are_something_else() {
    let spec = pattern("VAV");
    let box_of = |n: u32| points(&[&format!("ZT{n}1"), &format!("FC{n}5SP"), &format!("FC{n}6SP")]);
    let boxes: Vec<_> = (411..419).map(box_of).collect();
    let sureness = |roles: [&str; 3]| {
        let mut site = SiteMemory::default();
        site.observe(boxes.iter().flatten());
        approve(&mut site, &boxes[0], &spec.name, &roles);
        site.likely_role(&boxes[1][1]).expect("it was told").1
    };
    let alone = sureness(["Damper Position", "Air Flow Setpoint", "Air Flow Setpoint"]);
    let contradicted = sureness(["Damper Position", "Air Flow Setpoint", "Maximum Air Flow Setpoint"]);
    assert!(contradicted < alone, "{contradicted} {alone}");
}

#[test]
fn what_was_told_at_a_sister_plant_speaks_for_names_that_are_built_alike() {
    let parts = |machine: &str| {
        points(&[&format!("{machine}.SEALPOTLVL"), &format!("{machine}.QX"), &format!("{machine}.QZ")])
    };
    let here: Vec<PointFeatures> =
        ["K-7", "K-8", "K-9"].iter().flat_map(|k| parts(k)).chain(points(&["LI-300"])).collect();
    let role = |name: &str| (pattern("Centrifugal Pump").name, name.to_owned());
    let there = ["K-21", "K-22", "K-23", "K-24"].iter().flat_map(|k| parts(k));
    let there = there.zip(["Seal Pot Level", "Spare", "Spare"].map(role).into_iter().cycle());
    let loops = points(&["LI-101"]).into_iter().zip([role("Sump Level")]);
    let mut site = SiteMemory::default();
    site.observe(&here);
    site.learn_elsewhere(&there.chain(loops).map(by_itself).collect::<Vec<_>>());
    let (told, _) = site.likely_role(&here[0]).expect("the sister plant has it");
    assert_eq!(told, "Seal Pot Level");
    assert_eq!(site.likely_role(&here[9]), None, "a loop of another plant is another machine's");

    approve(&mut site, &here[..3], "Centrifugal Pump", &["Gland Pot Level", "Spare", "Spare"]);
    let (own, _) = site.likely_role(&here[6]).expect("it was told here");
    assert_eq!(own, "Gland Pot Level", "the first answer here counts more");
}

#[test]
fn units_that_stand_in_parallel_share_what_a_number_means() {
    let all =
        points(&["12_XS_2689A.PV", "12_XS_2694A.PV", "12_XS_2689B.PV", "12_XS_2694B.PV", "12_XS_2689C.PV"]);
    let mut site = SiteMemory::default();
    site.observe(&all);
    approve(&mut site, &all[..2], "FCU", &["Fan Status", "Fault Alarm"]);
    let role = |point: &PointFeatures| site.likely_role(point).map(|(role, _)| role);
    assert_eq!(role(&all[2]).as_deref(), Some("Fan Status"));
    assert_eq!(role(&all[3]).as_deref(), Some("Fault Alarm"));
    assert_eq!(role(&all[4]).as_deref(), Some("Fan Status"));
}

#[test]
fn loops_are_read_whatever_the_server_writes_around_them() {
    let spec = pattern("Centrifugal Pump");
    let loops: Vec<String> = (100..500).flat_map(|n| [format!("FT{n}"), format!("PT{n}")]).collect();
    let roles = |spell: fn(&String) -> String| {
        let spelled: Vec<String> = loops.iter().map(spell).collect();
        let all = points(&spelled.iter().map(String::as_str).collect::<Vec<_>>());
        let mut site = SiteMemory::default();
        site.observe(&all);
        let proposal = propose(&all[..2], &spec, &site);
        [0, 1].map(|point| role_of(&proposal, point).map(str::to_owned))
    };
    let plain = roles(String::clone);
    assert_eq!(plain[0].as_deref(), Some("Flow Rate"), "{plain:?}");
    assert_eq!(roles(|name| format!("acme.nord.{name}.Value")), plain);
    assert_eq!(roles(|name| name.to_lowercase()), plain);
}

#[test]
fn a_sister_plant_may_have_another_site_in_front() {
    let skid = |site: &str, n: usize| ["SEALPOTLVL", "QX", "QZ"].map(|part| format!("{site}.K-{n}.{part}"));
    let here: Vec<String> = (0..120).flat_map(|n| skid("NORD", n)).collect();
    let here = points(&here.iter().map(String::as_str).collect::<Vec<_>>());
    let there: Vec<String> = (0..6).flat_map(|n| skid("SUED", n)).collect();
    let roles = ["Seal Pot Level", "Spare", "Spare"].map(|role| ("Skid".to_owned(), role.to_owned()));
    let told = points(&there.iter().map(String::as_str).collect::<Vec<_>>());
    let mut site = SiteMemory::default();
    site.observe(&here);
    site.learn_elsewhere(&told.into_iter().zip(roles.into_iter().cycle()).map(by_itself).collect::<Vec<_>>());
    let role = site.likely_role(&here[0]).map(|(role, _)| role);
    assert_eq!(role.as_deref(), Some("Seal Pot Level"));
}

#[test]
fn a_word_that_one_role_was_told_with_tells_it_in_any_other_name() {
    let names = points(&[
        "Z1_G1_AISLE_MM_TRIGGER",
        "Z1_G2_LABORATORY_MM_TRIGGER",
        "Z1_G3_RECEPTION DESK_MM_TRIGGER",
        "Z1_G4_LABORATORY_LAMP",
        "Z2_G7_BOARD ROOM SOUTH_MM_TRIGGER",
        "Z2_G8_BOARD ROOM SOUTH_LAMP",
    ]);
    let spec = pattern("Electric Motor");
    let mut site = SiteMemory::default();
    site.observe(&names);
    approve(&mut site, &names[..1], &spec.name, &["Presence"]);
    assert_eq!(site.likely_role(&names[4]), None, "one name proves nothing");
    for (name, role) in [(1, "Presence"), (2, "Presence"), (3, "Lamp Command")] {
        approve(&mut site, &names[name..=name], &spec.name, &[role]);
    }
    let (role, sureness) = site.likely_role(&names[4]).expect("TRIGGER tells it");
    assert!(role == "Presence" && (0.5..0.9).contains(&sureness), "{role} {sureness}");
    let other = site.likely_role(&names[5]);
    assert_ne!(other.map(|(role, _)| role).as_deref(), Some("Presence"), "LABORATORY had both");
}

#[test]
fn a_pair_of_words_tells_what_neither_of_them_does_alone() {
    let names = points(&[
        "Z1_G1_GF_SRVC_AISLE",
        "Z1_G2_GF_SRVC_LABORATORY",
        "Z2_G3_GF_SRVC_ATRIUM_TV",
        "Z2_G4_GF_LAMP_ATRIUM",
        "Z2_G5_GF_LAMP_COPY ROOM",
        "Z3_G6_SRVC_FREQ",
        "Z3_G7_SRVC_POWER_FACTOR",
        "Z3_G8_SRVC_VOLTAGE",
        "Z2_G9_GF_SRVC_RECEPTION DESK",
    ]);
    let spec = pattern("Electric Motor");
    let told = ["Sockets", "Sockets", "Sockets", "Lamps", "Lamps", "Frequency", "Power Factor", "Voltage"];
    let mut site = SiteMemory::default();
    site.observe(&names);
    for (name, role) in told.iter().enumerate() {
        approve(&mut site, &names[name..=name], &spec.name, &[role]);
    }
    let (role, sureness) = site.likely_role(&names[8]).expect("GF SRVC tells it");
    assert!(role == "Sockets" && (0.5..0.9).contains(&sureness), "{role} {sureness}");
}

#[test]
fn a_word_still_tells_a_role_where_few_names_contradict() {
    let mut names: Vec<String> = (1..=9).map(|n| format!("Z1_G{n}_{}_LAMP", "ABCDEFGHI".repeat(n))).collect();
    names.push("Z1_G77_ATRIUM_LAMP".to_owned());
    let names = points(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let spec = pattern("Electric Motor");
    let mut site = SiteMemory::default();
    site.observe(&names);
    for (n, point) in names[..9].iter().enumerate() {
        approve(
            &mut site,
            std::slice::from_ref(point),
            &spec.name,
            &[if n == 4 { "Lamp Fault" } else { "Lamp" }],
        );
    }
    let (role, sureness) = site.likely_role(&names[9]).expect("LAMP tells it");
    assert!(role == "Lamp" && (0.5..0.8).contains(&sureness), "{role} {sureness}");
}

#[test]
fn letters_of_a_loop_say_nothing_about_machines_that_are_numbered_otherwise() {
    let vav_box = |n: u32| {
        points(&[
            format!("TT60{n}1 | degC"),
            format!("FT60{n}2 | l/s"),
            format!("ZC60{n}3Z | %"),
            format!("TC60{n}4SP | degC"),
        ])
    };
    let coil = |unit: char| {
        points(&[
            format!("TT601{unit}1 | degC | zone temperature hall fan coil {unit}"),
            format!("SI601{unit}2 | %"),
            format!("ZC601{unit}3Z | %"),
            format!("TC601{unit}4SP | degC"),
        ])
    };
    let boxes: Vec<_> = (3..7).map(vav_box).collect();
    let coils: Vec<_> = ('a'..'e').map(|unit| coil(unit.to_ascii_uppercase())).collect();
    let mut site = SiteMemory::default();
    site.observe(boxes.iter().chain(&coils).flatten());
    let roles = ["Zone Temperature", "Air Flow", "Damper Position", "Zone Temperature Setpoint"];
    boxes.iter().take(2).for_each(|told| approve(&mut site, told, "VAV", &roles));
    assert_eq!(site.likely_role(&boxes[2][2]).map(|(role, _)| role).as_deref(), Some("Damper Position"));
    assert_eq!(site.likely_role(&coils[0][2]), None, "it may as well be a valve");
}
