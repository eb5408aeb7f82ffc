//! What every historian also holds: spares, calculations, leftovers. They belong to no equipment.

use super::{
    signal::{Dice, Wander},
    tag::{Measure, Tag, Unit},
};

const NAMES: [(&str, &str, &str); 12] = [
    ("N1.SPARE_AI_07", "mA", ""),
    ("N1.SPARE_AI_08", "", "spare"),
    ("N1.OLD_TT_0204_BAK", "", "DO NOT USE"),
    ("N1.CALC.YIELD", "%", "yield calc"),
    ("N1.CALC.SPEC_ENERGY", "kWh/t", ""),
    ("N1.XI-9901", "", ""),
    ("N1.OPC.SCAN_TIME", "ms", "opc scan time"),
    ("N1.OPC.HEARTBEAT", "", "watchdog"),
    ("N1.LAB.VISC_3", "cP", "lab sample, by hand"),
    ("HQ/Lobby/DoorCount", "", ""),
    ("HQ/Gateway/MsgPerSec", "1/s", "Gateway load"),
    ("HQ/Test/Ramp", "", "test point"),
];

pub fn untidy_tags(seed: u64) -> Unit {
    let mut wanders: [Wander; 6] = [
        Wander::new(4.0, 0.01, 10.0),
        Wander::new(3.98, 0.02, 30.0),
        Wander::new(91.0, 1.4, 300.0),
        Wander::new(212.0, 11.0, 400.0),
        Wander::new(38.0, 4.0, 15.0),
        Wander::new(640.0, 70.0, 40.0),
    ];
    let mut viscosity = 320.0;
    let mut visitors = 0.0;
    let tags = NAMES
        .iter()
        .map(|(name, unit, description)| Tag {
            name: (*name).to_string(),
            unit: (*unit).to_string(),
            description: (*description).to_string(),
            equipment: String::new(),
            equipment_type: String::new(),
            role: String::new(),
            measure: Measure::None,
            decimals: 2,
            factor: 1.0,
            offset: 0.0,
        })
        .collect();
    Unit {
        tags,
        dice: Dice::new(seed, "untidy tags"),
        model: Box::new(move |now, dice, out| {
            let [spare, other, yield_calc, energy, scan, messages] = &mut wanders;
            if now.minute % 480 == 0 {
                viscosity = 320.0 + 6.0 * dice.normal();
            }
            if now.hour == 0.0 {
                visitors = 0.0;
            }
            visitors += f64::from(dice.chance(0.25 * now.occupied()));
            out.extend([
                spare.next(dice),
                other.next(dice),
                68.5,
                yield_calc.next(dice),
                energy.next(dice) / now.production,
                -1.0,
                scan.next(dice),
                (now.minute % 2) as f64,
                viscosity,
                visitors,
                messages.next(dice),
                (now.minute % 600) as f64 / 6.0,
            ]);
        }),
    }
}
