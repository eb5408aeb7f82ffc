use pattern_core::library::{builtin, lint, parse, to_toml};

#[test]
fn the_shipped_library_has_nothing_to_complain_about() {
    let patterns = builtin();
    let problems: Vec<String> = lint(&patterns).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(patterns.len() >= 30, "{} patterns", patterns.len());
    for name in
        ["Centrifugal Pump", "AHU", "VAV", "FCU", "Chiller", "Boiler", "Cooling Tower", "Yaw Misalignment"]
    {
        assert!(patterns.iter().any(|p| p.name == name), "{name} is missing");
    }
}

#[test]
fn what_is_written_reads_back_the_same() {
    let patterns = builtin();
    assert_eq!(parse(&to_toml(&patterns), "export").unwrap(), patterns);
}

const BROKEN: &str = r#"
[[pattern]]
name = "Mill"
category = "Mill"
confidence = 0.7
roles = [
    { name = "Power", required = true, unit = "kWatts", min = 10.0, max = 2.0 },
    { name = "power", words = [" "] },
]
"#;

#[test]
fn lint_names_pattern_role_and_what_to_do() {
    let problems = lint(&parse(BROKEN, "mill.toml").unwrap());
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in
        ["unit 'kWatts' is not known", "min 10 is not below max 2", "occurs twice", "empty phrase"]
    {
        let found = text.iter().find(|t| t.contains(expected));
        let found = found.unwrap_or_else(|| panic!("no '{expected}' in {text:?}"));
        assert!(found.contains("'Mill'") && found.to_lowercase().contains("role 'power'"), "{found}");
    }
}

#[test]
fn a_file_that_can_not_be_read_is_named_with_its_line() {
    let error = parse("[[pattern]]\nname = \"Mill\"\nweigth = 3\n", "mine.toml").unwrap_err();
    assert_eq!(error.origin, "mine.toml");
    assert!(error.to_string().contains("line") && error.to_string().contains("weigth"), "{error}");
}
