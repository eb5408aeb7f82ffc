//! Naming an episode: it is kept as one of its kind of event, by which the next one is recognised.

use pattern_core::domain::{ApproveRequest, Cause, Content, EpisodeContent, PatternKind, stable_id};
use sqlx::PgConnection;

use crate::{
    DecideError, Result, StoreError,
    patterns::{self, SitePattern},
    review::{Deciding, Outcome},
};

/// Keeps the episode as one of the confirmed pattern, which is made where there is none of that name.
pub(crate) async fn approve(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    request: &ApproveRequest,
) -> Result<Outcome, DecideError> {
    only_about_episodes(request)?;
    let content = content_of(deciding)?;
    let name = request.pattern_name.as_deref().unwrap_or_default().split_whitespace();
    let name = Some(name.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty());
    let confirmed = match (request.pattern_id, deciding.suggestion.pattern.id, name) {
        (Some(id), ..) | (None, Some(id), None) => {
            patterns::of_site(conn, id, PatternKind::Episode, deciding.data_source_id).await?
        }
        (None, _, Some(name)) => create(conn, deciding, &name).await?,
        (None, None, None) => {
            let what = "nobody has named this kind of event; give it a name as pattern_name, or a known one as pattern_id";
            return Err(StoreError::Invalid(what.into()).into());
        }
    };
    let id = stable_id(&["episode", &deciding.decision_id.to_string()]);
    sqlx::query!(
        "insert into episodes (id, data_source_id, pattern_id, suggestion_id, starts_at, ends_at, changes, named_by,
                               named_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id,
        deciding.data_source_id,
        confirmed.id,
        deciding.suggestion.id,
        content.starts_at,
        content.ends_at,
        serde_json::to_value(&content.changes).map_err(StoreError::from)?,
        deciding.reviewer,
        deciding.now
    )
    .execute(&mut *conn)
    .await
    .map_err(StoreError::from)?;
    patterns::confirm(conn, &confirmed, &[], deciding.reviewer, deciding.now).await?;
    let cause = format!("{} is a {}", deciding.suggestion.subject.label, confirmed.name);
    Ok(Outcome { id, label: confirmed.name, pattern_id: confirmed.id, cause })
}

/// Forgets that the episode was one of its kind; a kind that nobody has named anything else goes with it.
pub(crate) async fn take_back(conn: &mut PgConnection, deciding: &Deciding<'_>) -> Result<()> {
    let patterns = sqlx::query_scalar!(
        "update episodes set retracted_at = $2 where suggestion_id = $1 and retracted_at is null
         returning pattern_id",
        deciding.suggestion.id,
        deciding.now
    )
    .fetch_all(&mut *conn)
    .await?;
    for pattern in patterns {
        let why = format!("the name of {} was taken back", deciding.suggestion.subject.label);
        let cause = Cause::reviewer(deciding.reviewer, why);
        patterns::retire_unused(conn, pattern, &deciding.suggestion.data_source, cause, deciding.now).await?;
    }
    Ok(())
}

fn content_of<'a>(deciding: &'a Deciding<'_>) -> Result<&'a EpisodeContent> {
    match &deciding.asked.content {
        Content::Episode(content) => Ok(content),
        Content::Equipment(_) => {
            Err(StoreError::Corrupt(format!("suggestion {} asks of no episode", deciding.suggestion.id)))
        }
    }
}

/// A kind of event that looks as this episode does, or as those did that resemble it.
async fn create(conn: &mut PgConnection, deciding: &Deciding<'_>, name: &str) -> Result<SitePattern> {
    let draft =
        deciding.asked.draft.clone().ok_or_else(|| {
            StoreError::Corrupt(format!("suggestion {} has no draft", deciding.suggestion.id))
        })?;
    let cause = Cause::reviewer(deciding.reviewer, "named as a new kind of event");
    let data_source = &deciding.suggestion.data_source;
    let id = patterns::learn(conn, &draft.named(name), data_source, cause, deciding.now).await?;
    patterns::of_site(conn, id, PatternKind::Episode, deciding.data_source_id).await
}

/// An approval says nothing about machines and roles here, and what would be ignored is refused.
fn only_about_episodes(request: &ApproveRequest) -> Result<()> {
    let given = [
        ("equipment_name", request.equipment_name.is_some()),
        ("equipment_names", !request.equipment_names.is_empty()),
        ("extend", request.extend),
        ("role_assignments", request.role_assignments.is_some()),
        ("excluded_points", !request.excluded_points.is_empty()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((field, _)) => {
            let what =
                format!("{field} is about equipment, and this suggestion is about an episode; leave it out");
            Err(StoreError::Invalid(what))
        }
        None => Ok(()),
    }
}
