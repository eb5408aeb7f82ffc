//! A date whose order of day and month is open, and the orders that it may have.

use std::fmt;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DateOrder {
    #[default]
    DayFirst,
    MonthFirst,
    /// Of years of two digits: 26/11/20 is of 2026.
    YearFirst,
}

impl DateOrder {
    pub const ALL: [Self; 3] = [Self::DayFirst, Self::MonthFirst, Self::YearFirst];

    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "day-first" | "dmy" | "day" => Some(Self::DayFirst),
            "month-first" | "mdy" | "month" => Some(Self::MonthFirst),
            "year-first" | "ymd" | "year" => Some(Self::YearFirst),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::DayFirst => "day-first",
            Self::MonthFirst => "month-first",
            Self::YearFirst => "year-first",
        }
    }
}

impl fmt::Display for DateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DayFirst => "day first",
            Self::MonthFirst => "month first",
            Self::YearFirst => "year first",
        })
    }
}

/// The day of a text whose order of day and month is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenDate {
    pub first: u32,
    pub second: u32,
    pub year: i32,
    /// The same with the first number for the year and the last one for the day, where both have two digits.
    pub year_first: Option<(i32, u32)>,
}

impl OpenDate {
    /// Year, month and day.
    pub fn read(self, order: DateOrder) -> Option<(i32, u32, u32)> {
        match order {
            DateOrder::DayFirst => Some((self.year, self.second, self.first)),
            DateOrder::MonthFirst => Some((self.year, self.first, self.second)),
            DateOrder::YearFirst => self.year_first.map(|(year, day)| (year, self.second, day)),
        }
    }

    /// Whether there is such a month and day.
    pub fn is_possible(self, order: DateOrder) -> bool {
        self.read(order).is_some_and(|(_, month, day)| (1..=12).contains(&month) && (1..=31).contains(&day))
    }
}
