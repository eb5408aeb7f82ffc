use super::super::reading::{Keyword, Wordings};
use pattern_core::library::{EquipmentPattern, RoleSpec};
use pattern_core::units::{self, Unit};

/// A pattern with its phrases prepared.
pub(in crate::matching) struct CompiledPattern {
    pub spec: EquipmentPattern,
    pub confidence: f64,
    pub roles: Vec<CompiledRole>,
    pub keywords: Vec<Keyword>,
}

pub(in crate::matching) struct CompiledRole {
    pub spec: RoleSpec,
    pub unit: Option<Unit>,
    /// Its number among the wordings; `None`: only the site knows it, there are no words to go by.
    pub wording: Option<usize>,
}

impl CompiledPattern {
    pub fn new(spec: &EquipmentPattern, confidence: f64, wordings: &mut Wordings) -> Self {
        let compile = |role: &RoleSpec| {
            let compiled = CompiledRole::new(role, None);
            let phrases = std::iter::once(&role.name).chain(&role.words);
            CompiledRole { wording: Some(wordings.add(phrases, compiled.unit)), ..compiled }
        };
        let roles = spec.roles.iter().map(compile).collect();
        let names = spec.keywords.iter().map(String::as_str).chain([spec.name.as_str()]);
        let keywords = names.map(Keyword::new).collect();
        Self { spec: spec.clone(), confidence, roles, keywords }
    }
}

impl CompiledRole {
    pub fn new(spec: &RoleSpec, wording: Option<usize>) -> Self {
        Self { spec: spec.clone(), unit: spec.unit.as_deref().and_then(units::parse), wording }
    }
}
