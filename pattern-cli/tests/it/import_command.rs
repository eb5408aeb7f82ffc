use pattern_cli::stack_file::StackFile;
use pattern_embedded::testing::TestDatabase;
use std::fs;

use crate::support::naia;

#[tokio::test]
async fn import_finds_the_stack_of_the_data_folder_and_reports_rejects_as_a_success() {
    let database = TestDatabase::create().await;
    let here = tempfile::tempdir().unwrap();
    let data_dir = here.path().join("data");
    let plant = here.path().join("north");
    fs::create_dir(&data_dir).unwrap();
    fs::create_dir(&plant).unwrap();
    fs::write(plant.join("points.csv"), "name,unit\nA,psi\n,bar\n").unwrap();
    let stack = StackFile {
        pid: std::process::id(),
        api: String::new(),
        kafka: String::new(),
        postgres: database.url.clone(),
    };
    stack.write(&data_dir).unwrap();

    let output = naia(here.path(), &["import", "north", "--data-dir", "data"]);
    assert!(output.success, "{}", output.stderr);
    let said = &output.stdout;
    assert!(said.contains("data source north"), "{said}");
    assert!(said.contains("1 new, 0 changed, 0 unchanged, 1 rejected"), "{said}");
    assert!(said.contains("north-rejects.csv"), "{said}");
    let rejects = fs::read_to_string(here.path().join("north-rejects.csv")).unwrap();
    assert!(rejects.contains("points.csv,3,name is empty"), "{rejects}");
    assert!(!plant.join("north-rejects.csv").exists());
}

#[test]
fn import_without_a_stack_says_what_to_do() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("points.csv"), "name\nA\n").unwrap();
    let output = naia(here.path(), &["import", ".", "--data-dir", "nothing"]);
    assert!(!output.success);
    assert!(output.stderr.contains("start one with `naia up`"), "{}", output.stderr);
}

#[test]
fn import_into_a_database_that_is_away_fails_and_says_so() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("points.csv"), "name\nA\n").unwrap();
    // Port 1 is never served.
    let output = naia(here.path(), &["import", ".", "--postgres", "postgres://nobody@127.0.0.1:1/none"]);
    assert!(!output.success);
    assert!(output.stderr.contains("database can not be used"), "{}", output.stderr);
}
