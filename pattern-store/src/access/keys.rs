use chrono::{DateTime, Utc};
use pattern_core::domain::{ApiKey, AuditAction, Principal, Scope, text};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::{
    AuditRecord, Known, audit, scopes_of,
    secret::{self, KEY_PREFIX},
    words_of,
};
use crate::{Result, Store, StoreError};

/// A key to make.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub name: String,
    pub scopes: BTreeSet<Scope>,
    pub expires_at: Option<DateTime<Utc>>,
}

struct KeyRow {
    id: Uuid,
    name: String,
    scopes: Vec<String>,
    created_by: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<String>,
    last_used_at: Option<DateTime<Utc>>,
}

impl KeyRow {
    fn key(self) -> Result<ApiKey> {
        Ok(ApiKey {
            scopes: scopes_of("api key", &self.name, &self.scopes)?,
            id: self.id,
            name: self.name,
            created_by: self.created_by,
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            revoked_by: self.revoked_by,
            last_used_at: self.last_used_at,
        })
    }
}

impl Store {
    /// Makes a key, and answers it with its secret, which is kept nowhere.
    pub async fn create_api_key(&self, new: &NewKey, by: &str) -> Result<(ApiKey, String)> {
        let name = text::REVIEWER
            .clean(&new.name)
            .map_err(|problem| StoreError::Invalid(format!("name: {problem}")))?;
        if new.scopes.is_empty() {
            let what = "scopes: there are none; give viewer, reviewer, operator or admin";
            return Err(StoreError::Invalid(what.into()));
        }
        let secret = secret::make(KEY_PREFIX)?;
        let mut tx = self.pool.begin().await?;
        let is_over = sqlx::query_scalar!(r#"select $1::timestamptz <= now() as "over""#, new.expires_at)
            .fetch_one(&mut *tx)
            .await?;
        if is_over == Some(true) {
            return Err(StoreError::Invalid("expires_at: is over; give a time that is to come".into()));
        }
        let row = sqlx::query_as!(
            KeyRow,
            "insert into api_keys (id, name, hash, scopes, created_by, expires_at) values ($1, $2, $3, $4, $5, $6)
             on conflict (name) where revoked_at is null do nothing
             returning id, name, scopes, created_by, created_at, expires_at, revoked_at, revoked_by, last_used_at",
            Uuid::new_v4(),
            name,
            secret::hash(&secret),
            &words_of(&new.scopes),
            by,
            new.expires_at
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| {
            StoreError::Conflict(format!("there is a key '{name}'; revoke it first, or choose another name"))
        })?;
        let detail = json!({ "scopes": new.scopes, "expires_at": new.expires_at });
        let record = AuditRecord { detail, ..AuditRecord::new(by, AuditAction::KeyCreated, &row.name) };
        audit::record(&mut tx, &record).await?;
        tx.commit().await?;
        Ok((row.key()?, secret))
    }

    /// All keys, the newest first; revoked ones as well.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        let rows = sqlx::query_as!(
            KeyRow,
            "select id, name, scopes, created_by, created_at, expires_at, revoked_at, revoked_by, last_used_at
             from api_keys order by created_at desc, id"
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(KeyRow::key).collect()
    }

    /// From now on the key, and whoever signed in with it, is refused.
    pub async fn revoke_api_key(&self, id: Uuid, by: &str) -> Result<ApiKey> {
        let mut tx = self.pool.begin().await?;
        let row = sqlx::query_as!(
            KeyRow,
            "update api_keys set revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, $2)
             where id = $1
             returning id, name, scopes, created_by, created_at, expires_at, revoked_at, revoked_by, last_used_at",
            id,
            by
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| StoreError::NotFound(format!("api key {id}")))?;
        audit::record(&mut tx, &AuditRecord::new(by, AuditAction::KeyRevoked, &row.name)).await?;
        tx.commit().await?;
        row.key()
    }

    /// Who acts with this key; `None` where it is none, or no more.
    pub async fn holder_of_key(&self, secret: &str) -> Result<Option<(Uuid, Known)>> {
        let row = sqlx::query!(
            r#"select id, name, scopes, expires_at,
                      coalesce(last_used_at < now() - interval '1 minute', true) as "is_stale!"
               from api_keys where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())"#,
            secret::hash(secret)
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.is_stale {
            sqlx::query!("update api_keys set last_used_at = now() where id = $1", row.id)
                .execute(&self.pool)
                .await?;
        }
        let scopes = scopes_of("api key", &row.name, &row.scopes)?;
        let principal = Principal { name: row.name, scopes };
        Ok(Some((row.id, Known { principal, expires_at: row.expires_at })))
    }
}
