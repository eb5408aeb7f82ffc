//! Times: of any spelling, order and zone.

use pattern_import::{Options, mapping};

use crate::support::{options, problems, read_with, table};

fn times(spellings: &[&str]) -> Vec<String> {
    let mut text = String::from("timestamp;name;value\n");
    for spelling in spellings {
        text += &format!("{spelling};A;1\n");
    }
    let read = table(&text);
    assert_eq!(read.rejects, Vec::<String>::new(), "{spellings:?}");
    read.times().into_iter().map(str::to_owned).collect()
}

#[test]
fn one_moment_in_many_spellings() {
    for spelling in [
        "2026-11-20T14:05:06Z",
        "2026-11-20 14:05:06",
        "2026-11-20T15:05:06+01:00",
        "2026-11-20T15:05:06+0100",
        "2026-11-20T09:05:06-05",
        "2026-11-20T14:05:06.000 UTC",
        "2026-11-20T15:05:06+01:00[Europe/Oslo]",
        "2026-11-20 15:05:06 CET",
        "2026/11/20 14:05:06",
        "20.11.2026 14:05:06",
        "20/11/2026 14:05:06",
        "11/20/2026 2:05:06 PM",
        "20-Nov-2026 14:05:06",
        "20-Nov-26 14:05:06",
        "20 Nov 2026 14:05:06",
        "Nov 20, 2026 2:05:06 pm",
        "Fri Nov 20 14:05:06 2026",
        "Fri, 20 Nov 2026 14:05:06 GMT",
        "20. November 2026 14:05:06",
        "20-MAI-2026 14:05:06",
        "20261120T140506Z",
        "20261120 140506",
        "20261120140506",
        "2026-11-20 오후 2:05:06",
        "2026년 11월 20일 14:05:06",
        "2026年11月20日 14:05:06",
        "1795183506",
        "1795183506000",
        "1795183506000000",
        "1795183506000000000",
        "1795183506.0",
    ] {
        let expected = if spelling.contains("MAI") { "2026-05-20T14:05:06Z" } else { "2026-11-20T14:05:06Z" };
        assert_eq!(times(&[spelling]), [expected], "{spelling}");
    }
}

#[test]
fn days_of_excel_and_days_alone_are_times() {
    assert_eq!(times(&["46346.5"]), ["2026-11-20T12:00:00Z"]);
    assert_eq!(times(&["2026-11-20"]), ["2026-11-20T00:00:00Z"]);
    assert_eq!(times(&["2026-11-20T24:00:00Z"]), ["2026-11-21T00:00:00Z"]);
    assert_eq!(times(&["04/07/16 00", "13/07/16 01"]), ["2016-07-04T00:00:00Z", "2016-07-13T01:00:00Z"]);
}

#[test]
fn fractions_are_kept_to_the_microsecond() {
    assert_eq!(times(&["2026-11-20T00:10:00.123456789Z"]), ["2026-11-20T00:10:00.123456Z"]);
    assert_eq!(times(&["20.11.2026 00:10:00,5"]), ["2026-11-20T00:10:00.500Z"]);
    assert_eq!(times(&["1795132800.5"]), ["2026-11-20T00:00:00.500Z"]);
}

#[test]
fn what_is_no_time_is_rejected_with_the_reason() {
    let read = table(
        "timestamp,name,value\n2026-02-30T00:00:00Z,A,1\n1601-01-01T00:00:00Z,A,1\n9999-12-31T23:59:59Z,A,1\nsoon,A,1\n2026-11-20T00:00:00Z,A,1\n12,A,1\n",
    );
    assert_eq!(read.samples.len(), 1);
    for (reject, reason) in
        read.rejects.iter().zip(["no day of the calendar", "before 1990", "in the future", "'soon'", "epoch"])
    {
        assert!(reject.contains(reason), "'{reject}' should say '{reason}'");
    }
    assert_eq!(read.rejects.len(), 5);
}

#[test]
fn the_whole_column_tells_the_order_of_day_and_month() {
    let month_first = table("timestamp,name,value\n07/04/2026,A,1\n07/05/2026,A,1\n07/13/2026,A,1\n");
    assert_eq!(month_first.times(), ["2026-07-04T00:00:00Z", "2026-07-05T00:00:00Z", "2026-07-13T00:00:00Z"]);
    // The day above twelve stands far behind the beginning that is looked at.
    let mut text = String::from("timestamp,name,value\n");
    for i in 0..20_000 {
        text += &format!("04/05/2026 {:02}:{:02}:00,A,1\n", i / 60 % 24, i % 60);
    }
    let far = table(&format!("{text}04/20/2026 00:00:00,A,1\n"));
    assert_eq!(far.times()[0], "2026-04-05T00:00:00Z");
    assert_eq!(far.rejects, Vec::<String>::new());
}

#[test]
fn an_order_that_nothing_tells_is_said_and_can_be_said_otherwise() {
    let text = b"timestamp,name,value\n04/05/2026 10:00,A,1\n04/05/2026 11:00,A,1\n";
    let read = read_with(&[("samples.csv", text)], options("UTC"));
    assert_eq!(read.times()[0], "2026-05-04T10:00:00Z");
    assert!(read.survey.notes[0].contains("--date-order month-first"), "{:?}", read.survey.notes);
    let order = mapping::date_order("month-first").unwrap();
    let read = read_with(&[("samples.csv", text)], Options { date_order: Some(order), ..options("UTC") });
    assert_eq!(read.times()[0], "2026-04-05T10:00:00Z");
}

