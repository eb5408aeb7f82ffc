//! Grids of Project Haystack: points with their tags, or histories; as Zinc, JSON (both of its dialects), CSV or Trio.

mod grid;
mod json;
mod scalar;
mod tags;
mod trio;
mod zinc;

use anyhow::Result;

use self::{grid::Grids, scalar::Scalar};
use super::{Format, Head, Input, Recognised, Writing};
use crate::{columns::Meaning, record::Sink};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Zinc,
    Json,
    Csv,
    Trio,
}

#[derive(Debug)]
struct Haystack {
    written: Written,
    has_samples: bool,
    tags: Vec<String>,
}

/// Tags of which a grid of points has several.
const USUAL: [&str; 10] =
    ["dis", "navName", "siteRef", "equipRef", "point", "equip", "kind", "his", "cur", "unit"];

pub fn recognise(head: &Head<'_>) -> Recognised {
    let text = head.text.trim_start_matches('\u{feff}').trim_start();
    let (written, tags) = if text.starts_with("ver:\"") {
        (Written::Zinc, zinc::columns(text))
    } else if text.starts_with('{') && text.contains("\"rows\"") && is_json_grid(text) {
        if let Some(problem) = json::damage(text) {
            return Some(Err(problem));
        }
        (Written::Json, json::columns(text))
    } else if trio::is_trio(text) {
        (Written::Trio, trio::tags(text))
    } else {
        (Written::Csv, csv_columns(head)?)
    };
    let has_samples = tags.iter().any(|tag| tag == "ts");
    Some(Ok(Box::new(Haystack { written, has_samples, tags })))
}

fn is_json_grid(text: &str) -> bool {
    text.contains("\"cols\"") && (text.contains("\"ver\"") || text.contains("\"grid\""))
}

/// The tags of a grid as CSV: several that are usual, and below them a reference or a marker.
fn csv_columns(head: &Head<'_>) -> Option<Vec<String>> {
    let (header, rows) = head.rows.split_first()?;
    let usual = USUAL.iter().filter(|tag| header.iter().any(|cell| cell == *tag)).count();
    let speaks = |cell: &String| cell == "✓" || cell.len() > 1 && cell.starts_with('@');
    let has_id = header.iter().any(|cell| cell == "id");
    (has_id && usual >= 2 && rows.iter().flatten().any(speaks)).then(|| header.clone())
}

impl Format for Haystack {
    fn title(&self) -> String {
        let of = if self.has_samples { "histories" } else { "points" };
        match self.written {
            Written::Zinc => format!("Haystack grid of {of}, Zinc"),
            Written::Json => format!("Haystack grid of {of}, JSON"),
            Written::Csv => format!("Haystack grid of {of}, CSV"),
            Written::Trio => "Haystack points, Trio".into(),
        }
    }

    fn writing(&self) -> Writing {
        if self.written == Written::Csv { Writing::Table } else { Writing::Text }
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        let meanings: [(&[&str], Meaning); 7] = [
            (&["ts"], Meaning::Time),
            (&["dis", "id"], Meaning::Name),
            (&["val"], Meaning::Value),
            (&["unit"], Meaning::Unit),
            (&["equipRef"], Meaning::Device),
            (&["spaceRef", "floorRef"], Meaning::Path),
            (&["siteRef"], Meaning::Group),
        ];
        let known = |tag: &&&str| self.tags.iter().any(|known| known == **tag);
        let column =
            |(tags, meaning): &(&[&str], Meaning)| Some((*meaning, (*tags.iter().find(known)?).to_owned()));
        meanings.iter().filter_map(column).collect()
    }

    fn has_samples(&self) -> bool {
        self.has_samples
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let mut grids = Grids::of_file(input.source.stem());
        match self.written {
            Written::Trio => trio::read(input, &mut grids, sink)?,
            Written::Zinc => zinc::read(input, &mut grids, sink)?,
            Written::Json => json::read(input, &mut grids, sink)?,
            Written::Csv => csv(input, &mut grids, sink)?,
        }
        grids.end(sink)
    }
}

fn csv(input: &Input<'_>, grids: &mut Grids, sink: &mut dyn Sink) -> Result<()> {
    let mut has_begun = false;
    input.rows(sink, |sink, line, row| {
        if !has_begun {
            has_begun = true;
            let name = |cell: &str| (cell.trim_start_matches('\u{feff}').trim().to_owned(), Vec::new());
            return grids.begin(Vec::new(), row.iter().map(name).collect(), sink);
        }
        grids.row(line, row.iter().map(Scalar::lenient).collect(), sink)
    })
}
