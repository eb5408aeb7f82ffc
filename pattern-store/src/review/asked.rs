use pattern_core::domain::{ChangedPoint, Content, SuggestedPoint};
use pattern_core::library::PatternSpec;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::{Result, StoreError};

/// What exactly a suggestion asks.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub id: Uuid,
    pub content: Content,
    pub members: BTreeSet<Uuid>,
    /// How well each member fits, 0..1.
    pub fits: BTreeMap<Uuid, f64>,
    /// The pattern that an approval would make.
    pub draft: Option<PatternSpec>,
}

/// The members of a suggestion, as its kind shows them.
#[derive(Debug, Clone)]
pub enum MemberRows {
    Equipment(Vec<SuggestedPoint>),
    Episode(Vec<ChangedPoint>),
}

pub(super) async fn load_asked(conn: &mut PgConnection, id: Uuid) -> Result<Asked> {
    let row = sqlx::query!("select content, members, fits, draft from suggestions where id = $1", id)
        .fetch_optional(conn)
        .await?
        .ok_or_else(|| StoreError::NotFound(format!("suggestion {id}")))?;
    Ok(Asked {
        id,
        content: serde_json::from_value(row.content)?,
        members: row.members.into_iter().collect(),
        fits: serde_json::from_value(row.fits)?,
        draft: row.draft.map(serde_json::from_value).transpose()?,
    })
}
