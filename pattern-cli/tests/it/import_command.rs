use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pattern_cli::stack_file::StackFile;
use pattern_core::domain::RunStatus;
use pattern_embedded::testing::TestDatabase;
use pattern_store::{Store, jobs::RunFilter};
use std::{fs, path::Path};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use crate::{
    program::{self, TIMEOUT},
    support::naia,
};

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
        api: "http://127.0.0.1:1".into(),
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
    // Port 1 is never served.
    assert!(said.contains("no API answers at http://127.0.0.1:1"), "{said}");
    assert!(said.contains("see http://127.0.0.1:1/?source=north"), "{said}");
    let rejects = fs::read_to_string(here.path().join("north-rejects.csv")).unwrap();
    assert!(rejects.contains("points.csv,3,name is empty"), "{rejects}");
    assert!(!plant.join("north-rejects.csv").exists());
}

/// Imports a point, and answers what was said and which flywheels there are then.
async fn import_a_point(database: &TestDatabase, folder: &Path, more: &[&str]) -> (String, Vec<String>) {
    fs::write(folder.join("points.csv"), "name\nA\n").unwrap();
    let to = ["import", ".", "--data-source", "north", "--postgres", &database.url, "--data-dir", "none"];
    let output = naia(folder, &[&to[..], more].concat());
    assert!(output.success, "{}", output.stderr);
    let store = Store::connect_lazy(&database.url, 2).unwrap();
    let flywheels = RunFilter { job: Some("flywheel".into()), limit: 10, ..RunFilter::default() };
    let runs = store.job_runs(&flywheels).await.unwrap();
    let waiting =
        runs.iter().filter(|run| run.status == RunStatus::Running || run.status == RunStatus::Queued);
    let said = |run: &pattern_core::domain::JobRun| {
        format!("{} by {}", run.data_source.as_deref().unwrap_or("all"), run.triggered_by)
    };
    (output.stdout, waiting.map(said).collect())
}

#[tokio::test]
async fn imports_queue_one_flywheel_and_say_what_is_missing_to_see_it() {
    let (database, here) = (TestDatabase::create().await, tempfile::tempdir().unwrap());
    let (said, runs) = import_a_point(&database, here.path(), &["--no-run"]).await;
    assert_eq!(runs, [""; 0]);
    assert!(!said.contains("flywheel"), "{said}");
    for _ in 0..2 {
        let (said, runs) = import_a_point(&database, here.path(), &[]).await;
        assert_eq!(runs, ["north by import"]);
        for says in ["the flywheel is queued for north", "`naia status --api URL`", "warning: no worker runs"]
        {
            assert!(said.contains(says), "'{said}' should say '{says}'");
        }
    }
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
    assert!(output.stderr.contains("database cannot be used"), "{}", output.stderr);
}

#[test]
fn a_dry_run_needs_no_database_and_shows_everything_that_is_wrong_at_once() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("points.csv"), "name,unit,unit\nA,psi,bar\n").unwrap();
    fs::write(here.path().join("samples.csv"), "TS;TAG;VALUE\n20.11.2026 00:00;A;1,5\n").unwrap();
    let wrong = naia(here.path(), &["import", ".", "--dry-run"]);
    assert!(!wrong.success);
    for says in ["2 things stand against it", "'unit' twice", "--timezone"] {
        assert!(wrong.stderr.contains(says), "'{}' should say '{says}'", wrong.stderr);
    }
    assert!(wrong.stdout.contains("samples.csv: one row per sample"), "{}", wrong.stdout);
}

#[test]
fn a_dry_run_shows_rows_as_understood_and_saves_how_they_are_read() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("x.csv"), "when;TAG;reading (bar)\n03/02/2026 10:00 AM;A;1,5\n").unwrap();
    let arguments = ["import", ".", "--dry-run", "--columns", "timestamp=when", "--timezone", "Europe/Oslo"];
    let shown = naia(here.path(), &[&arguments[..], &["--save-mapping"]].concat());
    assert!(shown.success, "{}", shown.stderr);
    for says in [
        "semicolons, decimal comma; timestamp = when, name = TAG, value = reading (bar); dates month first; times of Europe/Oslo",
        "line 2: 2026-03-02T09:00:00Z | A | 1.5 | good",
        "nothing was stored",
        "1 good, 0 uncertain, 0 bad",
    ] {
        assert!(shown.stdout.contains(says), "'{}' should say '{says}'", shown.stdout);
    }
    let again = naia(here.path(), &["import", ".", "--dry-run"]);
    assert!(again.success, "{}", again.stderr);
    assert!(again.stdout.contains("line 2: 2026-03-02T09:00:00Z | A | 1.5 | good"), "{}", again.stdout);
}

