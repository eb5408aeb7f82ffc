//! The shapes of tables.

use crate::support::{read_utc, table};

#[test]
fn a_row_per_sample_under_whatever_names() {
    let read = table(
        "TS;NAME;VALUE;STATUS\n27-Oct-2026 05:00:00;PI3301.PV;7.11;Good\n27-Oct-2026 05:01:00;PI3301.PV;7.09;Bad\n",
    );
    assert_eq!(
        read.samples,
        ["PI3301.PV 2026-10-27T05:00:00Z 7.11 good", "PI3301.PV 2026-10-27T05:01:00Z 7.09 bad"]
    );
}

#[test]
fn a_column_per_tag_with_units_in_the_headers() {
    let read = table(
        "Date/Time,LV ActivePower (kW),Wind Speed [m/s],Mode (auto)\n01 01 2018 00:00,380.5,5.3,1\n01 01 2018 00:10,,5.6,1\n",
    );
    assert_eq!(read.points(), ["LV ActivePower", "Wind Speed", "Mode (auto)"]);
    assert_eq!(read.content.points[0].unit, "kW");
    assert_eq!(read.samples.len(), 5, "an empty cell is no sample");
}

#[test]
fn a_column_per_tag_with_rows_of_descriptions_and_units() {
    let read = table(
        "time,NOX,FLOW,PUMP,\n,Stack NOx,Flue gas,Pump,\n,mg/m3,m3/h,,\n2026-11-20 12:00,50.0,\"11,000.0\",OFF,\n2026-11-20 12:05,Bad,\"11,001.0\",ON,\n",
    );
    let said: Vec<_> =
        read.content.points.iter().map(|p| [p.name.as_str(), &p.unit, &p.description]).collect();
    assert_eq!(said, [["NOX", "mg/m3", "Stack NOx"], ["FLOW", "m3/h", "Flue gas"], ["PUMP", "", "Pump"]]);
    assert_eq!(read.values("FLOW"), [11000.0, 11001.0]);
    assert_eq!(read.values("PUMP"), [0.0, 1.0]);
    assert_eq!(read.classes(), [5, 0, 1]);
}

#[test]
fn a_column_of_qualities_beside_its_tag() {
    let read = table("time,TI1,TI1 Quality,TI2\n2026-11-20 12:00,1,192,5\n2026-11-20 12:05,2,24,6\n");
    assert_eq!(read.points(), ["TI1", "TI2"]);
    assert_eq!(read.classes(), [3, 0, 1]);
}

#[test]
fn a_column_of_devices_and_several_of_measurements() {
    let read = table(
        "DATE_TIME,PLANT_ID,SOURCE_KEY,DC_POWER,AC_POWER\n2026-11-20 00:00:00,4135001,INV01,45.0,44\n2026-11-20 00:00:00,4135001,INV02,46,45\n",
    );
    assert_eq!(read.points(), ["INV01/DC_POWER", "INV01/AC_POWER", "INV02/DC_POWER", "INV02/AC_POWER"]);
    assert_eq!(
        (read.content.points[2].device.as_str(), read.content.points[2].group.as_str()),
        ("INV02", "4135001")
    );
    let equipment =
        table("time,equipment,flow,pressure\n2026-11-20 00:00,P-1,1,2\n2026-11-20 00:00,P-2,3,4\n");
    assert_eq!(equipment.points(), ["P-1/flow", "P-1/pressure", "P-2/flow", "P-2/pressure"]);
    let named = table("time,name,flow,pressure\n2026-11-20 00:00,P-1,1,2\n");
    assert_eq!(named.points(), ["P-1/flow", "P-1/pressure"]);
}

#[test]
fn a_file_per_tag_is_called_as_its_file() {
    let read = read_utc(&[
        ("TI3101.csv", b"Timestamp,Value,Quality\n28/10/2026 06:00:00,181.2,Good\n"),
        ("PI4402.csv", b"28/10/2026 06:00:00,3.2\n28/10/2026 06:05:00,3.3\n"),
        ("FI.PV.csv", b"Timestamp,FI5.PV\n28/10/2026 06:00:00,3.2\n"),
    ]);
    let mut points = read.points();
    points.sort_unstable();
    assert_eq!(points, ["FI5.PV", "PI4402", "TI3101"]);
    assert_eq!(read.samples.len(), 4);
}

