//! Files that are made, or happen, to take all of a machine: they are refused with a sentence, or cost little.

use anyhow::Result;
use pattern_import::{Options, RawPoint, RawSample, Sink, Stop, survey};
use std::{
    fmt::Write as _,
    fs,
    io::{Cursor, Write},
    os::unix::fs::symlink,
    sync::Arc,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::support::{folder, options, problems, read_utc};

/// What reading a file of which nothing stands against reading it says at last.
fn failure(name: &str, bytes: &[u8]) -> String {
    let folder = folder(&[(name, bytes)]);
    let survey = survey(folder.path(), options("UTC")).unwrap();
    assert_eq!(survey.problems, Vec::<String>::new());
    let file = &survey.files[0];
    let read = file.format.read(&file.input(&survey.sources, Arc::default()), &mut Counting::default());
    format!("{:#}", read.unwrap_err())
}

#[derive(Default)]
struct Counting {
    samples: u64,
    /// Is asked at the first sample.
    stop: Option<Stop>,
}

impl Sink for Counting {
    fn point(&mut self, _: u64, _: &RawPoint<'_>) -> Result<()> {
        Ok(())
    }

    fn sample(&mut self, _: &RawPoint<'_>, _: &RawSample<'_>) -> Result<()> {
        self.samples += 1;
        self.stop.iter().for_each(Stop::now);
        Ok(())
    }

    fn reject(&mut self, _: u64, _: &str, _: &str) -> Result<()> {
        Ok(())
    }
}

fn archive(files: impl IntoIterator<Item = (String, Vec<u8>)>, method: CompressionMethod) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        out.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn a_line_that_no_export_has_is_refused_by_file_line_and_limit() {
    let long = "x".repeat(9 << 20);
    let rows = "2026-11-20T00:00:00Z,A,1\n".repeat(20);
    let row = format!("timestamp,name,value\n{rows}2026-11-20T00:05:00Z,{long},1\n");
    let quote = format!("timestamp,name,value\n2026-11-20T00:00:00Z,\"A,1\n{}", "x,y,z\n".repeat(3 << 19));
    let history = "2026-11-20T00:00:00Z UTC,1\n".repeat(20);
    let zinc = format!("ver:\"3.0\"\nts,val\n{history}{long}\n");
    let json = format!(
        "{{\"meta\":{{\"ver\":\"3.0\"}},\"cols\":[{{\"name\":\"ts\"}},{{\"name\":\"v0\"}}],\"rows\":[{{\"ts\":\"t:2026-11-20T00:00:00Z\",\"v0\":\"n:1\"}},{{\"ts\":\"{long}\"}}]}}"
    );
    for (name, text, line) in [
        ("samples.csv", &row, "samples.csv: line 22 is longer than 8 MiB"),
        ("samples.csv", &quote, "samples.csv: line 2 is longer than 8 MiB"),
        ("his.zinc", &zinc, "his.zinc: line 23 is longer than 8 MiB"),
        ("his.json", &json, "his.json: a row of the grid is longer than 8 MiB"),
    ] {
        let said = failure(name, text.as_bytes());
        assert!(said.contains(line) && said.contains("closing quote"), "{said}");
    }
    let problems = problems(&[("points.csv", long.as_bytes())]);
    assert!(
        problems[0].starts_with("points.csv cannot be read: line 1 is longer than 8 MiB"),
        "{problems:?}"
    );
}

#[test]
fn a_row_of_a_few_megabytes_is_one_row() {
    let name = "x".repeat(4 << 20);
    let read = read_utc(&[("points.csv", format!("name,unit\n{name},psi\nA,psi\n").as_bytes())]);
    assert_eq!(read.points(), ["A"]);
    assert!(
        read.rejects[0].contains("points.csv:2 name is 4194304 characters long"),
        "{:.200?}",
        read.rejects
    );
}

#[test]
fn a_table_of_fifty_thousand_tags_is_read_and_one_of_seventy_thousand_refused() {
    let wide = |tags: usize| {
        let mut text = String::from("timestamp");
        (0..tags).for_each(|tag| write!(text, ",PLANT.AREA7.UNIT_{tag:05}.PV").unwrap());
        for minute in 0..2 {
            write!(text, "\n2026-11-20T00:0{minute}:00Z").unwrap();
            (0..tags).for_each(|tag| write!(text, ",{}", tag % 100).unwrap());
        }
        text + "\n"
    };
    let read = read_utc(&[("samples.csv", wide(50_000).as_bytes())]);
    assert_eq!((read.content.points.len(), read.samples.len()), (50_000, 100_000));
    let problems = problems(&[("samples.csv", wide(70_000).as_bytes())]);
    assert!(problems[0].contains("samples.csv has more than 65536 columns on line 1"), "{problems:?}");
}

#[test]
fn an_archive_of_very_many_files_is_refused_and_one_of_many_needs_no_file_for_each() {
    let files = |count: usize| (0..count).map(|i| (format!("{i}.csv"), Vec::new()));
    let bytes = archive(files(20_001), CompressionMethod::Stored);
    let refused = survey(folder(&[("export.zip", &bytes)]).path(), Options::default()).unwrap_err();
    let said = format!("{refused:#}");
    assert!(said.contains("export.zip holds 20001 files, and 20000 are read at once"), "{said}");

    let many = (0..200).map(|i| (format!("{i}.csv"), b"name\nA\n".to_vec()));
    let folder = folder(&[("export.zip", &archive(many, CompressionMethod::Deflated))]);
    let survey = survey(folder.path(), Options::default()).unwrap();
    assert_eq!((survey.sources.len(), survey.problems.len()), (200, 0));
    // They lie in the archive still.
    fs::remove_file(folder.path().join("export.zip")).unwrap();
    assert!(survey.sources.iter().all(|source| source.open(&Arc::default()).is_err()));
}

#[test]
fn of_what_is_of_no_known_format_the_beginning_is_enough() {
    let zeros = archive([("x.csv".into(), vec![0; 32 << 20])], CompressionMethod::Stored);
    // Whoever unpacks all of it meets the damage.
    let mut damaged = zeros.clone();
    damaged[24 << 20] = 1;
    for bytes in [zeros, damaged] {
        assert_eq!(problems(&[("x.zip", &bytes)]), ["x.zip/x.csv is of no known format"]);
    }
}

#[test]
fn a_damaged_file_of_an_archive_is_told_at_its_end() {
    let rows = "2026-11-20T00:00:00Z,A,1\n".repeat(100_000);
    let text = format!("timestamp,name,value\n{rows}").into_bytes();
    let mut bytes = archive([("samples.csv".into(), text)], CompressionMethod::Stored);
    let place = 2_000_000;
    bytes[place] = if bytes[place] == b'1' { b'2' } else { b'1' };
    let said = failure("export.zip", &bytes);
    assert!(said.contains("export.zip/samples.csv is damaged") && said.contains("checksum"), "{said}");
}

#[test]
fn a_link_that_leads_out_of_the_folder_is_not_followed() {
    let outside = folder(&[
        ("passwd", b"root:x:0:0\n"),
        ("list.csv", b"name\nA\n"),
        ("import.toml", b"timezone = 'UTC'"),
    ]);
    let here = folder(&[("b.csv", b"name\nB\n")]);
    symlink(outside.path().join("passwd"), here.path().join("points.csv")).unwrap();
    symlink("b.csv", here.path().join("c.csv")).unwrap();
    let found = survey(here.path(), Options::default()).unwrap();
    let names: Vec<&str> = found.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["b.csv", "c.csv"]);
    assert_eq!(found.notes, ["left alone: points.csv is a link that leads out of the folder"]);

    // Who names a link means what it leads to.
    let named = here.path().join("named.csv");
    symlink(outside.path().join("list.csv"), &named).unwrap();
    assert_eq!(survey(&named, Options::default()).unwrap().problems, Vec::<String>::new());

    symlink(outside.path().join("import.toml"), here.path().join("import.toml")).unwrap();
    let refused = survey(here.path(), Options::default()).unwrap_err().to_string();
    assert!(refused.contains("import.toml is a link that leads out of the folder"), "{refused}");
}

