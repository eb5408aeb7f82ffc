//! Whether 04/07/2026 is in April or in July: the whole column tells.

use std::ops::ControlFlow;

use crate::time::{DateOrder, OpenDate};

/// What a column says of the order of its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderFound {
    /// It has no date that could be read either way.
    NothingOpen,
    /// A number above twelve can only be the day.
    Surely(DateOrder),
    /// Neighbouring rows lie closer together so.
    Likely(DateOrder),
    /// One day only, or days that fit as well either way.
    Open,
    /// The same, and the year could come first as well: years apart are too far for a guess.
    OpenYear,
}

/// Looks at the dates of a column one after the other.
#[derive(Debug)]
pub struct ColumnOrder {
    /// The orders in which all dates are on the calendar.
    possible: [bool; 3],
    last: Option<OpenDate>,
    /// Days between neighbours, summed up, read in each order.
    steps: [i64; 3],
    has_half_days: bool,
    /// Whether the first, or the second number is 1 in all dates, each of which came once only.
    is_one: [bool; 2],
    comes_again: bool,
}

impl Default for ColumnOrder {
    fn default() -> Self {
        Self {
            possible: [true; 3],
            last: None,
            steps: [0; 3],
            has_half_days: false,
            is_one: [true; 2],
            comes_again: false,
        }
    }
}

impl ColumnOrder {
    /// Breaks where nothing more is to be found out.
    pub fn see(&mut self, date: OpenDate, has_half_days: bool) -> ControlFlow<()> {
        self.has_half_days |= has_half_days;
        if self.last == Some(date) {
            self.comes_again = true;
            return ControlFlow::Continue(());
        }
        for (possible, order) in self.possible.iter_mut().zip(DateOrder::ALL) {
            *possible &= date.is_possible(order);
        }
        self.is_one[0] &= date.first == 1;
        self.is_one[1] &= date.second == 1;
        if let Some(last) = self.last {
            for (sum, order) in self.steps.iter_mut().zip(DateOrder::ALL) {
                *sum += (days(date, order) - days(last, order)).abs();
            }
        }
        self.last = Some(date);
        match self.found() {
            OrderFound::Surely(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    pub fn found(&self) -> OrderFound {
        let of = |order: DateOrder| self.steps[order as usize];
        let mut possible: Vec<DateOrder> =
            DateOrder::ALL.into_iter().filter(|order| self.possible[*order as usize]).collect();
        possible.sort_by_key(|order| of(*order));
        let likeliest = match (self.last, &possible[..]) {
            (None, _) => return OrderFound::NothingOpen,
            (_, []) => return OrderFound::Open,
            (_, [order]) => return OrderFound::Surely(*order),
            (_, [first, second, ..]) if of(*first) < of(*second) => *first,
            // Who counts half days writes the month first.
            _ if self.has_half_days && possible.contains(&DateOrder::MonthFirst) => {
                return OrderFound::Likely(DateOrder::MonthFirst);
            }
            _ if possible.contains(&DateOrder::YearFirst) => return OrderFound::OpenYear,
            _ => return OrderFound::Open,
        };
        // Twelve days of January, or the first days of twelve months: each is as regular as the other.
        let is_of_firsts = !self.comes_again && (self.is_one[0] || self.is_one[1]);
        match likeliest {
            DateOrder::DayFirst | DateOrder::MonthFirst if is_of_firsts && possible.len() > 1 => {
                OrderFound::Open
            }
            // Years lie so far apart that neighbours tell them surely.
            likeliest
                if !possible.contains(&DateOrder::MonthFirst) || !possible.contains(&DateOrder::DayFirst) =>
            {
                OrderFound::Surely(likeliest)
            }
            likeliest => OrderFound::Likely(likeliest),
        }
    }
}

/// Near enough to compare distances.
fn days(date: OpenDate, order: DateOrder) -> i64 {
    let (year, month, day) = date.read(order).unwrap_or_default();
    i64::from(year) * 365 + i64::from(month) * 30 + i64::from(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::open_date;

    fn told(dates: &[&str]) -> OrderFound {
        let mut order = ColumnOrder::default();
        for date in dates {
            if order.see(open_date(date).unwrap(), date.ends_with('M')).is_break() {
                break;
            }
        }
        order.found()
    }

    #[test]
    fn a_day_above_twelve_decides() {
        assert_eq!(told(&["04/07/2026", "13/07/2026"]), OrderFound::Surely(DateOrder::DayFirst));
        assert_eq!(told(&["04/07/2026", "04/13/2026"]), OrderFound::Surely(DateOrder::MonthFirst));
    }

    #[test]
    fn neighbours_lie_close_together() {
        let week = ["04/07/16 22", "04/07/16 23", "05/07/16 00", "05/07/16 01", "06/07/16 00"];
        assert_eq!(told(&week), OrderFound::Likely(DateOrder::DayFirst));
        assert_eq!(
            told(&["07/04/2016", "07/05/2016", "07/06/2016"]),
            OrderFound::Likely(DateOrder::MonthFirst)
        );
    }

    #[test]
    fn one_day_alone_says_nothing_but_half_days_do() {
        assert_eq!(told(&["04/07/2026 10:00", "04/07/2026 11:00"]), OrderFound::Open);
        assert_eq!(told(&["04/07/2026 10:00 PM"]), OrderFound::Likely(DateOrder::MonthFirst));
        assert_eq!(told(&[]), OrderFound::NothingOpen);
        assert_eq!(told(&["26/11/18 00:00", "26/11/18 01:00"]), OrderFound::OpenYear);
    }

    #[test]
    fn of_years_of_two_digits_the_neighbours_tell_where_they_stand() {
        assert_eq!(told(&["26/11/18 00:00", "26/11/19 00:00"]), OrderFound::Surely(DateOrder::YearFirst));
        assert_eq!(
            told(&["26-11-20 00:00:00", "26-11-21 00:00:00"]),
            OrderFound::Surely(DateOrder::YearFirst)
        );
        assert_eq!(told(&["18/11/26", "19/11/26"]), OrderFound::Surely(DateOrder::DayFirst));
        assert_eq!(told(&["04/05/26", "05/05/26", "06/05/26"]), OrderFound::Likely(DateOrder::DayFirst));
        assert_eq!(told(&["11/20/26"]), OrderFound::Surely(DateOrder::MonthFirst));
    }

    #[test]
    fn first_days_of_months_are_as_regular_as_days_of_january() {
        assert_eq!(told(&["01/01/2026", "01/02/2026", "01/03/2026"]), OrderFound::Open);
        assert_eq!(told(&["01/01/2026", "02/01/2026", "03/01/2026"]), OrderFound::Open);
        let hours = ["01/01/2026 00:00", "01/01/2026 12:00", "01/02/2026 00:00", "01/02/2026 12:00"];
        assert_eq!(told(&hours), OrderFound::Likely(DateOrder::MonthFirst));
    }
}
