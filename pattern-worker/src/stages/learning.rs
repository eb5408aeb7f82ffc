//! pattern-learning: folds evidence into confidences and tells what changed and why.

use pattern_core::{
    domain::Cause,
    learning::{EvidenceDay, confidence},
};
use pattern_store::{FoldedConfidence, UnfoldedFact};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{Stage, StageError};

/// Ageing alone moves a confidence by less than this a day; smaller moves are not worth a version.
const AGEING_STEP: f64 = 0.001;

pub(super) async fn run(stage: &Stage) -> Result<Value, StageError> {
    let today = stage.now.date_naive();
    let mut news: BTreeMap<Uuid, Vec<UnfoldedFact>> = BTreeMap::new();
    for fact in stage.store.unfolded_facts().await? {
        news.entry(fact.pattern_id).or_default().push(fact);
    }
    let mut folded = Vec::new();
    for pattern in stage.store.library().await? {
        let facts = news.remove(&pattern.id).unwrap_or_default();
        let counts: Vec<EvidenceDay> = stage
            .store
            .evidence_counts(pattern.id)
            .await?
            .into_iter()
            .map(|c| EvidenceDay {
                origin: c.origin,
                kind: c.kind,
                favourable: c.favourable,
                day: c.day,
                count: c.count as u64,
            })
            .collect();
        if counts.is_empty() && facts.is_empty() {
            continue;
        }
        let new = confidence(pattern.spec.confidence, &counts, today);
        let moved = (new.lower_bound - pattern.confidence).abs();
        if facts.is_empty() && moved < AGEING_STEP {
            continue;
        }
        folded.push(FoldedConfidence {
            pattern_id: pattern.id,
            confidence: new.lower_bound,
            support: new.support,
            cause: explain(&facts, pattern.confidence, new.lower_bound),
            data_source: facts.last().and_then(|f| f.data_source.clone()),
            facts: facts.iter().map(|f| f.id).collect(),
        });
    }
    let fact_count: usize = folded.iter().map(|f| f.facts.len()).sum();
    let changed = stage.store.fold_confidences(&folded, stage.fence, stage.now).await?;
    Ok(json!({ "facts": fact_count, "patterns_changed": changed }))
}

fn explain(facts: &[UnfoldedFact], before: f64, after: f64) -> Cause {
    let moved = format!("confidence {before:.2} → {after:.2}");
    let Some(last) = facts.last() else {
        return Cause::engine(format!("older evidence weighs less: {moved}"));
    };
    let what = if last.retracted { format!("{} taken back", last.kind) } else { last.kind.clone() };
    let about = last.about.as_deref().map(|about| format!(" of {about}")).unwrap_or_default();
    let more = match facts.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let actor = last.reviewer.clone().unwrap_or_else(|| "engine".into());
    Cause::reviewer(actor, format!("{what}{about}{more}: {moved}"))
}
