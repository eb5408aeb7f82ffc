use super::read;

#[test]
fn points_have_the_names_of_the_device_and_those_of_the_site_as_descriptions() {
    let bacnet = "Point Name,Volttron Point Name,Units,Unit Details,BACnet Object Type,Property,Writable,Index,Notes\n\
        Building/FCB.Local Application.DA-T,DischargeAirTemperature,degreesFahrenheit,-50.00 to 250.00,analogInput,presentValue,FALSE,3000109,Resolution: 0.1\n\
        Building/FCB.Local Application.DA-X,DA-X,UNKNOWN UNIT ENUM VALUE: 264,,analogInput,presentValue,FALSE,3000110,\n";
    let modbus = "Reference Point Name,Volttron Point Name,Units,Units Details,Modbus Register,Writable,Point Address,Default Value,Notes\n\
        FanPower,SupplyFanPower, kW,0.00 to 100.00,>f,FALSE,1015,,Fan power from drive\n\
        Mode,Mode,Enum,\"0=Off, 1=On\",>f,TRUE,1016,,\n";
    let read = read(&[("bacnet.csv", bacnet), ("modbus.csv", modbus)]);
    assert_eq!(read.titles, ["VOLTTRON registry", "VOLTTRON registry"]);
    assert_eq!(
        read.points,
        [
            "2: Building/FCB.Local Application.DA-T|degreesFahrenheit|DischargeAirTemperature",
            "3: Building/FCB.Local Application.DA-X||DA-X",
            "2: FanPower|kW|SupplyFanPower",
            "3: Mode|Enum|||||Off/On",
        ]
    );
}
