//! Reading `points.csv`.

use anyhow::{Context, Result, bail};
use csv::{ByteRecord, ReaderBuilder};
use pattern_core::domain::text::{self, TextRule};
use pattern_store::{NewPoint, PointLabels};
use std::{collections::HashMap, fs::File, path::Path};

use super::{
    columns::{Columns, point_name},
    rejects::Rejects,
};

pub const FILE: &str = "points.csv";
const REQUIRED: [&str; 1] = ["name"];
const OPTIONAL: [&str; 5] = ["unit", "description", "equipment", "equipment_type", "role"];

pub struct PointsFile {
    pub points: Vec<NewPoint>,
    pub ignored_columns: Vec<String>,
}

pub fn read(dir: &Path, rejects: &mut Rejects) -> Result<PointsFile> {
    if !dir.is_dir() {
        bail!("{} is not a folder; name the folder that holds {FILE}", dir.display());
    }
    let path = dir.join(FILE);
    if !path.exists() {
        bail!(
            "{} has no {FILE}; make one whose first line is `name,unit,description` and whose other lines are your points",
            dir.display()
        );
    }
    let file = File::open(&path).with_context(|| format!("can not read {}", path.display()))?;
    let mut csv = ReaderBuilder::new().flexible(true).from_reader(file);
    let header = csv.byte_headers().with_context(|| format!("can not read {}", path.display()))?;
    let columns = Columns::find(FILE, header, &REQUIRED, &OPTIONAL)?;

    let mut points = Vec::new();
    let mut first_lines: HashMap<String, u64> = HashMap::new();
    let mut row = ByteRecord::new();
    while csv.read_byte_record(&mut row).with_context(|| format!("can not read {}", path.display()))? {
        let line = row.position().map_or(0, csv::Position::line);
        let point = parse(&columns, &row).and_then(|point| match first_lines.get(&point.name) {
            Some(first) => Err(format!("the point '{}' is on line {first} already", point.name)),
            None => Ok(point),
        });
        match point {
            Ok(point) => {
                first_lines.insert(point.name.clone(), line);
                points.push(point);
            }
            Err(reason) => rejects.add(FILE, line, &reason, &row)?,
        }
    }
    Ok(PointsFile { points, ignored_columns: columns.ignored })
}

fn parse(columns: &Columns, row: &ByteRecord) -> Result<NewPoint, String> {
    let name = point_name(columns, row)?.to_string();
    let field = |column, rule: TextRule| {
        rule.or_nothing().clean(columns.text(row, column)?).map_err(|problem| format!("'{column}' {problem}"))
    };
    let label = |column| field(column, text::NAME).map(|label| Some(label).filter(|label| !label.is_empty()));
    Ok(NewPoint {
        name,
        unit: field("unit", text::UNIT)?,
        description: field("description", text::DESCRIPTION)?,
        labels: PointLabels {
            equipment: label("equipment")?,
            equipment_type: label("equipment_type")?,
            role: label("role")?,
        },
    })
}
