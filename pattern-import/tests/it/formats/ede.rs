use super::read;

const OBJECTS: &str = "\
# Engineering-Data-Exchange - B.I.G.-EU
PROJECT_NAME;House 7
VERSION_OF_REFERENCEFILE;3
VERSION_OF_LAYOUT;2.3
#mandatory;mandatory;mandatory;mandatory;mandatory;optional
# keyname;device obj.-instance;object-name;object-type;object-instance;description;present-value-default;min-present-value;max-present-value;settable;supports COV;hi-limit;low-limit;state-text-reference;unit-code;vendor-specific-addres
K1;7001;AHU1_T_SUP;0;1;Zulufttemperatur Anlage 1 \u{b0}C;;;;N;Y;;;;62
K2;7001;AHU1_FAN;4;2;Ventilator;;;;Y;Y;;;1;
K3;7001;AHU1_MODE;14;3;Betriebsart;;;;Y;Y;;;2;
K4;7001;AHU1_SCHED;17;4;Zeitplan;;;;;;;;;
K5;7001;AHU1_DUST;2;5;Staub;;;;;;;;;513
K0;7002;House 7 west;8;7002;;;;;;;;;;
K6;7002;AHU1_T_SUP;0;1;Zulufttemperatur Anlage 2;;;;N;Y;;;;degrees-celsius
K7;7001;AHU1_COUNT;2;6;Z\u{e4}hler;;;;;;;;;95
";

#[test]
fn objects_are_points_with_their_units_states_and_devices() {
    let latin: Vec<u8> = OBJECTS.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let states = b"#State Text Reference\n#Reference Number;Text 1 or Inactive-Text;Text 2 or Active-Text;Text 3\n1;Aus;Ein;\n2;Auto;Hand;Aus\n";
    let units =
        b"#Encoding of unit codes\n#Code;Unit Text\n62;Degrees-Celsius\n513;milligrams-per-cubic-meter\n";
    let files =
        [("house7_EDE.csv", &latin[..]), ("house7_StateTexts.csv", states), ("house7_Units.csv", units)];
    let read = read(&files);
    assert_eq!(
        read.titles,
        ["BACnet EDE", "BACnet EDE, the texts of states", "BACnet EDE, the names of units"]
    );
    assert_eq!(
        read.points,
        [
            "7: 7001/AHU1_T_SUP|degrees-celsius|Zulufttemperatur Anlage 1 °C|7001",
            "8: AHU1_FAN|enum|Ventilator|7001|||Aus/Ein",
            "9: AHU1_MODE|enum|Betriebsart|7001|||/Auto/Hand/Aus",
            "11: AHU1_DUST|milligrams-per-cubic-meter|Staub|7001",
            "13: House 7 west/AHU1_T_SUP|degrees-celsius|Zulufttemperatur Anlage 2|House 7 west",
            "14: AHU1_COUNT||Zähler|7001",
        ]
    );
    assert_eq!(read.rejects.len(), 1);
    assert!(read.rejects[0].starts_with("10: an object of type '17' has no value"));
}

#[test]
fn a_scan_of_a_network_says_units_by_number_as_well() {
    let csv = "device,object_identifier,object_name,description,units\n\
        AHU-1,\"analog-input,1\",SAT,Supply air,62\n\
        AHU-1,\"binary-output,2\",SF,Supply fan,\n\
        AHU-1,\"analog-value,3\",DMP,Damper,percent\n\
        AHU-1,\"analog-value,4\",DUST,Dust,300\n";
    let read = read(&[("scan.csv", csv)]);
    assert_eq!(read.titles, ["a list of BACnet objects"]);
    assert_eq!(
        read.points,
        [
            "2: SAT|degrees-celsius|Supply air|AHU-1",
            "3: SF|enum|Supply fan|AHU-1",
            "4: DMP|percent|Damper|AHU-1",
            "5: DUST||Dust|AHU-1",
        ]
    );
}
