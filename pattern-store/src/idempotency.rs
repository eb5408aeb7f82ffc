use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;

use crate::{DecideError, Result, StoreError};

/// Lets a client ask again without acting twice.
#[derive(Debug, Clone)]
pub struct Idempotency {
    pub key: String,
    pub route: String,
    pub body_hash: String,
}

impl Idempotency {
    /// Takes the key in the caller's transaction, or gives what it was answered with before. Waits for a
    /// rival that holds it.
    pub async fn claim<T: DeserializeOwned>(
        &self,
        conn: &mut PgConnection,
        reviewer: &str,
    ) -> Result<Option<T>, DecideError> {
        let claimed = sqlx::query!(
            "insert into idempotency_keys (key, reviewer, route, body_hash, status, response)
         values ($1, $2, $3, $4, 0, 'null') on conflict (key, reviewer) do nothing",
            self.key,
            reviewer,
            self.route,
            self.body_hash
        )
        .execute(&mut *conn)
        .await?;
        if claimed.rows_affected() == 1 {
            return Ok(None);
        }
        let row = sqlx::query!(
            "select route, body_hash, response from idempotency_keys where key = $1 and reviewer = $2",
            self.key,
            reviewer
        )
        .fetch_one(conn)
        .await?;
        if row.route != self.route || row.body_hash != self.body_hash {
            return Err(DecideError::KeyReused);
        }
        Ok(Some(serde_json::from_value(row.response).map_err(StoreError::from)?))
    }

    /// Keeps the answer, in the transaction with what was done.
    pub async fn keep<T: Serialize>(
        &self,
        conn: &mut PgConnection,
        reviewer: &str,
        answer: &T,
    ) -> Result<()> {
        sqlx::query!(
            "update idempotency_keys set status = 200, response = $3 where key = $1 and reviewer = $2",
            self.key,
            reviewer,
            serde_json::to_value(answer)?
        )
        .execute(conn)
        .await?;
        Ok(())
    }
}
