//! What differs from kind to kind. A new kind has an arm in each of these, and a room of its own behind them.

use pattern_core::domain::{ApproveRequest, PatternKind, SuggestionBody};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

use super::{
    answered::{Answer, Answered},
    asked::{Asked, MemberRows},
    deciding::{DecideError, Deciding, Outcome},
    new_suggestion::NewSuggestion,
};
use crate::{
    Result,
    episode::{self, SettledEpisodes},
    equipment::{self, SettledQuestions},
};

/// Does what the approval of a suggestion of this kind means.
pub(super) async fn approve(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    request: &ApproveRequest,
) -> Result<Outcome, DecideError> {
    match deciding.suggestion.kind() {
        PatternKind::Equipment => equipment::approve(conn, deciding, request).await,
        PatternKind::Episode => episode::approve(conn, deciding, request).await,
    }
}

/// Retracts what an approval made.
pub(super) async fn take_back(conn: &mut PgConnection, deciding: &Deciding<'_>) -> Result<()> {
    match deciding.suggestion.kind() {
        PatternKind::Equipment => equipment::take_back(conn, deciding).await,
        PatternKind::Episode => episode::take_back(conn, deciding).await,
    }
}

/// The answers of a kind about a data source, as that kind reads them.
pub(super) enum Settled {
    Equipment(SettledQuestions),
    Episode(SettledEpisodes),
}

pub(super) async fn settled(
    conn: &mut PgConnection,
    kind: PatternKind,
    data_source: Uuid,
    answered: Vec<Answered>,
) -> Result<Settled> {
    Ok(match kind {
        PatternKind::Equipment => {
            Settled::Equipment(equipment::settled_questions(conn, data_source, answered).await?)
        }
        PatternKind::Episode => Settled::Episode(SettledEpisodes::new(answered)),
    })
}

impl Settled {
    /// How this was answered before; `None` when it has to be asked.
    pub fn answer(&self, asked: &NewSuggestion) -> Option<Answer> {
        match self {
            Self::Equipment(settled) => settled.answer(asked),
            Self::Episode(settled) => settled.answer(asked),
        }
    }
}

/// What only suggestions of this kind say, by the suggestion.
pub(super) async fn bodies(
    conn: &mut PgConnection,
    kind: PatternKind,
    suggestions: &[Uuid],
) -> Result<HashMap<Uuid, SuggestionBody>> {
    match kind {
        PatternKind::Equipment => equipment::bodies(conn, suggestions).await,
        PatternKind::Episode => episode::bodies(conn, suggestions).await,
    }
}

/// The members of a suggestion with all that is shown of them.
pub(super) async fn members(conn: &mut PgConnection, kind: PatternKind, asked: &Asked) -> Result<MemberRows> {
    Ok(match kind {
        PatternKind::Equipment => MemberRows::Equipment(equipment::members(conn, asked).await?),
        PatternKind::Episode => MemberRows::Episode(episode::members(conn, asked).await?),
    })
}
