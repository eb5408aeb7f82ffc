//! What a run found, as it is kept.

use chrono::{DateTime, Utc};
use pattern_core::{
    domain::{DataSource, Word},
    series::pairs::Pair,
};
use pattern_equipment::correlation::{PairCount, Recorrelated};
use pattern_store::{CorrelatedPoint, CorrelationChange, CorrelationRow, FoundCorrelations, Variant};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::stage::{Stage, StageError};

/// Of all variants.
pub(super) struct Found {
    changes: Vec<CorrelationChange>,
    points: Vec<CorrelatedPoint>,
    summary: Map<String, Value>,
}

impl Found {
    pub fn new(points: &[Uuid], versions: &[String]) -> Self {
        let fresh = |(id, version): (&Uuid, &String)| CorrelatedPoint {
            point_id: *id,
            row_version: version.clone(),
            kept: Vec::new(),
            not_kept: Vec::new(),
        };
        Self {
            changes: Vec::new(),
            points: points.iter().zip(versions).map(fresh).collect(),
            summary: Map::new(),
        }
    }

    /// In the order of [`Variant`].
    pub fn add(&mut self, (change, counts): (CorrelationChange, Vec<PairCount>)) {
        let total = |of: fn(&PairCount) -> u32| counts.iter().map(|c| u64::from(of(c))).sum::<u64>() / 2;
        self.summary.insert(
            change.variant.as_str().into(),
            json!({ "pairs": total(|c| c.kept), "not_kept": total(|c| c.not_kept), "computed": change.computed.len() }),
        );
        for (point, count) in self.points.iter_mut().zip(counts) {
            point.kept.push(count.kept as i32);
            point.not_kept.push(count.not_kept as i32);
        }
        self.changes.push(change);
    }

    /// Whether no point has a pair.
    pub fn is_empty(&self) -> bool {
        self.points.iter().all(|point| point.kept.iter().all(|count| *count == 0))
    }

    pub async fn save(
        mut self,
        stage: &Stage,
        source: &DataSource,
        window_end: DateTime<Utc>,
        input_version: String,
        nothing_found: Option<String>,
    ) -> Result<Value, StageError> {
        self.summary.insert("points".into(), json!(self.points.len()));
        self.summary.extend(nothing_found.map(|reason| ("nothing_found".into(), json!(reason))));
        let found = FoundCorrelations {
            data_source_id: source.id,
            window_end,
            changes: self.changes,
            points: self.points,
            input_version,
        };
        stage.store.save_correlations(&found, stage.fence).await?;
        Ok(self.summary.into())
    }
}

/// What changes in the pairs of a variant, and how many there are by point. `known` is what was known before,
/// `lags` is asked for those that are new.
pub(super) fn change(
    variant: Variant,
    points: &[Uuid],
    known: &[Pair],
    Recorrelated { pairs, computed, counts }: Recorrelated,
    lags: impl FnOnce(&[Pair]) -> Vec<i32>,
) -> (CorrelationChange, Vec<PairCount>) {
    let is_computed = |pair: &Pair| computed[pair.a] || computed[pair.b];
    let is_kept = |pair: &Pair| pairs.binary_search_by_key(&(pair.a, pair.b), |p| (p.a, p.b)).is_ok();
    let displaced = known.iter().filter(|pair| !is_computed(pair) && !is_kept(pair));
    let found: Vec<Pair> = pairs.iter().copied().filter(is_computed).collect();
    let ids = |pair: &Pair| {
        let (a, b) = (points[pair.a], points[pair.b]);
        if a < b { (a, b) } else { (b, a) }
    };
    let row = |(pair, lag): (&Pair, i32)| {
        let (point_a, point_b) = ids(pair);
        // What is known of a and b is turned around with them.
        let lag_buckets = if point_a == points[pair.a] { lag } else { -lag };
        CorrelationRow { point_a, point_b, r: pair.r, lag_buckets, sample_count: pair.samples as i32 }
    };
    let change = CorrelationChange {
        variant,
        computed: points
            .iter()
            .zip(&computed)
            .filter(|(_, computed)| **computed)
            .map(|(id, _)| *id)
            .collect(),
        displaced: displaced.map(ids).collect(),
        found: found.iter().zip(lags(&found)).map(row).collect(),
    };
    (change, counts)
}
