//! Numbers, states and gaps.

use crate::support::{read_utc, table};

fn of_one_point(values: &[&str]) -> crate::support::Read {
    let mut text = String::from("timestamp,name,value\n");
    for (minute, value) in values.iter().enumerate() {
        text += &format!("2026-11-20T00:{minute:02}:00Z,A,\"{value}\"\n");
    }
    table(&text)
}

#[test]
fn two_states_are_zero_and_one() {
    for (values, expected) in [
        (["ON", "OFF", "on"], [1.0, 0.0, 1.0]),
        (["FALSE", "True", "false"], [0.0, 1.0, 0.0]),
        (["Closed", "Open", "Closed"], [0.0, 1.0, 0.0]),
        (["running", "stopped", "running"], [1.0, 0.0, 1.0]),
        (["Inactive", "Active", "Inactive"], [0.0, 1.0, 0.0]),
        (["Ein", "Aus", "Ein"], [1.0, 0.0, 1.0]),
    ] {
        let read = of_one_point(&values);
        assert_eq!(read.values("A"), expected, "{values:?}");
        assert_eq!(read.resolved.meanings[0].states.len(), 2, "{values:?}");
    }
}

#[test]
fn several_states_are_numbered_and_named() {
    let read = of_one_point(&["Auto", "Off", "Hand", "Auto"]);
    assert_eq!(read.values("A"), [0.0, 1.0, 2.0, 0.0]);
    assert_eq!(read.resolved.meanings[0].states, ["Auto", "Off", "Hand"]);
}

#[test]
fn what_a_historian_writes_instead_of_a_value_is_a_gap_of_bad_quality() {
    let gaps = [
        "Bad Input",
        "I/O Timeout",
        "No Data",
        "Pt Created",
        "Shutdown",
        "-",
        "null",
        "NaN",
        "unavailable",
        "",
    ];
    let read = of_one_point(&[&["1.5"], &gaps[..]].concat());
    assert_eq!(read.classes(), [1, 0, gaps.len()]);
    assert_eq!(read.rejects, Vec::<String>::new());
    assert_eq!(read.content.gaps.values().sum::<u64>(), gaps.len() as u64);
}

#[test]
fn among_numbers_two_state_words_count_and_other_words_are_named() {
    let read = of_one_point(&["1.5", "ON", "false", "0x10", "0x10", "2"]);
    assert_eq!(read.values("A"), [1.5, 1.0, 0.0, 2.0]);
    let unmeant = &read.resolved.unmeant;
    assert_eq!((unmeant[0].word.as_str(), unmeant[0].count, unmeant[0].line), ("0x10", 2, 5));
}

#[test]
fn a_unit_behind_the_number_is_the_unit_of_the_point() {
    let read = of_one_point(&["72.5 °F", "73 °F", "4 bar"]);
    assert_eq!(read.values("A"), [72.5, 73.0]);
    assert_eq!(read.content.points[0].unit, "°F");
    assert!(read.rejects[0].contains("in bar, but 'A' is in °F"), "{:?}", read.rejects);
}

#[test]
fn free_text_is_rejected() {
    let notes: Vec<String> = (0..60).map(|i| format!("note {i}")).collect();
    let mut text = String::from("timestamp,name,value\n");
    for (i, note) in notes.iter().chain(&notes).enumerate() {
        text += &format!("2026-11-20T00:00:{:02}Z,A,{note} {}\n", i % 60, i / 60);
    }
    let read = table(&format!("{text}2026-11-20T00:00:00Z,B,1\n"));
    assert_eq!(read.samples.len(), 1, "{:?}", read.samples);
    assert!(!read.content.is_used(0, &read.resolved) && read.content.is_used(1, &read.resolved));
}

#[test]
fn states_that_a_point_has_already_keep_their_numbers() {
    let read = of_one_point(&["Hand", "Service"]);
    let known = ["Auto", "Off", "Hand"].map(str::to_owned);
    let resolved = read.content.resolve(|_| &known);
    assert_eq!(resolved.meanings[0].states, ["Auto", "Off", "Hand", "Service"]);
}

#[test]
fn what_several_files_say_of_a_point_is_put_together() {
    let read = read_utc(&[
        ("points.csv", b"name,device,path\nA,AHU-1,Roof/North\n"),
        ("samples.csv", b"timestamp,name,value,unit,group\n2026-11-20T00:00:00Z,A,1,bar,Hall 3\n"),
    ]);
    let point = &read.content.points[0];
    let said = [&point.device, &point.path, &point.unit, &point.group].map(String::as_str);
    assert_eq!(said, ["AHU-1", "Roof/North", "bar", "Hall 3"]);
}
