use pattern_embedded::DataDir;

#[test]
fn a_second_stack_on_one_folder_is_refused_and_told_who_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = DataDir::open(folder.path()).unwrap();

    let refused = DataDir::open(folder.path()).unwrap_err().to_string();
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");

    drop(first);
    DataDir::open(folder.path()).unwrap();
}
