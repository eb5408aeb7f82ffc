//! Numbers, states and gaps.

use pattern_import::number;

use crate::support::{problems, read_utc, table};

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

#[test]
fn three_digits_behind_a_point_are_decimals_and_said_where_nothing_tells() {
    let rows = "time;A\n2026-11-20T00:00:00Z;1.234\n2026-11-20T00:01:00Z;1.235\n2026-11-20T00:02:00Z;1.240\n";
    let read = table(rows);
    assert_eq!(read.values("A"), [1.234, 1.235, 1.24]);
    let note = &read.survey.notes[0];
    assert!(note.contains("like 1.234") && note.contains("--decimal comma"), "{note}");
    // Who writes 1234 puts no sign between thousands.
    let told = table(&rows.replace("1.240", "1234"));
    assert_eq!((told.values("A"), told.survey.notes.len()), (vec![1.234, 1.235, 1234.0], 0));
    let thousands = table(&rows.replace("1.240", "1.234.567"));
    assert_eq!(thousands.values("A"), [1234.0, 1235.0, 1_234_567.0]);
}

#[test]
fn what_tells_the_decimal_sign_may_stand_far_behind_the_beginning() {
    let mut rows = String::from("time;A\n");
    for i in 0..20_000 {
        rows +=
            &format!("2026-11-{:02}T{:02}:{:02}:00Z;1.{:03}\n", i / 1440 + 1, i / 60 % 24, i % 60, i % 1000);
    }
    let read = table(&format!("{rows}2026-11-21T00:00:00Z;1.234,5\n"));
    assert_eq!((read.values("A")[1], read.survey.notes.len()), (1001.0, 0));
}

#[test]
fn files_with_the_same_columns_tell_each_others_decimal_sign() {
    let file = |tag: &str, value: &str| format!("time;{tag}\n2026-11-20T00:00:00Z;{value}\n");
    for (value, expected) in [("60,5", 1234.0), ("60.5", 1.234)] {
        let (open, told) = (file("A", "1.234"), file("B", value));
        let read = read_utc(&[("a.csv", open.as_bytes()), ("b.csv", told.as_bytes())]);
        assert_eq!((read.values("A"), read.values("B")), (vec![expected], vec![60.5]));
        assert_eq!(read.survey.notes, Vec::<String>::new());
    }
}

#[test]
fn samples_of_another_unit_are_converted_to_that_of_their_point_or_rejected() {
    let read = table(
        "timestamp,name,value,unit\n2026-11-20T00:00:00Z,A,1.5,kW\n2026-11-20T00:01:00Z,A,500,W\n2026-11-20T00:02:00Z,A,3,bar\n2026-11-20T00:03:00Z,A,2,kilowatts\n",
    );
    assert_eq!(read.values("A"), [1.5, 0.5, 2.0]);
    assert_eq!(read.content.converted, [("W".to_owned(), "kW".to_owned(), 1)]);
    assert!(read.rejects[0].contains("in bar, but 'A' is in kW"), "{:?}", read.rejects);
    let read = read_utc(&[
        ("a.csv", b"time,A (degC)\n2026-11-20 00:00,20\n"),
        ("b.csv", b"time,A (degF)\n2026-11-20 00:05,50\n"),
    ]);
    assert_eq!(read.values("A"), [20.0, 10.0]);
    assert_eq!(of_one_point(&["1.5 kW", "500 W"]).values("A"), [1.5, 0.5]);
}

#[test]
fn a_file_whose_samples_take_each_others_place_is_refused() {
    let found = problems(&[(
        "a.csv",
        b"Date,Value,Remark\n2026-11-20Z,1,x\n2026-11-20Z,2,y\n2026-11-20Z,3,z\n2026-11-20Z,4,w\n",
    )]);
    assert!(
        found.iter().any(|said| said.contains("most samples of a.csv") && said.contains("--columns")),
        "{found:?}"
    );
}

#[test]
fn numbers_in_another_dialect_and_spans_of_time_are_no_states() {
    for values in
        [["00:15:00", "00:30:00", "00:45:00"], ["100:00", "101:30", "102:15"], ["0x10", "0x1F", "0x20"]]
    {
        let read = of_one_point(&values);
        assert_eq!(read.values("A"), Vec::<f64>::new(), "{values:?}");
        assert_eq!(read.resolved.unmeant.len(), 3, "{values:?}");
        assert!(read.resolved.meanings[0].states.is_empty(), "{values:?}");
        assert!(number::written_otherwise(values[0]).is_some());
    }
    let mixed =
        table("time;A;B\n2026-11-20 00:00;1,5;1.5\n2026-11-20 00:05;1,75;Auto\n2026-11-20 00:10;2,5;2.5\n");
    assert_eq!((mixed.values("A").len(), mixed.values("B").len()), (3, 0));
}
