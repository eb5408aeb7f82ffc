//! The process area: pumps, motors, tanks, heat exchangers, compressors, valves, and dryers, which the
//! library does not know.

use super::{
    signal::{Dice, Lag, RunsAndRests, Wander},
    tag::{Habit, Measure::*, RoleTag, Unit, name_tags, tag},
};

const PUMP: [RoleTag; 6] = [
    tag("Discharge Pressure", Pressure, "DIS_PRESS", "PD", "discharge pressure"),
    tag("Suction Pressure", Pressure, "SUC_PRESS", "PS", "suction pressure"),
    tag("Flow Rate", WaterFlow, "FLOW", "FT", "flow rate"),
    tag("Motor Current", Current, "MTR_AMPS", "AMPS", "motor current"),
    tag("Discharge Temperature", Temperature, "DIS_TEMP", "TD", "discharge temp"),
    tag("Running Status", State, "RUN_STS", "RUN", "running status"),
];

/// Duty and standby pumps take turns every `turn_hours`.
pub fn pump(seed: u64, name: &str, habit: Habit, turn_hours: i64, duty: bool) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Centrifugal Pump", &PUMP, habit, &mut dice);
    let size = dice.between(0.6, 1.6);
    let head = dice.between(70.0, 130.0);
    let offset = i64::from(name.as_bytes()[4]) * 377;
    let mut load = Wander::new(0.75, 0.09, 120.0);
    let mut suction = Wander::new(dice.between(14.0, 30.0), 1.6, 200.0);
    let mut warmth = Lag::new(85.0, 25.0);
    let mut runs = RunsAndRests::new((20.0, 60.0), (0.3, 1.5), &mut dice);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let my_turn = ((now.minute + offset) / (turn_hours * 60) % 2 == 0) == duty;
            let run = runs.next(dice) * f64::from(my_turn) * now.power(offset % 17);
            let load = (load.next(dice) * (0.7 + 0.3 * now.production)).clamp(0.2, 1.1);
            let suction = suction.next(dice) - 2.5 * run * load;
            let rise = head * run * (1.2 - 0.35 * load * load);
            let warmth = warmth.follow(78.0 + 0.08 * now.outdoor_temperature + 22.0 * run * load);
            out.extend([
                suction + rise + 0.4 * dice.normal(),
                suction + 0.1 * dice.normal(),
                (size * 520.0 * run * load + run * 3.0 * dice.normal()).max(0.0),
                (size * 64.0 * run * (0.45 + 0.55 * load) + 0.3 * run * dice.normal()).max(0.0),
                warmth + 0.1 * dice.normal(),
                run,
            ]);
        }),
    }
}

const MOTOR: [RoleTag; 6] = [
    tag("Motor Current", Current, "MTR_AMPS", "I_MOTOR", "motor amps"),
    tag("Motor Voltage", Voltage, "MTR_VOLTS", "V_MOTOR", "motor voltage"),
    tag("Winding Temperature", Temperature, "WDG_TEMP", "TW", "winding temp"),
    tag("Bearing Temperature DE", Temperature, "BRG_DE_TEMP", "TB_DE", "bearing temp drive end"),
    tag("Bearing Temperature NDE", Temperature, "BRG_NDE_TEMP", "TB_NDE", "bearing temp non drive end"),
    tag("Vibration", Velocity, "VIB", "VIB_VEL", "vibration velocity"),
];

pub fn motor(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Electric Motor", &MOTOR, habit, &mut dice);
    let rated = dice.between(60.0, 240.0);
    let restart = dice.between(2.0, 20.0) as i64;
    let mut load = Wander::new(0.7, 0.13, 150.0);
    let mut runs = RunsAndRests::new((9.0, 26.0), (1.0, 5.0), &mut dice);
    let (mut winding, mut drive, mut other) =
        (Lag::new(150.0, 35.0), Lag::new(130.0, 55.0), Lag::new(120.0, 70.0));
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let run = runs.next(dice) * now.power(restart);
            let load = run * load.next(dice).clamp(0.25, 1.1);
            let room = 70.0 + 0.15 * now.outdoor_temperature;
            out.extend([
                (rated * (0.3 * run + 0.7 * load) + 0.6 * run * dice.normal()).max(0.0),
                run * (468.0 - 9.0 * load + 1.2 * dice.normal()),
                winding.follow(room + 95.0 * load * load + 25.0 * run) + 0.3 * dice.normal(),
                drive.follow(room + 62.0 * load) + 0.2 * dice.normal(),
                other.follow(room + 48.0 * load) + 0.2 * dice.normal(),
                (0.01 + 0.06 * run + 0.12 * load + 0.006 * dice.normal()).max(0.0),
            ]);
        }),
    }
}

