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
    let written: Vec<(&str, String)> = sheets.iter().map(|(name, rows)| (*name, written(rows))).collect();
    workbook(&written)
}

/// The rows as a sheet has them.
fn written(rows: &[&[Cell]]) -> String {
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
    text
}

/// A workbook of sheets whose rows are written already.
fn workbook(sheets: &[(&str, String)]) -> Vec<u8> {
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
    for (i, (name, text)) in sheets.iter().enumerate() {
        listed += &format!(r#"<sheet name="{name}" sheetId="{0}" r:id="s{0}"/>"#, i + 1);
        related += &format!(
            r#"<Relationship Id="s{0}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{0}.xml"/>"#,
            i + 1
        );
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
    let said = read.survey.files[0].said();
    assert_eq!(said, "workbook, sheet 'Points': a list of points; name, unit");
}

#[test]
fn what_is_no_workbook_though_it_begins_like_one_is_named() {
    let problems = problems(&[("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and no more")]);
    assert!(problems[0].starts_with("old.xls is a workbook that cannot be read"), "{problems:?}");
}

const LIST: &[&[Cell]] = &[&[Text("name"), Text("unit")], &[Text("SAT"), Text("°C")]];

#[test]
fn cells_far_apart_are_rows_and_no_area() {
    for (at, row) in [("XFD1048576", 1_048_576), ("CV1048576", 1_048_576), ("XFD3", 3), ("A9", 9)] {
        let stray = format!(r#"<row r="{row}"><c r="{at}"><v>7</v></c></row>"#);
        let read = read(&[("points.xlsx", workbook(&[("Sheet1", written(LIST) + &stray)]))]);
        // A cell in the column of names is one.
        assert_eq!(read.points[0], "2: SAT|°C", "{at}");
        let beside: Vec<_> = read.points[1..].iter().map(|said| said.trim_end_matches("7")).collect();
        assert!(beside == [format!("{row}:")] || beside == [format!("{row}: ")], "{at}: {:?}", read.points);
    }
}

#[test]
fn a_stray_cell_beside_the_header_makes_no_row_longer() {
    let header =
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c><c r="XFD1"><v>1</v></c></row>"#;
    let rows: String = (2..1000)
        .map(|r| format!(r#"<row r="{r}"><c r="A{r}" t="inlineStr"><is><t>P{r}</t></is></c></row>"#))
        .collect();
    let read = read(&[("points.xlsx", workbook(&[("Sheet1", header.to_owned() + &rows)]))]);
    assert_eq!((read.points.len(), read.points[997].as_str()), (998, "999: P999"));
}

#[test]
fn a_cell_where_no_sheet_has_columns_is_refused() {
    let beyond = r#"<row r="3"><c r="XFE3"><v>7</v></c></row>"#;
    let problems = problems(&[("points.xlsx", &workbook(&[("Sheet1", written(LIST) + beyond)]))]);
    assert!(problems[0].contains("row 3 lies beyond the last column"), "{problems:?}");
}

#[test]
fn a_text_that_no_cell_can_hold_is_refused_before_it_is_kept() {
    let long = format!(r#"<row r="3"><c r="A3" t="str"><v>{}</v></c></row>"#, "x".repeat(9 << 20));
    let problems = problems(&[("points.xlsx", &workbook(&[("Sheet1", written(LIST) + &long)]))]);
    assert!(problems[0].contains("sheet1.xml in it has a text of more than 8 MiB"), "{problems:?}");
}

/// A workbook as LibreOffice writes it.
fn ods(rows: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet".to_owned()),
        ("META-INF/manifest.xml", "<manifest:manifest/>".to_owned()),
        (
            "content.xml",
            format!(
                r#"<office:document-content><office:body><office:spreadsheet><table:table table:name="Points">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"#
            ),
        ),
    ] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn ods_row(texts: &[&str]) -> String {
    let cell = |text: &&str| {
        format!(r#"<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>"#)
    };
    format!("<table:table-row>{}</table:table-row>", texts.iter().map(cell).collect::<String>())
}

#[test]
fn repeated_cells_of_an_opendocument_sheet_are_counted_before_they_are_made() {
    let list = ods_row(&["name", "unit"]) + &ods_row(&["SAT", "°C"]);
    // As LibreOffice ends every sheet.
    let rest = r#"<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>"#;
    assert_eq!(read(&[("points.ods", ods(&format!("{list}{rest}")))]).points, ["2: SAT|°C"]);

    let empty = |columns: u32| format!(r#"<table:table-cell table:number-columns-repeated="{columns}"/>"#);
    let full = r#"<table:table-cell office:value-type="float" office:value="7"/>"#;
    let below =
        format!(r#"<table:table-row table:number-rows-repeated="1048573">{}</table:table-row>"#, empty(1));
    let stray = format!("{below}<table:table-row>{}{full}</table:table-row>", empty(99));
    let many = format!("<table:table-row>{}{full}</table:table-row>", empty(16_383)).repeat(1000);
    let blanks = r#"<table:table-row><table:table-cell office:value-type="string"><text:p><text:s text:c="4000000000"/></text:p></table:table-cell></table:table-row>"#;
    for (rows, says) in [
        (stray.as_str(), "has cells far apart; delete the stray ones"),
        (&many, "has more cells than can be read at once"),
        (blanks, "full of blanks"),
    ] {
        let problems = problems(&[("points.ods", &ods(&format!("{list}{rows}")))]);
        assert!(problems[0].contains(says), "{problems:?}");
    }
}

/// An old workbook with a number in each of the cells.
fn xls(cells: &[(u16, u16)]) -> Vec<u8> {
    let record =
        |kind: u16, data: &[u8]| [&kind.to_le_bytes(), &(data.len() as u16).to_le_bytes(), data].concat();
    let begin = |what: u8| record(0x0809, &[0, 6, what, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut sheet = begin(0x10);
    for (row, column) in cells {
        let number = [&row.to_le_bytes()[..], &column.to_le_bytes(), &[0, 0], &7f64.to_le_bytes()].concat();
        sheet.extend(record(0x0203, &number));
    }
    sheet.extend(record(0x000a, &[]));
    let listed = |at: u32| record(0x0085, &[&at.to_le_bytes()[..], &[0, 0, 1, 0, b'S']].concat());
    let globals = |at: u32| [begin(0x05), listed(at), record(0x000a, &[])].concat();
    let stream = [globals(globals(0).len() as u32), sheet].concat();
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("/Workbook").unwrap().write_all(&stream).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

#[test]
fn an_old_workbook_with_cells_far_apart_is_refused_before_it_is_laid_out() {
    let near = problems(&[("points.xls", &xls(&[(0, 0), (65_535, 0)]))]);
    assert!(!near[0].contains("far apart") && !near[0].contains("cannot be read"), "{near:?}");
    for far in [[(0, 0), (65_535, 255)], [(0, 0), (65_535, 65_535)]] {
        let problems = problems(&[("points.xls", &xls(&far))]);
        assert!(problems[0].contains("has cells far apart"), "{problems:?}");
    }
}
