use super::read;
use crate::support::problems;

const ZINC_POINTS: &str = r#"ver:"3.0" database:"demo"
id,site,equip,point,dis,navName,equipRef,siteRef,kind,unit,enum,sensor,cmd,sp,air,temp,discharge,zone,fan,geoCoord
@s "Main Street",M,,,"Main Street",,,,,,,,,,,,,,,C(37.5,-77.4)
@e1 "RTU-1",,M,,"RTU-1",,,@s,,,,,,,,,,,,
@e2,,M,,"RTU-2",,,@s,,,,,,,,,,,,
@p1 "RTU-1 DischargeTemp",,,M,,"DischargeTemp",@e1 "RTU-1",@s,"Number","°F",,M,,,M,M,M,,,
@p2,,,M,"Zone Temp",,@e1,@s,"Number","°F",,M,,,M,M,,M,,
@p3,,,M,"Zone Temp",,@e2,@s,"Number","°F",,,,M,M,M,,M,,
@p4,,,M,"Fan, \"main\"",,@e2,@s,"Bool",,"off,on",,M,,,,,,M,
"#;

const POINTS: [&str; 4] = [
    "RTU-1 DischargeTemp|°F|discharge air temp sensor|RTU-1||Main Street",
    "RTU-1/Zone Temp|°F|zone air temp sensor|RTU-1||Main Street",
    "RTU-2/Zone Temp|°F|zone air temp setpoint|RTU-2||Main Street",
    "Fan, \"main\"||fan command|RTU-2||Main Street|off/on",
];

fn without_lines(points: &[String]) -> Vec<&str> {
    points.iter().map(|point| point.split_once(": ").unwrap().1).collect()
}

#[test]
fn points_of_a_zinc_grid_are_named_described_and_told_apart() {
    let read = read(&[("points.zinc", ZINC_POINTS)]);
    assert_eq!(read.titles, ["Haystack grid of points, Zinc"]);
    assert_eq!(without_lines(&read.points), POINTS);
    assert!(read.points[0].starts_with("6: "));
}