#[test]
fn what_is_neither_a_folder_nor_a_file_is_not_waited_for() {
    let refused = survey("/dev/zero".as_ref(), Options::default()).unwrap_err().to_string();
    assert!(refused.contains("is neither a folder nor a file"), "{refused}");
}

#[test]
fn a_mapping_that_cannot_be_used_is_said_by_its_line_and_not_shown_whole() {
    let line = "x".repeat(100_000);
    let folder = folder(&[("a.csv", b"name\nA\n"), ("import.toml", format!("\n{line} = 1\n").as_bytes())]);
    let said = format!("{:#}", survey(folder.path(), Options::default()).unwrap_err());
    assert!(said.contains("line 2: unknown field `xxx") && said.len() < 1000, "{said:.300}");
}

#[test]
fn names_and_cells_of_files_do_not_steer_the_terminal() {
    let files = [("a\u{1b}[31m\nb.csv".to_owned(), b"abc,d\x1b[2Jf\n1,2\n".to_vec())];
    let found = problems(&[("x.zip", &archive(files, CompressionMethod::Stored))]);
    assert!(found[0].starts_with("x.zip/a\\u{1b}[31m\\nb.csv has neither"), "{found:?}");
    assert!(found[0].contains("d\\u{1b}[2Jf") && !found[0].contains('\u{1b}'), "{found:?}");
}

#[test]
fn a_reading_that_is_stopped_ends_before_the_next_piece() {
    const ROWS: usize = 200_000;
    let csv = "timestamp,name,value\n".to_owned() + &"2026-11-20T00:00:00Z,A,1\n".repeat(ROWS);
    let zst = zstd::encode_all(csv.as_bytes(), 1).unwrap();
    let zip = archive([("samples.csv".into(), csv.clone().into_bytes())], CompressionMethod::Deflated);
    for (name, bytes) in [("samples.csv", csv.as_bytes()), ("samples.csv.zst", &zst), ("samples.zip", &zip)] {
        let folder = folder(&[(name, bytes)]);
        let options = options("UTC");
        let stop = options.stop.clone();
        let survey = survey(folder.path(), options.clone()).unwrap();
        let file = &survey.files[0];
        let mut counting = Counting { samples: 0, stop: Some(stop) };
        let read = file.format.read(&file.input(&survey.sources, Arc::default()), &mut counting);
        assert!(format!("{:#}", read.unwrap_err()).contains("the reading was stopped"), "{name}");
        assert!(counting.samples < ROWS as u64 / 4, "{name}: {} samples", counting.samples);
        assert!(pattern_import::survey(folder.path(), options).is_err(), "{name}");
    }
}
