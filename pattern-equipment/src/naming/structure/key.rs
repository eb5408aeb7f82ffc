//! What a name tells of the equipment that its point belongs to.

use crate::naming::language::tokenize;

/// What the structure of a site's names says about one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameKey {
    /// What of the name tells something: without the site in front and an end that all names have.
    pub bare: String,
    /// Identity of the equipment, normalised; `None` where the name has none.
    pub key: Option<String>,
    /// The key with its numbers blanked out: what points called alike share.
    pub shape: String,
    /// What of the name names the equipment; empty where the letters do not.
    pub equipment: String,
    /// What is left of the name: the part that tells the role.
    pub rest: String,
}

/// What points called alike share: the shape of their equipment's name, and the rest of their own.
pub type Template = (String, String);

impl NameKey {
    /// Where the name tells no equipment, its letters alone.
    pub fn template(&self) -> Template {
        let parts = |text: &str| tokenize(text).iter().map(|t| t.text.to_lowercase()).collect::<Vec<_>>();
        let rest = if self.key.is_some() { parts(&self.rest).join("|") } else { String::new() };
        (self.shape.clone(), rest)
    }
}
