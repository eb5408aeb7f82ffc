//! The Debian package, from its installation to its purge.

use std::path::PathBuf;

use super::{run, scratch, services::Site};

/// Files and folders of a machine that are ours.
const OURS: &str = "find /usr /etc -xdev -name '*naia*' -not -path '/usr/src/*'";

/// The folder with the package as `name`, made of what the tests are built of.
fn package() -> PathBuf {
    let layer = scratch("package");
    run("scripts/deb.sh", &["--fast", "--no-dbgsym"], &[("OUTPUT", &layer)]);
    layer
}

#[tokio::test]
async fn the_package_is_installed_serves_survives_an_upgrade_and_is_purged_without_a_trace() {
    let _quiet = crate::QUIET.lock().await;
    let layer = package();
    let site = Site::on(&layer).await;
    let machine = &site.machine;
    let before = machine.does(OURS).await;
    let lint = machine.does("lintian --allow-root --fail-on error /naia-patterns_*.deb").await;
    println!("{lint}");

    machine.does("dpkg --install /naia-patterns_*.deb").await;
    let depends = machine.does("dpkg-query --show --showformat '${Depends}' naia-patterns").await;
    for library in ["libc6 ", "libssl3", "libcurl4"] {
        assert!(depends.contains(library), "{depends}");
    }
    let conffiles = machine.does("dpkg-query --show --showformat '${Conffiles}' naia-patterns").await;
    assert!(
        conffiles.trim().starts_with("/etc/naia/naia.toml ") && conffiles.trim().lines().count() == 1,
        "{conffiles}"
    );
    assert_eq!(machine.does("stat -c '%a %U' /etc/naia/credentials").await, "700 root\n");
    let on = machine.does("systemctl list-unit-files 'naia-*' --state enabled --no-legend; systemctl list-units 'naia-*' --no-legend").await;
    assert_eq!(on, "", "nothing is enabled, and nothing runs");
    machine.does("zcat /usr/share/man/man1/naia-dlq-list.1.gz | grep -q after").await;
    machine.does("test -f /usr/share/bash-completion/completions/naia && test -f /usr/share/zsh/vendor-completions/_naia").await;

    site.configure().await;
    machine.does("systemctl enable --now naia-migrate naia-pattern-worker naia-pattern-api").await;
    site.is_up().await;
    let pid = machine.property("naia-pattern-api", "MainPID").await;
    let configured = machine.does("cat /etc/naia/naia.toml").await;
    machine.does("dpkg --install /naia-patterns_*.deb").await;
    assert_eq!(machine.does("cat /etc/naia/naia.toml").await, configured);
    assert_eq!(machine.property("naia-pattern-api", "MainPID").await, pid, "an upgrade restarts nothing");
    machine.does("systemctl restart naia-migrate && systemctl try-restart 'naia-pattern-*'").await;
    assert_ne!(machine.property("naia-pattern-api", "MainPID").await, pid);
    site.is_up().await;

    machine.does("dpkg --remove naia-patterns").await;
    assert_eq!(
        machine.does("systemctl list-units 'naia-*' --state active --no-legend; pgrep naia- || true").await,
        ""
    );
    machine.does("test -f /etc/naia/credentials/postgres-url && test -f /etc/naia/naia.toml").await;
    machine.does("dpkg --purge naia-patterns").await;
    assert_eq!(machine.does(OURS).await, before);
}
