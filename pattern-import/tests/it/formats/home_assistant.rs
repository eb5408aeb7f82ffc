use super::read;

#[test]
fn every_change_of_a_state_is_a_sample() {
    let csv = "entity_id,state,last_changed\n\
        sensor.heat_pump_flow_temp,30.0,2026-11-20T00:00:00.000Z\n\
        binary_sensor.heat_pump_compressor,off,2026-11-20T00:05:00.000Z\n\
        sensor.heat_pump_flow_temp,unavailable,2026-11-20T01:00:00.000Z\n";
    let read = read(&[("history.csv", csv)]);
    assert_eq!(read.titles, ["Home Assistant history"]);
    assert_eq!(
        read.samples,
        [
            "2: 2026-11-20T00:00:00.000Z 30.0 of sensor.heat_pump_flow_temp",
            "3: 2026-11-20T00:05:00.000Z off of binary_sensor.heat_pump_compressor",
            "4: 2026-11-20T01:00:00.000Z unavailable of sensor.heat_pump_flow_temp",
        ]
    );
}
