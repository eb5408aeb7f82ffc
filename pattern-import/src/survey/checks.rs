//! What stands against reading, and what is decided for files that do not say it themselves.

use anyhow::Result;
use std::sync::Arc;

use super::{Survey, SurveyedFile};
use crate::{
    columns::Meaning, date_order::OrderFound, options::Options, record::unless_enough, taste::OrderScan,
    time::DateOrder,
};

impl Survey {
    /// A header that a person says and that no file has is a mistake.
    pub(super) fn check_mapping(&mut self, said: &[(Meaning, String)]) {
        for (meaning, header) in said {
            let is_there = self.files.iter().any(|file| {
                file.format
                    .columns()
                    .iter()
                    .any(|(_, known)| known.trim().eq_ignore_ascii_case(header.trim()))
            });
            // Where a file could not be understood, it may be in that one.
            if !is_there && self.problems.is_empty() {
                self.problems
                    .push(format!("no file has the column '{header}' that is to be the {}", meaning.word()));
            }
        }
    }

    /// Where the beginning leaves open how dates are meant, the rest is looked through.
    pub(super) fn decide_orders(&mut self, options: &Options) -> Result<()> {
        let (mut open, mut open_years) = (Vec::new(), Vec::new());
        for place in 0..self.files.len() {
            let file = &self.files[place];
            let mut found = file.taste.order();
            if matches!(found, OrderFound::NothingOpen) {
                continue;
            }
            if options.date_order.is_none() && !matches!(found, OrderFound::Surely(_)) && !file.is_whole {
                let mut scan = OrderScan::default();
                unless_enough(file.format.read(&file.input(&self.sources, Arc::default()), &mut scan))?;
                found = scan.0.found();
            }
            let file = &mut self.files[place];
            file.has_open_dates = true;
            match (options.date_order, found) {
                (Some(_), _) => {}
                (None, OrderFound::Surely(order) | OrderFound::Likely(order)) => file.order = Some(order),
                (None, OrderFound::Open | OrderFound::NothingOpen) => open.push(place),
                (None, OrderFound::OpenYear) => {
                    open.push(place);
                    open_years.push(place);
                }
            }
        }
        // One program wrote them all.
        let known = self.files.iter().find_map(|file| file.order);
        for place in &open {
            self.files[*place].order = known.or(Some(DateOrder::DayFirst));
        }
        if let Some(place) = open_years.first().filter(|_| known.is_none()) {
            self.problems.push(format!(
                "dates like {} in {} may begin with the day or with the year, and nothing in the file tells; say --date-order day-first, month-first or year-first",
                self.files[*place].taste.first_time,
                self.named(&open_years)
            ));
            return Ok(());
        }
        if let Some(place) = open.first().filter(|_| known.is_none()) {
            let file = &self.files[*place];
            self.notes.push(format!(
                "dates like {} in {} are read day first, which nothing in the file tells; --date-order month-first otherwise",
                file.taste.first_time,
                self.named(&open)
            ));
        }
        Ok(())
    }

    pub(super) fn check_times(&mut self, options: &Options) {
        let places = |is: &dyn Fn(&SurveyedFile) -> bool| -> Vec<usize> {
            (0..self.files.len()).filter(|place| is(&self.files[*place])).collect()
        };
        let local =
            places(&|file| file.taste.local > 0 && file.taste.with_offset == 0 && file.zone.is_none());
        let none = places(&|file| file.taste.no_times > 0 && file.taste.local + file.taste.with_offset == 0);
        let is_said_otherwise =
            |file: &SurveyedFile| file.taste.local > 0 && options.zone.is_some() && file.zone != options.zone;
        let otherwise = places(&is_said_otherwise);
        if let Some(zone) = otherwise.first().and_then(|place| self.files[*place].zone) {
            self.notes.push(format!(
                "the times of {} are of {zone}, as the header says, whatever --timezone says",
                self.named(&otherwise)
            ));
        }
        if let Some(first) = local.first() {
            let example = &self.files[*first].taste.first_time;
            self.problems.push(format!(
                "the times of {} have no offset ({example}); say where that clock hung, as in --timezone Europe/Oslo or --timezone UTC",
                self.named(&local)
            ));
        }
        for place in none {
            let SurveyedFile { source, taste, .. } = &self.files[place];
            let why = taste.no_time.as_deref().unwrap_or_default();
            self.problems.push(format!("{} has no time that is understood: {why}", source.name));
        }
    }

    /// Where most samples take the place of another one, something that tells them apart is not read.
    pub(super) fn check_repeats(&mut self) {
        for SurveyedFile { source, taste, .. } in self.files.iter().filter(|f| f.taste.overwrites_itself()) {
            self.problems.push(format!(
                "most samples of {} are of a point and a time ({}) that had one already, and only one of each would be kept; \
                 say which column tells them apart, as in --columns clock=\"Hour\" or --columns device=\"Pump\"",
                source.name, taste.first_time
            ));
        }
    }
}
