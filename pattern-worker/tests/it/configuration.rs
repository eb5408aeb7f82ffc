//! The worker as a program: what configures it.

use std::{
    fs,
    process::{Command, Output},
};

fn dump(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_naia-pattern-worker"));
    worker.arg("--dump-config").args(arguments).envs(variables.iter().copied()).output().unwrap()
}

fn accepted(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(output: Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn variables_that_look_like_numbers_name_a_worker_and_a_group() {
    let text = accepted(dump(&[], &[("WORKER_ID", "1.50"), ("NAIA_KAFKA__GROUP_ID", "007")]));
    assert!(text.contains("id = \"1.50\"") && text.contains("group_id = \"007\""), "{text}");
}

#[test]
fn variables_win_over_the_file_and_secrets_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("naia.toml");
    fs::write(
        &file,
        "[postgres]\nurl = \"postgres://db/naia?password=hidden\"\n[worker]\nconcurrency = 2\nmax_attempts = 3\n",
    )
    .unwrap();
    let text = accepted(dump(&["--config", file.to_str().unwrap()], &[("NAIA_WORKER__CONCURRENCY", "8")]));
    assert!(text.contains("concurrency = 8") && text.contains("max_attempts = 3"), "{text}");
    assert!(text.contains("password=***") && !text.contains("hidden"), "{text}");
}

#[test]
fn options_of_librdkafka_are_taken_by_their_own_names_and_secrets_in_them_are_masked() {
    let options = r#"{"linger.ms" = 50, "sasl.mechanism" = "PLAIN", "sasl.password" = "hidden"}"#;
    let text = accepted(dump(&[], &[("NAIA_KAFKA__OPTIONS", options)]));
    assert!(text.contains("\"linger.ms\" = \"50\"") && text.contains("= \"PLAIN\""), "{text}");
    assert!(!text.contains("hidden"), "{text}");
}

#[test]
fn variables_of_the_api_are_passed_over_and_misspelt_ones_are_refused() {
    accepted(dump(&[], &[("NAIA_API__LISTEN", "127.0.0.1:7")]));
    let problem = refused(dump(&[], &[("NAIA_WROKER__CONCURRENCY", "8")]));
    assert!(problem.contains("wroker"), "{problem}");
    let problem = refused(dump(&[], &[("NAIA_WORKER__CONCURENCY", "8")]));
    assert!(problem.contains("concurency"), "{problem}");
}

#[test]
fn a_schedule_that_is_not_one_is_refused_in_a_dump_too() {
    let problem = refused(dump(&[], &[("NAIA_SCHEDULE__SEALING", "nightly")]));
    assert!(problem.contains("nightly"), "{problem}");
}
