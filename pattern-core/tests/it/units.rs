use pattern_core::units::parse;

fn convert(value: f64, from: &str, to: &str) -> Option<f64> {
    parse(from)?.convert(value, parse(to)?)
}

#[test]
fn conversions_are_those_of_the_books() {
    for (value, from, to, expected) in [
        (212.0, "DEG F", "°C", 100.0),
        (0.0, "degC", "K", 273.15),
        (100.0, "psig", "barg", 6.894757293),
        (1.0, "bara", "kPag", -1.325),
        (1.0, "kscmh", "m3/h", 1000.0),
        (100.0, "US gpm", "M3/HR", 22.712470704),
        (1.0, "CFM", "l/s", 0.471947443),
        (25.4, "MM/S", "in/s", 1.0),
        (1.0, "inH2O", "Pa", 249.08891),
        (1.0, "MW", "kw", 1000.0),
        (60.0, "mph", "m/s", 26.8224),
        (1.0, "lbf", "kN", 0.0044482216),
        (90.0, "min", "hrs", 1.5),
        (1.0, "MWh", "KWH", 1000.0),
        (0.5, "pu", "%", 50.0),
    ] {
        let found = convert(value, from, to).unwrap_or(f64::NAN);
        assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{value} {from} is {found} {to}");
    }
}

#[test]
fn what_measures_something_else_or_is_unknown_is_not_converted() {
    assert_eq!(convert(1.0, "kPa", "degC"), None);
    assert_eq!(convert(1.0, "furlong", "m"), None);
    assert!(parse("").is_none() && parse("-").is_none());
}
