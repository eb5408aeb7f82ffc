//! What `naia write-manual` writes.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::support::naia;

/// The commands that the help of `naia COMMAND…` lists.
fn commands_of(path: &[String]) -> Vec<String> {
    let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
    arguments.push("--help");
    let help = naia(Path::new("/"), &arguments).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("    "));
    let names = listed.filter_map(|line| line.split_whitespace().next().map(str::to_owned));
    names.filter(|name| name != "help").collect()
}

/// The page of `naia`, of its commands, and of theirs.
fn pages_of(path: &[String]) -> BTreeSet<String> {
    let mut words = vec!["naia".to_owned()];
    words.extend_from_slice(path);
    let mut pages = BTreeSet::from([format!("{}.1", words.join("-"))]);
    for command in commands_of(path) {
        let mut path = path.to_vec();
        path.push(command);
        pages.extend(pages_of(&path));
    }
    pages
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_command_that_help_lists_has_its_page_and_each_shell_completes_every_program() {
    let folder = tempfile::tempdir().unwrap();
    let written = naia(folder.path(), &["write-manual", "."]);
    assert!(written.success, "{}", written.stderr);

    let mut expected = pages_of(&[]);
    assert!(expected.contains("naia-dlq-list.1") && expected.len() > 20, "{expected:?}");
    expected.extend(["naia-pattern-api.1", "naia-pattern-worker.1"].map(str::to_owned));
    let pages = folder.path().join("man1");
    assert_eq!(names_in(&pages), expected);

    let programs = ["naia", "naia-pattern-worker", "naia-pattern-api"];
    let files = programs.iter().flat_map(|of| [format!("{of}.bash"), format!("_{of}"), format!("{of}.fish")]);
    assert_eq!(names_in(&folder.path().join("completions")), files.collect());

    let api = fs::read_to_string(pages.join("naia-pattern-api.1")).unwrap();
    for argument in ["config", "dump\\-config", "with\\-worker", "NAIA_CONFIG"] {
        assert!(api.contains(argument), "no {argument} in {api}");
    }
}

#[test]
fn bash_completes_the_commands_of_naia() {
    let folder = tempfile::tempdir().unwrap();
    assert!(naia(folder.path(), &["write-manual", "."]).success);
    let script = "source completions/naia.bash
        COMP_WORDS=(naia dlq re) COMP_CWORD=2
        _naia naia re dlq
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = Command::new("bash").args(["-c", script]).current_dir(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "redrive", "{output:?}");
}
