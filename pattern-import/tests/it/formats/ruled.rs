use super::read;

#[test]
fn columns_under_a_rule_are_those_of_a_table() {
    let text = "\
TS                   NAME           VALUE   STATUS
-------------------- -------------- ------- ------
27-OCT-26 05:00:00.0 PI3301.PV      7.11    Good
27-OCT-26 05:01:00.0 PI3301.PV              Bad

TS                   NAME           VALUE   STATUS
-------------------- -------------- ------- ------
27-OCT-26 05:02:00.0 REACTOR LEVEL  41      Good

(3 rows affected)
";
    let read = read(&[("trend.txt", text)]);
    assert_eq!(read.titles, ["IP.21 history, in ruled columns"]);
    assert_eq!(
        read.samples,
        [
            "3: 27-OCT-26 05:00:00.0 7.11 (Good) of PI3301.PV",
            "4: 27-OCT-26 05:01:00.0  (Bad) of PI3301.PV",
            "8: 27-OCT-26 05:02:00.0 41 (Good) of REACTOR LEVEL",
        ]
    );
    assert_eq!(read.rejects, Vec::<String>::new());
}

#[test]
fn bars_between_columns_belong_to_none() {
    let text = "         time          |   tag   | value \n\
        -----------------------+---------+-------\n \
        2026-11-20 00:00:00+00 | TI-101  |  18.5\n \
        2026-11-20 00:15:00+00 | TI-101  |  18.7\n(2 rows)\n";
    assert_eq!(
        read(&[("psql.txt", text)]).samples,
        ["3: 2026-11-20 00:00:00+00 18.5 of TI-101", "4: 2026-11-20 00:15:00+00 18.7 of TI-101"]
    );
}
