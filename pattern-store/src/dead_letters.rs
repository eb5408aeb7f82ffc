//! Records that could not be understood.

use chrono::{DateTime, Utc};
use pattern_core::domain::stable_id;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, Store, StoreError};

const MAX_REASON_CHARS: usize = 2_000;

/// A record as it came, and why it could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeadLetter {
    pub topic: String,
    pub topic_id: String,
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    pub id: Uuid,
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub reason: String,
    pub created_at: DateTime<Utc>,
    pub redriven_at: Option<DateTime<Utc>>,
}

/// How many dead letters there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DeadLetterTotals {
    pub kept: i64,
    /// Those of them that were not redriven.
    pub waiting: i64,
    pub newest: Option<DateTime<Utc>>,
}

impl StoreError {
    /// Whether what was to be stored is to blame, so that it fails however often it is tried. Whatever
    /// else is wrong (a server that is away, a full disk, a schema that is not there) somebody can mend.
    pub fn blames_the_data(&self) -> bool {
        match self {
            Self::Invalid(_) => true,
            // 22: a value; 23: a constraint; 54: a limit of the program; P0001: raised by a trigger.
            Self::Database(error) => {
                let code = error.as_database_error().and_then(|e| e.code());
                code.is_some_and(|c| ["22", "23", "54", "P0001"].iter().any(|start| c.starts_with(start)))
            }
            _ => false,
        }
    }
}

impl Store {
    /// The newest dead letters first; `after` is the id of the last one of the page before.
    pub async fn dead_letters(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<DeadLetter>> {
        Ok(sqlx::query_as!(
            DeadLetter,
            r#"select id, topic, partition, record_offset as "offset!", record_key as key, payload, reason,
                      created_at, redriven_at
               from dead_letters
               where $1::uuid is null
                  or (created_at, id) < (select c.created_at, c.id from dead_letters c where c.id = $1)
               order by created_at desc, id desc limit $2"#,
            after,
            i64::from(limit)
        )
        .fetch_all(self.pool())
        .await?)
    }

    pub async fn dead_letter(&self, id: Uuid) -> Result<DeadLetter> {
        sqlx::query_as!(
            DeadLetter,
            r#"select id, topic, partition, record_offset as "offset!", record_key as key, payload, reason,
                      created_at, redriven_at
               from dead_letters where id = $1"#,
            id
        )
        .fetch_optional(self.pool())
        .await?
        .ok_or_else(|| StoreError::NotFound(format!("dead letter {id}")))
    }

    pub async fn dead_letter_totals(&self) -> Result<DeadLetterTotals> {
        Ok(sqlx::query_as!(
            DeadLetterTotals,
            r#"select count(*) as "kept!", count(*) filter (where redriven_at is null) as "waiting!",
                      max(created_at) as newest
               from dead_letters"#
        )
        .fetch_one(self.pool())
        .await?)
    }

    /// Remembers that the record was published again.
    pub async fn mark_redriven(&self, id: Uuid) -> Result<()> {
        sqlx::query!("update dead_letters set redriven_at = now() where id = $1", id)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Forgets dead letters that are older than `cutoff`; answers how many.
    pub async fn prune_dead_letters(&self, cutoff: DateTime<Utc>) -> Result<u64> {
        let deleted = sqlx::query!("delete from dead_letters where created_at < $1", cutoff)
            .execute(self.pool())
            .await?;
        Ok(deleted.rows_affected())
    }
}

pub(crate) async fn insert(conn: &mut PgConnection, letters: &[NewDeadLetter]) -> Result<()> {
    for part in letters.chunks(1_000) {
        let ids: Vec<Uuid> = part.iter().map(id).collect();
        let topics: Vec<String> = part.iter().map(|l| l.topic.clone()).collect();
        let partitions: Vec<i32> = part.iter().map(|l| l.partition).collect();
        let offsets: Vec<i64> = part.iter().map(|l| l.offset).collect();
        let keys: Vec<Option<Vec<u8>>> = part.iter().map(|l| l.key.clone()).collect();
        let payloads: Vec<Option<Vec<u8>>> = part.iter().map(|l| l.payload.clone()).collect();
        let reasons: Vec<String> = part.iter().map(|l| storable(&l.reason)).collect();
        sqlx::query!(
            "insert into dead_letters (id, topic, partition, record_offset, record_key, payload, reason)
             select * from unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[],
                $7::text[])
             on conflict (id) do nothing",
            &ids,
            &topics,
            &partitions,
            &offsets,
            &keys as &[Option<Vec<u8>>],
            &payloads as &[Option<Vec<u8>>],
            &reasons
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Made from where the record was, so that a replay writes no second row.
fn id(letter: &NewDeadLetter) -> Uuid {
    let (partition, offset) = (letter.partition.to_string(), letter.offset.to_string());
    stable_id(&["dead_letter", &letter.topic, &letter.topic_id, &partition, &offset])
}

/// A reason can quote the record, and PostgreSQL's text holds no zero character.
fn storable(reason: &str) -> String {
    reason.chars().filter(|c| *c != '\0').take(MAX_REASON_CHARS).collect()
}
