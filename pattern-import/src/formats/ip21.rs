//! Tables of AspenTech's InfoPlus.21: histories (`TS`, `NAME`, `VALUE`, `STATUS`, or the fields of its records) and
//! definitions of records.

use anyhow::Result;

use super::{Format, Head, Input, Recognised, long::Long, point_list::PointList};
use crate::{
    columns::{Columns, Meaning},
    record::Sink,
};

/// The fields of records, the surest first.
const FIELDS: [(&str, Meaning); 17] = [
    ("NAME", Meaning::Name),
    ("IP_TAG_NAME", Meaning::Name),
    ("IP_TREND_TIME", Meaning::Time),
    ("IP_INPUT_TIME", Meaning::Time),
    ("IP_VALUE_TIME", Meaning::Time),
    ("TS", Meaning::Time),
    ("IP_TREND_VALUE", Meaning::Value),
    ("IP_INPUT_VALUE", Meaning::Value),
    ("IP_VALUE", Meaning::Value),
    ("VALUE", Meaning::Value),
    ("IP_TREND_QSTATUS", Meaning::Quality),
    ("IP_INPUT_QUALITY", Meaning::Quality),
    ("IP_VALUE_QUALITY", Meaning::Quality),
    ("STATUS", Meaning::Quality),
    ("IP_ENG_UNITS", Meaning::Unit),
    ("IP_DESCRIPTION", Meaning::Description),
    ("IP_PLANT_AREA", Meaning::Group),
];

#[derive(Debug)]
struct Ip21 {
    title: &'static str,
    table: Box<dyn Format>,
}

pub fn recognise(head: &Head<'_>) -> Recognised {
    let headers = head.rows.first()?;
    let header = |field: &str| headers.iter().find(|header| header.eq_ignore_ascii_case(field));
    let is_history = ["TS", "NAME", "VALUE", "STATUS"].iter().all(|field| header(field).is_some());
    let is_of_records = headers.iter().any(|header| header.to_ascii_uppercase().starts_with("IP_"));
    let names_records = is_of_records && header("NAME").or(header("IP_TAG_NAME")).is_some();
    if !is_history && !names_records {
        return None;
    }
    let fields = FIELDS.iter().filter_map(|(field, meaning)| Some((*meaning, header(field)?.clone())));
    let mapped: Vec<_> = head.options.columns.iter().cloned().chain(fields).collect();
    let columns = match Columns::guess(headers, &mapped) {
        Ok(columns) => columns,
        Err(problem) => return Some(Err(problem)),
    };
    let ip21 = if columns.place(Meaning::Time).is_some() && columns.place(Meaning::Value).is_some() {
        Ip21 { title: "IP.21 history", table: Box::new(Long { columns, tag: None, skip: 1 }) }
    } else {
        Ip21 { title: "IP.21 records", table: Box::new(PointList { columns, skip: 1 }) }
    };
    Some(Ok(Box::new(ip21)))
}

impl Format for Ip21 {
    fn title(&self) -> String {
        self.title.into()
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        self.table.columns()
    }

    fn ignored_columns(&self) -> Vec<String> {
        self.table.ignored_columns()
    }

    fn has_samples(&self) -> bool {
        self.table.has_samples()
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        self.table.read(input, sink)
    }
}
