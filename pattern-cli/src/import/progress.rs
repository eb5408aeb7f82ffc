//! How far a long reading or writing is: a bar on a terminal, now and then a line elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

const BETWEEN_LINES: Duration = Duration::from_secs(5);

pub struct Progress {
    what: String,
    bar: Option<ProgressBar>,
    total: u64,
    started: Instant,
    last_line: Instant,
}

impl Progress {
    /// `total` is in the unit of the positions that `at` is told.
    pub fn new(what: &str, total: u64) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {percent:>3} %  {msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(what.to_string());
            bar
        });
        let now = Instant::now();
        Self { what: what.to_string(), bar, total, started: now, last_line: now }
    }

    pub fn at(&mut self, position: u64, rows: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.set_message(self.rate(rows));
        } else if self.last_line.elapsed() >= BETWEEN_LINES {
            self.last_line = Instant::now();
            let percent = 100 * position / self.total.max(1);
            eprintln!("{}: {percent} %, {}", self.what, self.rate(rows));
        }
    }

    pub fn finish(self, done: &str, rows: u64) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        eprintln!("{}: {done} {}", self.what, self.rate(rows));
    }

    fn rate(&self, rows: u64) -> String {
        let per_second = rows as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        format!("{} samples, {} a second", grouped(rows), grouped(per_second as u64))
    }
}

/// `1 234 567`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(123_456), "123 456");
        assert_eq!(grouped(1_234_567), "1 234 567");
    }
}
