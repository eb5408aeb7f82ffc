//! `naia evaluate`, through the program.

use serde_json::Value;
use std::{collections::HashMap, fs, path::Path};

use crate::support::naia;

#[test]
fn a_labelled_plant_is_measured_before_and_after_answers_and_nothing_is_left_behind() {
    let here = tempfile::tempdir().unwrap();
    let made = naia(here.path(), &["sample-plant", "plant", "--end", "2026-03-09T00:00:00Z"]);
    assert!(made.success, "{}", made.stderr);
    let before: Vec<_> = fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let elsewhere = tempfile::tempdir().unwrap();
    let details = elsewhere.path().join("details.csv");
    let file = details.to_str().unwrap();
    let answer = naia(here.path(), &["evaluate", "plant", "--approvals", "3", "--json", "--details", file]);
    assert!(answer.success, "{}", answer.stderr);
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    let number =
        |path: &str| report.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path}"));
    for share in [
        "/grouping/ari",
        "/grouping/nmi",
        "/grouping/pair_precision",
        "/grouping/pair_recall",
        "/grouping/coverage",
        "/typing/top1",
        "/typing/top3",
        "/roles/accuracy",
        "/suggestions/precision",
    ] {
        assert!((0.5..=1.0).contains(&number(share)), "{share} of {report:#}");
    }
    for error in ["/calibration/ece", "/calibration/brier"] {
        assert!((0.0..0.5).contains(&number(error)), "{error} of {report:#}");
    }
    let curve = report["learning_curve"].as_array().unwrap();
    let answers: Vec<i64> = curve.iter().map(|step| step["approvals"].as_i64().unwrap()).collect();
    assert_eq!(answers, [0, 1, 2, 3]);
    assert!(curve[3]["labels"].as_i64() > curve[0]["labels"].as_i64(), "{curve:#?}");
    assert!(number("/after_approvals/roles/points") < number("/roles/points"));
    // The last digit depends on the order of adding up.
    let off = role_accuracy(&details) - number("/after_approvals/roles/accuracy");
    assert!(off.abs() < 1e-9, "{off}");
    let after: Vec<_> = fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(after, before);
}

/// Over the points that no answer confirmed.
fn role_accuracy(details: &Path) -> f64 {
    let mut rows = csv::Reader::from_path(details).unwrap();
    let rows = rows.deserialize().map(|row| row.unwrap());
    let open: Vec<HashMap<String, String>> = rows
        .filter(|row: &HashMap<String, String>| row["confirmed"] == "false" && !row["role"].is_empty())
        .collect();
    open.iter().filter(|row| row["role"] == row["proposed_role"]).count() as f64 / open.len() as f64
}

#[test]
fn without_names_numbers_stand_for_them_and_without_samples_names_must_do() {
    let here = tempfile::tempdir().unwrap();
    assert!(naia(here.path(), &["sample-plant", "plant", "--end", "2026-03-09T00:00:00Z"]).success);
    let measured = |input: &str| -> Value {
        let answer = naia(here.path(), &["evaluate", "plant", "--input", input, "--json"]);
        assert!(answer.success, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap()
    };
    let (names, samples) = (measured("names"), measured("samples"));
    let ari = |report: &Value| report["grouping"]["ari"].as_f64().unwrap();
    assert!(ari(&names) > 0.8, "{names:#}");
    assert!(ari(&samples) > 0.2 && ari(&samples) < ari(&names), "{samples:#}");
    assert_eq!(names["after_approvals"], Value::Null);
}

/// Kilns of a make that no library knows, labelled in words of the plant.
fn kilns(dir: &Path, numbers: std::ops::Range<u32>) {
    let parts =
        [("SHL", "shell draught"), ("CLC", "calciner load"), ("SNT", "sinter zone"), ("CLK", "clinker bed")];
    let rows =
        numbers.flat_map(|n| parts.map(|(part, role)| format!("KILN-{n}.{part},K{n},rotary kiln,{role}\n")));
    fs::create_dir(dir).unwrap();
    let header = "name,equipment,equipment_type,role\n".to_owned();
    fs::write(dir.join("points.csv"), header + &rows.collect::<String>()).unwrap();
}

#[test]
fn what_was_answered_at_another_plant_is_seen_on_the_first_day_of_this_one() {
    let here = tempfile::tempdir().unwrap();
    kilns(&here.path().join("north"), 201..205);
    kilns(&here.path().join("south"), 701..705);
    let measured = |more: &[&str]| -> Value {
        let answer = naia(here.path(), &[&["evaluate", "south", "--json"], more].concat());
        assert!(answer.success, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap()
    };
    let alone = measured(&[]);
    assert_eq!(alone["roles"]["accuracy"], 0.0);
    assert_eq!(alone["transferred"], Value::Null);
    let after = measured(&["--transfer-from", "north", "--transfer-approvals", "2"]);
    assert_eq!(after["transferred"]["approvals"], 2, "{after:#}");
    assert_eq!(after["roles"]["accuracy"], 1.0, "{after:#}");
    assert_eq!(after["roles"]["points"], 16);
}

#[test]
fn what_cannot_be_evaluated_is_said() {
    let here = tempfile::tempdir().unwrap();
    fs::create_dir(here.path().join("bare")).unwrap();
    fs::write(here.path().join("bare/points.csv"), "name,unit\nFI-1,bar\n").unwrap();
    let answer = naia(here.path(), &["evaluate", "bare"]);
    assert!(!answer.success && answer.stderr.contains("fill its columns equipment"), "{}", answer.stderr);
    fs::create_dir(here.path().join("plant")).unwrap();
    fs::write(here.path().join("plant/points.csv"), "name,equipment\nFI-1,P-1\n").unwrap();
    fs::write(here.path().join("plant/aliases.csv"), "label,pattern\npump,Pmup\n").unwrap();
    let answer = naia(here.path(), &["evaluate", "plant"]);
    assert!(!answer.success && answer.stderr.contains("no pattern 'Pmup'"), "{}", answer.stderr);
}