#[test]
fn local_times_need_a_zone_and_are_said_all_at_once() {
    let file = "timestamp,name,value\n2026-11-20 00:00:00,A,1\n";
    let found = problems(&[
        ("a.csv", file.as_bytes()),
        ("b.csv", file.replace('A', "B").as_bytes()),
        ("samples.csv", b"timestamp,name,value\nsoon,A,1\n"),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("a.csv, b.csv") && found[0].contains("--timezone"), "{found:?}");
    assert!(found[1].contains("samples.csv has no time that is understood"), "{found:?}");
}

#[test]
fn of_mixed_times_those_without_an_offset_are_rejected() {
    let text = b"timestamp,name,value\n2026-10-25T01:00:00+02:00,A,1\n2026-10-25 01:00:00,A,2\n";
    let read = read_with(&[("samples.csv", text)], Options::default());
    assert_eq!(read.times(), ["2026-10-24T23:00:00Z"]);
    assert!(read.rejects[0].contains("has no offset") && read.rejects[0].contains("--timezone"));
}

#[test]
fn an_hour_that_comes_twice_is_two_hours() {
    let hours = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"];
    let expected = ["23:30", "00:00", "00:30", "01:00", "01:30", "02:00"];
    let rows = |hours: &[&str]| -> String {
        let row = |hour: &&str| format!("2026-10-25 {hour},1,2\n");
        format!("timestamp,A,B\n{}", hours.iter().map(row).collect::<String>())
    };
    let of = |text: String| {
        let read = read_with(&[("samples.csv", text.as_bytes())], options("Europe/Oslo"));
        assert_eq!(read.content.doubled_hours, 8);
        let clock = |said: &String| said.split(['T', ' ']).nth(2).unwrap()[..5].to_owned();
        let of_a = read.samples.iter().filter(|said| said.starts_with('A'));
        of_a.map(clock).collect::<Vec<_>>()
    };
    assert_eq!(of(rows(&hours)), expected);
    let backwards: Vec<&str> = hours.iter().rev().copied().collect();
    let expected: Vec<&str> = expected.iter().rev().copied().collect();
    assert_eq!(of(rows(&backwards)), expected, "newest first");
}

#[test]
fn an_hour_that_never_was_is_counted() {
    let text =
        b"timestamp,name,value\n2026-03-29 01:30:00,A,1\n2026-03-29 02:30:00,A,2\n2026-03-29 03:00:00,A,3\n";
    let read = read_with(&[("samples.csv", text)], options("Europe/Oslo"));
    assert_eq!((read.samples.len(), read.content.skipped_hours), (3, 1));
}

#[test]
fn day_and_time_of_day_may_have_a_column_each() {
    let read = table("Date,Time,Tag,Value\n20.11.2026,14:05,A,1\n20.11.2026,14:06,A,2\n");
    assert_eq!(read.times(), ["2026-11-20T14:05:00Z", "2026-11-20T14:06:00Z"]);
}

#[test]
fn a_year_of_two_digits_in_front_is_told_by_the_neighbours_or_asked_for() {
    assert_eq!(
        times(&["26/11/18 00:00", "26/11/19 00:00", "26/11/20 00:00"]),
        ["2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z"]
    );
    assert_eq!(times(&["26-11-20 00:00:00", "26-11-21 00:00:00"])[1], "2026-11-21T00:00:00Z");
    let one_day = b"timestamp,name,value\n26/11/18 00:00,A,1\n26/11/18 01:00,A,2\n";
    assert!(problems(&[("a.csv", one_day)])[0].contains("--date-order day-first, month-first or year-first"));
    let order = mapping::date_order("ymd").unwrap();
    let read = read_with(&[("a.csv", one_day)], Options { date_order: Some(order), ..options("UTC") });
    assert_eq!(read.times()[0], "2026-11-18T00:00:00Z");
}

#[test]
fn monthly_values_get_the_note_that_nothing_tells_their_order() {
    let read = table("timestamp,name,value\n01/01/2026,A,1\n01/02/2026,A,2\n01/03/2026,A,3\n");
    assert!(read.survey.notes[0].contains("--date-order month-first"), "{:?}", read.survey.notes);
    assert_eq!(read.times()[1], "2026-02-01T00:00:00Z");
}

#[test]
fn a_zone_in_the_header_counts_more_than_what_is_said() {
    for (header, expected) in [
        ("Time (UTC)", "2026-11-20T12:00:00Z"),
        ("Date Time, GMT+01:00", "2026-11-20T11:00:00Z"),
        ("Time", "2026-11-20T17:00:00Z"),
    ] {
        let text = format!("\"{header}\",A\n2026-11-20 12:00:00,1\n2026-11-20 12:05:00,2\n");
        let read = read_with(&[("a.csv", text.as_bytes())], options("America/New_York"));
        assert_eq!(read.times()[0], expected, "{header}");
        assert_eq!(read.survey.notes.iter().any(|n| n.contains("as the header says")), header != "Time");
    }
    let both = table(
        "LocalTime,UtcTime,A\n2026-11-20 13:00,2026-11-20 12:00,1\n2026-11-20 13:05,2026-11-20 12:05,2\n",
    );
    assert_eq!((both.points(), both.times()[0]), (vec!["A"], "2026-11-20T12:00:00Z"));
}

#[test]
fn milliseconds_in_a_column_of_their_own_are_part_of_the_time() {
    let read = table("Date,Time,Millisecond,A,B\n2026-11-20,12:00:00,5,1,2\n2026-11-20,12:00:00,250,3,4\n");
    assert_eq!((read.points(), read.times()[0]), (vec!["A", "B"], "2026-11-20T12:00:00.005Z"));
    let read =
        table("timestamp,ms,name,value\n2026-11-20T12:00:00Z,5,A,1\n2026-11-20T12:00:00+01:00,250,A,2\n");
    assert_eq!(read.times(), ["2026-11-20T12:00:00.005Z", "2026-11-20T11:00:00.250Z"]);
}
