//! What the columns of a table mean: by what people call them, in any order.

use csv::StringRecord;

pub use crate::meaning::Meaning;
use Meaning::*;

/// A header as it is compared: small letters and digits, without a unit in brackets behind.
pub fn plain(header: &str) -> String {
    let header = header.trim_start_matches('\u{feff}').trim();
    let bare = split_unit(header).0;
    bare.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `Wind Speed (m/s)` is `Wind Speed` in `m/s`.
pub fn split_unit(header: &str) -> (&str, &str) {
    let header = header.trim();
    for (open, close) in [('(', ')'), ('[', ']')] {
        let inner = header.strip_suffix(close).and_then(|rest| rest.rsplit_once(open));
        if let Some((name, unit)) = inner.filter(|(name, _)| !name.trim().is_empty()) {
            return (name.trim(), unit.trim());
        }
    }
    (header, "")
}

/// Whether a header is one of those that we know.
pub fn is_known(header: &str) -> bool {
    let plain = plain(header);
    Meaning::ALL.iter().any(|meaning| meaning.called().any(|word| word == plain))
}

/// Which column holds what.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    pub headers: Vec<String>,
    /// The row of the header as it stands in the file, where that is not what the columns are called.
    pub as_written: Vec<String>,
    /// Columns without a name that hold something.
    pub unnamed: Vec<usize>,
    /// By meaning: looked up several times a row.
    places: [Option<usize>; Meaning::ALL.len()],
}

impl Columns {
    /// Of a table without headers.
    pub fn unnamed(count: usize) -> Self {
        Self { headers: vec![String::new(); count], ..Self::default() }
    }

    /// Finds what it can. `mapped` says which headers hold what, before any guessing. Fails where two columns
    /// are called by the same known name.
    pub fn guess(headers: &[String], mapped: &[(Meaning, String)]) -> Result<Self, String> {
        let mut columns = Self { headers: headers.to_vec(), ..Self::default() };
        for (meaning, header) in mapped {
            let place = headers.iter().position(|h| h.trim().eq_ignore_ascii_case(header.trim()));
            if let Some(place) = place.filter(|_| columns.place(*meaning).is_none()) {
                columns.set(*meaning, place);
            }
        }
        let plain: Vec<String> = headers.iter().map(|header| plain(header)).collect();
        let has = |meaning: Meaning| meaning.called().any(|word| plain.iter().any(|h| h == word));
        let day_and_clock = plain.iter().any(|h| Date.called().take(4).any(|word| word == h)) && has(Clock);
        for meaning in Meaning::ALL {
            let is_split = matches!(meaning, Date | Clock);
            if columns.place(meaning).is_some() || is_split != (day_and_clock && is_time(meaning)) {
                continue;
            }
            columns.find(meaning, &plain)?;
        }
        // A day and a time of day that did not both come are no pair.
        if columns.place(Date).is_none() || columns.place(Clock).is_none() {
            columns.forget(Date);
            columns.forget(Clock);
            if columns.place(Time).is_none() {
                columns.find(Time, &plain)?;
            }
        }
        Ok(columns)
    }

    fn find(&mut self, meaning: Meaning, plain: &[String]) -> Result<(), String> {
        for word in meaning.called() {
            let mut at = (0..plain.len()).filter(|place| plain[*place] == word && !self.is_taken(*place));
            let Some(place) = at.next() else { continue };
            if let Some(twin) = at.find(|twin| self.headers[*twin].eq_ignore_ascii_case(&self.headers[place]))
            {
                let header = &self.headers[twin];
                return Err(format!("has the column '{header}' twice; keep one of them"));
            }
            self.set(meaning, place);
            return Ok(());
        }
        // `Reference Point Name`
        let is_name = |header: &String| header.ends_with("pointname") || header.ends_with("tagname");
        if let Some(place) =
            plain.iter().position(is_name).filter(|at| meaning == Name && !self.is_taken(*at))
        {
            self.set(Name, place);
        }
        Ok(())
    }

    pub fn place(&self, meaning: Meaning) -> Option<usize> {
        self.places[meaning as usize]
    }

    pub fn is_taken(&self, place: usize) -> bool {
        self.places.contains(&Some(place))
    }

    pub fn set(&mut self, meaning: Meaning, place: usize) {
        self.places[meaning as usize] = Some(place);
    }

    pub fn forget(&mut self, meaning: Meaning) {
        self.places[meaning as usize] = None;
    }

