//! Says how files are read, for a person to check.

use pattern_import::{Content, Resolved, Survey, SurveyedFile, shown, shown_up_to};
use std::fmt::Write;

const FILES_TOLD: usize = 8;
const FILES_SHOWN: usize = 30;
const POINTS_TOLD: usize = 5;
/// A file may have a column for each of many things.
const MOST_SAID: usize = 1000;

/// One line per file: what it is and which columns hold what.
pub fn read_as(survey: &Survey) -> Vec<String> {
    let files = survey.files.iter().take(FILES_TOLD);
    let mut said: Vec<String> = files.map(line_of).collect();
    if survey.files.len() > FILES_TOLD {
        said.push(format!("and {} more files", survey.files.len() - FILES_TOLD));
    }
    said
}

fn line_of(file: &SurveyedFile) -> String {
    format!("{}: {}", file.source.name, shown_up_to(MOST_SAID, &file.said()))
}

/// The same with the first rows as they are understood.
pub fn files(survey: &Survey) -> String {
    let mut said = String::new();
    for file in survey.files.iter().take(FILES_SHOWN) {
        let _ = writeln!(said, "{}", line_of(file));
        for (name, unit, description) in &file.taste.point_examples {
            let _ = writeln!(said, "  {} | {} | {}", shown(name), shown(unit), shown(description));
        }
        for row in file.preview() {
            let _ = writeln!(
                said,
                "  line {}: {} | {} | {} | {}",
                row.line,
                shown(&row.time),
                shown(&row.name),
                shown(&row.value),
                row.quality
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
    let with_states =
        content.points.iter().zip(&resolved.meanings).filter(|(_, meant)| meant.states.len() > 2);
    let mut said: Vec<String> = with_states
        .map(|(point, meant)| {
            let states = meant.states.iter().enumerate();
            let named: Vec<String> = states.map(|(number, state)| format!("{number} {state}")).collect();
            format!("{} ({})", shown(&point.name), shown(&named.join(", ")))
        })
        .collect();
    if said.len() > POINTS_TOLD {
        let more = said.len() - POINTS_TOLD;
        said.truncate(POINTS_TOLD);
        said.push(format!("and {more} more points"));
    }
    said
}
