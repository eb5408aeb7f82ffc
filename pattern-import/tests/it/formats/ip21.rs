use super::read;

#[test]
fn a_history_is_known_by_its_four_columns() {
    let csv = "TS,NAME,VALUE,STATUS\n\
        27-Oct-2026 05:00:00,PI3301.PV,7.11,Good\n\
        27-Oct-2026 05:02:00,PI3301.PV,7.09,Bad\n";
    let read = read(&[("samples.csv", csv)]);
    assert_eq!(read.titles, ["IP.21 history"]);
    assert_eq!(
        read.samples,
        [
            "2: 27-Oct-2026 05:00:00 7.11 (Good) of PI3301.PV",
            "3: 27-Oct-2026 05:02:00 7.09 (Bad) of PI3301.PV"
        ]
    );
}

#[test]
fn fields_of_records_are_known_by_their_names() {
    let points = "NAME,IP_DESCRIPTION,IP_ENG_UNITS,IP_PLANT_AREA,IP_DCS_NAME\nPI3301.PV,Header pressure,barg,UTIL,FCS01\n";
    let trend =
        "NAME,IP_TREND_TIME,IP_TREND_VALUE,IP_TREND_QSTATUS\nPI3301.PV,27-OCT-26 05:00:00.0,7.11,Good\n";
    let read = read(&[("records.csv", points), ("trend.csv", trend)]);
    assert_eq!(read.titles, ["IP.21 records", "IP.21 history"]);
    assert_eq!(read.points, ["2: PI3301.PV|barg|Header pressure|||UTIL"]);
    assert_eq!(read.samples, ["2: 27-OCT-26 05:00:00.0 7.11 (Good) of PI3301.PV"]);
}
