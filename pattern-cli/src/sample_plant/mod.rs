//! A small plant, simulated: something to look at before a plant of your own is connected.
//!
//! Seeded and deterministic. It has what a real one has: equipment of many kinds whose points move
//! together because they share a load, weather and production that everything shares, two naming
//! conventions, units and descriptions that nobody filled in, spares, gaps, bad quality, one trip of
//! the whole plant, and three machines of a kind that the library does not know.

mod building;
pub mod command;
mod energy;
mod moment;
mod process;
mod recorder;
mod signal;
mod tag;
mod untidy;

use anyhow::{Context, Result};
use chrono::{DateTime, SubsecRound, Timelike, Utc};
use flate2::{Compression, write::GzEncoder};
use std::{fs, fs::File, io::BufWriter, io::Write, path::Path};

use moment::Weather;
use recorder::Recorder;
use tag::{Habit, Tag, Unit};

pub use process::UNKNOWN_TYPE;
pub(crate) use signal::{Dice, Wander};

pub const DEFAULT_SEED: u64 = 7;

/// Writes `points.csv` (with labels) and `samples.csv.gz`: eight days that end at `end`.
///
/// The same `end` (to the minute) and seed give the same two files.
pub fn generate(dir: &Path, end: DateTime<Utc>, seed: u64) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("folder {} cannot be made", dir.display()))?;
    let mut units = units(seed);
    write_points(&dir.join("points.csv"), &units)?;
    write_samples(&dir.join("samples.csv.gz"), &mut units, end, seed)
}

/// Writes the `points.csv` of a plant of exactly so many points: this one as often as it takes, each time as another
/// unit. It has no samples.
pub fn generate_names(dir: &Path, points: usize, seed: u64) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("folder {} cannot be made", dir.display()))?;
    let mut all: Vec<Unit> = Vec::new();
    let mut left = points;
    for number in 1.. {
        for mut unit in units(seed + number) {
            unit.tags.truncate(left);
            left -= unit.tags.len();
            for tag in &mut unit.tags {
                tag.name = format!("U{number:02}-{}", tag.name);
            }
            all.push(unit);
        }
        if left == 0 {
            break;
        }
    }
    write_points(&dir.join("points.csv"), &all)
}

fn units(seed: u64) -> Vec<Unit> {
    let process = Habit::PROCESS;
    let building = Habit::BUILDING;
    let mut units = Vec::new();
    for (pair, habit, hours) in
        [("P-101", process, 26), ("P-102", process, 31), ("P-103", process.other_codes().metric(), 22)]
    {
        units.push(process::pump(seed, &format!("{pair}A"), habit, hours, true));
        units.push(process::pump(seed, &format!("{pair}B"), habit, hours, false));
    }
    units.push(process::motor(seed, "M-301", process));
    units.push(process::motor(seed, "M-302", process));
    units.push(process::motor(seed, "M-303", process.other_codes()));
    for name in ["T-201", "T-202", "T-203"] {
        units.push(process::tank(seed, name, process));
    }
    units.push(process::tank(seed, "T-204", process.other_codes()));
    units.push(process::exchanger(seed, "E-401", process));
    units.push(process::exchanger(seed, "E-402", process));
    units.push(process::exchanger(seed, "E-403", process.other_codes().metric()));
    units.push(process::compressor(seed, "K-501", process));
    units.push(process::compressor(seed, "K-502", process));
    units.push(process::valve(seed, "FV-601", process));
    units.push(process::valve(seed, "FV-602", process));
    for name in ["D-701", "D-702", "D-703"] {
        units.push(process::dryer(seed, name, process));
    }
    units.push(building::air_handler(seed, "AHU-1", building));
    units.push(building::air_handler(seed, "AHU-2", building.other_codes()));
    for name in ["VAV-1-01", "VAV-1-02", "VAV-1-03"] {
        units.push(building::terminal_box(seed, name, building));
    }
    for name in ["VAV-2-01", "VAV-2-02", "VAV-2-03"] {
        units.push(building::terminal_box(seed, name, building.other_codes()));
    }
    units.push(building::chiller(seed, "CH-1", building));
    units.push(building::boiler(seed, "BLR-1", building));
    units.push(building::cooling_tower(seed, "CT-1", building));
    units.push(energy::wind_turbine(seed, "WTG-01", building));
    units.push(energy::wind_turbine(seed, "WTG-02", building));
    units.push(energy::solar_array(seed, "PV-1", building));
    units.push(energy::weather_mast(seed, "MET-1", building));
    units.push(untidy::untidy_tags(seed));
    units
}

fn write_points(path: &Path, units: &[Unit]) -> Result<()> {
    let mut csv = csv::Writer::from_path(path).with_context(|| format!("cannot write {}", path.display()))?;
    csv.write_record(["name", "unit", "description", "equipment", "equipment_type", "role"])?;
    for tag in units.iter().flat_map(|unit| &unit.tags) {
        csv.write_record([
            &tag.name,
            &tag.unit,
            &tag.description,
            &tag.equipment,
            &tag.equipment_type,
            &tag.role,
        ])?;
    }
    csv.flush().with_context(|| format!("cannot write {}", path.display()))
}

fn write_samples(path: &Path, units: &mut [Unit], end: DateTime<Utc>, seed: u64) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut out = GzEncoder::new(BufWriter::new(file), Compression::fast());
    writeln!(out, "timestamp,name,value,quality")?;
    let end = end.trunc_subsecs(0).with_second(0).unwrap_or(end);
    let (mut models, tags): (Vec<_>, Vec<&Tag>) = {
        let mut models = Vec::new();
        let mut tags = Vec::new();
        for unit in units {
            models.push((&mut unit.model, &mut unit.dice));
            tags.extend(unit.tags.iter());
        }
        (models, tags)
    };
    let mut recorder = Recorder::new(seed, &tags);
    let mut values = Vec::with_capacity(tags.len());
    for now in Weather::new(end, seed) {
        values.clear();
        for (model, dice) in &mut models {
            model(&now, dice, &mut values);
        }
        recorder.record(&now, &tags, &values, &mut out)?;
    }
    out.finish()?.flush().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests;