const TANK: [RoleTag; 5] = [
    tag("Level", Percent, "LEVEL", "LT", "level"),
    tag("Temperature", Temperature, "TANK_TEMP", "TT", "tank temperature"),
    tag("Pressure", Pressure, "TANK_PRESS", "PT", "tank pressure"),
    tag("Inlet Flow", WaterFlow, "INLET_FLOW", "FI_IN", "inlet flow"),
    tag("Outlet Flow", WaterFlow, "OUTLET_FLOW", "FI_OUT", "outlet flow"),
];

/// Filled in batches, drawn off continuously.
pub fn tank(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Storage Tank", &TANK, habit, &mut dice);
    let size = dice.between(0.8, 1.5);
    let mut level = dice.between(35.0, 75.0);
    let mut filling = false;
    let mut draw = Wander::new(110.0, 25.0, 180.0);
    let mut warmth = Lag::new(105.0, 240.0);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            filling = if filling { level < 88.0 } else { level < 31.0 };
            let inlet = f64::from(filling) * now.power(9) * (330.0 + 4.0 * dice.normal());
            let outlet = draw.next(dice).max(15.0) * now.power(4);
            level = (level + (inlet - outlet) / (900.0 * size)).clamp(2.0, 98.0);
            let warmth = warmth.follow(if filling { 138.0 } else { 92.0 });
            out.extend([
                level + 0.1 * dice.normal(),
                warmth + 0.15 * dice.normal(),
                2.0 + 0.11 * level + 0.03 * dice.normal(),
                inlet.max(0.0),
                (outlet + 0.8 * dice.normal()).max(0.0),
            ]);
        }),
    }
}

const EXCHANGER: [RoleTag; 5] = [
    tag("Shell Inlet Temperature", Temperature, "SHELL_IN_TEMP", "HOT_IN", "shell inlet temp"),
    tag("Shell Outlet Temperature", Temperature, "SHELL_OUT_TEMP", "HOT_OUT", "shell outlet temp"),
    tag("Tube Inlet Temperature", Temperature, "TUBE_IN_TEMP", "COLD_IN", "tube inlet temp"),
    tag("Tube Outlet Temperature", Temperature, "TUBE_OUT_TEMP", "COLD_OUT", "tube outlet temp"),
    tag("Differential Pressure", Pressure, "DP", "DIFF_PRESS", "differential pressure"),
];

pub fn exchanger(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Shell & Tube Heat Exchanger", &EXCHANGER, habit, &mut dice);
    let mut hot_flow = Wander::new(0.85, 0.14, 160.0);
    let mut hot_feed = Wander::new(dice.between(270.0, 330.0), 14.0, 260.0);
    let mut heat = Lag::new(0.0, 6.0);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let flow = hot_flow.next(dice).clamp(0.3, 1.3) * now.power(6);
            let hot = hot_feed.next(dice) * (0.4 + 0.6 * flow.min(1.0));
            let cold = 74.0 + 0.2 * now.outdoor_temperature + 3.0 * flow;
            let exchanged = heat.follow((hot - cold) * 0.55 * flow);
            out.extend([
                hot + 0.3 * dice.normal(),
                hot - 0.8 * exchanged + 0.3 * dice.normal(),
                cold + 0.15 * dice.normal(),
                cold + 0.9 * exchanged + 0.3 * dice.normal(),
                (9.0 * flow * flow + 0.05 * dice.normal()).max(0.0),
            ]);
        }),
    }
}

const COMPRESSOR: [RoleTag; 6] = [
    tag("Suction Pressure", Pressure, "SUC_PRESS", "PS", "suction pressure"),
    tag("Discharge Pressure", Pressure, "DIS_PRESS", "PD", "discharge pressure"),
    tag("Suction Temperature", Temperature, "SUC_TEMP", "TS", "suction temp"),
    tag("Discharge Temperature", Temperature, "DIS_TEMP", "TD", "discharge temp"),
    tag("Vibration", Velocity, "VIB", "VIB_VEL", "frame vibration"),
    tag("Rod Load", Force, "ROD_LOAD", "RL", "rod load"),
];

