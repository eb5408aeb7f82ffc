//! Wind, sun, and the mast that measures both.

use std::f64::consts::PI;

use super::{
    signal::{Dice, Lag, Wander},
    tag::{Habit, Measure::*, RoleTag, Unit, name_tags, tag},
};

const TURBINE: [RoleTag; 12] = [
    tag("Wind Speed", MetersPerSecond, "WindSpeed", "WS", "Nacelle wind speed"),
    tag("Wind Direction", Degrees, "WindDirection", "WD", "Nacelle wind direction"),
    tag("Active Power", Power, "ActivePower", "KW", "Active power"),
    tag("Rotor Speed", Rpm, "RotorRpm", "ROTOR_RPM", "Rotor speed"),
    tag("Generator Speed", Rpm, "GeneratorRpm", "GEN_RPM", "Generator speed"),
    tag("Pitch Angle A", Degrees, "PitchA", "BLADE_A", "Pitch angle blade A"),
    tag("Pitch Angle B", Degrees, "PitchB", "BLADE_B", "Pitch angle blade B"),
    tag("Pitch Angle C", Degrees, "PitchC", "BLADE_C", "Pitch angle blade C"),
    tag("Nacelle Position", Degrees, "NacellePosition", "YAW", "Nacelle position"),
    tag("Gearbox Oil Temperature", Celsius, "GearOilTemp", "GBOX_T", "Gearbox oil temperature"),
    tag("Generator Bearing Front Temp", Celsius, "GenBearingFrontTemp", "GB_DE", "Generator bearing front"),
    tag("Nacelle Temperature", Celsius, "NacelleTemp", "NAC_T", "Nacelle temperature"),
];

pub fn wind_turbine(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Horizontal Axis Wind Turbine", &TURBINE, habit, &mut dice);
    let mut local = Wander::new(0.0, 0.9, 25.0);
    let mut nacelle = 235.0;
    let (mut oil, mut bearing, mut inside) =
        (Lag::new(45.0, 50.0), Lag::new(50.0, 40.0), Lag::new(25.0, 90.0));
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let wind = (now.wind_speed + local.next(dice)).max(0.1);
            let turning = f64::from(wind > 3.0);
            let share = turning * ((wind / 11.5).powi(3)).min(1.0);
            let pitch = if turning < 1.0 { 88.0 } else { (2.6 * (wind - 11.5)).max(0.0) + 1.0 };
            let rotor = turning * (6.0 + 11.0 * (wind / 11.0).min(1.0));
            let error = (now.wind_direction - nacelle + 540.0).rem_euclid(360.0) - 180.0;
            if error.abs() > 9.0 {
                nacelle = (nacelle + error).rem_euclid(360.0);
            }
            let outdoor = (now.outdoor_temperature - 32.0) / 1.8;
            out.extend([
                wind,
                (now.wind_direction + 2.0 * dice.normal()).rem_euclid(360.0),
                2300.0 * share + 6.0 * turning * dice.normal() - 8.0 * (1.0 - turning),
                rotor + 0.05 * turning * dice.normal(),
                97.0 * rotor + 3.0 * turning * dice.normal(),
                pitch + 0.1 * dice.normal(),
                pitch + 0.1 * dice.normal(),
                pitch + 0.1 * dice.normal(),
                nacelle,
                oil.follow(32.0 + 0.2 * outdoor + 30.0 * share) + 0.15 * dice.normal(),
                bearing.follow(30.0 + 0.4 * outdoor + 42.0 * share) + 0.2 * dice.normal(),
                inside.follow(outdoor + 6.0 + 9.0 * share) + 0.1 * dice.normal(),
            ]);
        }),
    }
}

const SOLAR: [RoleTag; 9] = [
    tag("DC Power", Power, "DcPower", "PDC", "DC power"),
    tag("AC Power", Power, "AcPower", "PAC", "AC power"),
    tag("Irradiance GHI", Irradiance, "IrradGhi", "GHI", "Irradiance, horizontal"),
    tag("Irradiance POA", Irradiance, "IrradPoa", "POA", "Irradiance, plane of array"),
    tag("Module Temperature", Celsius, "ModuleTemp", "MOD_T", "Module temperature"),
    tag("DC Voltage", Voltage, "DcVoltage", "VDC", "DC voltage"),
    tag("DC Current", Current, "DcCurrent", "IDC", "DC current"),
    tag("Inverter Efficiency", Percent, "InverterEff", "EFF", "Inverter efficiency"),
    tag("Tracker Angle", Degrees, "TrackerAngle", "TRACK", "Tracker angle"),
];

pub fn solar_array(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Utility Solar Array", &SOLAR, habit, &mut dice);
    let mut module = Lag::new(18.0, 12.0);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let angle = (-60.0 * ((now.hour - 12.5) * PI / 14.0).sin()).clamp(-60.0, 60.0);
            let daylight = f64::from(now.irradiance > 5.0);
            let plane = now.irradiance * 1.12;
            let outdoor = (now.outdoor_temperature - 32.0) / 1.8;
            let module = module.follow(outdoor + 0.028 * plane);
            let dc = 0.42 * plane * (1.0 - 0.004 * (module - 25.0));
            let efficiency = daylight * (97.6 - 3.0 * (-dc / 40.0).exp());
            let voltage = daylight * (960.0 - 2.1 * (module - 25.0) + 2.0 * dice.normal());
            out.extend([
                dc,
                dc * efficiency / 100.0,
                now.irradiance,
                (plane + 2.0 * daylight * dice.normal()).max(0.0),
                module + 0.1 * dice.normal(),
                voltage,
                if voltage > 0.0 { 1000.0 * dc / voltage } else { 0.0 },
                efficiency,
                if daylight > 0.0 { angle } else { 0.0 },
            ]);
        }),
    }
}

const MAST: [RoleTag; 6] = [
    tag("Wind Speed", MetersPerSecond, "WindSpeed", "WS", "Mast wind speed"),
    tag("Wind Direction", Degrees, "WindDirection", "WD", "Mast wind direction"),
    tag("Air Temperature", Celsius, "AirTemp", "OAT", "Air temperature"),
    tag("Relative Humidity", Percent, "RelHumidity", "RH", "Relative humidity"),
    tag("Barometric Pressure", Barometer, "BaroPress", "BARO", "Barometric pressure"),
    tag("Wind Gust", MetersPerSecond, "WindGust", "GUST", "Wind gust"),
];

pub fn weather_mast(seed: u64, name: &str, habit: Habit) -> Unit {
    let mut dice = Dice::new(seed, name);
    let tags = name_tags(name, "Meteorological Station", &MAST, habit, &mut dice);
    Unit {
        tags,
        dice,
        model: Box::new(move |now, dice, out| {
            let wind = (now.wind_speed * 0.9 + 0.25 * dice.normal()).max(0.0);
            out.extend([
                wind,
                (now.wind_direction + 3.0 * dice.normal()).rem_euclid(360.0),
                (now.outdoor_temperature - 32.0) / 1.8 + 0.1 * dice.normal(),
                (now.humidity + 0.5 * dice.normal()).clamp(0.0, 100.0),
                now.barometer + 0.1 * dice.normal(),
                wind * 1.3 + 0.4 * dice.normal().abs(),
            ]);
        }),
    }
}