#[test]
fn rows_without_a_header_are_time_name_and_value() {
    let read = table("2026-11-20T00:00:00Z,A,1,192\n2026-11-20T00:01:00Z,B,2,192\n");
    assert_eq!(read.samples, ["A 2026-11-20T00:00:00Z 1 good", "B 2026-11-20T00:01:00Z 2 good"]);
}

#[test]
fn the_same_columns_at_the_same_times_are_of_one_device_a_file() {
    let file = |value: u32| format!("time,SAT,RAT\n2026-11-20 00:00,{value},2\n2026-11-20 00:15,{value},2\n");
    let (one, two) = (file(1), file(5));
    let read = read_utc(&[("AHU-1.csv", one.as_bytes()), ("AHU-2.csv", two.as_bytes())]);
    assert_eq!(read.points(), ["AHU-1/SAT", "AHU-1/RAT", "AHU-2/SAT", "AHU-2/RAT"]);
    assert_eq!(read.content.points[3].device, "AHU-2");
    // Months of the same tags go on.
    let later = one.replace("2026-11", "2026-10");
    let months = read_utc(&[("2026-10.csv", later.as_bytes()), ("2026-11.csv", one.as_bytes())]);
    assert_eq!((months.points().as_slice(), months.samples.len()), (&["SAT", "RAT"][..], 8));
}

#[test]
fn a_title_above_the_header_is_passed_over() {
    let read = table("Trend export of the boiler house\n\ntimestamp,name,value\n2026-11-20T00:00:00Z,A,1\n");
    assert_eq!(read.samples, ["A 2026-11-20T00:00:00Z 1 good"]);
    let wide = table("Trend export\n,TI1,TI2\n2026-11-20 00:00,1,2\n2026-11-20 00:05,1,2\n");
    assert_eq!(wide.points(), ["TI1", "TI2"]);
}

#[test]
fn a_row_number_is_no_tag() {
    let read = table("Unnamed: 0,time,TI1,\n0,2026-11-20 00:00,5,\n1,2026-11-20 00:05,6,\n");
    assert_eq!(read.points(), ["TI1"]);
    assert_eq!(read.survey.files[0].format.ignored_columns(), ["Unnamed: 0"]);
}

#[test]
fn a_forgotten_quote_does_not_swallow_rows_in_silence() {
    let read = table(
        "timestamp,name,value\n2026-11-20T00:00:00Z,A,1\n2026-11-20T00:01:00Z,\"A,1\n2026-11-20T00:02:00Z,\"A,1\n2026-11-20T00:03:00Z,A,1\n",
    );
    assert_eq!(read.samples.len(), 2);
    assert!(read.rejects[0].contains(":3 a field goes on over 1 more lines"), "{:?}", read.rejects);
}

#[test]
fn one_column_more_beside_time_and_name_is_the_value() {
    let read =
        table("time,tag,mode\n2026-11-20 00:00,A,Auto\n2026-11-20 00:05,A,Hand\n2026-11-20 00:10,A,Off\n");
    assert_eq!(read.values("A"), [0.0, 1.0, 2.0]);
    let list = read_utc(&[("tags.csv", b"tag,unit,last changed\nA,bar,2026-11-20 00:00\n")]);
    assert_eq!((list.points(), list.samples.len()), (vec!["A"], 0));
}

#[test]
fn headers_that_differ_only_in_their_unit_stay_two_tags() {
    let read = table("time,T (degC),T (degF),P (bar)\n2026-11-20 00:00,1,2,3\n");
    assert_eq!(read.points(), ["T (degC)", "T (degF)", "P"]);
}

#[test]
fn a_trend_of_a_building_system_is_one_tag_with_its_status() {
    let text = "history:/Station/AHU1_SAT\n20-Nov-26 12:00 AM to 21-Nov-26 12:00 AM\n\nTimestamp,Trend Flags,Status,Value (°F)\n20-Nov-26 12:00:00 AM UTC,{ },{ok},55.2\n20-Nov-26 12:15:00 AM UTC,{ },{down},55.4\n";
    let read = read_utc(&[("AHU1_SAT.csv", text.as_bytes())]);
    assert_eq!(read.points(), ["AHU1_SAT"]);
    assert_eq!(read.classes(), [1, 0, 1]);
    assert_eq!(read.content.points[0].unit, "°F");
}

