//! Packings, encodings and dialects: the same table, however its bytes stand.

use encoding_rs::{EUC_KR, WINDOWS_1252};
use flate2::{Compression, write::GzEncoder};
use pattern_import::{Options, encoding};
use std::io::{Cursor, Write};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::support::{folder, problems, read_utc, read_with, table};

const TABLE: &str = "timestamp,name,value\n2026-11-20T00:00:00Z,A,1.5\n2026-11-20T00:05:00Z,B,2\n";

fn gz(text: &str) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        out.start_file(*name, SimpleFileOptions::default()).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn packed_files_are_the_same_files() {
    let plain = table(TABLE).samples;
    assert_eq!(plain.len(), 2);
    let zst = zstd::encode_all(TABLE.as_bytes(), 3).unwrap();
    let zipped = archive(&[("export/samples.csv", TABLE), ("export/readme.md", "no table")]);
    for (name, bytes) in [
        ("samples.csv.gz", gz(TABLE)),
        ("samples.csv.zst", zst),
        ("export.zip", zipped),
        ("samples.csv", gz(TABLE)),
    ] {
        assert_eq!(read_utc(&[(name, &bytes)]).samples, plain, "{name}");
    }
}

#[test]
fn the_same_file_packed_and_plain_is_refused() {
    let folder = folder(&[("samples.csv", TABLE.as_bytes()), ("samples.csv.gz", &gz(TABLE))]);
    let refused = pattern_import::survey(folder.path(), Options::default()).unwrap_err().to_string();
    assert!(refused.contains("keep one of them"), "{refused}");
}

#[test]
fn encodings_are_found_and_can_be_said() {
    let list = "name,unit,description\nHZG_VL,°C,Rücklauf\n";
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(list.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let utf16_bare: Vec<u8> = list.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin = WINDOWS_1252.encode(list).0.into_owned();
    let marked = format!("\u{feff}{list}").into_bytes();
    for (bytes, called) in
        [(utf16, "UTF-16LE"), (utf16_bare, "UTF-16LE"), (latin, "Windows-1252"), (marked, "UTF-8")]
    {
        let read = read_utc(&[("points.csv", &bytes)]);
        let point = &read.content.points[0];
        assert_eq!((point.unit.as_str(), point.description.as_str()), ("°C", "Rücklauf"), "{called}");
        assert_eq!(encoding::title(read.survey.files[0].encoding), called);
    }
    let said = Options { encoding: Some(encoding::by_name("cp949").unwrap()), ..Options::default() };
    let korean = EUC_KR.encode("name,description\nP,펌\n").0.into_owned();
    assert_eq!(read_with(&[("points.csv", &korean)], said).content.points[0].description, "펌");
}

#[test]
fn a_row_that_is_no_utf_8_in_a_file_that_is_gets_rejected_by_line() {
    let mut text = String::from("timestamp,name,value\n");
    for i in 0..20_000 {
        text += &format!("2026-11-20T00:00:00Z,A{i},1\n");
    }
    let bytes = [text.as_bytes(), b"2026-11-20T00:00:00Z,\xb0C,1\n"].concat();
    let read = read_utc(&[("samples.csv", &bytes)]);
    assert_eq!(read.samples.len(), 20_000);
    assert_eq!(read.rejects.len(), 1);
    assert!(read.rejects[0].contains(":20002 is not UTF-8") && read.rejects[0].contains("--encoding"));
}

#[test]
fn separators_and_decimal_signs_are_told_by_the_table() {
    for text in [
        "timestamp;name;value\n2026-11-20 00:00;A;1234,5\n2026-11-20 00:15;A;0,25\n",
        "timestamp;name;value\n2026-11-20 00:00;A;1.234,5\n2026-11-20 00:15;A;0,25\n",
        "timestamp\tname\tvalue\n2026-11-20 00:00\tA\t1,234.5\n2026-11-20 00:15\tA\t0.25\n",
        "timestamp|name|value\n2026-11-20 00:00|A|1234.5\n2026-11-20 00:15|A|.25\n",
        "timestamp,name,value\n2026-11-20 00:00,A,\"1234,5\"\n2026-11-20 00:15,A,\"0,25\"\n",
        "timestamp,name,value\r\n2026-11-20 00:00,A,\"1,234.5\"\r\n2026-11-20 00:15,A,0.25\r\n",
    ] {
        assert_eq!(table(text).values("A"), [1234.5, 0.25], "{text}");
    }
}

#[test]
fn rejected_rows_have_their_line_whatever_ends_it() {
    for end in ["\n", "\r\n"] {
        let text = ["timestamp,name,value", "2026-11-20T00:00:00Z,A,1", "yesterday,A,1", ""].join(end);
        let read = table(&text);
        assert!(read.rejects[0].starts_with("samples.csv:3 the time 'yesterday'"), "{:?}", read.rejects);
    }
}

#[test]
fn node_ids_are_not_cut_at_their_signs() {
    let quoted = "name\n\"\"\"ns=3;s=\"\"\"\"Pump\"\"\"\"\"\"\"\nns=3;s=\"Fan\".\"Speed\"\n";
    assert_eq!(
        read_utc(&[("points.csv", quoted.as_bytes())]).points(),
        ["ns=3;s=\"Pump\"", "ns=3;s=\"Fan\".\"Speed\""]
    );
}

#[test]
fn a_file_of_no_known_format_is_named_with_what_to_do() {
    let found = problems(&[("points.csv", b"abc,def\n1,2\n"), ("samples.csv", b"")]);
    assert_eq!(problems(&[("x.json", b"{\"a\": 1}\n")]), ["x.json is of no known format"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("(found: abc, def)") && found[0].contains("--columns"), "{found:?}");
    assert!(found[1].contains("samples.csv is empty"), "{found:?}");
}

#[test]
fn one_byte_of_another_encoding_leaves_the_file_what_it_is() {
    let mut text = "time,R\u{fc}cklauf,M\u{f6}rtel,T \u{b0}\n2026-11-20 00:00,1,2,3\n".as_bytes().to_vec();
    text.extend(b"2026-11-20 00:05,1,\xb0,3\n2026-11-20 00:10,4,5,6\n");
    let read = read_utc(&[("a.csv", &text[..])]);
    assert_eq!(read.points(), ["R\u{fc}cklauf", "M\u{f6}rtel", "T \u{b0}"]);
    assert_eq!((read.samples.len(), read.rejects.len()), (6, 1), "{:?}", read.rejects);
    // In the header it does no harm to the row below.
    let header = [&b"time,\xb0,M\xc3\xb6rtel,R\xc3\xbccklauf\n"[..], b"2026-11-20 00:00,1,2,3\n"].concat();
    assert_eq!(read_utc(&[("a.csv", &header[..])]).samples.len(), 3);
}
