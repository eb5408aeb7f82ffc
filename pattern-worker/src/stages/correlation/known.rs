//! What the last run left of the points that did not change since.

use pattern_core::{domain::DataSource, series::pairs::Pair};
use pattern_equipment::correlation::PairCount;
use pattern_store::{CorrelatedPoint, CorrelationRow, Variant};
use std::collections::HashMap;
use uuid::Uuid;

use super::super::stage::{Stage, StageError};

pub(super) struct EarlierPairs {
    rows: HashMap<Uuid, usize>,
    /// By row of the grid.
    unchanged: Vec<Option<CorrelatedPoint>>,
}

impl EarlierPairs {
    pub async fn load(
        stage: &Stage,
        source: &DataSource,
        points: &[Uuid],
        versions: &[String],
    ) -> Result<Self, StageError> {
        let mut before = stage.store.correlated_points(source.id).await?;
        let unchanged = points
            .iter()
            .zip(versions)
            .map(|(id, version)| before.remove(id).filter(|point| point.row_version == *version))
            .collect();
        Ok(Self { rows: points.iter().enumerate().map(|(row, id)| (*id, row)).collect(), unchanged })
    }

    pub fn changed(&self) -> usize {
        self.unchanged.iter().filter(|point| point.is_none()).count()
    }

    /// Of a variant, by its place in [`Variant`].
    pub fn counts(&self, variant: usize) -> Vec<Option<PairCount>> {
        let count = |point: &CorrelatedPoint| PairCount {
            kept: point.kept[variant] as u32,
            not_kept: point.not_kept[variant] as u32,
        };
        self.unchanged.iter().map(|point| point.as_ref().map(count)).collect()
    }

    pub async fn pairs(
        &self,
        stage: &Stage,
        source: &DataSource,
        variant: Variant,
    ) -> Result<Vec<Pair>, StageError> {
        if self.unchanged.iter().all(Option::is_none) {
            return Ok(Vec::new());
        }
        let pair = |row: &CorrelationRow| -> Option<Pair> {
            let (a, b) = (*self.rows.get(&row.point_a)?, *self.rows.get(&row.point_b)?);
            Some(Pair { a: a.min(b), b: a.max(b), r: row.r, samples: row.sample_count as u32 })
        };
        Ok(stage.store.correlations(source.id, variant).await?.iter().filter_map(pair).collect())
    }
}
