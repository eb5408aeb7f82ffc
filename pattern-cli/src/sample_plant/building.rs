//! The office building: air handlers, terminal boxes, and the water that heats and cools them.

use super::{
    signal::{Dice, Lag, Wander},
    tag::{Habit, Measure::*, RoleTag, Unit, name_tags, tag},
};

const AHU: [RoleTag; 10] = [
    tag("Supply Air Temperature", Temperature, "SupplyAirTemp", "SAT", "Supply air temperature"),
    tag("Supply Air Temperature Setpoint", Temperature, "SupplyAirTempSp", "SAT_SP", "Supply air setpoint"),
    tag("Return Air Temperature", Temperature, "ReturnAirTemp", "RAT", "Return air temperature"),
    tag("Mixed Air Temperature", Temperature, "MixedAirTemp", "MAT", "Mixed air temperature"),
    tag("Outside Air Damper Position", Percent, "OutsideAirDamper", "OAD", "Outside air damper"),
    tag("Cooling Valve Position", Percent, "CoolingValve", "CHW_VLV", "Cooling valve"),
    tag("Heating Valve Position", Percent, "HeatingValve", "HW_VLV", "Heating valve"),
    tag("Supply Fan Speed", Percent, "SupplyFanSpeed", "SF_SPD", "Supply fan speed"),
    tag("Supply Fan Status", State, "SupplyFanStatus", "SF_STS", "Supply fan status"),
    tag("Duct Static Pressure", SmallPressure, "DuctStaticPress", "DSP", "Duct static pressure"),
];

pub fn air_handler(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "AHU", &AHU, habit, &mut dice);
    let mut demand = Wander::new(0.68, 0.13, 100.0);
    let (mut supply, mut room) = (Lag::new(60.0, 12.0), Lag::new(72.0, 90.0));
    let mut jitter = Wander::new(0.0, 3.0, 45.0);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let run = now.occupied();
            let fan = run * (100.0 * demand.next(dice)).clamp(30.0, 100.0);
            let setpoint = (62.0 - 0.11 * (now.outdoor_temperature - 50.0)).clamp(54.0, 64.0).round();
            let room = room.follow(72.0 + 2.5 * run - 3.0 * (1.0 - run));
            let economiser = (now.outdoor_temperature < 66.0) as u8 as f64;
            let damper = run * (18.0 + 55.0 * economiser + jitter.next(dice)).clamp(0.0, 100.0);
            let mixed = room + (now.outdoor_temperature - room) * damper / 100.0;
            let cooling = run * (3.4 * (mixed - setpoint) * (0.6 + fan / 200.0)).clamp(0.0, 100.0);
            let heating = run * (3.8 * (setpoint - mixed)).clamp(0.0, 100.0);
            let supply = supply.follow(if run > 0.0 { setpoint + 0.02 * (mixed - setpoint) } else { room });
            out.extend([
                supply + 0.2 * dice.normal(),
                setpoint,
                room + 0.1 * dice.normal(),
                mixed + 0.2 * dice.normal(),
                damper,
                (cooling + 0.6 * run * dice.normal()).clamp(0.0, 100.0),
                (heating + 0.3 * run * dice.normal()).clamp(0.0, 100.0),
                fan,
                run,
                (1.6 * (fan / 100.0).powi(2) + 0.01 * run * dice.normal()).max(0.0),
            ]);
        }),
    }
}

const VAV: [RoleTag; 6] = [
    tag("Zone Temperature", Temperature, "ZoneTemp", "ZN_T", "Zone temperature"),
    tag("Zone Temperature Setpoint", Temperature, "ZoneTempSp", "ZN_SP", "Zone temperature setpoint"),
    tag("Air Flow", AirFlow, "AirFlow", "FLOW", "Air flow"),
    tag("Air Flow Setpoint", AirFlow, "AirFlowSp", "FLOW_SP", "Air flow setpoint"),
    tag("Damper Position", Percent, "DamperPos", "DMPR", "Damper position"),
    tag("Reheat Valve Position", Percent, "ReheatValve", "RHT_VLV", "Reheat valve"),
];

/// Each room has its own people and its own side of the building.
pub fn terminal_box(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "VAV", &VAV, habit, &mut dice);
    let size = dice.between(350.0, 1100.0);
    let wish = dice.between(70.0, 73.0).round();
    let mut people = Wander::new(0.5, 0.35, 75.0);
    let mut zone = Lag::new(71.0, 40.0);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let open = now.occupied();
            let setpoint = if open > 0.0 { wish } else { wish - 6.0 };
            let people = people.next(dice).clamp(0.0, 1.3) * open;
            let need = (people + now.irradiance / 2500.0).clamp(0.0, 1.2);
            let flow_setpoint = (size * open * (0.25 + 0.6 * need)).round();
            let flow = (flow_setpoint + 0.02 * size * open * dice.normal()).max(0.0);
            let cold = (0.35 - need).max(0.0) * open;
            let zone = zone.follow(setpoint + 2.4 * (need - 0.5) + 0.04 * (now.outdoor_temperature - 61.0));
            out.extend([
                zone + 0.08 * dice.normal(),
                setpoint,
                flow,
                flow_setpoint,
                (105.0 * flow / size + 0.5 * open * dice.normal()).clamp(0.0, 100.0),
                (220.0 * cold).min(100.0),
            ]);
        }),
    }
}

