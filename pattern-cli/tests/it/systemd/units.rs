//! What systemd thinks of the units.

use std::fs;

use super::{Machine, installed, project};

const UNITS: &str = "naia-pattern-worker.service naia-pattern-worker@2.service naia-pattern-api.service \
                     naia-migrate.service";

#[tokio::test]
async fn every_unit_is_free_of_faults_and_can_do_little_harm() {
    let _quiet = crate::QUIET.lock().await;
    let machine = Machine::boot(installed()).await;
    let faults = machine.says(&format!("systemd-analyze verify {UNITS} 2>&1")).await;
    assert!(faults.success && faults.stdout.is_empty(), "{}", faults.stdout);
    for unit in UNITS.split_whitespace() {
        // In tenths. Of the whole, 1.1 is network, sockets and the root folder, which the services need.
        let look = format!(
            "systemd-analyze security --no-pager --offline=true --threshold=20 /usr/lib/systemd/system/{unit}"
        );
        let exposure = machine.does(&look).await;
        let overall = exposure.lines().find(|line| line.contains("Overall exposure level")).expect("a level");
        println!("{overall}");
    }
}

/// They are two files, since a template alone cannot be started without a number.
#[test]
fn one_more_worker_is_a_worker_with_a_number() {
    let _quiet = crate::QUIET.blocking_lock();
    let unit = |name: &str| fs::read_to_string(project().join("systemd").join(name)).unwrap();
    let template = unit("naia-pattern-worker@.service");
    let numbered = |line: &&str| line.contains("%i:9464") || line.contains("%H-%i") || line.contains("@254");
    let without_number: Vec<&str> = template.lines().filter(|line| !numbered(line)).collect();
    let without_number = without_number.join("\n").replace("worker %i", "worker") + "\n";
    assert_eq!(without_number, unit("naia-pattern-worker.service"));
}
