//! What the whole plant shares at one moment: the time of day, the weather, production, and the power.
//! Sharing is what tempts a naive analysis to believe that unrelated points belong together.

use chrono::{DateTime, Datelike, Duration, Timelike, Utc, Weekday};
use std::f64::consts::PI;

use super::signal::{Dice, Wander};

pub const DAYS: i64 = 8;
pub const MINUTES: i64 = DAYS * 24 * 60;

/// How long before the end the whole plant tripped, and for how long.
const TRIP_MINUTES_BEFORE_END: i64 = 3_760;
const TRIP_MINUTES: i64 = 40;

pub struct Moment {
    pub at: DateTime<Utc>,
    pub minute: i64,
    pub hour: f64,
    pub workday: bool,
    /// °F
    pub outdoor_temperature: f64,
    /// %
    pub humidity: f64,
    /// hPa
    pub barometer: f64,
    /// m/s
    pub wind_speed: f64,
    /// degrees
    pub wind_direction: f64,
    /// W/m²
    pub irradiance: f64,
    /// How hard the plant is driven, around 1.
    pub production: f64,
}

impl Moment {
    /// 1 when there is power for a unit that is started `delay` minutes after the power came back.
    pub fn power(&self, delay: i64) -> f64 {
        let tripped_at = MINUTES - TRIP_MINUTES_BEFORE_END;
        let down = self.minute >= tripped_at && self.minute < tripped_at + TRIP_MINUTES + delay;
        f64::from(!down)
    }

    /// 1 while people are in the building.
    pub fn occupied(&self) -> f64 {
        let (open, close) = if self.workday { (6.0, 19.0) } else { (9.0, 14.0) };
        f64::from(self.hour >= open && self.hour < close)
    }
}

/// Makes one moment after the other.
pub struct Weather {
    start: DateTime<Utc>,
    minute: i64,
    dice: Dice,
    front: Wander,
    clouds: Wander,
    humidity: Wander,
    barometer: Wander,
    wind: Wander,
    gusts: Wander,
    direction: Wander,
    production: Wander,
}

impl Weather {
    pub fn new(end: DateTime<Utc>, seed: u64) -> Self {
        Self {
            start: end - Duration::minutes(MINUTES),
            minute: 0,
            dice: Dice::new(seed, "weather"),
            front: Wander::new(0.0, 5.0, 1800.0),
            clouds: Wander::new(0.35, 0.28, 90.0),
            humidity: Wander::new(0.0, 5.0, 300.0),
            barometer: Wander::new(1013.0, 6.0, 2400.0),
            wind: Wander::new(8.0, 3.2, 420.0),
            gusts: Wander::new(0.0, 0.6, 8.0),
            direction: Wander::new(235.0, 35.0, 600.0),
            production: Wander::new(1.0, 0.08, 500.0),
        }
    }
}

impl Iterator for Weather {
    type Item = Moment;

    fn next(&mut self) -> Option<Moment> {
        if self.minute >= MINUTES {
            return None;
        }
        let at = self.start + Duration::minutes(self.minute);
        let hour = f64::from(at.hour()) + f64::from(at.minute()) / 60.0;
        let dice = &mut self.dice;
        let warmth = ((hour - 15.0) * PI / 12.0).cos();
        let outdoor_temperature = 61.0 + 9.0 * warmth + self.front.next(dice);
        let sun = ((hour - 6.0) * PI / 13.0).sin().max(0.0) * f64::from((6.0..=19.0).contains(&hour));
        let clouds = self.clouds.next(dice).clamp(0.0, 0.9);
        let moment = Moment {
            at,
            minute: self.minute,
            hour,
            workday: !matches!(at.weekday(), Weekday::Sat | Weekday::Sun),
            outdoor_temperature,
            humidity: (62.0 - 16.0 * warmth + self.humidity.next(dice)).clamp(15.0, 100.0),
            barometer: self.barometer.next(dice),
            wind_speed: (self.wind.next(dice) + 0.8 * warmth + self.gusts.next(dice)).max(0.2),
            wind_direction: self.direction.next(dice).rem_euclid(360.0),
            irradiance: 980.0 * sun * (1.0 - clouds),
            production: self.production.next(dice),
        };
        self.minute += 1;
        Some(moment)
    }
}
