//! Reading the library, and bringing specifications into it.

use chrono::{DateTime, Utc};
use pattern_core::domain::{EventType, Pattern, PatternKind, PatternSource, Word};
use pattern_core::library::{PatternBody, PatternSpec};
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

use super::announce::{Announcement, announce, load, load_many};
use super::insert::{id_of, insert, replace_library_roles};
use crate::{Result, Store, StoreError, evidence};

/// A pattern of one kind as matching uses it.
#[derive(Debug, Clone)]
pub struct LibraryPattern<Body> {
    pub id: Uuid,
    pub version: i64,
    pub confidence: f64,
    pub spec: Body,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LibraryChange {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
}

impl Store {
    /// Brings specifications into the library; a changed one becomes a new version, and its evidence is
    /// folded into the new prior. What ships with the product leaves alone what a person changed.
    pub async fn load_library(
        &self,
        specs: &[PatternSpec],
        source: PatternSource,
        now: DateTime<Utc>,
    ) -> Result<LibraryChange> {
        let mut tx = self.pool.begin().await?;
        sqlx::query!("select pg_advisory_xact_lock(hashtext('naia library'))").execute(&mut *tx).await?;
        let mut in_order: Vec<&PatternSpec> = specs.iter().collect();
        in_order.sort_by_key(|spec| id_of(spec));
        let mut change = LibraryChange::default();
        for spec in in_order {
            let body = serde_json::to_value(spec)?;
            let known = sqlx::query!(
                "select id, body, source from patterns where kind = $1 and name = $2 for no key update",
                spec.kind().as_str(),
                spec.name()
            )
            .fetch_optional(&mut *tx)
            .await?;
            match known {
                None => {
                    change.created += 1;
                    insert(&mut tx, spec, source, Announcement::by_engine("loaded"), now).await?;
                }
                Some(row) if row.body == body => change.unchanged += 1,
                Some(row) if source == PatternSource::Library && row.source != source.as_str() => {
                    change.unchanged += 1;
                }
                Some(row) => {
                    change.updated += 1;
                    sqlx::query!(
                        "update patterns set category = $2, description = $3, body = $4, source = $5,
                                status = 'active' where id = $1",
                        row.id,
                        spec.category(),
                        spec.description(),
                        body,
                        source.as_str()
                    )
                    .execute(&mut *tx)
                    .await?;
                    replace_library_roles(&mut tx, row.id, spec).await?;
                    let judged = evidence::judge(&mut tx, row.id, now).await?;
                    evidence::write(&mut tx, row.id, &judged, now).await?;
                    let announcement = Announcement {
                        previous_confidence: Some(judged.confidence_before),
                        ..Announcement::by_engine("specification changed")
                    };
                    announce(&mut tx, row.id, EventType::PatternUpdated, announcement, now).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(change)
    }

    /// The patterns in force of every kind, in id order.
    pub async fn whole_library(&self) -> Result<Vec<PatternSpec>> {
        let bodies = sqlx::query_scalar!("select body from patterns where status = 'active' order by id")
            .fetch_all(&self.pool)
            .await?;
        bodies.into_iter().map(|body| Ok(serde_json::from_value(body)?)).collect()
    }

    /// The patterns of one kind that matching may propose, in id order.
    pub async fn library<Body: PatternBody>(&self) -> Result<Vec<LibraryPattern<Body>>> {
        let rows = sqlx::query!(
            "select id, version, confidence, body from patterns where status = 'active' and kind = $1 order by id",
            Body::KIND.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let spec = Body::of(serde_json::from_value(row.body)?).ok_or_else(|| {
                    StoreError::Corrupt(format!("pattern {} has the body of another kind", row.id))
                })?;
                Ok(LibraryPattern { id: row.id, version: row.version, confidence: row.confidence, spec })
            })
            .collect()
    }

    /// A pattern with the specification that it was loaded or learned with.
    pub async fn pattern_with_spec(&self, id: Uuid) -> Result<(Pattern, PatternSpec)> {
        let mut conn = self.pool.acquire().await?;
        let pattern = load(&mut conn, id).await?;
        let body =
            sqlx::query_scalar!("select body from patterns where id = $1", id).fetch_one(&mut *conn).await?;
        Ok((pattern, serde_json::from_value(body)?))
    }

    pub async fn pattern(&self, id: Uuid) -> Result<Pattern> {
        let mut conn = self.pool.acquire().await?;
        load(&mut conn, id).await
    }

    /// Patterns by name, from behind `after`; equal names, of several kinds, by id.
    pub async fn list_patterns(
        &self,
        kind: Option<PatternKind>,
        category: Option<&str>,
        after: Option<(&str, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Pattern>> {
        let mut conn = self.pool.acquire().await?;
        let (after_name, after_id) = after.unzip();
        let ids = sqlx::query_scalar!(
            "select id from patterns
             where ($1::text is null or kind = $1) and ($2::text is null or category = $2)
               and ($3::text is null or (name, id) > ($3, $4::uuid))
             order by name, id limit $5",
            kind.map(PatternKind::as_str),
            category,
            after_name,
            after_id,
            limit
        )
        .fetch_all(&mut *conn)
        .await?;
        let mut by_id: BTreeMap<Uuid, Pattern> =
            load_many(&mut conn, &ids).await?.into_iter().map(|pattern| (pattern.id, pattern)).collect();
        Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
    }
}