#[test]
fn what_excel_says_to_itself_is_no_row() {
    let read = table("sep=;\nZeit;Vorlauf\n20.11.2026 00:00;60,5\n");
    assert_eq!(read.samples, ["Vorlauf 2026-11-20T00:00:00Z 60.5 good"]);
}

#[test]
fn a_row_with_more_fields_than_the_header_names_is_rejected() {
    let wide = table("time,A,B\n2026-11-20T00:00:00Z,12,5,13,7\n2026-11-20T00:01:00Z,12,13,,\n");
    assert_eq!((wide.values("A"), wide.values("B")), (vec![12.0], vec![13.0]));
    assert!(
        wide.rejects[0].contains("5 fields")
            && wide.rejects[0].contains("decimal comma")
            && wide.rejects[0].contains("--separator"),
        "{:?}",
        wide.rejects
    );
    let long = table("timestamp,name,value\n2026-11-20T00:00:00Z,A,12,5\n2026-11-20T00:01:00Z,A,12\n");
    assert_eq!((long.samples.len(), long.rejects.len()), (1, 1));
}

#[test]
fn groups_over_several_columns_go_in_front_of_their_names() {
    for text in [
        "Time,Pump 1,,Pump 2,\n,Flow,Press,Flow,Press\n,m3/h,bar,m3/h,bar\n2026-11-20 00:00,1,2,3,4\n2026-11-20 00:05,1,2,3,4\n",
        ",Pump 1,,Pump 2,\nTime,Flow,Press,Flow,Press\n,m3/h,bar,m3/h,bar\n2026-11-20 00:00,1,2,3,4\n2026-11-20 00:05,1,2,3,4\n",
    ] {
        let read = table(text);
        assert_eq!(read.points(), ["Pump 1/Flow", "Pump 1/Press", "Pump 2/Flow", "Pump 2/Press"]);
        assert_eq!(read.content.points[3].unit, "bar");
        assert_eq!(read.samples.len(), 8);
    }
}

#[test]
fn a_column_of_values_without_a_name_is_named_where_it_is_not_read() {
    let read = table("time,A,\n2026-11-20 00:00,1,2\n2026-11-20 00:05,1,3\n");
    assert_eq!(read.points(), ["A"]);
    assert_eq!(read.survey.files[0].format.ignored_columns(), ["column 3 (without a name)"]);
}

#[test]
fn the_export_of_wincc_is_one_row_per_sample() {
    let read = table(
        "\"VarName\";\"TimeString\";\"VarValue\";\"Validity\";\"Time_ms\"\n\"Temp_1\";\"20.11.2026 14:05:06\";21,5;1;46346587152,7778\n\"Temp_1\";\"20.11.2026 14:06:06\";21,7;0;46346587847,2222\n",
    );
    assert_eq!(
        read.samples,
        ["Temp_1 2026-11-20T14:05:06Z 21.5 good", "Temp_1 2026-11-20T14:06:06Z 21.7 bad"]
    );
    assert_eq!(read.survey.files[0].format.ignored_columns(), ["Time_ms"]);
}

#[test]
fn a_number_that_differs_in_every_row_is_no_name_and_no_device() {
    for (header, expected) in [("id", &["flow", "press"][..]), ("Meter", &["Meter", "flow", "press"])] {
        let read = table(&format!(
            "time,{header},flow,press\n2026-11-20 00:00,1001,1,2\n2026-11-20 00:05,1002,3,4\n2026-11-20 00:10,1003,5,6\n"
        ));
        assert_eq!(read.points(), expected, "{header}");
    }
    let counted = table(
        "time,id,flow\n2026-11-20 00:00,1001,1\n2026-11-20 00:00,1002,2\n2026-11-20 00:05,1001,1\n2026-11-20 00:05,1002,2\n",
    );
    assert_eq!(counted.points(), ["1001", "1002"], "numbers that come back name");
}

