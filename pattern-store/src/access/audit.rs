use chrono::{DateTime, Utc};
use pattern_core::domain::{AuditAction, AuditEntry, Word};
use serde_json::{Value, json};

use crate::{PgConnection, Result, Store, error::stored};

/// Something to write down.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    pub actor: String,
    pub action: AuditAction,
    pub subject: String,
    pub detail: Value,
    pub address: Option<String>,
}

impl AuditRecord {
    pub fn new(actor: &str, action: AuditAction, subject: impl Into<String>) -> Self {
        Self { actor: actor.into(), action, subject: subject.into(), detail: json!({}), address: None }
    }
}

/// Which entries of the log somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub actor: Option<String>,
    pub action: Option<AuditAction>,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

/// Written in the transaction that does it: what was not done is not in the log, and what was is.
pub(crate) async fn record(conn: &mut PgConnection, record: &AuditRecord) -> Result<()> {
    sqlx::query!(
        "insert into audit_log (actor, action, subject, detail, address) values ($1, $2, $3, $4, $5)",
        record.actor,
        record.action.as_str(),
        record.subject,
        record.detail,
        record.address
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// Writes down what changes nothing here, as a sign-in that was refused.
    pub async fn record_audit(&self, what: &AuditRecord) -> Result<()> {
        let mut conn = self.pool.acquire().await?;
        record(&mut conn, what).await
    }

    /// The newest first; `before`: only entries older than this one.
    pub async fn audit_log(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>> {
        let rows = sqlx::query!(
            "select id, at, actor, action, subject, detail, address from audit_log
             where ($1::text is null or actor = $1) and ($2::text is null or action = $2)
               and ($3::timestamptz is null or at >= $3) and ($4::timestamptz is null or at < $4)
               and ($5::bigint is null or id < $5)
             order by id desc limit $6",
            filter.actor,
            filter.action.map(Word::as_str),
            filter.since,
            filter.until,
            before,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(AuditEntry {
                    id: row.id,
                    at: row.at,
                    action: stored("audit entry", row.id, &row.action)?,
                    actor: row.actor,
                    subject: row.subject,
                    detail: row.detail,
                    address: row.address,
                })
            })
            .collect()
    }
}
