//! What docker-compose.yml tells our programs is what they take. Docker itself does not run here.

use serde_yaml_ng::{Mapping, Value};
use std::{fs, path::Path};
use tokio::process::Command;

use crate::program::naia;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project")
}

/// The services that run our image, by name.
fn services() -> Vec<(String, Mapping)> {
    let text = fs::read_to_string(root().join("docker-compose.yml")).expect("the file");
    let mut file: Value = serde_yaml_ng::from_str(&text).expect("YAML");
    file.apply_merge().expect("merges");
    let all = file["services"].as_mapping().expect("services");
    let ours =
        |service: &Value| service["image"].as_str().is_some_and(|image| image.starts_with("naia-patterns:"));
    all.iter()
        .filter(|(_, service)| ours(service))
        .map(|(name, service)| {
            (name.as_str().expect("a name").to_owned(), service.as_mapping().expect("a service").clone())
        })
        .collect()
}

fn words(value: &Value) -> Vec<&str> {
    value.as_sequence().into_iter().flatten().map(|word| word.as_str().expect("a text")).collect()
}

/// With the default in place of a variable: `${NAME:-default}`.
fn plain(text: &str) -> String {
    let Some((before, rest)) = text.split_once("${") else { return text.to_owned() };
    let (variable, after) = rest.split_once('}').expect("it is closed");
    let (_, default) = variable.split_once(":-").expect("a default");
    format!("{before}{default}{}", plain(after))
}

/// A program with nothing but the environment of a service; its secrets are files in `secrets`.
fn program(name: &str, service: &Mapping, secrets: &Path) -> Command {
    let mut command = naia(&[]).as_std().get_program().to_owned();
    if name != "naia" {
        command = Path::new(&command).with_file_name(name).into_os_string();
    }
    let mut command = Command::new(command);
    command.env_clear();
    for (name, value) in service["environment"].as_mapping().expect("an environment") {
        let value = plain(value.as_str().expect("a text"));
        let value = value.replace("/run/secrets", secrets.to_str().expect("a path"));
        command.env(name.as_str().expect("a name"), value);
    }
    command
}

#[tokio::test]
async fn every_variable_and_every_command_of_the_compose_file_is_one_that_the_program_takes() {
    let secrets = tempfile::tempdir().expect("folder");
    fs::write(secrets.path().join("postgres_url"), "postgres://naia:x@postgres/naia").expect("a secret");
    let services = services();
    let names: Vec<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["migrate", "worker", "api", "naia"]);
    for (name, service) in &services {
        let command: Vec<&str> = words(service.get("entrypoint").unwrap_or(&Value::Null))
            .into_iter()
            .chain(words(&service["command"]))
            .collect();
        let mut asked = program(command[0], service, secrets.path());
        asked.args(&command[1..]);
        asked.arg(if command[0] == "naia" { "--help" } else { "--dump-config" });
        let output = asked.output().await.expect("it starts");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        if let Some(test) = service["healthcheck"].get("test") {
            let test = words(test);
            assert_eq!(test[..3], ["CMD", "naia", "health"], "{name} needs no shell");
            let output = naia(&test[2..]).output().await.expect("it starts");
            let problem = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(problem.contains("does not answer"), "{name}: {problem}");
        }
    }
}

#[test]
fn our_containers_are_nobody_and_change_nothing() {
    for (name, service) in services() {
        assert_eq!(service["user"].as_str(), Some("65532:65532"), "{name}");
        assert_eq!(service["read_only"].as_bool(), Some(true), "{name}");
        assert_eq!(words(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(words(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
    }
}
