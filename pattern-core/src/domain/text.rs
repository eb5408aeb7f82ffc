//! What people write, and what they call things: how long it may be, and of which characters. The one place where
//! that is said; requests, imports, the ingest and the library ask here.
//!
//! What is stored goes to every browser and onto the stream of events, so everything has an end. Characters that
//! nobody sees, or that turn the order of others around, make two different names look the same: they are refused.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// What a text may be. Lengths are in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRule {
    pub most: usize,
    pub is_required: bool,
    pub several_lines: bool,
}

/// Of a point, a data source or equipment, which is called as its point where nobody says otherwise.
pub const NAME: TextRule = TextRule { most: 500, is_required: true, several_lines: false };
/// Of a role, a pattern or a category.
pub const SHORT_NAME: TextRule = TextRule { most: 200, ..NAME };
pub const REVIEWER: TextRule = TextRule { most: 100, ..NAME };
pub const IDEMPOTENCY_KEY: TextRule = TextRule { most: 200, ..NAME };
pub const UNIT: TextRule = TextRule { most: 100, is_required: false, several_lines: false };
pub const DESCRIPTION: TextRule = TextRule { most: 2_000, ..UNIT };
/// Why somebody decided so: a reason or a comment.
pub const REASON: TextRule = TextRule { most: 2_000, is_required: false, several_lines: true };

/// What events say of their cause is cut here; a reason fits in.
pub const CAUSE_CHARACTERS: usize = 2_200;

/// As many marks as any script sets on one character; more only smear over the lines above and below.
const MARKS_ON_ONE: usize = 6;

impl TextRule {
    /// The same, but it may be missing.
    pub const fn or_nothing(self) -> Self {
        Self { is_required: false, ..self }
    }

    /// The text as it is kept, without blanks around it and with plain line ends, or what is wrong with it.
    pub fn clean(&self, text: &str) -> Result<String, String> {
        let text = text.trim();
        let text = if text.contains('\r') { text.replace("\r\n", "\n") } else { text.to_owned() };
        self.problem(&text).map_or(Ok(text), Err)
    }

    /// What is wrong with the text as it stands, if anything is.
    pub fn problem(&self, text: &str) -> Option<String> {
        if self.is_required && text.trim().is_empty() {
            return Some("is empty".into());
        }
        let length = if text.is_ascii() { text.len() } else { text.chars().count() };
        if length > self.most {
            return Some(format!("is {length} characters long, {} are allowed", self.most));
        }
        self.problem_of_characters(text)
    }

    fn problem_of_characters(&self, text: &str) -> Option<String> {
        let is_control = |c: char| c.is_control() && !(self.several_lines && matches!(c, '\n' | '\t'));
        if let Some(c) = text.chars().find(|c| is_control(*c)) {
            return Some(format!("contains a control character ({})", code(c)));
        }
        // Ingest judges every name of every sample; most of them end here.
        if text.is_ascii() {
            return None;
        }
        let (mut before, mut marks) = (None, 0);
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            let joins = is_joiner(c)
                && before.is_some_and(|before: char| !before.is_ascii() && !is_joiner(before))
                && characters.peek().is_some_and(|next| !next.is_whitespace());
            if is_invisible(c) && !joins {
                return Some(format!("contains an invisible character ({})", code(c)));
            }
            match c.general_category_group() {
                GeneralCategoryGroup::Mark if before.is_none() => {
                    return Some(format!(
                        "begins with a mark that belongs on another character ({})",
                        code(c)
                    ));
                }
                GeneralCategoryGroup::Mark => marks += 1,
                _ => marks = 0,
            }
            if marks > MARKS_ON_ONE {
                return Some(format!("sets more than {MARKS_ON_ONE} marks on one character"));
            }
            before = Some(c);
        }
        None
    }
}

fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Scripts and emoji are joined by these; between Latin letters they only hide.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whatever takes no place or steers its neighbours: of no width, directions, line separators, fillers, no characters.
fn is_invisible(c: char) -> bool {
    use GeneralCategory::{Format, LineSeparator, ParagraphSeparator};
    let is_filler = matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{034f}');
    let is_none = matches!(u32::from(c), 0xfdd0..=0xfdef) || u32::from(c) & 0xfffe == 0xfffe;
    is_filler || is_none || matches!(c.general_category(), Format | LineSeparator | ParagraphSeparator)
}

/// The text, or its beginning where it is longer than `most` characters.
pub fn cut(text: String, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_people_write_are_taken_as_they_are() {
        for name in [
            "P-101.DIS_PRESS",
            "Kühlwasserpumpe",
            "Насос 3",
            "冷却水泵",
            "مضخة المياه",
            "পাম্প",
            "น้ำหล่อเย็น",
            "می\u{200c}خواهم",
            "Größe ≥ 5 µm",
            "e\u{301}tage",
            "👩\u{200d}🔧 Schicht 2",
            "❤\u{fe0f}",
            "tab and space",
        ] {
            assert_eq!(NAME.clean(name).as_deref(), Ok(name));
        }
        assert_eq!(REASON.clean(" two\r\nlines\tand a tab \n").as_deref(), Ok("two\nlines\tand a tab"));
        assert_eq!(REASON.clean("  ").as_deref(), Ok(""));
    }

    #[test]
    fn what_nobody_can_see_is_refused_by_its_code() {
        for (text, code) in [
            ("a\u{202e}b", "U+202E"),
            ("a\u{200b}b", "U+200B"),
            ("P\u{200d}101", "U+200D"),
            ("\u{feff}a", "U+FEFF"),
            ("a\u{2066}b\u{2069}", "U+2066"),
            ("a\u{ad}b", "U+00AD"),
            ("a\u{2028}b", "U+2028"),
            ("a\u{e0041}b", "U+E0041"),
            ("\u{3164}", "U+3164"),
            ("a\u{ffff}", "U+FFFF"),
            ("a\u{0}b", "U+0000"),
            ("a\u{1b}[31mb", "U+001B"),
            ("a\u{85}b", "U+0085"),
            ("مضخة\u{200d}", "U+200D"),
            ("م\u{200d}\u{200d}م", "U+200D"),
        ] {
            for rule in [NAME, UNIT, REASON] {
                let problem = rule.clean(text).expect_err(text);
                assert!(problem.contains(code), "{problem}");
            }
        }
        assert!(NAME.problem("two\nlines").is_some_and(|problem| problem.contains("U+000A")));
    }

    #[test]
    fn a_text_has_an_end_in_characters() {
        assert_eq!(SHORT_NAME.problem(&"ü".repeat(200)), None);
        let problem = SHORT_NAME.problem(&"ü".repeat(201));
        assert_eq!(problem.as_deref(), Some("is 201 characters long, 200 are allowed"));
        assert!(REASON.problem(&"R".repeat(5_000_000)).is_some());
        assert_eq!(NAME.problem(" \u{a0} ").as_deref(), Some("is empty"));
    }

    #[test]
    fn marks_need_a_character_and_do_not_pile_up() {
        assert!(NAME.problem("\u{301}a").is_some_and(|problem| problem.contains("begins with a mark")));
        assert_eq!(NAME.problem(&format!("a{}b", "\u{301}".repeat(6))), None);
        assert!(
            NAME.problem(&format!("a{}b", "\u{301}".repeat(7)))
                .is_some_and(|problem| problem.contains("marks"))
        );
    }

    #[test]
    fn a_cause_is_cut_between_characters() {
        assert_eq!(cut("ü".repeat(3), 3), "üüü");
        assert_eq!(cut("ü".repeat(4), 3), "üüü…");
    }
}
