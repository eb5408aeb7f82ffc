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
    for (written, meant) in [
        ("NAIA_WROKER__CONCURRENCY", "NAIA_WORKER__CONCURRENCY"),
        ("NAIA_WORKER__CONCURENCY", "NAIA_WORKER__CONCURRENCY"),
        ("NAIA_WORKER_CONCURRENCY", "NAIA_WORKER__CONCURRENCY"),
        ("NAIA_API__LISTN", "NAIA_API__LISTEN"),
    ] {
        let problem = refused(dump(&[], &[(written, "8")]));
        assert!(problem.contains(&format!("{written}: ")) && problem.contains(meant), "{problem}");
    }
}

#[test]
fn the_password_of_kafka_is_one_option_however_the_variable_is_written_and_is_not_shown() {
    for name in ["NAIA_KAFKA__OPTIONS__SASL.PASSWORD", "NAIA_KAFKA__OPTIONS__SASL_PASSWORD"] {
        let text = accepted(dump(&[], &[(name, "hidden"), ("NAIA_KAFKA__OPTIONS__LINGER.MS", "50")]));
        assert!(text.contains("\"sasl.password\" = \"***\"") && !text.contains("hidden"), "{text}");
        assert!(text.contains("\"linger.ms\" = \"50\""), "{text}");
    }
}

#[test]
fn a_password_of_any_characters_is_not_shown() {
    for url in
        ["postgres://naia:pa%2Fss@db/naia", "postgres://naia:p@ss@db/naia", "postgres://naia:p:ss@db/naia"]
    {
        let text = accepted(dump(&[], &[("NAIA_POSTGRES__URL", url)]));
        assert!(text.contains("postgres://naia:***@db/naia") && !text.contains("ss@"), "{text}");
    }
    let problem = refused(dump(&[], &[("NAIA_POSTGRES__URL", "postgres://naia:pa/ss@db/naia")]));
    assert!(problem.contains("%2F") && !problem.contains("pa/ss"), "{problem}");
}

#[test]
fn an_option_that_kafka_does_not_take_is_named_without_its_value() {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_naia-pattern-worker"));
    let output = worker.env("NAIA_KAFKA__OPTIONS__SASL_PASSWRD", "hidden").output().unwrap();
    let problem = refused(output);
    assert!(problem.contains("sasl.passwrd") && !problem.contains("hidden"), "{problem}");
}

#[test]
fn a_schedule_that_is_not_one_is_refused_in_a_dump_too() {
    let problem = refused(dump(&[], &[("NAIA_SCHEDULE__SEALING", "nightly")]));
    assert!(problem.contains("nightly"), "{problem}");
}
