//! How the plant's engineers named their points: two conventions, several spellings, things left out.

use super::{moment::Moment, signal::Dice};

/// What a role is called and measured in. `code` and `other_code` are two engineers' spellings.
pub struct RoleTag {
    pub role: &'static str,
    pub measure: Measure,
    pub code: &'static str,
    pub other_code: &'static str,
    pub text: &'static str,
}

pub const fn tag(
    role: &'static str,
    measure: Measure,
    code: &'static str,
    other_code: &'static str,
    text: &'static str,
) -> RoleTag {
    RoleTag { role, measure, code, other_code, text }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Pressure,
    SmallPressure,
    WaterFlow,
    AirFlow,
    GasFlow,
    MassFlow,
    Temperature,
    Celsius,
    Percent,
    Current,
    Voltage,
    Velocity,
    Force,
    Power,
    Rpm,
    MetersPerSecond,
    Degrees,
    Irradiance,
    Barometer,
    State,
    None,
}

impl Measure {
    /// Spellings as historians have them, and what turns the model's value into that unit.
    fn unit(self, metric: bool) -> (&'static [&'static str], f64, f64) {
        use Measure::*;
        match (self, metric) {
            (Pressure, false) => (&["psi", "PSI", "psig"], 1.0, 0.0),
            (Pressure, true) => (&["bar", "barg"], 0.068_947_6, 0.0),
            (SmallPressure, _) => (&["inH2O", "in w.c."], 1.0, 0.0),
            (WaterFlow, false) => (&["gpm", "GPM", "US gpm"], 1.0, 0.0),
            (WaterFlow, true) => (&["m3/h", "m³/h"], 0.227_125, 0.0),
            (AirFlow, _) => (&["cfm", "CFM"], 1.0, 0.0),
            (GasFlow, _) => (&["scfh", "SCFH"], 1.0, 0.0),
            (MassFlow, _) => (&["t/h"], 1.0, 0.0),
            (Temperature, false) => (&["degF", "°F", "DEG F"], 1.0, 0.0),
            (Temperature, true) => (&["degC", "°C"], 5.0 / 9.0, -160.0 / 9.0),
            (Celsius, _) => (&["degC", "°C", "C"], 1.0, 0.0),
            (Percent, _) => (&["%", "pct"], 1.0, 0.0),
            (Current, _) => (&["A", "Amps", "AMP"], 1.0, 0.0),
            (Voltage, _) => (&["V", "Volt"], 1.0, 0.0),
            (Velocity, _) => (&["in/s", "ips"], 1.0, 0.0),
            (Force, _) => (&["lbf"], 1.0, 0.0),
            (Power, _) => (&["kW", "KW"], 1.0, 0.0),
            (Rpm, _) => (&["rpm", "RPM"], 1.0, 0.0),
            (MetersPerSecond, _) => (&["m/s"], 1.0, 0.0),
            (Degrees, _) => (&["deg", "°"], 1.0, 0.0),
            (Irradiance, _) => (&["W/m2", "W/m²"], 1.0, 0.0),
            (Barometer, _) => (&["hPa", "mbar"], 1.0, 0.0),
            (State, _) => (&["", "0/1", "on/off"], 1.0, 0.0),
            (None, _) => (&[""], 1.0, 0.0),
        }
    }

    fn decimals(self) -> usize {
        match self {
            Measure::State => 0,
            Measure::Velocity | Measure::SmallPressure => 3,
            Measure::GasFlow | Measure::AirFlow | Measure::Force => 0,
            _ => 2,
        }
    }

    /// A switch is stored when it changes, other points every five minutes.
    pub fn is_switch(self) -> bool {
        self == Measure::State
    }
}

/// One point of the plant.
pub struct Tag {
    pub name: String,
    pub unit: String,
    pub description: String,
    pub equipment: String,
    pub equipment_type: String,
    pub role: String,
    pub measure: Measure,
    pub decimals: usize,
    pub factor: f64,
    pub offset: f64,
}

/// What a unit does in one minute: it writes one value per tag, in the order of its tags.
pub type Model = Box<dyn FnMut(&Moment, &mut Dice, &mut Vec<f64>)>;

/// A piece of equipment (or a heap of tags that belong to none).
pub struct Unit {
    pub tags: Vec<Tag>,
    pub model: Model,
    pub dice: Dice,
}

/// The habits of whoever named a unit's points.
#[derive(Clone, Copy)]
pub struct Habit {
    /// `N1.P-101A.DIS_PRESS` or `HQ/AHU-1/SupplyAirTemp`.
    pub dotted: bool,
    pub other_codes: bool,
    pub metric: bool,
}

impl Habit {
    pub const PROCESS: Self = Self { dotted: true, other_codes: false, metric: false };
    pub const BUILDING: Self = Self { dotted: false, other_codes: false, metric: false };

    pub fn other_codes(self) -> Self {
        Self { other_codes: true, ..self }
    }

    pub fn metric(self) -> Self {
        Self { metric: true, ..self }
    }
}

/// Names the points of one piece of equipment. Now and then a unit or a description was never filled in.
pub fn name_tags(
    equipment: &str,
    equipment_type: &str,
    roles: &[RoleTag],
    habit: Habit,
    dice: &mut Dice,
) -> Vec<Tag> {
    let describes = dice.chance(0.7);
    let mut named = Vec::with_capacity(roles.len());
    for role in roles {
        let code = if habit.other_codes { role.other_code } else { role.code };
        let name =
            if habit.dotted { format!("N1.{equipment}.{code}") } else { format!("HQ/{equipment}/{code}") };
        let (spellings, factor, offset) = role.measure.unit(habit.metric);
        let unit = if dice.chance(0.12) { String::new() } else { (*dice.pick(spellings)).to_string() };
        let description = match (describes && !dice.chance(0.15), habit.dotted) {
            (false, _) => String::new(),
            (true, true) => format!("{equipment} {}", role.text).to_uppercase(),
            (true, false) => role.text.to_string(),
        };
        named.push(Tag {
            name,
            unit,
            description,
            equipment: equipment.to_string(),
            equipment_type: equipment_type.to_string(),
            role: role.role.to_string(),
            measure: role.measure,
            decimals: role.measure.decimals(),
            factor,
            offset,
        });
    }
    named
}
