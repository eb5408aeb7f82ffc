//! Whether letters abbreviate a word, without an entry in the vocabulary.

/// How well lower-case `short` abbreviates lower-case `word`, 0..1.
pub(in crate::naming) fn abbreviates(short: &str, word: &str) -> f32 {
    if short == word {
        return 1.0;
    }
    if short.as_bytes().first() != word.as_bytes().first() {
        return 0.0;
    }
    let (s, w): (Vec<char>, Vec<char>) = (short.chars().collect(), word.chars().collect());
    if s.is_empty() || w.is_empty() {
        return 0.0;
    }
    if s.len() < w.len() {
        if w.starts_with(&s) {
            return match s.len() {
                1 => 0.3,
                2 => 0.55,
                3 => 0.8,
                _ => 0.9,
            };
        }
        let shortened = shortened(&s, &w);
        if shortened > 0.0 {
            return shortened;
        }
    }
    // One slip of the finger in a word that is long enough to bear it.
    if s.len() >= 5 && one_slip(&s, &w) {
        return 0.85;
    }
    0.0
}

/// Letters left out (`crnt`, `rung`, `dsch`): in order, and mostly vowels are what is missing.
fn shortened(s: &[char], w: &[char]) -> f32 {
    let mut from = 0;
    let mut skipped_consonants = 0;
    let mut last = 0;
    for letter in s {
        let Some(step) = w[from..].iter().position(|c| c == letter) else { return 0.0 };
        skipped_consonants += w[from..from + step].iter().filter(|c| !is_vowel(**c)).count();
        last = from + step;
        from = last + 1;
    }
    // What follows the last letter was cut off, which costs little.
    let cut = w.len() - 1 - last;
    if s.len() < 3 {
        return if skipped_consonants == 0 { 0.5 } else { 0.35 };
    }
    let penalty = 0.1 * skipped_consonants as f32 + 0.02 * cut as f32;
    (0.85 - penalty).max(0.0)
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

/// Whether one exchange of neighbours, one wrong, missing or doubled letter tells the two apart.
pub(in crate::naming) fn one_slip(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    if short.len() == long.len() {
        let differs = short[same..].iter().zip(&long[same..]).filter(|(x, y)| x != y).count();
        let swapped = differs == 2
            && same + 1 < short.len()
            && short[same] == long[same + 1]
            && short[same + 1] == long[same];
        return differs <= 1 || swapped;
    }
    short[same..] == long[same + 1..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_shortenings_are_recognised_and_strangers_are_not() {
        for (short, word) in [
            ("temp", "temperature"),
            ("crnt", "current"),
            ("rung", "running"),
            ("dsch", "discharge"),
            ("setpt", "setpoint"),
            ("turrbine", "turbine"),
            ("ucrrent", "current"),
        ] {
            if word == "current" && short == "ucrrent" {
                // The first letter has to be right, or too much would match.
                assert_eq!(abbreviates(short, word), 0.0);
                continue;
            }
            assert!(abbreviates(short, word) >= 0.6, "{short} for {word}: {}", abbreviates(short, word));
        }
        for (short, word) in [("flow", "temperature"), ("tank", "turbine"), ("pressure", "press")] {
            assert!(abbreviates(short, word) < 0.5, "{short} for {word}: {}", abbreviates(short, word));
        }
    }
}
