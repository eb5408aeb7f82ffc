//! Questions that a person, or time, has answered: what is not asked again.

use pattern_core::domain::{PatternKind, Purpose};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

use crate::{
    Result, Store,
    review::{Answer, Answered, NewSuggestion, answered},
};

/// From this share of common points on, two member sets are the same question.
const SAME_MEMBERS: f64 = 0.5;
/// A question that ran out is worth asking again when it is surer by this much.
const SURER: f64 = 0.1;

/// The answers about a data source, found by their points.
#[derive(Debug, Default)]
pub struct SettledQuestions {
    questions: Vec<Answered>,
    excluded: Vec<Uuid>,
    by_point: HashMap<Uuid, Vec<usize>>,
}

impl Store {
    pub async fn settled_questions(&self, data_source: Uuid) -> Result<SettledQuestions> {
        let mut conn = self.pool.acquire().await?;
        let answered = answered(&mut conn, PatternKind::Equipment, data_source).await?;
        settled_questions(&mut conn, data_source, answered).await
    }
}

/// What is answered about a data source. Points that an approval excluded are none of its own.
pub(crate) async fn settled_questions(
    conn: &mut PgConnection,
    data_source: Uuid,
    answered: Vec<Answered>,
) -> Result<SettledQuestions> {
    let exclusions = sqlx::query!(
        "select x.suggestion_id, x.point_id from exclusions x join equipment e on e.id = x.equipment_id
         where e.data_source_id = $1 and x.retracted_at is null",
        data_source
    )
    .fetch_all(conn)
    .await?;
    let mut excluded: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for row in &exclusions {
        excluded.entry(row.suggestion_id).or_default().push(row.point_id);
    }
    let mut settled = SettledQuestions {
        excluded: exclusions.iter().map(|row| row.point_id).collect(),
        ..SettledQuestions::default()
    };
    for mut question in answered {
        if question.answer == Answer::Approved {
            for point in excluded.remove(&question.suggestion_id).unwrap_or_default() {
                question.members.remove(&point);
            }
        }
        settled.add(question);
    }
    Ok(settled)
}

impl SettledQuestions {
    /// How this was answered before; `None` when it has to be asked.
    pub fn answer(&self, asked: &NewSuggestion) -> Option<Answer> {
        let of_all = self.is_told(&asked.members).then_some(Answer::Approved);
        let past = self.about(&asked.members).filter(|past| settles(past, asked)).map(|past| past.answer);
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
        answered.flat_map(|past| past.members.iter().copied())
    }

    /// Points that somebody took out of a machine.
    pub fn excluded_points(&self) -> &[Uuid] {
        &self.excluded
    }

    /// Grows and shrinks as questions are answered, run out, or are taken back.
    pub fn count(&self) -> usize {
        self.questions.len()
    }

    fn add(&mut self, question: Answered) {
        for point in &question.members {
            self.by_point.entry(*point).or_default().push(self.questions.len());
        }
        self.questions.push(question);
    }

    fn about(&self, point_ids: &[Uuid]) -> impl Iterator<Item = &Answered> {
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        for index in point_ids.iter().filter_map(|point| self.by_point.get(point)).flatten() {
            *common.entry(*index).or_default() += 1;
        }
        let asked = point_ids.len();
        common.into_iter().filter_map(move |(index, common)| {
            let past = &self.questions[index];
            let all = past.members.len() + asked - common;
            (common as f64 >= SAME_MEMBERS * all as f64).then_some(past)
        })
    }
}

fn settles(past: &Answered, asked: &NewSuggestion) -> bool {
    let same_pattern = past.pattern_id == asked.pattern.map(|(id, _)| id);
    match past.answer {
        // Settled for every pattern; only the same one may ask to take in new points.
        Answer::Approved => !same_pattern || asked.fits.keys().all(|point| past.members.contains(point)),
        Answer::Rejected => same_pattern,
        Answer::Unanswered => same_pattern && !is_surer(past, asked),
    }
}

fn is_surer(past: &Answered, asked: &NewSuggestion) -> bool {
    let now_a_match = past.purpose != Purpose::Match && asked.purpose == Purpose::Match;
    now_a_match || asked.confidence >= past.confidence + SURER
}
