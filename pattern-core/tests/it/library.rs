use pattern_core::{
    library::{
        EquipmentPattern, LibraryError, PatternSpec, RoleSpec, Written, builtin, builtin_of, lint, parse,
        shipped, to_toml,
    },
    units,
};

#[test]
fn the_shipped_library_has_nothing_to_complain_about() {
    let patterns = builtin();
    let problems: Vec<String> = lint(&shipped()).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    for name in ["AHU", "VAV", "FCU", "Chiller", "Boiler", "Cooling Tower"] {
        assert!(patterns.iter().any(|p| p.name() == name), "{name} is missing");
    }
}

/// What is written without a mistake.
fn good(text: &str, origin: &str) -> Vec<Written> {
    let (written, errors) = parse(text, origin);
    assert!(errors.is_empty(), "{errors:?}");
    written
}

fn bad(text: &str) -> Vec<LibraryError> {
    let errors = parse(text, "mine.toml").1;
    assert!(!errors.is_empty(), "nothing is wrong");
    errors
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
    let read: Vec<PatternSpec> =
        good(&to_toml(&patterns), "export").into_iter().map(|one| one.spec).collect();
    assert_eq!(read, patterns);
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
    let problems = lint(&good(BROKEN, "mill.toml"));
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
        assert!(
            found.starts_with("mill.toml: pattern 'Mill'") && found.to_lowercase().contains("role 'power'"),
            "{found}"
        );
    }
}

#[test]
fn a_file_that_can_not_be_read_is_named_with_its_line() {
    let error = bad("[[pattern]]\nname = \"Mill\"\nweigth = 3\n").remove(0);
    assert_eq!(error.origin, "mine.toml");
    assert!(error.to_string().contains("line") && error.to_string().contains("weigth"), "{error}");
}

/// A mistake in a pattern's kind, or in what its kind says, is found where it is read.
#[test]
fn a_kind_that_does_not_exist_or_whose_body_it_is_not_is_refused_by_file_pattern_and_field() {
    let of = |text: &str| bad(text).remove(0).to_string();
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

#[test]
fn everything_that_cannot_be_read_is_said_at_once_by_line_pattern_and_role() {
    let text = r#"
[[pattern]]
name = "Mill"
category = "Mill"
confidence = 0.7
[[pattern.roles]]
name = "Feed"
wieght = 2.0
[[pattern.roles]]
name = "Power"
required = "yes"

[[pattern]]
name = "Kiln"
categroy = "Kiln"

[[pattern]]
name = "Fan"
category = "Fan"
confidence = 0.7
roles = [{ name = "Speed", required = true }]

[[pattern]]
name = "Silo"
category = "Silo"
confidence = 0.7
[pattern.roles]
name = "Level"
"#;
    let errors: Vec<String> = bad(text).iter().map(ToString::to_string).collect();
    for expected in [
        "mine.toml: line 8: pattern 'Mill', role 'Feed': unknown field `wieght`",
        "mine.toml: line 11: pattern 'Mill', role 'Power': invalid type",
        "mine.toml: line 15: pattern 'Kiln': unknown field `categroy`",
        "pattern 'Silo': roles is no list; write [[pattern.roles]] before each",
    ] {
        assert!(errors.iter().any(|error| error.contains(expected)), "no {expected} in {errors:#?}");
    }
    assert_eq!(errors.len(), 4, "{errors:#?}");
    let read: Vec<String> = parse(text, "mine.toml").0.iter().map(|one| one.spec.name().to_owned()).collect();
    assert_eq!(read, ["Fan"], "the good one is read");
}

#[test]
fn two_of_a_name_are_found_with_their_files_whatever_their_capitals() {
    let of = |name: &str, origin: &str| {
        let role = "roles = [{ name = \"Speed\", required = true }]";
        good(
            &format!("[[pattern]]\nname = \"{name}\"\ncategory = \"Fan\"\nconfidence = 0.7\n{role}\n"),
            origin,
        )
    };
    let both = [of("Kiln Fan", "a/one.toml"), of("kiln fan", "a/two.toml")].concat();
    let problems: Vec<String> = lint(&both).iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "a/two.toml: pattern 'kiln fan': occurs twice, as 'Kiln Fan' in a/one.toml; rename one or remove it"
        ]
    );
}

#[test]
fn a_change_that_comes_after_its_event_is_over_is_found() {
    let event = r#"
[[pattern]]
kind = "episode"
name = "Trip"
confidence = 0.6
data_source = "north"
within_seconds = 90.0
changes = [{ point = "K1.SPEED", direction = "down", share = 1.0, after_seconds = 900.0 }]
"#;
    let problems: Vec<String> = lint(&good(event, "trip.toml")).iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "trip.toml: pattern 'Trip', point 'K1.SPEED': after_seconds 900 is beyond within_seconds 90; mend one"
        ]
    );
}
