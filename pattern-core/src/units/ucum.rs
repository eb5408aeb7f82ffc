//! Codes of UCUM, the unified code for units of measure: `kW.h/m2`, `[gal_us]/min`, `10*3/uL`, `{rev}/min`.
//! `data/ucum.tsv` has the atoms. Left out: units that only an assay defines, and levels against a reference.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// What a code is worth in base units.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    factor: f64,
    /// Powers of the base units; none is zero.
    powers: BTreeMap<&'static str, i32>,
}

struct Atom {
    takes_prefixes: bool,
    /// A value and the code of what it is counted in; a base unit has none.
    worth: Option<(f64, &'static str)>,
}

const PREFIXES: [(&str, f64); 20] = [
    ("da", 1e1),
    ("Y", 1e24),
    ("Z", 1e21),
    ("E", 1e18),
    ("P", 1e15),
    ("T", 1e12),
    ("G", 1e9),
    ("M", 1e6),
    ("k", 1e3),
    ("h", 1e2),
    ("d", 1e-1),
    ("c", 1e-2),
    ("m", 1e-3),
    ("u", 1e-6),
    ("n", 1e-9),
    ("p", 1e-12),
    ("f", 1e-15),
    ("a", 1e-18),
    ("z", 1e-21),
    ("y", 1e-24),
];
/// Prefixes that a unit alone has where plants measure: `PV` is a process value, no petavolt.
const USUAL_PREFIXES: [&str; 9] = ["G", "M", "k", "h", "d", "c", "m", "u", "n"];

static ATOMS: LazyLock<HashMap<&str, Atom>> = LazyLock::new(|| {
    let rows = include_str!("../../data/ucum.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| {
        let mut cells = row.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let (code, takes_prefixes) = (cell(), cell() == "metric");
        let worth = cell().parse().ok().map(|value| (value, cell()));
        (code, Atom { takes_prefixes, worth })
    })
    .collect()
});

/// A code's worth; `None` where it is none, or names no unit.
pub fn parse(code: &str) -> Option<Code> {
    let mut reader = Reader { rest: code, atoms: 0 };
    let parsed = reader.term()?;
    (reader.rest.is_empty() && reader.atoms > 0).then_some(parsed)
}

/// Whether letters that are a code would be one by intention too. What is in capitals throughout may be anything
/// (`N/A`, `PV`), and so may a short word with a rare prefix.
pub fn is_sure(code: &str) -> bool {
    let is_plain = code.chars().all(|letter| letter.is_ascii_alphabetic());
    let usual = || {
        USUAL_PREFIXES.iter().any(|prefix| {
            let atom = code.strip_prefix(prefix).and_then(|rest| ATOMS.get(rest));
            atom.is_some_and(|atom| atom.takes_prefixes)
        })
    };
    (code.contains('[') || code.chars().any(|letter| letter.is_ascii_lowercase()) || code.starts_with('/'))
        && (!is_plain || ATOMS.contains_key(code) && code.len() > 1 || usual())
}

impl Code {
    fn number(factor: f64) -> Self {
        Self { factor, powers: BTreeMap::new() }
    }

    /// How many of another unit one of this is.
    pub fn in_terms_of(&self, base: &Code) -> Option<f64> {
        (self.powers == base.powers).then(|| self.factor / base.factor)
    }

    fn times(mut self, other: &Code, exponent: i32) -> Self {
        self.factor *= other.factor.powi(exponent);
        for (base, power) in &other.powers {
            *self.powers.entry(base).or_default() += power * exponent;
        }
        self.powers.retain(|_, power| *power != 0);
        self
    }
}

struct Reader<'a> {
    rest: &'a str,
    atoms: usize,
}

impl<'a> Reader<'a> {
    /// Components that `.` multiplies and `/` divides, the first perhaps divided as well.
    fn term(&mut self) -> Option<Code> {
        let mut product = Code::number(1.0);
        let mut exponent = if self.takes('/') { -1 } else { 1 };
        loop {
            product = product.times(&self.component()?, exponent);
            exponent = if self.takes('.') {
                1
            } else if self.takes('/') {
                -1
            } else {
                return Some(product);
            };
        }
    }

