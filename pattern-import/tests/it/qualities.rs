//! Which samples count as good: what the whole column of a file tells.

use crate::support::{read_utc, table};

fn with(qualities: &[&str]) -> [usize; 3] {
    let mut text = String::from("timestamp,name,value,quality\n");
    for (minute, quality) in qualities.iter().enumerate() {
        text += &format!("2026-11-20T00:{minute:02}:00Z,A,{minute},{quality}\n");
    }
    table(&text).classes()
}

#[test]
fn codes_of_opc_da_are_good_from_192_to_219() {
    assert_eq!(with(&["192", "192", "216", "64", "0", "24"]), [3, 1, 2]);
}

#[test]
fn zero_is_good_where_no_code_says_otherwise() {
    assert_eq!(with(&["0", "", "1", "-5"]), [2, 0, 2]);
}

#[test]
fn status_codes_of_opc_ua_are_known_by_their_upper_bits() {
    assert_eq!(with(&["0", "0x80310000", "1083179008", "-2147483648"]), [1, 1, 2]);
}

#[test]
fn percents_are_good_at_a_hundred() {
    assert_eq!(with(&["100.0", "100", "80.5", "0.0"]), [2, 1, 1]);
}

#[test]
fn words_are_understood() {
    assert_eq!(
        with(&["Good", "GOOD", "Uncertain", "Questionable", "Substituted", "Bad", "BadNoData"]),
        [2, 3, 2]
    );
}

#[test]
fn files_with_the_same_columns_are_on_one_scale() {
    let file = |name: &str, quality: &str| {
        format!("timestamp,name,value,quality\n2026-11-20T00:00:00Z,{name},1,{quality}\n")
    };
    let (da, zero) = (file("A", "192"), file("B", "0"));
    let read = read_utc(&[("a.csv", da.as_bytes()), ("b.csv", zero.as_bytes())]);
    assert_eq!(read.classes(), [1, 0, 1], "a file of zeros beside one of 192 is of OPC DA");
    let other = zero.replace("quality", "status");
    let read = read_utc(&[("a.csv", da.as_bytes()), ("b.csv", other.as_bytes())]);
    assert_eq!(read.classes(), [2, 0, 0], "of another program it has a scale of its own");
}

#[test]
fn a_column_that_its_header_calls_a_quality_is_one_whatever_words_it_holds() {
    for (header, good, bad) in [
        ("quality", "Gut", "Gestört"),
        ("Qualitaet", "Gut", "Schlecht"),
        ("Calidad", "Buena", "Mala"),
        ("Qualite", "Bonne", "Mauvaise"),
        ("Validity", "OK", "Comm Fail"),
        ("IsGood", "True", "False"),
        ("Status", "OK", "Device Down"),
        ("quality", "Good", "purple"),
        ("IsGood", "1", "0"),
    ] {
        let read = table(&format!(
            "timestamp,name,value,{header}\n2026-11-20T00:00:00Z,A,1,{bad}\n2026-11-20T00:01:00Z,A,1,{bad}\n2026-11-20T00:02:00Z,A,1,{good}\n"
        ));
        assert_eq!(read.classes(), [1, 0, 2], "{header} {good} {bad}");
    }
    let unknown = table("timestamp,name,value,quality\n2026-11-20T00:00:00Z,A,1,purple\n");
    assert_eq!(unknown.classes(), [0, 0, 1]);
    assert_eq!(unknown.resolved.unknown_qualities, [("purple".to_owned(), 1)]);
}

#[test]
fn short_hexadecimal_codes_are_of_opc_da() {
    assert_eq!(with(&["0xC0", "0x00", "0x18", "0x40"]), [1, 1, 2]);
    assert_eq!(with(&["0x00", "0x18"]), [0, 0, 2]);
    assert_eq!(with(&["0x00000000", "0x80310000"]), [1, 0, 1]);
}

#[test]
fn a_confidence_of_less_than_nothing_is_bad() {
    assert_eq!(with(&["100", "0", "-1", "100"]), [2, 0, 2]);
}

#[test]
fn a_quality_that_is_not_known_counts_as_bad_and_is_named() {
    let read = table(
        "timestamp,name,value,quality\n2026-11-20T00:00:00Z,A,1,purple\n2026-11-20T00:01:00Z,A,1,Good\n2026-11-20T00:02:00Z,A,1,Good\n",
    );
    assert_eq!(read.classes(), [2, 0, 1]);
    assert_eq!(read.resolved.unknown_qualities, [("purple".to_owned(), 1)]);
}

#[test]
fn a_column_called_status_that_holds_something_else_is_no_quality() {
    let read = table(
        "timestamp,name,value,status\n2026-11-20T00:00:00Z,A,1,heating\n2026-11-20T00:01:00Z,A,1,cooling\n",
    );
    assert_eq!(read.classes(), [2, 0, 0]);
    assert_eq!(read.survey.files[0].format.ignored_columns(), ["status"]);
}
