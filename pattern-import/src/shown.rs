//! Texts out of files on their way to a person's terminal, which they must neither steer nor fill.

/// More of a text than a person looks at.
const MOST: usize = 200;

/// One text in one line, cut.
pub fn shown(text: &str) -> String {
    shown_up_to(MOST, text)
}

/// The same with another end.
pub fn shown_up_to(most: usize, text: &str) -> String {
    let mut letters = text.chars();
    let mut out = String::new();
    for letter in letters.by_ref().take(most) {
        push(&mut out, letter);
    }
    if letters.next().is_some() {
        out.push('…');
    }
    out
}

/// Lines that we wrote ourselves, with texts in them: they stay lines.
pub fn shown_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(letter),
            letter => push(&mut out, letter),
        }
    }
    out
}

fn push(out: &mut String, letter: char) {
    match steers(letter) {
        true => out.extend(letter.escape_default()),
        false => out.push(letter),
    }
}

/// What moves the cursor, sets colours, breaks lines, turns the order of letters around, or cannot be seen.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_other_texts_stay_as_they_are() {
        for (text, expected) in [
            ("TI-101 °C 温度 می\u{200c}خواهم", "TI-101 °C 温度 می\u{200c}خواهم"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("a\nread b\r", "a\\nread b\\r"),
            ("\u{202e}fdp", "\\u{202e}fdp"),
        ] {
            assert_eq!(shown(text), expected);
        }
        assert_eq!(shown_lines("a\n\tb\u{1b}c\n"), "a\n\tb\\u{1b}c\n");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(shown(&"é".repeat(100_000)).chars().count(), MOST + 1);
        assert!(!shown(&"é".repeat(MOST)).ends_with('…'));
    }
}