#[test]
fn folders_in_the_folder_are_read_and_told() {
    let here = tempfile::tempdir().unwrap();
    for device in ["AHU-1", "AHU-2"] {
        fs::create_dir(here.path().join(device)).unwrap();
        let samples = "time,SAT,RAT\n2026-11-20T00:00:00Z,1,2\n2026-11-20T00:05:00Z,3,4\n";
        fs::write(here.path().join(device).join("data.csv"), samples).unwrap();
        fs::write(here.path().join(device).join("manual.pdf"), "x").unwrap();
    }
    let shown = naia(here.path(), &["import", ".", "--dry-run"]);
    assert!(shown.success, "{}", shown.stderr);
    for says in [
        "points   4 new",
        "folders  2 (AHU-1, AHU-2), the path of 4 points",
        "2026-11-20T00:00:00Z | AHU-1/SAT | 1",
        "no table, workbook or archive: AHU-1/manual.pdf, AHU-2/manual.pdf",
        "have the same names at the same times",
    ] {
        assert!(shown.stdout.contains(says), "'{}' should say '{says}'", shown.stdout);
    }
}

#[test]
fn nothing_of_a_file_reaches_the_terminal_as_it_is() {
    let here = tempfile::tempdir().unwrap();
    let red = "\u{1b}[31m";
    let samples = format!(
        "timestamp,name,value,quality,no{red}te\n2026-11-20T00:00:00Z,A,o{red}n,192,x\n2026-11-20T00:00:00Z,B{red},1,odd{red},x\nnow{red},A,1,192,x\n"
    );
    fs::write(here.path().join(format!("sam{red}\nples.csv")), samples).unwrap();
    fs::write(
        here.path().join("points.csv"),
        format!("name,unit,description\nA,psi{red},{}\n", "x".repeat(5000)),
    )
    .unwrap();
    let shown = naia(here.path(), &["import", ".", "--dry-run", "--data-source", &format!("north{red}")]);
    fs::write(here.path().join("import.toml"), format!("{red}{}", "x".repeat(100_000))).unwrap();
    let refused = naia(here.path(), &["import", ".", "--dry-run"]);
    assert!(shown.success && !refused.success, "{}", shown.stderr);
    for said in [&shown.stdout, &shown.stderr, &refused.stderr] {
        assert!(!said.contains('\u{1b}') && said.lines().all(|line| line.len() < 1500), "{said}");
    }
    assert!(shown.stdout.contains("sam\\u{1b}[31m\\nples.csv"), "{}", shown.stdout);
}

#[tokio::test]
async fn a_reading_of_many_gigabytes_ends_at_a_signal_and_leaves_nothing_behind() {
    let here = tempfile::tempdir().unwrap();
    // A frame of zst unpacks to 10 MB, and so do the thousand others.
    let rows = "yesterday,A,1\n".to_owned() + &"2026-11-20T00:00:00Z,A,1\n".repeat(400_000);
    let frame = zstd::encode_all(rows.as_bytes(), 1).unwrap();
    let head = zstd::encode_all(&b"timestamp,name,value\n"[..], 1).unwrap();
    let plant = here.path().join("plant");
    let temporary = here.path().join("tmp");
    fs::create_dir(&plant).unwrap();
    fs::create_dir(&temporary).unwrap();
    fs::write(plant.join("samples.csv.zst"), [head, frame.repeat(1000)].concat()).unwrap();
    let mut command = program::naia(&["import", "plant", "--dry-run"]);
    let mut child = command.current_dir(here.path()).env("TMPDIR", &temporary).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap().unwrap();
    assert!(first.starts_with("samples.csv.zst: "), "{first}");
    kill(Pid::from_raw(child.id().unwrap() as i32), Signal::SIGTERM).unwrap();
    let mut said = String::new();
    while let Some(line) = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap() {
        said = line;
    }
    assert!(!timeout(TIMEOUT, child.wait()).await.unwrap().unwrap().success());
    assert_eq!(said, "naia: stopped while reading plant");
    let left: Vec<_> = fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.len() == 2 && fs::read_dir(&temporary).unwrap().count() == 0, "{left:?}");
}

#[test]
fn rejected_rows_are_not_written_over_what_is_read() {
    let here = tempfile::tempdir().unwrap();
    let file = here.path().join("a.csv");
    let rows = "timestamp,name,value\nsoon,A,1\n2026-03-02T00:00:00Z,A,1\n";
    fs::write(&file, rows).unwrap();
    let refused = naia(here.path(), &["import", "a.csv", "--dry-run", "--rejects", "a.csv"]);
    assert!(!refused.success && refused.stderr.contains("would overwrite a.csv"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), rows);
}