    fn component(&mut self) -> Option<Code> {
        let code = if self.takes('(') {
            let inner = self.term()?;
            self.takes(')').then_some(inner)?
        } else {
            match self.symbol() {
                "" if self.rest.starts_with('{') => Code::number(1.0),
                symbol => self.worth(symbol)?,
            }
        };
        self.skip_annotation()?;
        Some(code)
    }

    /// A number, `10*` or an atom, each with its exponent.
    fn worth(&mut self, symbol: &str) -> Option<Code> {
        if let Ok(number) = symbol.parse::<u64>() {
            return Some(Code::number(number as f64));
        }
        let (name, exponent) = apart(symbol)?;
        if name == "10*" || name == "10^" {
            return Some(Code::number(10f64.powi(exponent)));
        }
        self.atoms += 1;
        Some(Code::number(1.0).times(&atom(name)?, exponent))
    }

    /// What stands before the next operator; brackets keep together.
    fn symbol(&mut self) -> &'a str {
        let mut depth = 0;
        let end = self.rest.find(|letter| {
            depth += i32::from(letter == '[') - i32::from(letter == ']');
            depth == 0 && matches!(letter, '.' | '/' | '(' | ')' | '{' | '}')
        });
        let (symbol, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        symbol
    }

    /// `{of dry air}` says nothing of the worth.
    fn skip_annotation(&mut self) -> Option<()> {
        if self.takes('{') {
            self.rest = self.rest.split_once('}')?.1;
        }
        Some(())
    }

    fn takes(&mut self, letter: char) -> bool {
        let stripped = self.rest.strip_prefix(letter);
        self.rest = stripped.unwrap_or(self.rest);
        stripped.is_some()
    }
}

/// A symbol's name and exponent: `s-1`, `[in_i]2`.
fn apart(symbol: &str) -> Option<(&str, i32)> {
    let name = symbol.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if name.len() == symbol.len() {
        return Some((symbol, 1));
    }
    let name = name.strip_suffix(['-', '+']).unwrap_or(name);
    Some((name, symbol[name.len()..].parse().ok().filter(|exponent: &i32| exponent.abs() < 10_000)?))
}

fn atom(name: &str) -> Option<Code> {
    let plain = ATOMS.get_key_value(name).map(|found| (1.0, found));
    let (factor, (code, atom)) = plain.or_else(|| {
        PREFIXES.iter().find_map(|(prefix, factor)| {
            let found = ATOMS.get_key_value(name.strip_prefix(prefix)?)?;
            found.1.takes_prefixes.then_some((*factor, found))
        })
    })?;
    let worth = match atom.worth {
        None => Code { factor: 1.0, powers: BTreeMap::from([(*code, 1)]) },
        Some((value, counted_in)) => {
            Code::number(value).times(&Reader { rest: counted_in, atoms: 0 }.term()?, 1)
        }
    };
    Some(Code::number(factor).times(&worth, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_atom_is_worth_something() {
        for code in ATOMS.keys() {
            let worth = atom(code).unwrap_or_else(|| panic!("{code} is counted in something unknown"));
            assert!(worth.factor > 0.0, "{code}");
        }
    }

    #[test]
    fn codes_are_worth_what_the_books_say() {
        for (code, in_terms_of, expected) in [
            ("[lbf_av]/[in_i]2", "Pa", 6894.757293168361),
            ("kW.h", "J", 3.6e6),
            ("[gal_us]/min", "L/h", 227.12470704),
            ("10*3/uL", "/L", 1e9),
            ("L/(min.m2)", "L.m-2.min-1", 1.0),
            ("kg{of dry air}/s", "g/s", 1000.0),
            ("[in_i'H2O]", "Pa", 249.08891),
            ("mm[Hg]", "Pa", 133.322),
            ("[HP]", "W", 745.69987158227),
            ("/min", "Hz", 1.0 / 60.0),
            ("mol/(24.h)", "mol/d", 1.0),
        ] {
            let found = parse(code).unwrap().in_terms_of(&parse(in_terms_of).unwrap()).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-9, "1 {code} is {found} {in_terms_of}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "62", "10*3", "{count}", "kW.", "m//s", "(m", "m)", "furlong", "m{", "[in_i"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
