//! Folders of several files, what a person says of them, and what is wrong with them.

use pattern_import::{Options, mapping, survey};
use std::fs;

use crate::support::{folder, problems, read_utc, read_with};

const SAMPLES: &[u8] = b"timestamp,name,value\n2026-11-20T00:00:00Z,A,1\n";

#[test]
fn a_folder_needs_no_list_of_points() {
    assert_eq!(read_utc(&[("history.csv", SAMPLES)]).points(), ["A"]);
}

#[test]
fn a_point_that_is_listed_twice_in_a_file_is_rejected_and_in_two_is_completed() {
    let read = read_utc(&[
        ("a.csv", b"name,unit\nA,bar\nA,psi\n"),
        ("b.csv", b"name,unit,description\nA,psi,pressure\n"),
    ]);
    assert_eq!(read.rejects, ["a.csv:3 the point 'A' is on line 2 already"]);
    let point = &read.content.points[0];
    assert_eq!((point.unit.as_str(), point.description.as_str()), ("bar", "pressure"));
}

#[test]
fn columns_can_be_said_and_are_remembered_in_the_folder() {
    let files: &[(&str, &[u8])] = &[("x.csv", b"when;what;how much\n2026-11-20 00:00;A;1,5\n")];
    let said = Options {
        columns: mapping::columns("timestamp=when,name=what,value=how much").unwrap(),
        zone: Some("Europe/Oslo".parse().unwrap()),
        ..Options::default()
    };
    let read = read_with(files, said);
    assert_eq!(read.samples, ["A 2026-11-19T23:00:00Z 1.5 good"]);
    let written = mapping::written(&read.survey).unwrap();
    let again = read_with(&[files[0], ("import.toml", written.as_bytes())], Options::default());
    assert_eq!(again.samples, read.samples, "{written}");
}

#[test]
fn a_column_that_no_file_has_is_a_mistake() {
    let folder = folder(&[("samples.csv", SAMPLES)]);
    let columns = mapping::columns("unit=Units").unwrap();
    let found = survey(folder.path(), Options { columns, ..Options::default() }).unwrap().problems;
    assert!(found[0].contains("no file has the column 'Units'"), "{found:?}");
}

#[test]
fn a_mistake_in_import_toml_is_named() {
    let folder = folder(&[("samples.csv", SAMPLES), ("import.toml", b"timezone = \"Mars\"\n")]);
    let refused = format!("{:#}", survey(folder.path(), Options::default()).unwrap_err());
    assert!(refused.contains("import.toml cannot be used") && refused.contains("'Mars'"), "{refused}");
}

#[test]
fn other_tables_are_left_alone_and_named() {
    let read = read_utc(&[("samples.csv", SAMPLES), ("aliases.csv", b"label,pattern\nx,y\n")]);
    assert_eq!(read.samples.len(), 1);
    assert!(read.survey.notes[0].contains("left alone: aliases.csv"), "{:?}", read.survey.notes);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let found = problems(&[
        ("points.csv", b"name,unit,unit\nA,bar,psi\n"),
        ("samples.csv", b"timestamp;name;value\n20.11.2026 00:00;A;1,5\n"),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("'unit' twice"), "{found:?}");
    assert!(found[1].contains("--timezone"), "{found:?}");
}

#[test]
fn an_empty_folder_says_what_to_put_there() {
    let found = problems(&[("readme.md", b"nothing")]);
    assert!(found[0].contains("points.csv"), "{found:?}");
}

#[test]
fn one_file_can_be_named_instead_of_a_folder() {
    let folder = folder(&[
        ("history.csv", SAMPLES),
        ("other.csv", b"timestamp,name,value\n2026-11-20T00:00:00Z,B,1\n"),
    ]);
    fs::write(folder.path().join("import.toml"), "timezone = \"UTC\"\n").unwrap();
    let survey = survey(&folder.path().join("history.csv"), Options::default()).unwrap();
    assert_eq!(survey.files.len(), 1);
    assert!(survey.options.zone.is_some(), "what its folder says counts");
}

#[test]
fn of_a_file_that_breaks_off_the_line_is_said() {
    let text: String =
        (0..40_000).map(|i| format!("{},A,{}\n", 1_772_409_600_000i64 + i * 1000, i * i)).collect();
    let whole = zstd::encode_all(format!("timestamp,name,value\n{text}").as_bytes(), 3).unwrap();
    let folder = folder(&[("samples.csv.zst", &whole[..whole.len() - 1000])]);
    let found = survey(folder.path(), Options::default()).unwrap();
    let mut nowhere = Nowhere;
    let broken = pattern_import::read(&found, "2026-12-01T00:00:00Z".parse().unwrap(), &mut nowhere);
    let said = format!("{:#}", broken.unwrap_err());
    assert!(said.contains("damaged or cut off near line"), "{said}");
    assert!(fs::exists(folder.path().join("samples.csv.zst")).unwrap());
}

struct Nowhere;

impl pattern_import::Output for Nowhere {
    fn sample(&mut self, _sample: pattern_import::ReadSample) -> anyhow::Result<()> {
        Ok(())
    }

    fn reject(&mut self, _file: &str, _line: u64, _reason: &str, _row: &str) -> anyhow::Result<()> {
        Ok(())
    }

    fn begin(&mut self, _file: &pattern_import::SurveyedFile) -> anyhow::Result<()> {
        Ok(())
    }

    fn progress(
        &mut self,
        _file: &pattern_import::SurveyedFile,
        _taken: u64,
        _samples: u64,
    ) -> anyhow::Result<()> {
        Ok(())
    }

    fn end(&mut self, _samples: u64) -> anyhow::Result<()> {
        Ok(())
    }
}

#[test]
fn hidden_files_are_left_alone_and_named() {
    let read = read_utc(&[
        ("a.csv", b"time,A\n2026-11-20 00:00,1\n"),
        (".b.csv", b"time,B\n2026-11-20 00:00,1\n"),
        (".DS_Store", b"x"),
    ]);
    assert_eq!(read.points(), ["A"]);
    assert_eq!(read.survey.notes, ["left alone, because hidden: .b.csv"]);
}