    /// Columns that mean nothing to us, by header; those without one only where they hold something.
    pub fn ignored(&self) -> Vec<String> {
        let unknown = |place: &usize| !self.is_taken(*place);
        let places = (0..self.headers.len()).filter(unknown);
        let name = |place: usize| match self.headers[place].as_str() {
            "" => self.unnamed.contains(&place).then(|| format!("column {} (without a name)", place + 1)),
            header => Some(header.to_owned()),
        };
        places.filter_map(name).collect()
    }

    /// A header as it stands in the file.
    pub fn written(&self, place: usize) -> &str {
        let headers = if self.as_written.is_empty() { &self.headers } else { &self.as_written };
        headers.get(place).map_or("", String::as_str)
    }

    /// (meaning, header) of what is read.
    pub fn used(&self) -> Vec<(Meaning, String)> {
        let used = |meaning| Some((meaning, self.headers[self.place(meaning)?].clone()));
        Meaning::ALL.into_iter().filter_map(used).collect()
    }

    /// What the header of the values says of their unit: `Value (°F)`.
    pub fn unit_of_values(&self) -> &str {
        let header = self.place(Value).map_or("", |place| self.headers[place].as_str());
        let unit = split_unit(header).1;
        pattern_core::units::parse(unit).map_or("", |_| unit)
    }

    /// A row's field without outer blanks; empty where there is none.
    pub fn text<'r>(&self, row: &'r StringRecord, meaning: Meaning) -> &'r str {
        self.place(meaning).and_then(|place| row.get(place)).map_or("", str::trim)
    }
}

fn is_time(meaning: Meaning) -> bool {
    matches!(meaning, Time | Date | Clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(headers: &str) -> Columns {
        let headers: Vec<String> = headers.split(',').map(str::to_owned).collect();
        Columns::guess(&headers, &[]).unwrap()
    }

    fn said(headers: &str) -> String {
        let used = guess(headers).used();
        used.iter().map(|(m, h)| format!("{}={h}", m.word())).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn columns_are_known_by_what_people_call_them() {
        for (headers, expected) in [
            ("timestamp,name,value,quality", "timestamp=timestamp,name=name,value=value,quality=quality"),
            ("Point Name,Volttron Point Name,Units", "name=Point Name,unit=Units"),
            ("Reference Point Name,Volttron Point Name,Units", "name=Reference Point Name,unit=Units"),
            ("TS,NAME,VALUE,STATUS", "timestamp=TS,name=NAME,value=VALUE,quality=STATUS"),
            ("Zeitstempel,Name,Wert,Einheit", "timestamp=Zeitstempel,name=Name,value=Wert,unit=Einheit"),
            ("Date,Time,Tag,Value", "date=Date,clock=Time,name=Tag,value=Value"),
            ("Datum,Uhrzeit,Wert", "date=Datum,clock=Uhrzeit,value=Wert"),
            ("Date/Time,Wind Speed (m/s)", "timestamp=Date/Time"),
            ("Date,Temp", "timestamp=Date"),
            ("Time,Temp", "timestamp=Time"),
            (
                "DATE_TIME,PLANT_ID,SOURCE_KEY,DC_POWER",
                "timestamp=DATE_TIME,device=SOURCE_KEY,group=PLANT_ID",
            ),
            ("일시,NOX,FLOW", "timestamp=일시"),
        ] {
            assert_eq!(said(headers), expected, "{headers}");
        }
    }

    #[test]
    fn what_a_person_says_comes_before_what_is_guessed() {
        let headers = ["Point Name", "Short", "U"].map(str::to_owned);
        let mapped = [(Name, "short".to_owned()), (Unit, "U".to_owned())];
        let columns = Columns::guess(&headers, &mapped).unwrap();
        assert_eq!((columns.place(Name), columns.place(Unit)), (Some(1), Some(2)));
        assert_eq!(columns.ignored(), ["Point Name"]);
    }

    #[test]
    fn a_known_column_that_is_there_twice_is_refused() {
        let headers = ["name", "unit", "unit"].map(str::to_owned);
        assert!(Columns::guess(&headers, &[]).unwrap_err().contains("'unit' twice"));
    }

    #[test]
    fn a_unit_stands_in_brackets_behind_a_header() {
        assert_eq!(split_unit("LV ActivePower (kW)"), ("LV ActivePower", "kW"));
        assert_eq!(split_unit("T [°C]"), ("T", "°C"));
        assert_eq!(split_unit("(x)"), ("(x)", ""));
        assert_eq!(split_unit("plain"), ("plain", ""));
    }
}
