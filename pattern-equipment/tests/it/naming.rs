//! Which points the names put together.

use pattern_equipment::naming::{NamedPoint, Text, look_alikes, name_edges, name_keys, spelled_out};
use std::collections::BTreeSet;

fn points(lines: &[impl AsRef<str>]) -> Vec<NamedPoint> {
    lines
        .iter()
        .map(|line| {
            let (name, description) = line.as_ref().split_once('|').unwrap_or((line.as_ref(), ""));
            NamedPoint {
                name: name.trim().into(),
                description: description.trim().into(),
                ..NamedPoint::default()
            }
        })
        .collect()
}

/// Whether the two are joined, directly or by way of others.
pub(crate) fn joined(points: &[NamedPoint], a: &str, b: &str) -> bool {
    let index = |name: &str| points.iter().position(|p| p.name == name).expect("a point") as u32;
    let edges = name_edges(points);
    let mut reached = BTreeSet::from([index(a)]);
    while let Some((from, to, _)) = edges.iter().find(|(x, y, _)| reached.contains(x) != reached.contains(y))
    {
        reached.extend([*from, *to]);
    }
    reached.contains(&index(b))
}

/// Boxes in a running count of loops, as engineers number an area; every second box lacks descriptions, and
/// its neighbours follow without a hole.
fn area_of_running_numbers() -> Vec<String> {
    let mut names = Vec::new();
    let mut number = 2600;
    for unit in 1..=12 {
        let described =
            |text: &str| if unit % 2 == 0 { String::new() } else { format!("| vav-2{unit:02} {text}") };
        names.push(format!("12_TIC_{number}.PV {}", described("zone temperature")));
        names.push(format!("12_TIC_{number}.SP {}", described("zone temperature stpt")));
        names.push(format!("12_FIC_{}.PV {}", number + 1, described("air flow")));
        names.push(format!("12_FIC_{}.OP", number + 1));
        names.push(format!("12_XS_{}.PV {}", number + 2, described("occupancy")));
        number += 3;
    }
    names
}

#[test]
fn running_loop_numbers_are_cut_where_a_machine_begins() {
    let names = area_of_running_numbers();
    let points = points(&names);
    for unit in 0..12 {
        let number = 2600 + 3 * unit;
        let (first, last) = (format!("12_TIC_{number}.PV"), format!("12_XS_{}.PV", number + 2));
        assert!(joined(&points, &first, &last), "{first} and {last} are of one box");
        if unit > 0 {
            let before = format!("12_XS_{}.PV", number - 1);
            assert!(!joined(&points, &before, &first), "{before} and {first} are of two boxes");
        }
    }
}

#[test]
fn an_area_that_many_machines_mention_does_not_join_them() {
    let mut names = area_of_running_numbers();
    let undescribed = names.iter_mut().filter(|name| name.starts_with("12_XS") && name.ends_with(".PV "));
    undescribed.for_each(|name| name.push_str("| unit 2 alarm"));
    let points = points(&names);
    assert!(joined(&points, "12_TIC_2603.PV", "12_XS_2605.PV"));
    assert!(!joined(&points, "12_XS_2605.PV", "12_XS_2611.PV"));
}

#[test]
fn loop_numbers_that_every_letter_shares_are_no_run() {
    let mut lines = Vec::new();
    for number in 101..=116 {
        for letters in ["FI", "PI", "TI", "LI"] {
            lines.push(format!("{letters}-{number} | pump p-{number} value"));
        }
    }
    let points = points(&lines);
    assert!(!joined(&points, "FI-101", "FI-102"));
}

