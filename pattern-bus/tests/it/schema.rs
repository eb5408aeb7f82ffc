use pattern_bus::datapoints::record_schema;
use std::{fs, path::Path};

/// Run the test with NAIA_UPDATE_SCHEMAS=1 to write the file anew.
#[test]
fn the_published_schema_of_a_datapoints_record_is_the_one_of_the_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas/naia.datapoints.json");
    let schema = record_schema().unwrap();
    if std::env::var_os("NAIA_UPDATE_SCHEMAS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, serde_json::to_string_pretty(&schema).unwrap() + "\n").unwrap();
    }
    let text = fs::read_to_string(&file).expect("docs/schemas/naia.datapoints.json is checked in");
    let published: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(published, schema, "the types have changed: run this test with NAIA_UPDATE_SCHEMAS=1");
}
