//! When two spellings of a unit are one.

use unicode_normalization::UnicodeNormalization;

/// Without what only looks different: blanks, dots, compatibility forms (`㎥`, `₂`, `℃`), the signs for degrees.
pub fn folded(spelling: &str) -> String {
    // Before the compatibility forms: they would make letters of these.
    let plain = spelling.trim().chars().map(|letter| match letter {
        'º' | '˚' => '°',
        '″' | '”' | '“' => '"',
        other => other,
    });
    let mut folded = String::with_capacity(spelling.len());
    for letter in plain.nfkc() {
        match letter {
            ' ' | '.' | '_' | '·' | '⋅' | '^' | '*' => {}
            '°' => folded.push_str("deg"),
            'μ' => folded.push('u'),
            other => folded.push(other),
        }
    }
    folded
}

/// Without case as well, and without hyphens between letters: `degrees-celsius`, but not `m-2`.
pub fn normal(spelling: &str) -> String {
    let folded = folded(spelling).to_lowercase();
    let letters: Vec<char> = folded.chars().collect();
    let joins = |at: usize| {
        letters[at] == '-'
            && at > 0
            && letters[at - 1].is_alphabetic()
            && letters.get(at + 1).is_some_and(|letter| letter.is_alphabetic())
    };
    let normal: String = (0..letters.len()).filter(|at| !joins(*at)).map(|at| letters[at]).collect();
    // The constants of BACnet stacks: UNITS_DEGREES_CELSIUS.
    match normal.strip_prefix("units") {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => normal,
    }
}
