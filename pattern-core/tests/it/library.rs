use pattern_core::{
    library::{EquipmentPattern, RoleSpec, builtin, builtin_of, lint, parse, to_toml},
    units,
};

#[test]
fn the_shipped_library_has_nothing_to_complain_about() {
    let patterns = builtin();
    let problems: Vec<String> = lint(&patterns).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    for name in ["AHU", "VAV", "FCU", "Chiller", "Boiler", "Cooling Tower"] {
        assert!(patterns.iter().any(|p| p.name() == name), "{name} is missing");
    }
}

/// The patterns of equipment that users know from before, with the roles, ranges and weights they had there.
#[test]
fn the_known_patterns_have_their_roles_ranges_and_weights() {
    let patterns = builtin_of::<EquipmentPattern>();
    let mut reader = csv::Reader::from_reader(include_str!("../data/seeded_library.csv").as_bytes());
    let mut rows = 0;
    for row in reader.deserialize::<Known>() {
        let known = row.expect("row");
        let pattern = patterns.iter().find(|p| p.name == known.pattern).expect(&known.pattern);
        assert_eq!((pattern.category.as_str(), pattern.confidence), (&*known.category, known.confidence));
        let of = |role: &RoleSpec| {
            (role.name.clone(), role.required, role.weight, range_in(role, known.unit.as_deref()))
        };
        let role = pattern.roles.iter().find(|r| r.name == known.role).map(of);
        let range = Some(format!("{:.3}..{:.3}", known.min, known.max));
        let expected = (known.role.clone(), known.required == "yes", known.weight, range);
        assert_eq!(role, Some(expected), "{}", known.pattern);
        rows += 1;
    }
    assert_eq!(rows, 107);
}

#[derive(serde::Deserialize)]
struct Known {
    pattern: String,
    category: String,
    confidence: f64,
    role: String,
    required: String,
    min: f64,
    max: f64,
    unit: Option<String>,
    weight: f64,
}

fn range_in(role: &RoleSpec, unit: Option<&str>) -> Option<String> {
    let convert = |value: f64| match (role.unit.as_deref(), unit) {
        (Some(own), Some(unit)) => units::parse(own)?.convert(value, units::parse(unit)?),
        _ => Some(value),
    };
    Some(format!("{:.3}..{:.3}", convert(role.min?)?, convert(role.max?)?))
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
    { name = "power", words = [" "], update_seconds = 0.0, unit = "kW", min = nan, max = 1.0 },
    { name = "POWER", min = 1.0, max = 2.0 },
]
"#;

#[test]
fn lint_names_pattern_role_and_what_to_do() {
    let problems = lint(&parse(BROKEN, "mill.toml").unwrap());
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in [
        "unit 'kWatts' is not known",
        "min 10 is not below max 2",
        "occurs twice",
        "empty phrase",
        "is not above 0",
        "no finite number",
        "a range without a unit",
    ] {
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

/// A mistake in a pattern's kind, or in what its kind says, is found where it is read.
#[test]
fn a_kind_that_does_not_exist_or_whose_body_it_is_not_is_refused_by_file_pattern_and_field() {
    let of = |text: &str| parse(text, "mine.toml").unwrap_err().to_string();
    let entry =
        |more: &str| format!("[[pattern]]\nname = \"Mill\"\ncategory = \"Mill\"\nconfidence = 0.7\n{more}\n");
    let unknown = of(&entry("kind = \"machine\"\nroles = []"));
    for part in ["mine.toml", "line 5", "'Mill'", "'machine'", "equipment"] {
        assert!(unknown.contains(part), "no {part} in: {unknown}");
    }
    let foreign = of(&entry("roles = []\nwithin_seconds = 60.0"));
    for part in ["mine.toml", "line 6", "'Mill'", "within_seconds", "of kind equipment"] {
        assert!(foreign.contains(part), "no {part} in: {foreign}");
    }
    assert!(of(&entry("kind = 3")).contains("line 5: pattern 'Mill': kind is no text"));
    assert!(of("[[patern]]\nname = \"Mill\"\n").contains("'patern' is no part of a library"));
}
