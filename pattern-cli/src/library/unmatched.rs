//! Kinds of event that a file brings, and that nothing can be recognised by as they are written.

use anyhow::Result;
use pattern_core::library::{EpisodePattern, PatternSpec};
use pattern_store::Store;
use std::collections::HashSet;

/// Points that are named in a warning.
const SHOWN: usize = 3;

/// What to say of these patterns, which were loaded. Their points may come later.
pub async fn warnings(store: &Store, specs: &[PatternSpec]) -> Result<Vec<String>> {
    let mut said = Vec::new();
    for spec in specs {
        if let PatternSpec::Episode(body) = spec {
            said.extend(of_event(store, body).await?);
        }
    }
    Ok(said)
}

async fn of_event(store: &Store, body: &EpisodePattern) -> Result<Option<String>> {
    let EpisodePattern { name, data_source, changes, .. } = body;
    let Some(source) = store.data_source(data_source).await? else {
        return Ok(Some(format!(
            "pattern '{name}' matches nothing yet: there is no data source '{data_source}'"
        )));
    };
    let library = store.library::<EpisodePattern>().await?;
    let id = library.iter().find(|pattern| pattern.spec.name == *name).map(|pattern| pattern.id);
    let named =
        store.known_episodes(source.id).await?.iter().filter(|one| Some(one.pattern_id) == id).count();
    if named > 0 {
        return Ok(Some(format!(
            "pattern '{name}' is recognised by what people named so at '{data_source}', {named} times; its changes in the \
             file count where nobody did"
        )));
    }
    let points: HashSet<String> =
        store.stored_points(source.id).await?.into_iter().map(|point| point.name).collect();
    let missing: Vec<&str> =
        changes.iter().map(|change| change.point.as_str()).filter(|point| !points.contains(*point)).collect();
    Ok((!missing.is_empty()).then(|| {
        let shown = missing.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        let more = match missing.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("pattern '{name}': '{data_source}' has no point {shown}{more}; what changes there is not recognised by it")
    }))
}
