//! Questions that a person, or time, has answered: what is not asked again.

use pattern_core::domain::{Purpose, SuggestionStatus, Word};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

use super::propose::NewSuggestion;
use crate::{Result, Store, StoreError, error::stored};

/// From this share of common points on, two member sets are the same question.
const SAME_MEMBERS: f64 = 0.5;
/// A question that ran out is worth asking again when it is surer by this much.
const SURER: f64 = 0.1;

/// How a question was answered before. Of several answers the first of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// What the points are is known.
    Approved,
    /// They are something else.
    Rejected,
    /// Nobody said so in time.
    Unanswered,
}

impl Answer {
    fn of(status: SuggestionStatus) -> Result<Self> {
        match status {
            SuggestionStatus::Approved => Ok(Self::Approved),
            SuggestionStatus::Rejected => Ok(Self::Rejected),
            SuggestionStatus::Expired => Ok(Self::Unanswered),
            SuggestionStatus::Pending | SuggestionStatus::Deferred => {
                Err(StoreError::Corrupt(format!("a question that is {} counts as answered", status.as_str())))
            }
        }
    }
}

/// The answers about a data source, found by their points.
#[derive(Debug, Default)]
pub struct SettledQuestions {
    questions: Vec<Settled>,
    excluded: Vec<Uuid>,
    by_point: HashMap<Uuid, Vec<usize>>,
}

#[derive(Debug)]
struct Settled {
    answer: Answer,
    /// The confirmed one where it was approved, else the one that was asked about.
    pattern_id: Option<Uuid>,
    point_ids: BTreeSet<Uuid>,
    purpose: Purpose,
    confidence: f64,
}

impl Store {
    pub async fn settled_questions(&self, data_source: Uuid) -> Result<SettledQuestions> {
        let mut conn = self.pool.acquire().await?;
        settled_questions(&mut conn, data_source).await
    }
}

/// Rejections in force, approvals in force without the points that they excluded, and questions that ran out unanswered.
pub(super) async fn settled_questions(
    conn: &mut PgConnection,
    data_source: Uuid,
) -> Result<SettledQuestions> {
    let rows = sqlx::query!(
        r#"select s.id as "id!", r.pattern_id, r.point_ids as "point_ids!", 'rejected' as "status!", s.purpose as "purpose!",
                  s.confidence as "confidence!"
           from rejections r join suggestions s on s.id = r.suggestion_id
           where r.data_source_id = $1 and r.retracted_at is null
           union all
           select s.id, coalesce(e.pattern_id, s.pattern_id),
                  array(select unnest(s.point_ids) except
                        select x.point_id from exclusions x
                        where x.suggestion_id = s.id and x.retracted_at is null),
                  s.status, s.purpose, s.confidence
           from suggestions s left join equipment e on e.id = s.equipment_id
           where s.data_source_id = $1
             and (s.status = 'approved' or (s.status = 'expired' and s.updated_at >= s.expires_at))"#,
        data_source
    )
    .fetch_all(&mut *conn)
    .await?;
    let excluded = sqlx::query_scalar!(
        "select x.point_id from exclusions x join equipment e on e.id = x.equipment_id
         where e.data_source_id = $1 and x.retracted_at is null",
        data_source
    )
    .fetch_all(conn)
    .await?;
    let mut settled = SettledQuestions { excluded, ..SettledQuestions::default() };
    for row in rows {
        settled.add(Settled {
            answer: Answer::of(stored("suggestion", row.id, &row.status)?)?,
            pattern_id: row.pattern_id,
            point_ids: row.point_ids.into_iter().collect(),
            purpose: stored("suggestion", row.id, &row.purpose)?,
            confidence: row.confidence,
        });
    }
    Ok(settled)
}

impl SettledQuestions {
    /// How this was answered before; `None` when it has to be asked.
    pub fn answer(&self, asked: &NewSuggestion) -> Option<Answer> {
        let of_all = self.is_told(&asked.point_ids).then_some(Answer::Approved);
        let past = self.about(&asked.point_ids).filter(|past| past.settles(asked)).map(|past| past.answer);
        past.chain(of_all).min()
    }

    /// Whether somebody has said what these points are.
    pub fn is_known(&self, point_ids: &[Uuid]) -> bool {
        self.is_told(point_ids) || self.about(point_ids).any(|past| past.answer == Answer::Approved)
    }

    /// The pattern that these points were approved as, where they were.
    pub fn approved_as(&self, point_ids: &[Uuid]) -> Option<Uuid> {
        self.about(point_ids).find(|past| past.answer == Answer::Approved)?.pattern_id
    }

    /// Whether somebody has said so of every single one, be it in several answers: two halves of a machine.
    fn is_told(&self, point_ids: &[Uuid]) -> bool {
        let is_approved = |index: &usize| self.questions[*index].answer == Answer::Approved;
        point_ids
            .iter()
            .all(|point| self.by_point.get(point).is_some_and(|past| past.iter().any(is_approved)))
    }

    /// How often somebody has said that these points are not what they were taken for.
    pub fn rejections(&self, point_ids: &[Uuid]) -> usize {
        self.about(point_ids).filter(|past| past.answer == Answer::Rejected).count()
    }

    /// Points that somebody looked at, whatever he said.
    pub fn answered_points(&self) -> impl Iterator<Item = Uuid> {
        let answered = self.questions.iter().filter(|past| past.answer != Answer::Unanswered);
        answered.flat_map(|past| past.point_ids.iter().copied())
    }

    /// Points that somebody took out of a machine.
    pub fn excluded_points(&self) -> &[Uuid] {
        &self.excluded
    }

    /// Grows and shrinks as questions are answered, run out, or are taken back.
    pub fn count(&self) -> usize {
        self.questions.len()
    }

    fn add(&mut self, question: Settled) {
        for point in &question.point_ids {
            self.by_point.entry(*point).or_default().push(self.questions.len());
        }
        self.questions.push(question);
    }

    fn about(&self, point_ids: &[Uuid]) -> impl Iterator<Item = &Settled> {
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        for index in point_ids.iter().filter_map(|point| self.by_point.get(point)).flatten() {
            *common.entry(*index).or_default() += 1;
        }
        let asked = point_ids.len();
        common.into_iter().filter_map(move |(index, common)| {
            let past = &self.questions[index];
            let all = past.point_ids.len() + asked - common;
            (common as f64 >= SAME_MEMBERS * all as f64).then_some(past)
        })
    }
}

impl Settled {
    fn settles(&self, asked: &NewSuggestion) -> bool {
        let same_pattern = self.pattern_id == asked.pattern.map(|(id, _)| id);
        match self.answer {
            // Settled for every pattern; only the same one may ask to take in new points.
            Answer::Approved => {
                !same_pattern || asked.roles.iter().all(|role| self.point_ids.contains(&role.point_id))
            }
            Answer::Rejected => same_pattern,
            Answer::Unanswered => same_pattern && !self.is_surer(asked),
        }
    }

    fn is_surer(&self, asked: &NewSuggestion) -> bool {
        let now_a_match = self.purpose != Purpose::Match && asked.purpose == Purpose::Match;
        now_a_match || asked.confidence >= self.confidence + SURER
    }
}
