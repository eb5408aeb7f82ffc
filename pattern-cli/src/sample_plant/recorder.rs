//! The plant's historian: what of the model's values is stored, when, and what goes wrong with it.

use chrono::{Duration, SecondsFormat};
use std::io::Write;

use super::{
    moment::{MINUTES, Moment},
    signal::Dice,
    tag::Tag,
};

const INTERVAL_MINUTES: i64 = 5;
/// An unchanged value is stored again after this time.
const HEARTBEAT_MINUTES: i64 = 30;
/// The building's gateway was away once, this long before the end.
const OUTAGE_MINUTES_BEFORE_END: i64 = 6_100;
const OUTAGE_MINUTES: i64 = 150;

/// How one tag is recorded.
struct Habits {
    /// Seconds after the full minute: no two controllers are scanned at once.
    second: i64,
    phase: i64,
    /// From minute, to minute: nothing arrived.
    gap: Option<(i64, i64)>,
    /// From minute, to minute: the transmitter said that it does not know.
    bad: Option<(i64, i64)>,
    last: String,
    last_minute: i64,
}

pub struct Recorder {
    habits: Vec<Habits>,
}

impl Recorder {
    pub fn new(seed: u64, tags: &[&Tag]) -> Self {
        let habits = tags
            .iter()
            .map(|tag| {
                let mut dice = Dice::new(seed, &format!("recorder {}", tag.name));
                let mut sometimes = |probability: f64, longest: f64| {
                    dice.chance(probability).then(|| {
                        let from = dice.between(0.0, MINUTES as f64 * 0.9) as i64;
                        (from, from + dice.between(20.0, longest) as i64)
                    })
                };
                let (gap, bad) = (sometimes(0.15, 400.0), sometimes(0.06, 120.0));
                Habits {
                    second: dice.between(0.0, 55.0) as i64,
                    phase: dice.between(0.0, INTERVAL_MINUTES as f64) as i64,
                    gap,
                    bad,
                    last: String::new(),
                    last_minute: i64::MIN / 2,
                }
            })
            .collect();
        Self { habits }
    }

    /// Writes what is stored of one minute, in the order of time.
    pub fn record(
        &mut self,
        now: &Moment,
        tags: &[&Tag],
        values: &[f64],
        out: &mut impl Write,
    ) -> std::io::Result<()> {
        let outage_from = MINUTES - OUTAGE_MINUTES_BEFORE_END;
        let gateway_away = (outage_from..outage_from + OUTAGE_MINUTES).contains(&now.minute);
        let during = |span: Option<(i64, i64)>| span.is_some_and(|(a, b)| (a..b).contains(&now.minute));
        let mut rows: Vec<(i64, &Tag, String, i16)> = Vec::new();
        for ((tag, habit), value) in tags.iter().zip(&mut self.habits).zip(values) {
            let scanned = tag.measure.is_switch() || (now.minute + habit.phase) % INTERVAL_MINUTES == 0;
            if !scanned || during(habit.gap) || (gateway_away && tag.name.starts_with("HQ/")) {
                continue;
            }
            let bad = during(habit.bad);
            let value = if bad { 0.0 } else { value * tag.factor + tag.offset };
            let text = format!("{value:.*}", tag.decimals);
            let heartbeat = now.minute - habit.last_minute >= HEARTBEAT_MINUTES;
            if text != habit.last || heartbeat {
                habit.last.clone_from(&text);
                habit.last_minute = now.minute;
                rows.push((habit.second, tag, text, i16::from(bad)));
            }
        }
        rows.sort_by_key(|row| row.0);
        for (second, tag, text, quality) in rows {
            let at = (now.at + Duration::seconds(second)).to_rfc3339_opts(SecondsFormat::Secs, true);
            writeln!(out, "{at},{},{text},{quality}", tag.name)?;
        }
        Ok(())
    }
}
