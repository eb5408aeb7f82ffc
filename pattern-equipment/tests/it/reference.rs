//! Against numpy, scipy and leidenalg: `tests/data/make_analytics_reference.py` made the values.

use pattern_core::{
    domain::Sample,
    series::{frame::ROLLUP_SECONDS, grid::Grid},
};
use pattern_equipment::{
    clustering::leiden::{cpm_quality, leiden_cpm},
    correlation::{CorrelationOptions, correlate, high_pass, rank},
    fingerprint::fingerprint,
};
use serde_json::Value;

use super::support::{good, grid};

fn reference() -> Value {
    serde_json::from_str(include_str!("../data/analytics_reference.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn rows(reference: &Value) -> Grid {
    let row = |row: &Value| numbers(row).into_iter().map(|v| v as f32).collect();
    grid(&reference["grid"]["rows"].as_array().unwrap().iter().map(row).collect::<Vec<Vec<f32>>>())
}

#[track_caller]
fn close(found: f64, expected: &Value, tolerance: f64) {
    let expected = number(expected);
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{found} instead of {expected}");
}

#[test]
fn pearson_is_as_numpy_has_it_with_and_without_gaps() {
    let reference = reference();
    let all = CorrelationOptions { threshold: 0.0, ..CorrelationOptions::default() };
    let found = correlate(&rows(&reference), &all).pairs;
    let expected = reference["pearson"].as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    for (pair, expected) in found.iter().zip(expected) {
        assert_eq!((pair.a, pair.b), (number(&expected[0]) as usize, number(&expected[1]) as usize));
        assert_eq!(f64::from(pair.samples), number(&expected[3]));
        close(f64::from(pair.r), &expected[2], 1e-7);
    }
}

#[test]
fn correlated_ranks_are_scipys_spearman() {
    let reference = reference();
    let all = CorrelationOptions { threshold: 0.0, ..CorrelationOptions::default() };
    let found = correlate(&rank(&rows(&reference)), &all).pairs;
    for expected in reference["spearman"].as_array().unwrap() {
        let (a, b) = (number(&expected[0]) as usize, number(&expected[1]) as usize);
        let pair = found.iter().find(|p| (p.a, p.b) == (a, b)).unwrap();
        close(f64::from(pair.r), &expected[2], 1e-6);
    }
}

#[test]
fn the_high_pass_is_scipys_uniform_filter_taken_away() {
    let reference = reference();
    let found = high_pass(&rows(&reference));
    let from = number(&reference["high_pass_of_row_0"]["from"]) as usize;
    for (i, expected) in reference["high_pass_of_row_0"]["values"].as_array().unwrap().iter().enumerate() {
        close(f64::from(found.row(0)[from + i]), expected, 1e-5);
    }
}

#[test]
fn a_fingerprint_is_as_numpy_and_scipy_have_it() {
    let reference = &reference()["fingerprint"];
    let values = numbers(&reference["values"]);
    let samples: Vec<Sample> = values.iter().enumerate().map(|(i, v)| good(i as i64 * 60, *v)).collect();
    let row: Vec<f32> = values.chunks(15).map(|c| (c.iter().sum::<f64>() / 15.0) as f32).collect();
    let made = fingerprint(&samples, &row, ROLLUP_SECONDS).unwrap();
    close(made.mean, &reference["mean"], 1e-12);
    close(made.std_dev, &reference["std_dev"], 1e-12);
    close(made.min, &reference["min"], 0.0);
    close(made.max, &reference["max"], 0.0);
    for (found, expected) in made.quantiles.iter().zip(reference["quantiles"].as_array().unwrap()) {
        close(*found, expected, 1e-12);
    }
    assert_eq!(made.distinct_values as f64, number(&reference["distinct_values"]));
    close(made.noise, &reference["noise"], 1e-12);
    close(made.autocorrelation, &reference["autocorrelation"], 1e-9);
    close(made.period_hours.unwrap(), &reference["period_hours"], 1e-12);
    assert_eq!(made.update_interval_seconds, 60.0);
}

#[test]
fn leiden_is_as_good_as_leidenalg_and_finds_what_was_planted() {
    let reference = &reference()["graph"];
    let nodes = number(&reference["nodes"]) as usize;
    let resolution = number(&reference["resolution"]);
    let edge = |e: &Value| (number(&e[0]) as u32, number(&e[1]) as u32, number(&e[2]) as f32);
    let edges: Vec<(u32, u32, f32)> = reference["edges"].as_array().unwrap().iter().map(edge).collect();
    let best = number(&reference["best_quality_of_leidenalg"]);
    let planted = numbers(&reference["planted"]);
    for seed in 0..10 {
        let community = leiden_cpm(nodes, &edges, resolution, seed);
        let quality = cpm_quality(&edges, &community, resolution);
        assert!(quality >= 0.998 * best, "seed {seed}: {quality} of {best}");
        let pairs = || (0..nodes).flat_map(|a| (a + 1..nodes).map(move |b| (a, b)));
        let together = pairs().filter(|&(a, b)| planted[a] == planted[b]).count();
        let found =
            pairs().filter(|&(a, b)| planted[a] == planted[b] && community[a] == community[b]).count();
        assert!(found * 100 >= together * 90, "seed {seed}: {found} of {together} planted pairs");
    }
}
