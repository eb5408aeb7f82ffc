//! `naia benchmark` by the real binary, on little input.

use serde_json::Value;
use std::fs;

use crate::support::naia;

fn measured(arguments: &[&str]) -> Value {
    let here = tempfile::tempdir().unwrap();
    let all = [&["benchmark"], arguments, &["--repeat", "3", "--json"]].concat();
    let answer = naia(here.path(), &all);
    assert!(answer.success, "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn every_benchmark_tells_what_it_measured_and_on_what() {
    let little: [&[&str]; 4] = [
        &["correlation", "--points", "200", "--samples", "192", "--threshold", "0.75"],
        &["fingerprint", "--points", "50", "--samples", "192"],
        &["cluster", "--points", "500", "--samples", "672", "--threshold", "0.6"],
        &["episode", "--points", "100", "--changes", "5000"],
    ];
    for arguments in little {
        let report = measured(arguments);
        assert_eq!(report["benchmark"], arguments[0]);
        assert_eq!(report["points"].to_string(), arguments[2]);
        assert_eq!(report["seconds_all"].as_array().unwrap().len(), 3);
        let mut seconds: Vec<f64> =
            report["seconds_all"].as_array().unwrap().iter().map(|s| s.as_f64().unwrap()).collect();
        seconds.sort_by(f64::total_cmp);
        assert_eq!(report["seconds"].as_f64(), Some(seconds[1]), "the median");
        assert!(report["kept"].as_u64().unwrap() > 0, "{report}");
        assert!(report["peak_rss_bytes"].as_u64().unwrap() >= 1 << 20, "{report}");
        assert!(report["threads"].as_u64().unwrap() >= 1 && report["cpu_features"].is_array(), "{report}");
        assert!(report.get("cpu_model").is_some() && report["timed"].is_string(), "{report}");
    }
}

#[test]
fn the_planted_groups_and_every_point_are_found() {
    let clusters = measured(&["cluster", "--points", "2000"]);
    assert!(clusters["ari"].as_f64().unwrap() > 0.97, "{clusters}");
    let fingerprints = measured(&["fingerprint", "--points", "50", "--samples", "96"]);
    assert_eq!(fingerprints["kept"], 50);
}

#[test]
fn the_same_seed_gives_the_same_pairs_and_another_one_others() {
    let kept = |seed| {
        measured(&["correlation", "--points", "300", "--samples", "96", "--seed", seed])["kept"].clone()
    };
    assert_eq!(kept("1"), kept("1"));
    assert_ne!(kept("1"), kept("2"));
}

#[test]
fn the_input_can_be_written_for_other_programs() {
    let here = tempfile::tempdir().unwrap();
    let arguments =
        ["benchmark", "correlation", "--points", "30", "--samples", "96", "--write-input", "input"];
    let answer = naia(here.path(), &arguments);
    assert!(answer.success, "{}", answer.stderr);
    assert!(answer.stdout.starts_with("correlation of 30 points\n  seconds "), "{}", answer.stdout);
    let file = fs::read(here.path().join("input/series.npy")).unwrap();
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00");
    let header = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
    assert_eq!(header % 64, 0);
    let said = String::from_utf8_lossy(&file[10..header]);
    assert!(said.contains("'descr': '<f4'") && said.contains("'shape': (30, 96)"), "{said}");
    assert_eq!(file.len(), header + 30 * 96 * 4);
}

#[test]
fn what_can_not_be_measured_is_said() {
    let here = tempfile::tempdir().unwrap();
    let complaint = |arguments: &[&str]| {
        let answer = naia(here.path(), &[&["benchmark"], arguments].concat());
        assert!(!answer.success && answer.stdout.is_empty(), "{arguments:?}: {}", answer.stdout);
        answer.stderr
    };
    assert!(complaint(&["correlation", "--threshold", "1.5"]).contains("must be above 0 and at most 1"));
    assert!(complaint(&["correlation", "--threshold", "NaN"]).contains("must be above 0 and at most 1"));
    assert!(complaint(&["fingerprint", "--points", "1"]).contains("1 is not in 2.."));
    assert!(complaint(&["cluster", "--repeat", "0"]).contains("0 is not in 1.."));
    assert!(complaint(&["weather"]).contains("weather"));
    let too_much = complaint(&["correlation", "--points", "1000000", "--samples", "100000"]);
    assert!(too_much.contains("lower --points or --samples"), "{too_much}");
    fs::write(here.path().join("file"), "").unwrap();
    let blocked =
        complaint(&["fingerprint", "--points", "9", "--samples", "9", "--write-input", "file/input"]);
    assert!(blocked.contains("file/input/series.npy cannot be written"), "{blocked}");
}