pub fn compressor(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Reciprocating Compressor", &COMPRESSOR, habit, &mut dice);
    let mut load = Wander::new(0.75, 0.16, 140.0);
    let mut runs = RunsAndRests::new((18.0, 40.0), (2.0, 6.0), &mut dice);
    let (mut inlet, mut outlet) = (Lag::new(80.0, 20.0), Lag::new(260.0, 25.0));
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let run = runs.next(dice) * now.power(25);
            let load = run * load.next(dice).clamp(0.3, 1.1);
            let suction = 95.0 - 18.0 * load;
            let discharge = suction + 720.0 * load;
            out.extend([
                suction + 0.4 * dice.normal(),
                discharge + 2.5 * dice.normal(),
                inlet.follow(66.0 + 0.2 * now.outdoor_temperature + 6.0 * load) + 0.15 * dice.normal(),
                outlet.follow(95.0 + 230.0 * load) + 0.5 * dice.normal(),
                (0.02 + 0.22 * load + 0.012 * dice.normal()).max(0.0),
                (38.0 * (discharge - suction) + 90.0 * dice.normal()).max(0.0),
            ]);
        }),
    }
}

const VALVE: [RoleTag; 5] = [
    tag("Position", Percent, "POS", "ZT", "valve position"),
    tag("Setpoint", Percent, "SP", "SETPOINT", "position setpoint"),
    tag("Upstream Pressure", Pressure, "UP_PRESS", "P1", "upstream pressure"),
    tag("Downstream Pressure", Pressure, "DOWN_PRESS", "P2", "downstream pressure"),
    tag("Differential Pressure", Pressure, "DP", "DIFF_PRESS", "differential pressure"),
];

pub fn valve(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Control Valve", &VALVE, habit, &mut dice);
    let mut demand = Wander::new(52.0, 16.0, 170.0);
    let mut wanted = 50.0;
    let mut position = Lag::new(50.0, 2.0);
    let mut header = Wander::new(140.0, 2.0, 200.0);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let demand = demand.next(dice).clamp(5.0, 95.0) * now.power(3);
            if (demand - wanted).abs() > 2.0 {
                wanted = demand.round();
            }
            let position = position.follow(wanted);
            let open = position / 100.0;
            let upstream = header.next(dice) - 14.0 * open;
            let downstream = 22.0 + 92.0 * open;
            out.extend([
                position + 0.15 * dice.normal(),
                wanted,
                upstream + 0.25 * dice.normal(),
                downstream + 0.25 * dice.normal(),
                upstream - downstream + 0.2 * dice.normal(),
            ]);
        }),
    }
}

/// In the sample plant only: no pattern of the library fits, and there are three of them.
pub const UNKNOWN_TYPE: &str = "Drum Dryer";

const DRYER: [RoleTag; 6] = [
    tag("Drum Speed", Rpm, "DRUM_SPD", "DRUM_SPD", "drum speed"),
    tag("Wet Feed", MassFlow, "WET_FEED", "WET_FEED", "wet feed"),
    tag("Product Moisture", Percent, "MOISTURE", "MOISTURE", "product moisture"),
    tag("Furnace Gas Temperature", Temperature, "FURN_GAS_TEMP", "FURN_GAS_TEMP", "furnace gas temp"),
    tag("Stack Temperature", Temperature, "STACK_TEMP", "STACK_TEMP", "stack temp"),
    tag("Draft", SmallPressure, "DRAFT", "DRAFT", "draft"),
];

pub fn dryer(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, UNKNOWN_TYPE, &DRYER, habit, &mut dice);
    let mut feed = Wander::new(8.0, 1.7, 110.0);
    let mut runs = RunsAndRests::new((10.0, 22.0), (2.0, 4.0), &mut dice);
    let (mut furnace, mut stack) = (Lag::new(900.0, 18.0), Lag::new(210.0, 12.0));
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let run = runs.next(dice) * now.power(30);
            let feed = run * feed.next(dice).clamp(2.0, 13.0);
            let furnace = furnace.follow(160.0 + run * 620.0 + 34.0 * feed);
            out.extend([
                run * (3.0 + 0.32 * feed) + 0.02 * run * dice.normal(),
                (feed + 0.06 * run * dice.normal()).max(0.0),
                (7.0 + run * (0.5 * feed - 2.0) + 0.1 * dice.normal()).max(0.0),
                furnace + 2.5 * dice.normal(),
                stack.follow(90.0 + 0.16 * furnace - 2.0 * feed) + 0.6 * dice.normal(),
                -0.02 - 0.05 * feed - 0.2 * run + 0.01 * dice.normal(),
            ]);
        }),
    }
}
