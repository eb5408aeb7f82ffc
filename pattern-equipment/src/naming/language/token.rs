/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    Letters,
    Digits,
}

/// A run of letters or digits of a name, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub kind: TokenKind,
    /// Byte offset in the name.
    pub start: usize,
    /// Whether nothing separates it from the token before.
    pub glued: bool,
}

impl Token {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Cuts a name at separators, between letters and digits, and where the case tells words apart
/// (`RungSts` → Rung, Sts; `HWTemp` → HW, Temp). What is between tokens is separators only.
pub fn tokenize(name: &str) -> Vec<Token> {
    let letters: Vec<(usize, char)> = name.char_indices().collect();
    let mut tokens: Vec<Token> = Vec::new();
    let mut begin: Option<usize> = None;
    for i in 0..=letters.len() {
        let here = letters.get(i).map(|l| l.1);
        let inside = here.is_some_and(is_part);
        if let Some(from) = begin
            && (!inside || is_boundary(&letters, i))
        {
            let start = letters[from].0;
            let end = letters.get(i).map_or(name.len(), |l| l.0);
            let text = &name[start..end];
            let kind = if letters[from].1.is_ascii_digit() { TokenKind::Digits } else { TokenKind::Letters };
            let glued = tokens.last().is_some_and(|t| t.end() == start);
            tokens.push(Token { text: text.to_owned(), kind, start, glued });
            begin = None;
        }
        if inside && begin.is_none() {
            begin = Some(i);
        }
    }
    tokens
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric()
}

/// Whether a new token begins at letter `i`, which is not the first of its run.
fn is_boundary(letters: &[(usize, char)], i: usize) -> bool {
    let (before, here) = (letters[i - 1].1, letters[i].1);
    if before.is_ascii_digit() != here.is_ascii_digit() {
        return true;
    }
    if before.is_lowercase() && here.is_uppercase() {
        return true;
    }
    // The last capital of a run belongs to the word that follows: HWTemp is HW, Temp.
    let next_is_lower = letters.get(i + 1).is_some_and(|l| l.1.is_lowercase());
    before.is_uppercase() && here.is_uppercase() && next_is_lower
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(name: &str) -> Vec<String> {
        tokenize(name).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn names_of_several_conventions_are_cut_into_words() {
        for (name, expected) in [
            ("U01_CMP-01_Dsch_Press", vec!["U", "01", "CMP", "01", "Dsch", "Press"]),
            ("Plant/U3/P-305/RungSts", vec!["Plant", "U", "3", "P", "305", "Rung", "Sts"]),
            ("HWTemp", vec!["HW", "Temp"]),
            ("TIC_2671.OP", vec!["TIC", "2671", "OP"]),
            ("WT302BLH", vec!["WT", "302", "BLH"]),
            ("", vec![]),
            ("::", vec![]),
        ] {
            assert_eq!(texts(name), expected, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn tokens_and_separators_make_the_name_again(name in "\\PC{0,40}") {
            let mut again = String::new();
            for token in tokenize(&name) {
                let gap = &name[again.len()..token.start];
                proptest::prop_assert!(!gap.chars().any(char::is_alphanumeric), "{gap:?} is lost");
                proptest::prop_assert_eq!(token.glued, gap.is_empty() && token.start > 0);
                again.push_str(gap);
                again.push_str(&token.text);
            }
            proptest::prop_assert!(!name[again.len()..].chars().any(char::is_alphanumeric));
        }
    }
}