#[test]
fn an_interval_begins_at_the_time_of_its_sample() {
    let read = table("Datum;Von;Bis;Wert kWh\n20.11.2026;00:00;00:15;1,5\n20.11.2026;00:15;00:30;1,7\n");
    assert_eq!(
        read.samples,
        ["Wert_kWh 2026-11-20T00:00:00Z 1.5 good", "Wert_kWh 2026-11-20T00:15:00Z 1.7 good"]
    );
    let read =
        table("Datum;Zeit von;Zeit bis;A;B\n20.11.2026;00:00;00:15;1,5;2\n20.11.2026;00:15;00:30;1,7;2\n");
    assert_eq!((read.points(), read.times()[3]), (vec!["A", "B"], "2026-11-20T00:15:00Z"));
    let whole = table(
        "Zeit von;Zeit bis;Wert\n20.11.2026 00:00;20.11.2026 00:15;1,5\n20.11.2026 00:15;20.11.2026 00:30;1,7\n",
    );
    assert_eq!(whole.times(), ["2026-11-20T00:00:00Z", "2026-11-20T00:15:00Z"]);
}

#[test]
fn headers_that_are_times_of_day_make_each_row_a_day() {
    let text = "Datum;00:15;00:30;00:45;24:00\n20.11.2026;1,5;2,5;;4\n21.11.2026;5;6;7;8\n";
    let read = read_utc(&[("load.csv", text.as_bytes())]);
    assert_eq!((read.points(), read.samples.len()), (vec!["load"], 7));
    assert_eq!(read.samples[2], "load 2026-11-21T00:00:00Z 4 good");
    assert_eq!(read.samples[6], "load 2026-11-22T00:00:00Z 8 good");
}

#[test]
fn a_header_that_comes_again_is_no_row_and_another_one_is_no_header_of_the_first() {
    let read = table(
        "time,A,B\n2026-11-20 00:00,1,2\ntime,A,B\n2026-11-20 00:05,3,4\ntime,B,A\n2026-11-20 00:10,6,5\ntime,A,B\n2026-11-20 00:15,7,8\n",
    );
    assert_eq!((read.values("A"), read.values("B")), (vec![1.0, 3.0, 7.0], vec![2.0, 4.0, 8.0]));
    assert_eq!(read.rejects.len(), 2, "{:?}", read.rejects);
    assert!(read.rejects[1].contains("another header (line 5)"), "{:?}", read.rejects);
    let long = table(
        "timestamp,name,value,quality\n2026-11-20T00:00:00Z,A,1,Good\ntimestamp,name,value,quality\n2026-11-20T00:01:00Z,A,1,Good\n",
    );
    assert_eq!((long.classes(), long.rejects.len()), ([2, 0, 0], 0));
    let unnamed =
        table(",TI1,TI2\n2026-11-20 00:00,1,2\n2026-11-20 00:05,1,2\n,TI3,TI4\n2026-11-20 00:10,3,4\n");
    assert_eq!((unnamed.samples.len(), unnamed.rejects.len()), (4, 2), "{:?}", unnamed.rejects);
}

#[test]
fn a_report_of_desigo_says_above_its_table_what_the_columns_are() {
    let read = table(
        "\"Key\",\"Name:Suffix\",\"Trend Definitions Used\"\n\"Point_1:\",\"RLT01.ZUL.T\",\"\",\"15 minutes\"\n\"Point_2:\",\"RLT01.ABL.T\",\"\",\"15 minutes\"\n\"Time Interval:\",\"15 Minutes\"\n\n\"<>Date\",\"Time\",\"Point_1\",\"Point_2\"\n\"11/20/2026\",\"00:00:00\",\"21.5\",\"22.5\"\n\"11/20/2026\",\"00:15:00\",\"21.6\",\"No Data\"\n",
    );
    assert_eq!(read.points(), ["RLT01.ZUL.T", "RLT01.ABL.T"]);
    assert_eq!((read.samples.len(), read.times()[2]), (4, "2026-11-20T00:15:00Z"));
}

#[test]
fn the_types_that_ignition_says_are_no_units() {
    let read = table(
        "#NAMES\nt_stamp,TI1,TI2\n#TYPES\ndate,D,D\n#ROWS,2\n2026-11-20 00:00:00,1,2\n2026-11-20 00:05:00,3,4\n",
    );
    assert_eq!((read.points(), read.samples.len(), read.rejects.len()), (vec!["TI1", "TI2"], 4, 0));
    assert_eq!(read.content.points[0].unit, "");
}