#[test]
fn a_number_in_front_of_loops_is_an_area() {
    let names: Vec<String> = ["TI", "PI", "FI", "LI"]
        .iter()
        .flat_map(|letters| (1..=6).map(move |n| format!("18_{letters}_19{n:02}_PV")))
        .collect();
    let keys = name_keys(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(keys.iter().all(|key| key.key.as_deref() != Some("18")), "{keys:?}");
}

#[test]
fn one_loop_of_several_machines_is_not_one_machine() {
    let names: Vec<String> = ["A", "B", "C", "D"]
        .iter()
        .flat_map(|unit| ["PV", "SP", "OP"].map(|attribute| format!("12_TIC_2687{unit}.{attribute}")))
        .collect();
    let points = points(&names);
    assert!(joined(&points, "12_TIC_2687A.PV", "12_TIC_2687A.OP"));
    assert!(!joined(&points, "12_TIC_2687A.PV", "12_TIC_2687B.PV"));
}

#[test]
fn numbers_that_every_machine_counts_for_itself_join_no_machines() {
    let machine = |kind: &str, area: u32, letters: [&str; 3]| -> Vec<NamedPoint> {
        let point = |(i, letters): (usize, &str)| NamedPoint {
            name: format!("{letters}{area}{i}AV"),
            description: format!("{kind}{area} part {}", ["a", "b", "c"][i]),
            ..NamedPoint::default()
        };
        letters.into_iter().enumerate().map(point).collect()
    };
    let area = |n| [machine("Gt", n, ["JT", "PT", "FI"]), machine("Bes", n, ["EI", "TT", "UI"])].concat();
    let points: Vec<NamedPoint> = (402..408).flat_map(area).collect();
    let edges = name_edges(&points);
    let machine_of = |i: u32| i / 3;
    assert!(
        edges
            .iter()
            .filter(|(_, _, weight)| *weight > 0.65)
            .all(|(a, b, _)| machine_of(*a) == machine_of(*b))
    );
    assert!(edges.iter().any(|(a, b, weight)| (*a, *b) == (0, 2) && *weight > 0.65));
}

/// Pumps with their motors: both are of one number, and every second motor has points that nobody described.
fn pumps_with_motors() -> Vec<NamedPoint> {
    let lines: Vec<String> = (1..=6)
        .flat_map(|n| {
            let vibration = if n == 3 { "COPIED FROM PMP #4".into() } else { format!("VIB PUMP MTR #{n}") };
            let described =
                |text: &str| if n % 2 == 0 { String::new() } else { format!("{text} PUMP MTR #{n}") };
            [
                format!("FT60{n}1 | FLW RT PMP #{n}"),
                format!("PT60{n}2 | DISCH PR PMP #{n}"),
                format!("VI60{n}3 | {vibration}"),
                format!("II60{n}4 | MTR CRNT PUMP MTR #{n}"),
                format!("TT60{n}5 | BEAR TEMP PUMP MTR #{n}"),
                format!("JI60{n}6 | {}", described("POWER")),
            ]
        })
        .collect();
    points(&lines)
}

#[test]
fn a_number_that_two_machines_share_joins_each_with_itself() {
    let points = pumps_with_motors();
    for n in 1..=6 {
        let name = |letters: &str, sequence: u32| format!("{letters}60{n}{sequence}");
        assert!(joined(&points, &name("FT", 1), &name("PT", 2)));
        assert!(joined(&points, &name("II", 4), &name("TT", 5)));
        assert!(joined(&points, &name("II", 4), &name("JI", 6)), "as at the numbers where it is described");
        assert!(joined(&points, &name("II", 4), &name("VI", 3)), "whatever was copied from another number");
        assert!(!joined(&points, &name("FT", 1), &name("II", 4)));
    }
}

#[test]
fn the_same_place_in_two_sequences_is_no_machine() {
    let machines = (1..=6).flat_map(|n| {
        let pump = ["FT", "PT", "TT"].into_iter().zip(1..).map(move |(l, i)| (l, i, "PMP"));
        let motor = ["II", "VT", "JI"].into_iter().zip(1 + n % 2..).map(move |(l, i)| (l, i, "MTR"));
        pump.chain(motor).map(move |(letters, i, kind)| format!("{letters}20{n}{i} | X {kind} #{n}"))
    });
    // Elsewhere letters do share numbers.
    let others = (4501..4531).flat_map(|n| ["FT", "II", "PT", "VT"].map(|letters| format!("{letters}{n}")));
    let lines: Vec<String> = machines.chain(others.filter(|name| !name.ends_with('7'))).collect();
    let points = points(&lines);
    assert!(joined(&points, "FT2021", "PT2022"));
    assert!(joined(&points, "II2021", "VT2022"));
    assert!(!joined(&points, "FT2021", "II2021"));
}

#[test]
fn a_name_may_end_with_its_equipment() {
    let lines: Vec<String> = ["P101A", "P101B", "P102"]
        .iter()
        .flat_map(|pump| ["DISCH_PRESS", "FLOW", "MTR_CURR"].map(|role| format!("{role}_{pump}")))
        .chain(["FLOW_P101A.SP".to_owned(), "FLOW_P102.SP".to_owned()])
        .collect();
    let points = points(&lines);
    assert!(joined(&points, "DISCH_PRESS_P101A", "MTR_CURR_P101A"));
    assert!(joined(&points, "FLOW_P101A", "FLOW_P101A.SP"));
    assert!(!joined(&points, "FLOW_P101A", "FLOW_P101B"));
    assert!(!joined(&points, "FLOW_P101A", "FLOW_P102"));
}

#[test]
fn a_number_at_the_end_of_a_name_that_counts_parts_is_no_equipment() {
    let lines: Vec<String> = (1..=4)
        .flat_map(|ahu| (1..=3).map(move |fan| format!("AHU{ahu}_FAN{fan}")))
        .chain((1..=4).map(|ahu| format!("AHU{ahu}_SAT")))
        .collect();
    let points = points(&lines);
    assert!(joined(&points, "AHU1_FAN1", "AHU1_FAN2"));
    assert!(!joined(&points, "AHU1_FAN1", "AHU2_FAN1"));
}

#[test]
fn where_names_mean_nothing_descriptions_tell_the_machines() {
    let roles = ["discharge pressure", "flow", "speed", "running"];
    let described = |i: usize| match i / 4 % 3 {
        0 => format!("Centrifugal pump {} {}", 1 + i / 12, roles[i % 4]),
        1 => format!("{} of chiller no. {}", roles[i % 4], 1 + i / 12),
        _ => format!("AHU {} {}", 1 + i / 12, roles[i % 4]),
    };
    // Numbers in no order, so that the points of a machine have any first digit.
    let name = |i: usize| format!("T{}", 10_000 + i * 7_919 % 89_989);
    let lines: Vec<String> = (0..96).map(|i| format!("{} | {}", name(i), described(i))).collect();
    let points = points(&lines);
    for machine in 0..24 {
        let first = 4 * machine;
        (first + 1..first + 4).for_each(|i| assert!(joined(&points, &name(first), &name(i)), "{}", lines[i]));
        if machine > 0 {
            assert!(!joined(&points, &name(first), &name(first - 1)), "{}", lines[first]);
        }
    }
}

#[test]
fn a_name_may_hold_its_role_between_the_kind_and_the_number() {
    let lines: Vec<String> = ["PUMP", "FAN", "MIXER", "BLOWER", "FEEDER"]
        .iter()
        .flat_map(|kind| ["DISCH_PRESS", "FLOW", "SPEED"].map(|role| format!("{kind}_{role}")))
        .flat_map(|start| (1..=3).map(move |n| format!("{start}_{n}")))
        .collect();
    let points = points(&lines);
    assert!(joined(&points, "PUMP_DISCH_PRESS_2", "PUMP_SPEED_2"));
    assert!(!joined(&points, "PUMP_SPEED_2", "FAN_SPEED_2"));
    assert!(!joined(&points, "PUMP_SPEED_2", "PUMP_SPEED_3"));
}

/// Loops of parallel units, machines whose number stands in the middle, and numbers that loops share.
fn three_conventions() -> Vec<String> {
    let loops = (2600..2640).flat_map(|n| ('A'..='F').map(move |unit| format!("12_TT_{n}{unit}.PV")));
    let parts = ["DCR", "INF", "ACW", "PET"];
    let machines = (401..431).flat_map(|n| parts.map(|part| format!("PV{n}{part}")));
    let shared =
        (601..631).flat_map(|n| [format!("FT{n}"), format!("PT{n}"), format!("TT{n}"), format!("XS{n}ST")]);
    loops.chain(machines).chain(shared).collect()
}

#[test]
fn a_site_in_front_of_all_names_changes_nothing() {
    let names = three_conventions();
    let bare = name_edges(&points(&names));
    assert!(bare.len() > 100, "{bare:?}");
    for sites in [&["S00."][..], &["NORD_", "SUED_"], &["acme/S1/", "acme/S2/"]] {
        let sited: Vec<String> =
            sites.iter().flat_map(|site| names.iter().map(move |name| format!("{site}{name}"))).collect();
        let at = |site: usize| (site * names.len()) as u32;
        let expected: Vec<_> = (0..sites.len())
            .flat_map(|site| bare.iter().map(move |(a, b, weight)| (a + at(site), b + at(site), *weight)))
            .collect();
        assert!(name_edges(&points(&sited)) == expected, "{sites:?}");
    }
}

#[test]
fn what_a_server_does_to_all_names_changes_nothing() {
    let names = three_conventions();
    let bare = name_edges(&points(&names));
    type Spelling = fn(&String) -> String;
    let spellings: [Spelling; 4] = [
        |name| name.to_lowercase(),
        |name| format!("{name}.F_CV/Value"),
        |name| format!("ns=2;s={name}"),
        |name| format!("Srv.Plant.{name}.Value"),
    ];
    for spell in spellings {
        let spelled: Vec<String> = names.iter().map(spell).collect();
        assert!(name_edges(&points(&spelled)) == bare, "{}", spelled[0]);
    }
}

#[test]
fn what_is_measured_in_front_of_the_machine_is_no_site() {
    let parts = ["QJX_SCTN", "QJX_DSCHG", "WVZ_BRNG", "ZKF_BRNG", "HWQ_SCTN"];
    let names: Vec<String> =
        parts.iter().flat_map(|part| (101..301).map(move |n| format!("{part}_P{n}"))).collect();
    let points = points(&names);
    assert!(joined(&points, "QJX_SCTN_P101", "WVZ_BRNG_P101"));
    assert!(!joined(&points, "QJX_SCTN_P101", "QJX_SCTN_P102"));
}

#[test]
fn a_mistyped_name_belongs_where_the_right_one_would() {
    let of_turbine =
        |n: u32| ["ACR", "RTD", "GEP", "NAN", "WND", "KVR", "BLH"].map(|code| format!("WT{n}{code}"));
    let mut names: Vec<String> = (301..309).flat_map(of_turbine).collect();
    // A character too few, two swapped, a letter for a digit; and a number of the usual form, which is no mistake.
    let slips = [
        ("WT304NAN", "WT34NAN"),
        ("WT303RTD", "WT30R3TD"),
        ("WT302GEP", "WT3O2GEP"),
        ("WT301ACR", "WT351ACR"),
    ];
    for (right, typed) in slips {
        *names.iter_mut().find(|name| *name == right).expect("a name") = typed.to_owned();
    }
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let keys = name_keys(&all);
    let key = |name: &str| keys[all.iter().position(|n| *n == name).expect("a name")].key.clone();
    assert!(key("WT304ACR").is_some());
    assert_eq!(key("WT34NAN"), key("WT304ACR"));
    assert_eq!(key("WT30R3TD"), key("WT303ACR"));
    assert_eq!(key("WT3O2GEP"), key("WT302ACR"));
    assert_ne!(key("WT351ACR"), key("WT301RTD"));
    // What is there already is not there twice.
    let twice: Vec<&str> = all.iter().copied().chain(["WT30R4TD"]).collect();
    let again = name_keys(&twice).pop().expect("the last one");
    assert_ne!(again.key, key("WT304ACR"), "WT304RTD exists");
}

#[test]
fn a_machine_in_the_folder_of_the_one_that_feeds_it_is_a_machine_of_its_own() {
    let handler = ["SATE", "RATE", "SFS", "SFNSP", "CHWVV", "OAADMPS"].map(|p| format!("NORTH/AHU_901/{p}"));
    let air_box = ["AFLW", "ZNTE", "Control/DMPS", "Control/ZNTESP", "Control/MNMAFLWSP"]
        .map(|point| format!("NORTH/AHU_901/VAV_907/{point}"));
    let all = points(&[&handler[..], &air_box[..]].concat());
    assert!(joined(&all, &handler[0], &handler[5]));
    assert!(joined(&all, &air_box[0], &air_box[4]));
    assert!(!joined(&all, &handler[0], &air_box[0]), "{:?}", name_edges(&all));
    // A part of few points is a part.
    let parts = points(
        &[&handler[..], &["NORTH/AHU_901/FAN_1/SPD".into(), "NORTH/AHU_901/FAN_1/RUN".into()]].concat(),
    );
    assert!(joined(&parts, &handler[0], "NORTH/AHU_901/FAN_1/SPD"));
}

#[test]
fn an_attribute_that_stands_apart_leaves_a_point_with_its_machine() {
    let unit = |letter: char| {
        ["TT601?1", "TC601?2S", "SI601?3", "ZC601?4Z", "XS601?_R", "XS601?_2"]
            .map(|name| name.replace('?', &letter.to_string()))
    };
    let names: Vec<String> = ('A'..='D').flat_map(unit).collect();
    let points = points(&names);
    assert!(joined(&points, "TT601C1", "XS601C_R"));
    assert!(joined(&points, "TT601C1", "XS601C_2"));
    assert!(!joined(&points, "XS601A_R", "XS601C_R"));
}

#[test]
fn words_of_a_name_are_spelled_out_where_all_are_understood() {
    let usual = ["Cooling Valve Position", "Running Status"];
    let said = |text: &str| spelled_out(&Text::new(text), &|said| usual.contains(&said));
    for (text, spelled) in [
        ("Agt_Curr", "Agitator Current"),
        ("BeltSpd", "Belt Speed"),
        ("jkt te", "Jacket Temperature"),
        ("RunStat", "Running Status"),
        ("Temp Stpt", "Temperature Setpoint"),
        // Which of two meanings is what points are usually called.
        ("Cool Valve Posn", "Cooling Valve Position"),
        // What kind of machine it is tells no part of it.
        ("GBX OL TE TURBINE", "Gearbox Oil Temperature"),
        ("MOTOR CURR MOTOR", "Motor Current"),
    ] {
        assert_eq!(said(text).as_deref(), Some(spelled), "{text}");
    }
    for text in ["", "7", "XQ", "Temp Qrz"] {
        assert_eq!(said(text), None, "{text}");
    }
}

#[test]
fn points_that_stand_alone_are_look_alikes_where_their_names_or_descriptions_say_the_same() {
    let points = points(&[
        "WIN-1.CONTACT",
        "WIN-2.CONTACT",
        "WIN-3.CONTACT",
        "WIN-1.TEMP",
        "WIN-2.TEMP",
        "TI-101|outside air",
        "TI-204|outside air",
        "TI-307|outside air",
        "TI-410|basin",
        "FI-101",
        "FI-204",
        "FI-307",
    ]);
    let all: Vec<usize> = (0..points.len()).collect();
    let groups = look_alikes(&points, &all);
    assert!(groups.contains(&vec![0, 1, 2]), "{groups:?}");
    assert!(groups.contains(&vec![5, 6, 7]), "{groups:?}");
    assert_eq!(groups.len(), 2, "two are too few, and letters of a loop tell nothing: {groups:?}");
    assert_eq!(look_alikes(&points, &all[1..]), [vec![5, 6, 7]], "one of the windows is in a group already");
}
