//! `make install` and `make uninstall`.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Machine, installed, run, scratch};

/// Files below a folder, by path from it.
fn files_in(root: &Path) -> BTreeSet<String> {
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => drop(found.insert(path.strip_prefix(root).unwrap().display().to_string())),
            }
        }
    }
    found
}

#[test]
fn all_that_belongs_to_it_is_installed_and_removed_but_for_the_configuration() {
    let _quiet = crate::QUIET.blocking_lock();
    let root = scratch("prefix");
    let destination = [("DESTDIR", root.as_path()), ("PREFIX", Path::new("/opt/naia"))];
    fs::create_dir_all(root.join("etc/naia")).unwrap();
    fs::write(root.join("etc/naia/naia.toml"), "# mine\n").unwrap();
    run("make", &["install"], &destination);

    let files = files_in(&root);
    for file in [
        "opt/naia/bin/naia",
        "opt/naia/bin/naia-pattern-api",
        "opt/naia/bin/naia-pattern-worker",
        "opt/naia/lib/systemd/system/naia-.service.d/naia.conf",
        "opt/naia/lib/systemd/system/naia-migrate.service",
        "opt/naia/lib/systemd/system/naia-pattern-worker@.service",
        "opt/naia/share/bash-completion/completions/naia",
        "opt/naia/share/doc/naia-patterns/LICENSE",
        "opt/naia/share/doc/naia-patterns/installation.md",
        "opt/naia/share/fish/vendor_completions.d/naia-pattern-api.fish",
        "opt/naia/share/man/man1/naia-pattern-worker.1",
        "opt/naia/share/man/man1/naia-keys-create.1",
        "opt/naia/share/zsh/site-functions/_naia",
        "usr/lib/debug/opt/naia/bin/naia.debug",
    ] {
        assert!(files.contains(file), "no {file} in {files:#?}");
    }
    let unit = fs::read_to_string(root.join("opt/naia/lib/systemd/system/naia-pattern-api.service")).unwrap();
    assert!(unit.contains("ExecStart=/opt/naia/bin/naia-pattern-api --config /etc/naia/naia.toml"), "{unit}");
    assert!(unit.contains("/opt/naia/share/doc/naia-patterns/installation.md"), "{unit}");
    assert_eq!(fs::read_to_string(root.join("etc/naia/naia.toml")).unwrap(), "# mine\n");
    let credentials = fs::metadata(root.join("etc/naia/credentials")).unwrap();
    assert_eq!(credentials.permissions().mode() & 0o777, 0o700);

    run("make", &["uninstall"], &destination);
    assert_eq!(files_in(&root), BTreeSet::from(["etc/naia/naia.toml".to_owned()]));
}

#[test]
fn both_services_take_the_configuration_that_is_installed_as_it_is_and_with_every_key_it_shows() {
    let _quiet = crate::QUIET.blocking_lock();
    let installed = installed();
    let example = fs::read_to_string(installed.join("etc/naia/naia.toml")).unwrap();
    let is_key = |line: &str| line.contains(" = ");
    let shown: Vec<&str> = example
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_key(rest)).unwrap_or(line))
        .collect();
    let folder = scratch("example");
    let (as_it_is, all) = (folder.join("naia.toml"), folder.join("all.toml"));
    fs::write(&as_it_is, &example).unwrap();
    fs::write(&all, shown.join("\n")).unwrap();
    for program in ["naia-pattern-worker", "naia-pattern-api"] {
        let dump = |file: Option<&Path>| {
            let mut command = Command::new(installed.join("usr/bin").join(program));
            command.arg("--dump-config").args(file.map(|_| "--config")).args(file);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let defaults = dump(None);
        assert_eq!(dump(Some(&as_it_is)), defaults);
        // What it shows is the default, but for the examples of librdkafka's properties.
        let shown: Vec<String> = dump(Some(&all)).lines().map(str::to_owned).collect();
        let examples = ["\"security.protocol\"", "\"sasl.", "[kafka.options]"];
        let is_example = |line: &&String| examples.iter().any(|example| line.starts_with(example));
        let of_all: Vec<&String> =
            shown.iter().filter(|line| !is_example(line) && !line.is_empty()).collect();
        let of_none: Vec<String> = defaults.lines().map(str::to_owned).collect();
        let of_none: Vec<&String> =
            of_none.iter().filter(|line| !is_example(line) && !line.is_empty()).collect();
        assert_eq!(of_all, of_none, "{program}");
    }
}

#[tokio::test]
async fn a_panic_of_a_stripped_program_names_its_source_with_the_debug_information_beside_it() {
    let _quiet = crate::QUIET.lock().await;
    let root = installed();
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    assert!(size(&root.join("usr/bin/naia")) * 2 < size(Path::new(env!("CARGO_BIN_EXE_naia"))));
    let machine = Machine::boot(root).await;
    // println! panics where what it prints does not fit.
    let panic = "RUST_BACKTRACE=1 naia library lint 2>&1 >/dev/full";
    let told = machine.says(panic).await.stdout;
    assert!(told.contains("pattern-cli/src/library/mod.rs:"), "{told}");
    let without = machine.says(&format!("rm /usr/lib/debug/usr/bin/naia.debug; {panic}")).await.stdout;
    assert!(without.contains("panicked at") && !without.contains("pattern-cli/src/"), "{without}");
}
