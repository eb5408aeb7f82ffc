use super::read;
use crate::support::problems;
use std::io::{Cursor, Write};
use zip::{ZipWriter, write::SimpleFileOptions};

/// A cell of a sheet.
enum Cell {
    Text(&'static str),
    Number(f64),
    /// Days since 1900, shown as a date.
    Date(f64),
    Empty,
}
use Cell::{Date, Empty, Number, Text};

/// A workbook as Excel writes it, of sheets with names; the first row of each has the number 1.
fn xlsx(sheets: &[(&str, &[&[Cell]])]) -> Vec<u8> {
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut file = |name: &str, content: String| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    };
    file(
        "[Content_Types].xml",
        r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#.into(),
    );
    file(
        "_rels/.rels",
        format!(
            r#"<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        ),
    );
    let (mut listed, mut related) = (String::new(), String::new());
    for (i, (name, rows)) in sheets.iter().enumerate() {
        listed += &format!(r#"<sheet name="{name}" sheetId="{0}" r:id="s{0}"/>"#, i + 1);
        related += &format!(
            r#"<Relationship Id="s{0}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{0}.xml"/>"#,
            i + 1
        );
        let mut text = String::new();
        for (r, row) in rows.iter().enumerate() {
            text += &format!(r#"<row r="{}">"#, r + 1);
            for (c, cell) in row.iter().enumerate() {
                let at = format!("{}{}", char::from(b'A' + c as u8), r + 1);
                text += &match cell {
                    Text(said) => format!(r#"<c r="{at}" t="inlineStr"><is><t>{said}</t></is></c>"#),
                    Number(number) => format!(r#"<c r="{at}"><v>{number}</v></c>"#),
                    Date(days) => format!(r#"<c r="{at}" s="1"><v>{days}</v></c>"#),
                    Empty => String::new(),
                };
            }
            text += "</row>";
        }
        file(
            &format!("xl/worksheets/sheet{}.xml", i + 1),
            format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{text}</sheetData></worksheet>"#),
        );
    }
    related += &format!(r#"<Relationship Id="st" Type="{RELATIONS}/styles" Target="styles.xml"/>"#);
    file(
        "xl/workbook.xml",
        format!(r#"<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>"#),
    );
    file(
        "xl/_rels/workbook.xml.rels",
        format!(r#"<Relationships xmlns="{PACKAGE}">{related}</Relationships>"#),
    );
    file(
        "xl/styles.xml",
        format!(
            r#"<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>"#
        ),
    );
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_sheet_is_a_table_and_its_name_a_group() {
    let book = xlsx(&[
        (
            "AHU-1",
            &[
                &[Text("name"), Text("unit"), Text("description")],
                &[Text("SAT"), Text("°C"), Text("Supply &amp; return")],
                &[Text("SF_CMD"), Empty, Empty],
            ],
        ),
        ("Sheet2", &[&[Text("name")], &[Text("OAT")]]),
        ("Cover", &[&[Text("Project"), Text("House 7")], &[Text("Author"), Text("x")]]),
    ]);
    let read = read(&[("points.xlsx", book)]);
    assert!(read.titles[0].starts_with("workbook of 2 sheets like 'AHU-1'"), "{:?}", read.titles);
    assert_eq!(read.points, ["2: SAT|°C|Supply & return|||AHU-1", "3: SF_CMD|||||AHU-1", "2: OAT"]);
}

#[test]
fn dates_of_cells_are_times() {
    let book = xlsx(&[(
        "Trend",
        &[
            &[Empty],
            &[Text("Time"), Text("Name"), Text("Value")],
            &[Date(46_322.208_333_333_336), Text("TI2207.PV"), Number(94.1)],
            &[Date(46_323.0), Text("TI2207.PV"), Number(94.0)],
            &[Date(46_322.211_805_555_555), Text("TI2207.PV"), Text("Bad Input")],
        ],
    )]);
    let read = read(&[("trend.xlsx", book)]);
    assert_eq!(
        read.samples,
        [
            "3: 2026-10-27 05:00:00 94.1 of TI2207.PV|||||Trend",
            "4: 2026-10-28 94 of TI2207.PV|||||Trend",
            "5: 2026-10-27 05:05:00 Bad Input of TI2207.PV|||||Trend",
        ]
    );
}

fn rows(sheet: &[[Cell; 3]]) -> Vec<&[Cell]> {
    sheet.iter().map(|row| &row[..]).collect()
}

#[test]
fn sheets_with_the_same_tags_are_devices_or_parts_of_one_table() {
    let sheet =
        |day: f64| [[Text("Time"), Text("SAT"), Text("RAT")], [Date(day), Number(18.0), Number(21.0)]];
    let (first, again, later) = (sheet(46_322.25), sheet(46_322.25), sheet(46_323.25));
    let read_as = |names: [&str; 2], second: &[[Cell; 3]; 2]| {
        let (first, second) = (rows(&first), rows(second));
        read(&[("book.xlsx", xlsx(&[(names[0], &first), (names[1], &second)]))]).samples
    };
    let devices = read_as(["AHU-1", "AHU-2"], &again);
    assert_eq!(devices[0], "2: 2026-10-27 06:00:00 18 of AHU-1/SAT|||AHU-1");
    assert_eq!(devices[3], "2: 2026-10-27 06:00:00 21 of AHU-2/RAT|||AHU-2");
    let parts = read_as(["Monday", "Tuesday"], &later);
    assert_eq!(parts[0], "2: 2026-10-27 06:00:00 18 of SAT");
    assert_eq!(parts[3], "2: 2026-10-28 06:00:00 21 of RAT");
}

#[test]
fn of_a_workbook_neither_encoding_nor_separator_is_said() {
    let book = xlsx(&[("Points", &[&[Text("name"), Text("unit")], &[Text("SAT"), Text("°C")]])]);
    let read = crate::support::read_utc(&[("points.xlsx", &book)]);
    let said = read.survey.files[0].said(&read.survey.options);
    assert_eq!(said, "workbook, sheet 'Points': a list of points; name, unit");
}

#[test]
fn what_is_no_workbook_though_it_begins_like_one_is_named() {
    let problems = problems(&[("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and no more")]);
    assert!(problems[0].starts_with("old.xls is a workbook that cannot be read"), "{problems:?}");
}
