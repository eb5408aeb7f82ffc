//! Says how files are read, for a person to check.

use pattern_import::{Content, Resolved, Survey};
use std::fmt::Write;

const FILES_TOLD: usize = 8;
const FILES_SHOWN: usize = 30;
const POINTS_TOLD: usize = 5;

/// One line per file: what it is and which columns hold what.
pub fn read_as(survey: &Survey) -> Vec<String> {
    let files = survey.files.iter().take(FILES_TOLD);
    let mut said: Vec<String> =
        files.map(|file| format!("{}: {}", file.source.name, file.said(&survey.options))).collect();
    if survey.files.len() > FILES_TOLD {
        said.push(format!("and {} more files", survey.files.len() - FILES_TOLD));
    }
    said
}

/// The same with the first rows as they are understood.
pub fn files(survey: &Survey) -> String {
    let mut said = String::new();
    for file in survey.files.iter().take(FILES_SHOWN) {
        let _ = writeln!(said, "{}: {}", file.source.name, file.said(&survey.options));
        for (name, unit, description) in &file.taste.point_examples {
            let _ = writeln!(said, "  {name} | {unit} | {description}");
        }
        for row in file.preview(&survey.options) {
            let _ = writeln!(
                said,
                "  line {}: {} | {} | {} | {}",
                row.line, row.time, row.name, row.value, row.quality
            );
        }
    }
    if survey.files.len() > FILES_SHOWN {
        let _ = writeln!(said, "and {} more files", survey.files.len() - FILES_SHOWN);
    }
    for note in &survey.notes {
        let _ = writeln!(said, "note: {note}");
    }
    said
}

/// Points that show states, with their numbers.
pub fn states(content: &Content, resolved: &Resolved) -> Vec<String> {
    let shown = content.points.iter().zip(&resolved.meanings).filter(|(_, meant)| meant.states.len() > 2);
    let mut said: Vec<String> = shown
        .map(|(point, meant)| {
            let states = meant.states.iter().enumerate();
            let named: Vec<String> = states.map(|(number, state)| format!("{number} {state}")).collect();
            format!("{} ({})", point.name, named.join(", "))
        })
        .collect();
    if said.len() > POINTS_TOLD {
        let more = said.len() - POINTS_TOLD;
        said.truncate(POINTS_TOLD);
        said.push(format!("and {more} more points"));
    }
    said
}
