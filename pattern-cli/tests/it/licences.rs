//! Every dependency has a licence that deny.toml allows.

use serde_json::Value;
use std::{path::Path, process::Command};

fn allowed() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deny.toml");
    let rules: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    let allow = rules["licenses"]["allow"].as_array().unwrap();
    allow.iter().map(|licence| licence.as_str().unwrap().to_owned()).collect()
}

/// Whether the SPDX expression can be met with the allowed licences.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let expression = spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX);
    expression.is_ok_and(|e| e.evaluate(|requirement| allowed.contains(&requirement.to_string())))
}

/// The expression, or the name that the licence file begins with.
fn licence_of(package: &Value) -> String {
    if let Some(expression) = package["license"].as_str() {
        return expression.to_owned();
    }
    let beside = package["manifest_path"].as_str().zip(package["license_file"].as_str());
    let text = beside
        .and_then(|(manifest, file)| std::fs::read_to_string(Path::new(manifest).with_file_name(file)).ok());
    match text.unwrap_or_default().lines().next() {
        Some("MIT License") => "MIT".to_owned(),
        _ => String::new(),
    }
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "only {} packages were looked at", packages.len());

    let allowed = allowed();
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !is_met(&licence_of(package), &allowed))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], licence_of(package)))
        .collect();
    assert!(refused.is_empty(), "not allowed by deny.toml:\n{}", refused.join("\n"));
}

#[test]
fn a_licence_that_is_not_allowed_is_noticed() {
    let allowed = vec!["MIT".to_owned(), "Apache-2.0".to_owned()];
    for (expression, met) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only AND MIT", false),
        ("AGPL-3.0-only", false),
        ("", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}