const CHILLER: [RoleTag; 6] = [
    tag("Chilled Water Supply Temperature", Temperature, "ChwSupplyTemp", "CHWST", "Chilled water supply"),
    tag("Chilled Water Return Temperature", Temperature, "ChwReturnTemp", "CHWRT", "Chilled water return"),
    tag("Chilled Water Setpoint", Temperature, "ChwSetpoint", "CHW_SP", "Chilled water setpoint"),
    tag("Load", Percent, "LoadPct", "LOAD", "Chiller load"),
    tag("Power", Power, "PowerKw", "KW", "Chiller power"),
    tag("Running Status", State, "RunStatus", "RUN_STS", "Chiller running"),
];

pub fn chiller(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Chiller", &CHILLER, habit, &mut dice);
    let mut swing = Wander::new(0.0, 0.12, 80.0);
    let mut supply = Lag::new(45.0, 15.0);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let run = now.occupied() * now.power(12);
            let warm = (now.outdoor_temperature - 45.0) / 45.0;
            let load = run * (warm + swing.next(dice)).clamp(0.15, 1.0);
            let supply = supply.follow(if run > 0.0 { 44.0 } else { 56.0 });
            out.extend([
                supply + 0.1 * dice.normal(),
                supply + 12.0 * load + 0.1 * dice.normal(),
                44.0,
                100.0 * load,
                (310.0 * load.powf(1.2) + 1.5 * run * dice.normal()).max(0.0),
                run,
            ]);
        }),
    }
}

const BOILER: [RoleTag; 6] = [
    tag("Supply Temperature", Temperature, "HwSupplyTemp", "HWST", "Hot water supply"),
    tag("Return Temperature", Temperature, "HwReturnTemp", "HWRT", "Hot water return"),
    tag("Supply Temperature Setpoint", Temperature, "HwSupplyTempSp", "HW_SP", "Hot water setpoint"),
    tag("Firing Rate", Percent, "FiringRate", "FIRE_RATE", "Firing rate"),
    tag("Fuel Flow", GasFlow, "GasFlow", "GAS_FLOW", "Gas flow"),
    tag("Flame Status", State, "FlameStatus", "FLAME", "Flame on"),
];

/// Cycles on and off when little heat is needed.
pub fn boiler(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Boiler", &BOILER, habit, &mut dice);
    let mut supply = 165.0;
    let mut flame = true;
    let mut draw = Wander::new(0.4, 0.1, 70.0);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let setpoint = (185.0 - 0.5 * (now.outdoor_temperature - 40.0)).round();
            let heat = (draw.next(dice) + (60.0 - now.outdoor_temperature) / 90.0).clamp(0.08, 1.0);
            flame = if flame { supply < setpoint + 6.0 } else { supply < setpoint - 6.0 };
            let burning = f64::from(flame) * now.power(14);
            let rate = burning * (35.0 + 60.0 * heat);
            supply += 0.03 * rate - 2.2 * heat - 0.2;
            supply = supply.clamp(70.0, 210.0);
            out.extend([
                supply + 0.2 * dice.normal(),
                supply - 26.0 * heat + 0.2 * dice.normal(),
                setpoint,
                rate,
                (rate * 42.0 + 8.0 * burning * dice.normal()).max(0.0),
                burning,
            ]);
        }),
    }
}

const TOWER: [RoleTag; 5] = [
    tag("Supply Temperature", Temperature, "CwsTemp", "CWS_TEMP", "Condenser water supply"),
    tag("Return Temperature", Temperature, "CwrTemp", "CWR_TEMP", "Condenser water return"),
    tag("Basin Level", Percent, "BasinLevel", "BASIN_LVL", "Basin level"),
    tag("Fan Speed", Percent, "FanSpeed", "FAN_SPD", "Tower fan speed"),
    tag("Ambient Temperature", Temperature, "AmbientTemp", "AMB_TEMP", "Ambient temperature"),
];

pub fn cooling_tower(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Cooling Tower", &TOWER, habit, &mut dice);
    let mut swing = Wander::new(0.55, 0.14, 90.0);
    let mut basin = Wander::new(72.0, 2.5, 60.0);
    let mut supply = Lag::new(75.0, 18.0);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let run = now.occupied() * now.power(12);
            let heat = run * (swing.next(dice) + (now.outdoor_temperature - 61.0) / 80.0).clamp(0.1, 1.0);
            let wet_bulb = now.outdoor_temperature - 0.12 * (100.0 - now.humidity);
            let supply = supply.follow(wet_bulb + 6.0 + 4.0 * heat);
            out.extend([
                supply + 0.15 * dice.normal(),
                supply + 11.0 * heat + 0.15 * dice.normal(),
                basin.next(dice) - 5.0 * heat,
                (100.0 * heat + 0.4 * run * dice.normal()).clamp(0.0, 100.0),
                now.outdoor_temperature + 0.3 * dice.normal(),
            ]);
        }),
    }
}
