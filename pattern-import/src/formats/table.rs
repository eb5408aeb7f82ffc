//! Tables as people export them: which of the shapes it is, told by headers and by what stands below them.

use super::{Format, Head, Recognised, long::Long, point_list::PointList};
use crate::columns::{Columns, Meaning};

pub fn recognise(head: &Head<'_>) -> Recognised {
    let headers = head.rows.first()?;
    let columns = match Columns::guess(headers, &head.options.columns) {
        Ok(columns) => columns,
        Err(problem) => return Some(Err(problem)),
    };
    let has = |meaning| columns.place(meaning).is_some();
    let has_time = has(Meaning::Time) || has(Meaning::Clock);
    if has_time && has(Meaning::Name) && has(Meaning::Value) {
        return Some(Ok(Box::new(Long { columns, skip: 1 })));
    }
    if !has_time && has(Meaning::Name) {
        return Some(Ok(Box::new(PointList { columns, skip: 1 }) as Box<dyn Format>));
    }
    None
}