#[test]
fn points_of_both_dialects_of_json_are_those_of_zinc() {
    let three = r#"{"meta":{"ver":"3.0"},
        "cols":[{"name":"id"},{"name":"site"},{"name":"equip"},{"name":"point"},{"name":"dis"},{"name":"equipRef"},{"name":"siteRef"},
            {"name":"unit"},{"name":"enum"},{"name":"discharge"},{"name":"zone"},{"name":"air"},{"name":"temp"},{"name":"fan"},{"name":"sensor"},{"name":"sp"},{"name":"cmd"}],
        "rows":[{"id":"r:s","site":"m:","dis":"s:Main Street"},{"id":"r:e1","equip":"m:","dis":"RTU-1"},{"id":"r:e2","equip":"m:","dis":"RTU-2"},
            {"id":"r:p1 RTU-1 DischargeTemp","point":"m:","equipRef":"r:e1 RTU-1","siteRef":"r:s","unit":"s:°F","discharge":"m:","air":"m:","temp":"m:","sensor":"m:"},
            {"id":"r:p2","point":"m:","dis":"Zone Temp","equipRef":"r:e1","siteRef":"r:s","unit":"°F","zone":"m:","air":"m:","temp":"m:","sensor":"m:"},
            {"id":"r:p3","point":"m:","dis":"Zone Temp","equipRef":"r:e2","siteRef":"r:s","unit":"°F","zone":"m:","air":"m:","temp":"m:","sp":"m:"},
            {"id":"r:p4","point":"m:","dis":"Fan, \"main\"","equipRef":"r:e2","siteRef":"r:s","enum":"off,on","fan":"m:","cmd":"m:"}]}"#;
    let kind = |text: &str, kind: &str, key: &str| {
        text.replace(&format!("\"{kind}:\""), &format!(r#"{{"_kind":"{key}"}}"#))
    };
    let four = kind(three, "m", "marker")
        .replace(r#""r:p1 RTU-1 DischargeTemp""#, r#"{"_kind":"ref","val":"p1","dis":"RTU-1 DischargeTemp"}"#)
        .replace(r#""r:e1 RTU-1""#, r#"{"_kind":"ref","val":"e1","dis":"RTU-1"}"#)
        .replace(r#""s:"#, "\"");
    let four = ["s", "e1", "e2", "p2", "p3", "p4"].iter().fold(four, |text, id| {
        text.replace(&format!("\"r:{id}\""), &format!(r#"{{"_kind":"ref","val":"{id}"}}"#))
    });
    for (text, dialect) in [(three, "3"), (&four.replacen('{', r#"{"_kind":"grid","#, 1), "4")] {
        let read = read(&[("points.json", text)]);
        assert_eq!(read.titles, ["Haystack grid of points, JSON"]);
        assert_eq!(without_lines(&read.points), POINTS, "Haystack {dialect}");
    }
}

#[test]
fn points_of_a_grid_as_csv_need_no_quotes() {
    let csv = "dis,equipRef,id,unit,point,siteRef,air,temp,zone,sp,enum,navName\n\
        ,,@s Main Street,,,,,,,,,\n\
        ,@e1 RTU-1,@p1 RTU-1 ZoneTempSp,°F,✓,@s Main Street,✓,✓,✓,✓,,ZoneTempSp\n\
        ,@e1 RTU-1,@p2 RTU-1 Fan,,✓,@s Main Street,,,,,\"off,on\",Fan\n";
    let read = read(&[("points.csv", csv)]);
    assert_eq!(read.titles, ["Haystack grid of points, CSV"]);
    assert_eq!(
        read.points,
        [
            "3: RTU-1 ZoneTempSp|°F|zone air temp setpoint|RTU-1||Main Street",
            "4: RTU-1 Fan|||RTU-1||Main Street|off/on"
        ]
    );
}

#[test]
fn a_history_of_one_point_takes_the_name_of_the_grid() {
    let zinc = "ver:\"2.0\" id:@p1 \"RTU-1 ZoneTemp\" hisStart:2026-11-20T00:00:00-05:00 New_York\n\
        ts,val unit:\"°F\"\n\
        2026-11-20T00:00:00-05:00 New_York,72.5°F\n\
        2026-11-20T00:15:00-05:00 New_York,N\n\
        2026-11-20T00:30:00-05:00 New_York,NaN\n";
    let read = read(&[("his.zinc", zinc)]);
    assert_eq!(read.titles, ["Haystack grid of histories, Zinc"]);
    assert_eq!(
        read.samples,
        [
            "3: 2026-11-20T00:00:00-05:00 72.5 of RTU-1 ZoneTemp|°F",
            "5: 2026-11-20T00:30:00-05:00 NaN of RTU-1 ZoneTemp|°F"
        ]
    );
}

#[test]
fn a_history_that_names_nothing_is_of_the_point_whose_id_its_file_has() {
    let points = "ver:\"3.0\"\nid,dis,point,unit,equipRef\n\
        @p:demo:1,\"ZoneTemp\",M,\"°F\",@e \"RTU-1\"\n\
        @p:demo:2,\"ZoneTemp\",M,\"°F\",@f \"RTU-2\"\n";
    let history =
        "ver:\"3.0\" hisStart:2026-06-01T00:00:00+00:00 UTC\nts,val\n2026-07-01T00:00:00+00:00 UTC,11\n";
    let files: [(&str, &[u8]); 3] = [
        ("p_demo_2.zinc", history.as_bytes()),
        ("points.zinc", points.as_bytes()),
        ("Cellar.zinc", history.as_bytes()),
    ];
    let read = crate::support::read_utc(&files);
    assert_eq!(read.points(), ["RTU-1/ZoneTemp", "RTU-2/ZoneTemp", "Cellar"]);
    assert_eq!(
        read.samples,
        ["Cellar 2026-07-01T00:00:00Z 11 good", "RTU-2/ZoneTemp 2026-07-01T00:00:00Z 11 good"]
    );
}

#[test]
fn columns_that_are_only_numbered_are_told_apart_by_their_file() {
    let history = "ver:\"3.0\"\nts,v0,v1\n2026-07-01T00:00:00Z UTC,11,12\n";
    let samples = read(&[("AHU 1.zinc", history), ("AHU 2.zinc", history)]).samples;
    let names: Vec<_> = samples.iter().map(|said| said.split_once(" of ").unwrap().1).collect();
    assert_eq!(names, ["AHU 1/v0", "AHU 1/v1", "AHU 2/v0", "AHU 2/v1"]);
}

#[test]
fn entities_of_trio_are_points() {
    let trio = "dis: Main Street\nid: @s \"Main Street\"\nsite\n---\n\
        dis: \"Zone Temp\"\nid: @p1\npoint\nair\ntemp\nzone: M\nsp\nunit: \"°F\"\nequipRef: @e \"RTU-1\"\nsiteRef: @s\n\
        doc:\n  Written over\n  several lines\n--------\n";
    let read = read(&[("points.trio", trio)]);
    assert_eq!(read.titles, ["Haystack points, Trio"]);
    assert_eq!(read.points, ["5: Zone Temp|°F|zone air temp setpoint|RTU-1||Main Street"]);
}

#[test]
fn a_history_of_several_points_has_a_column_for_each() {
    let zinc = "ver:\"3.0\"\n\
        ts,v0 id:@p1 \"ZoneTemp\" unit:\"°F\" equipRef:@e \"RTU-1\",v1 id:@p2 \"Fan\"\n\
        2026-11-20T00:00:00Z UTC,72,T\n\
        2026-11-20T00:15:00Z UTC,,F\n";
    let json = r#"{"meta":{"ver":"3.0"},"cols":[{"name":"ts"},{"name":"v0","id":"r:p1 ZoneTemp","unit":"°F","equipRef":"r:e RTU-1"},{"name":"v1","id":"r:p2 Fan"}],
        "rows":[{"ts":"t:2026-11-20T00:00:00Z UTC","v0":"n:72","v1":true},{"ts":"t:2026-11-20T00:15:00Z UTC","v1":false}]}"#;
    let expected = [
        "2026-11-20T00:00:00Z 72 of ZoneTemp|°F||RTU-1",
        "2026-11-20T00:00:00Z true of Fan",
        "2026-11-20T00:15:00Z false of Fan",
    ];
    assert_eq!(without_lines(&read(&[("his.zinc", zinc)]).samples), expected);
    assert_eq!(without_lines(&read(&[("his.json", json)]).samples), expected);
}

#[test]
fn damage_is_named_with_its_place() {
    let json = r#"{"meta":{"ver":"3.0"},"cols":[{"name":"id"}],"rows":[{"id":"r:a"} {"id":"r:b"}]}"#;
    let problems = problems(&[("points.json", json.as_bytes())]);
    assert!(problems[0].starts_with("points.json is a damaged Haystack grid"), "{problems:?}");
    assert!(problems[0].contains("column 67"), "{problems:?}");
}
