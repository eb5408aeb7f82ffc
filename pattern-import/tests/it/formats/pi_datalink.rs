use super::read;

#[test]
fn every_tag_may_have_times_of_its_own() {
    let csv = "TI2207.PV,,PI2208.PV,\n\
        27/10/2026 05:00:00,94.1,27/10/2026 05:00:03,3.2\n\
        27/10/2026 05:05:00,I/O Timeout,27/10/2026 05:07:41,3.3\n\
        27/10/2026 05:10:00,94.6,,\n";
    let read = read(&[("compressed.csv", csv)]);
    assert_eq!(read.titles, ["PI DataLink table, 2 tags"]);
    assert_eq!(
        read.samples,
        [
            "2: 27/10/2026 05:00:00 94.1 of TI2207.PV",
            "2: 27/10/2026 05:00:03 3.2 of PI2208.PV",
            "3: 27/10/2026 05:05:00 I/O Timeout of TI2207.PV",
            "3: 27/10/2026 05:07:41 3.3 of PI2208.PV",
            "4: 27/10/2026 05:10:00 94.6 of TI2207.PV",
        ]
    );
}

#[test]
fn rows_on_top_say_tag_descriptor_and_units() {
    let csv = "Tagname,TI2207.PV,PI2208.PV\n\
        Descriptor,Reactor inlet,Header\n\
        Eng Units,degC,barg\n\
        Start Time,27-Oct-2026 05:00:00,\n\
        Timestamp,Value,Value\n\
        27-Oct-2026 05:00:00,94.1,3.2\n\
        27-Oct-2026 05:05:00,Bad Input,3.3\n";
    assert_eq!(
        read(&[("sampled.csv", csv)]).samples,
        [
            "6: 27-Oct-2026 05:00:00 94.1 of TI2207.PV|degC|Reactor inlet",
            "6: 27-Oct-2026 05:00:00 3.2 of PI2208.PV|barg|Header",
            "7: 27-Oct-2026 05:05:00 Bad Input of TI2207.PV|degC|Reactor inlet",
            "7: 27-Oct-2026 05:05:00 3.3 of PI2208.PV|barg|Header",
        ]
    );
}
