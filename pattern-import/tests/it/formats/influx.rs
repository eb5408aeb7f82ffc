use super::read;

#[test]
fn each_table_says_what_its_columns_are() {
    let csv = "#group,false,false,true,true,false,false,true,true,true\n\
        #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\n\
        #default,mean,,,,,,,,\n\
        ,result,table,_start,_stop,_time,_value,_field,_measurement,device\n\
        ,,0,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,2026-11-20T00:00:00Z,10,temperature,hvac,AHU-1\n\
        \n\
        #group,false,false,true,true,false,false,true,true\n\
        #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,boolean,string,string\n\
        #default,_result,,,,,,value,\n\
        ,result,table,_start,_stop,_time,_value,_field,_measurement\n\
        ,,1,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,2026-11-20T00:05:00Z,true,,P-101.RUN\n";
    let read = read(&[("export.csv", csv)]);
    assert_eq!(read.titles, ["InfluxDB annotated CSV"]);
    assert_eq!(
        read.samples,
        [
            "5: 2026-11-20T00:00:00Z 10 of hvac/AHU-1/temperature|||AHU-1||hvac",
            "11: 2026-11-20T00:05:00Z true of P-101.RUN|||||P-101.RUN",
        ]
    );
}

#[test]
fn a_pivoted_table_has_a_column_per_field() {
    let csv = "#group,false,false,false,true,true,false,false\n\
        #datatype,string,long,dateTime:RFC3339,string,string,double,double\n\
        #default,_result,,,,,,\n\
        ,result,table,_time,_measurement,host,usage,temp\n\
        ,,0,2026-11-20T00:00:00Z,cpu,plc7,1.5,40\n\
        ,,0,2026-11-20T00:00:10Z,cpu,plc7,1.6,\n";
    assert_eq!(
        read(&[("pivot.csv", csv)]).samples,
        [
            "5: 2026-11-20T00:00:00Z 1.5 of cpu/plc7/usage|||plc7||cpu",
            "5: 2026-11-20T00:00:00Z 40 of cpu/plc7/temp|||plc7||cpu",
            "6: 2026-11-20T00:00:10Z 1.6 of cpu/plc7/usage|||plc7||cpu",
        ]
    );
}

#[test]
fn tables_without_annotations_begin_with_their_header_again() {
    let csv = ",result,table,_time,_value,_field,_measurement\n\
        ,_result,0,2026-11-20T00:00:00Z,1,flow,pump\n\
        \n\
        ,result,table,_time,_value,_field,_measurement,unit\n\
        ,_result,1,2026-11-20T00:00:00Z,2,level,tank,m\n";
    assert_eq!(
        read(&[("plain.csv", csv)]).samples,
        [
            "2: 2026-11-20T00:00:00Z 1 of pump/flow|||||pump",
            "5: 2026-11-20T00:00:00Z 2 of tank/level|m||||tank",
        ]
    );
}

#[test]
fn what_tools_write_for_import_says_which_columns_are_tags() {
    let csv = "#datatype measurement,tag,double,boolean,ignored,dateTime:RFC3339\n\
        m,pump,flow,run,note,time\n\
        plant,P-101,12.5,true,x,2026-11-20T00:00:00Z\n";
    assert_eq!(
        read(&[("write.csv", csv)]).samples,
        [
            "3: 2026-11-20T00:00:00Z 12.5 of plant/P-101/flow|||P-101||plant",
            "3: 2026-11-20T00:00:00Z true of plant/P-101/run|||P-101||plant",
        ]
    );
}

#[test]
fn the_answer_to_a_query_of_influxql_names_measurement_and_tags() {
    let csv = "name,tags,time,usage,idle\n\
        cpu,\"host=plc7,line=3\",1434055562000000000,0.64,99\n\
        cpu,\"host=plc8,line=3\",1434055562000000000,0.7,\n";
    let read = read(&[("query.csv", csv)]);
    assert_eq!(read.titles, ["InfluxDB CSV"]);
    assert_eq!(
        read.samples,
        [
            "2: 1434055562000000000 0.64 of cpu/plc7/3/usage|||||cpu",
            "2: 1434055562000000000 99 of cpu/plc7/3/idle|||||cpu",
            "3: 1434055562000000000 0.7 of cpu/plc8/3/usage|||||cpu",
        ]
    );
}
