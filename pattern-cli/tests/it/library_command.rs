use pattern_embedded::testing::TestDatabase;
use pattern_store::{NewPoint, Store};
use std::fs;

use crate::support::naia;

const PATTERN: &str = r#"
[[pattern]]
name = "Drum Dryer"
category = "Dryer"
confidence = 0.7
keywords = ["dryer"]

[[pattern.roles]]
name = "Drum Speed"
required = true
words = ["drum speed"]
unit = "rpm"
min = 0
max = 20
"#;

#[test]
fn the_shipped_library_has_nothing_to_complain_about() {
    let here = tempfile::tempdir().unwrap();
    let answer = naia(here.path(), &["library", "lint"]);
    assert!(answer.success, "{}", answer.stderr);
    assert!(answer.stdout.contains("nothing to complain about"), "{}", answer.stdout);
}

#[test]
fn lint_names_every_problem_with_its_file_and_role() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("good.toml"), PATTERN).unwrap();
    fs::write(here.path().join("twice.toml"), PATTERN).unwrap();
    fs::write(here.path().join("range.toml"), PATTERN.replace("Drum Dryer", "Other").replace("20", "-5"))
        .unwrap();
    fs::write(here.path().join("typo.toml"), PATTERN.replace("category", "categroy")).unwrap();
    fs::write(here.path().join("notes.txt"), "not looked at").unwrap();
    let answer = naia(here.path(), &["library", "lint", "."]);
    assert!(!answer.success);
    for expected in [
        "3 problems",
        "typo.toml: line 4",
        "twice.toml: pattern 'Drum Dryer': occurs twice, as 'Drum Dryer' in ./good.toml",
        "range.toml: pattern 'Other', role 'Drum Speed': min",
    ] {
        assert!(answer.stderr.contains(expected), "'{expected}' is missing in {}", answer.stderr);
    }
}

#[tokio::test]
async fn loading_twice_changes_nothing_and_export_gives_back_what_was_loaded() {
    let database = TestDatabase::create().await;
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("dryer.toml"), PATTERN).unwrap();
    let load = ["library", "load", "dryer.toml", "--postgres", &database.url];
    let first = naia(here.path(), &load);
    assert!(first.stdout.contains("1 new, 0 changed, 0 unchanged"), "{}{}", first.stdout, first.stderr);
    assert!(naia(here.path(), &load).stdout.contains("0 new, 0 changed, 1 unchanged"));

    let export = naia(here.path(), &["library", "export", "--out", "out", "--postgres", &database.url]);
    assert_eq!(export.stdout.trim(), "out/dryer.toml", "{}", export.stderr);
    let again = naia(here.path(), &["library", "load", "out", "--postgres", &database.url]);
    assert!(again.stdout.contains("0 new, 0 changed, 1 unchanged"), "{}", again.stdout);

    fs::write(here.path().join("dryer.toml"), PATTERN.replace("max = 20", "max = 30")).unwrap();
    assert!(naia(here.path(), &load).stdout.contains("0 new, 1 changed, 0 unchanged"));
}

#[tokio::test]
async fn nothing_is_loaded_of_files_with_a_problem() {
    let database = TestDatabase::create().await;
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a.toml"), PATTERN).unwrap();
    fs::write(here.path().join("b.toml"), "[[pattern]]\nname = \"X\"\n").unwrap();
    let answer = naia(here.path(), &["library", "load", ".", "--postgres", &database.url]);
    assert!(!answer.success);
    assert!(answer.stderr.contains("b.toml"), "{}", answer.stderr);
    let export = naia(here.path(), &["library", "export", "--postgres", &database.url]);
    assert!(!export.stdout.contains("Drum Dryer"), "{}", export.stdout);
}

#[test]
fn shipped_patterns_can_be_written_without_a_database() {
    let here = tempfile::tempdir().unwrap();
    let export = naia(here.path(), &["library", "export", "--shipped", "--out", "patterns"]);
    assert!(export.success, "{}", export.stderr);
    let lint = naia(here.path(), &["library", "lint", "patterns"]);
    assert!(lint.success, "{}", lint.stderr);
}

#[tokio::test]
async fn an_event_that_nothing_can_be_recognised_by_is_loaded_with_a_warning() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 2).unwrap();
    store.migrate().await.unwrap();
    let here = tempfile::tempdir().unwrap();
    let event = r#"
[[pattern]]
kind = "episode"
name = "Compressor trip"
confidence = 0.6
data_source = "north"
within_seconds = 90.0
changes = [
    { point = "K1.SPEED", direction = "down", share = 1.0, after_seconds = 0.0 },
    { point = "K1.FLOW", direction = "down", share = 1.0, after_seconds = 5.0 },
]
"#;
    fs::write(here.path().join("trip.toml"), event).unwrap();
    let load = ["library", "load", "trip.toml", "--postgres", &database.url];
    let nowhere = naia(here.path(), &load);
    assert!(nowhere.success && nowhere.stdout.contains("1 new"), "{}{}", nowhere.stdout, nowhere.stderr);
    assert!(nowhere.stderr.contains("there is no data source 'north'"), "{}", nowhere.stderr);

    store.register_points("north", &[NewPoint::named("K1.SPEED")]).await.unwrap();
    let half = naia(here.path(), &load);
    assert!(half.stderr.contains("'north' has no point K1.FLOW;"), "{}", half.stderr);
    store.register_points("north", &[NewPoint::named("K1.FLOW")]).await.unwrap();
    let whole = naia(here.path(), &load);
    assert_eq!(whole.stderr, "", "{}", whole.stdout);
}
