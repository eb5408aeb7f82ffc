//! What the engine thinks likeliest of each point.

use pattern_core::domain::{Opinion, Word};
use std::collections::HashMap;
use uuid::Uuid;

use crate::{Result, Store, error::stored, jobs::Fence};

impl Store {
    /// Makes these the opinions about the points of a data source; only what changed is written. Answers how many were.
    pub async fn set_opinions(
        &self,
        data_source: Uuid,
        opinions: &HashMap<Uuid, Opinion>,
        fence: Fence,
    ) -> Result<u64> {
        let mut all: Vec<(&Uuid, &Opinion)> = opinions.iter().collect();
        all.sort_unstable_by_key(|(point, _)| **point);
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        let points: Vec<Uuid> = all.iter().map(|(point, _)| **point).collect();
        let gone = sqlx::query!(
            "delete from opinions where data_source_id = $1 and not point_id = any($2)",
            data_source,
            &points
        )
        .execute(&mut *tx)
        .await?;
        let changed = sqlx::query!(
            "insert into opinions as known (point_id, data_source_id, role, equipment, pattern, confidence, source)
             select point_id, $1, role, equipment, pattern, confidence, source
             from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::double precision[], $7::text[])
                  as new(point_id, role, equipment, pattern, confidence, source)
             on conflict (point_id) do update set
                 role = excluded.role, equipment = excluded.equipment, pattern = excluded.pattern,
                 confidence = excluded.confidence, source = excluded.source, changed_at = now()
             where (known.role, known.equipment, known.pattern, known.confidence, known.source)
                   is distinct from
                   (excluded.role, excluded.equipment, excluded.pattern, excluded.confidence, excluded.source)",
            data_source,
            &points,
            &all.iter().map(|(_, opinion)| opinion.role.clone()).collect::<Vec<_>>(),
            &all.iter().map(|(_, opinion)| opinion.equipment.clone()).collect::<Vec<_>>() as &[Option<String>],
            &all.iter().map(|(_, opinion)| opinion.pattern.clone()).collect::<Vec<_>>() as &[Option<String>],
            &all.iter().map(|(_, opinion)| opinion.confidence).collect::<Vec<_>>(),
            &all.iter().map(|(_, opinion)| opinion.source.as_str().to_owned()).collect::<Vec<_>>()
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected() + changed.rows_affected())
    }

    pub async fn opinion(&self, point: Uuid) -> Result<Option<Opinion>> {
        Ok(self.opinions_of(&[point]).await?.remove(&point))
    }

    /// The opinions about these points, by point.
    pub async fn opinions_of(&self, points: &[Uuid]) -> Result<HashMap<Uuid, Opinion>> {
        let rows = sqlx::query!(
            "select point_id, role, equipment, pattern, confidence, source from opinions where point_id = any($1)",
            points
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let opinion = Opinion {
                    role: row.role,
                    equipment: row.equipment,
                    pattern: row.pattern,
                    confidence: row.confidence,
                    source: stored("the opinion about", row.point_id, &row.source)?,
                };
                Ok((row.point_id, opinion))
            })
            .collect()
    }
}
