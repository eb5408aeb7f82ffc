use chrono::{DateTime, Utc};
use pattern_core::domain::{AuditAction, Principal};
use serde_json::json;
use uuid::Uuid;

use super::{AuditRecord, Known, audit, scopes_of, secret, words_of};
use crate::{Result, Store};

/// Somebody who signs in on the page.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub principal: Principal,
    /// Of whom signs in with a key.
    pub api_key_id: Option<Uuid>,
    /// Of whom a provider vouches for: what it calls him.
    pub subject: Option<String>,
    /// The session ends with what it rests on, or after `hours`.
    pub expires_at: Option<DateTime<Utc>>,
    pub hours: i32,
    pub address: Option<String>,
}

impl Store {
    /// Answers what the browser has to show from now on, and until when.
    pub async fn start_session(&self, new: &NewSession) -> Result<(String, DateTime<Utc>)> {
        let token = secret::make("")?;
        let mut tx = self.pool.begin().await?;
        let expires_at = sqlx::query_scalar!(
            "insert into sessions (hash, name, scopes, api_key_id, subject, expires_at)
             values ($1, $2, $3, $4, $5, least($6, now() + make_interval(hours => $7))) returning expires_at",
            secret::hash(&token),
            new.principal.name,
            &words_of(&new.principal.scopes),
            new.api_key_id,
            new.subject,
            new.expires_at,
            new.hours
        )
        .fetch_one(&mut *tx)
        .await?;
        let name = &new.principal.name;
        let record = AuditRecord {
            detail: json!({ "scopes": new.principal.scopes, "with_key": new.api_key_id.is_some(), "subject": new.subject }),
            address: new.address.clone(),
            ..AuditRecord::new(name, AuditAction::SignedIn, name)
        };
        audit::record(&mut tx, &record).await?;
        tx.commit().await?;
        Ok((token, expires_at))
    }

    /// Who is signed in with this; `None` where nobody is, or no more.
    pub async fn holder_of_session(&self, token: &str) -> Result<Option<Known>> {
        let row = sqlx::query!(
            "select s.name, s.scopes, s.expires_at from sessions s left join api_keys k on k.id = s.api_key_id
             where s.hash = $1 and s.expires_at > now() and k.revoked_at is null",
            secret::hash(token)
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let scopes = scopes_of("session of", &row.name, &row.scopes)?;
        let principal = Principal { name: row.name, scopes };
        Ok(Some(Known { principal, expires_at: Some(row.expires_at) }))
    }

    /// Ends it, if there is one.
    pub async fn end_session(&self, token: &str) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        let name =
            sqlx::query_scalar!("delete from sessions where hash = $1 returning name", secret::hash(token))
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(name) = name {
            audit::record(&mut tx, &AuditRecord::new(&name, AuditAction::SignedOut, &name)).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Deletes those that are over. Returns how many.
    pub async fn prune_sessions(&self) -> Result<u64> {
        let deleted =
            sqlx::query!("delete from sessions where expires_at < now()").execute(&self.pool).await?;
        Ok(deleted.rows_affected())
    }
}
