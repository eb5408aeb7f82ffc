//! The history that Home Assistant exports: one row per change of an entity's state.

use anyhow::Result;

use super::{Format, Head, Input, Recognised, long::Long};
use crate::{
    columns::{Columns, Meaning},
    record::Sink,
};

#[derive(Debug)]
struct HomeAssistant(Long);

pub fn recognise(head: &Head<'_>) -> Recognised {
    let headers = head.rows.first()?;
    let header = |name: &str| headers.iter().find(|header| header.eq_ignore_ascii_case(name));
    let time = header("last_changed").or_else(|| header("last_updated"))?;
    let known =
        [(Meaning::Name, header("entity_id")?), (Meaning::Value, header("state")?), (Meaning::Time, time)];
    let known = known.map(|(meaning, header)| (meaning, header.clone()));
    let columns = Columns::guess(headers, &[&head.options.columns[..], &known].concat());
    Some(
        columns
            .map(|columns| Box::new(HomeAssistant(Long { columns, tag: None, skip: 1 })) as Box<dyn Format>),
    )
}

impl Format for HomeAssistant {
    fn title(&self) -> String {
        "Home Assistant history".into()
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        self.0.columns()
    }

    fn ignored_columns(&self) -> Vec<String> {
        self.0.ignored_columns()
    }

    fn has_samples(&self) -> bool {
        true
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        self.0.read(input, sink)
    }
}
