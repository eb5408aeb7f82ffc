//! Whether 04/07/2026 is in April or in July: the whole column tells.

use std::{fmt, ops::ControlFlow};

use crate::time::OpenDate;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DateOrder {
    #[default]
    DayFirst,
    MonthFirst,
}

impl DateOrder {
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "day-first" | "dmy" | "day" => Some(Self::DayFirst),
            "month-first" | "mdy" | "month" => Some(Self::MonthFirst),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::DayFirst => "day-first",
            Self::MonthFirst => "month-first",
        }
    }
}

impl fmt::Display for DateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DayFirst => "day first",
            Self::MonthFirst => "month first",
        })
    }
}

/// What a column says of the order of its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It has no date that could be read either way.
    NothingOpen,
    /// A number above twelve can only be the day.
    Surely(DateOrder),
    /// Neighbouring rows lie closer together so.
    Likely(DateOrder),
    /// One day only, or days that fit as well either way.
    Open,
}

/// Looks at the dates of a column one after the other.
#[derive(Debug, Default)]
pub struct OrderEvidence {
    sure: Option<DateOrder>,
    last: Option<OpenDate>,
    /// Days between neighbours, summed up, read day first and month first.
    steps: [i64; 2],
    has_half_days: bool,
}

impl OrderEvidence {
    /// Breaks where nothing more is to be found out.
    pub fn see(&mut self, date: OpenDate, has_half_days: bool) -> ControlFlow<()> {
        self.has_half_days |= has_half_days;
        if date.first > 12 || date.second > 12 {
            let order = if date.first > 12 { DateOrder::DayFirst } else { DateOrder::MonthFirst };
            self.sure.get_or_insert(order);
            return ControlFlow::Break(());
        }
        if let Some(last) = self.last.filter(|last| *last != date) {
            let steps = [
                days(date, DateOrder::DayFirst) - days(last, DateOrder::DayFirst),
                days(date, DateOrder::MonthFirst) - days(last, DateOrder::MonthFirst),
            ];
            for (sum, step) in self.steps.iter_mut().zip(steps) {
                *sum += step.abs();
            }
        }
        self.last = Some(date);
        ControlFlow::Continue(())
    }

    pub fn told(&self) -> Told {
        if let Some(order) = self.sure {
            return Told::Surely(order);
        }
        match (self.last, self.steps) {
            (None, _) => Told::NothingOpen,
            (_, [day, month]) if day < month => Told::Likely(DateOrder::DayFirst),
            (_, [day, month]) if month < day => Told::Likely(DateOrder::MonthFirst),
            // Who counts half days writes the month first.
            _ if self.has_half_days => Told::Likely(DateOrder::MonthFirst),
            _ => Told::Open,
        }
    }
}

/// Near enough to compare distances.
fn days(date: OpenDate, order: DateOrder) -> i64 {
    let (day, month) = match order {
        DateOrder::DayFirst => (date.first, date.second),
        DateOrder::MonthFirst => (date.second, date.first),
    };
    i64::from(date.year) * 365 + i64::from(month) * 30 + i64::from(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::open_date;

    fn told(dates: &[&str]) -> Told {
        let mut evidence = OrderEvidence::default();
        for date in dates {
            if evidence.see(open_date(date).unwrap(), date.ends_with('M')).is_break() {
                break;
            }
        }
        evidence.told()
    }

    #[test]
    fn a_day_above_twelve_decides() {
        assert_eq!(told(&["04/07/2026", "13/07/2026"]), Told::Surely(DateOrder::DayFirst));
        assert_eq!(told(&["04/07/2026", "04/13/2026"]), Told::Surely(DateOrder::MonthFirst));
    }

    #[test]
    fn neighbours_lie_close_together() {
        let week = ["04/07/16 22", "04/07/16 23", "05/07/16 00", "05/07/16 01", "06/07/16 00"];
        assert_eq!(told(&week), Told::Likely(DateOrder::DayFirst));
        assert_eq!(told(&["07/04/2016", "07/05/2016", "07/06/2016"]), Told::Likely(DateOrder::MonthFirst));
    }

    #[test]
    fn one_day_alone_says_nothing_but_half_days_do() {
        assert_eq!(told(&["04/07/2026 10:00", "04/07/2026 11:00"]), Told::Open);
        assert_eq!(told(&["04/07/2026 10:00 PM"]), Told::Likely(DateOrder::MonthFirst));
        assert_eq!(told(&[]), Told::NothingOpen);
    }
}
