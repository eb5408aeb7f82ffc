//! `naia restored` as a program.

use pattern_embedded::testing::TestDatabase;
use pattern_store::Store;

use crate::program::naia;

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_dump_is_announced_and_the_stream_begins_anew() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 2).unwrap();
    let unknown = naia(&["restored", "--postgres", &database.url]).output().await.unwrap();
    let problem = String::from_utf8(unknown.stderr).unwrap();
    assert!(!unknown.status.success() && problem.contains("--run-migrations"), "{problem}");

    store.migrate().await.unwrap();
    let before = store.stream_top().await.unwrap().position;
    let output = naia(&["restored", "--postgres", &database.url]).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let after = store.stream_top().await.unwrap().position;
    assert_ne!(before.epoch, after.epoch);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said,
        format!("the event stream begins anew at {after}; browsers and other clients load again\n")
    );
}
