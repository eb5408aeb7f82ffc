//! Wall time of the mathematics alone.

use std::{hint::black_box, time::Instant};

use super::machine::peak_rss_bytes;

pub struct Measured<T> {
    /// What the last run answered.
    pub answer: T,
    pub seconds: Vec<f64>,
    /// Peak memory once the input was there, before the first run.
    pub input_rss_bytes: Option<u64>,
}

pub fn measure<T>(times: u32, work: impl Fn() -> T) -> Measured<T> {
    let input_rss_bytes = peak_rss_bytes();
    let mut seconds = Vec::with_capacity(times as usize);
    let mut timed = || {
        let start = Instant::now();
        let answer = black_box(work());
        seconds.push(start.elapsed().as_secs_f64());
        answer
    };
    let mut answer = timed();
    for _ in 1..times {
        answer = timed();
    }
    Measured { answer, seconds, input_rss_bytes }
}

pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}
