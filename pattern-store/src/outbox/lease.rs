use chrono::{DateTime, Utc};
use std::time::Duration;

use super::numbering::renew_on_another_server;
use crate::{Result, Store};

/// The right to number and publish events. Whoever takes over raises the term, and everything done
/// under an older term is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub holder: String,
    pub term: i64,
    /// Whether PostgreSQL lets us see which server it is; a hardened one may not.
    pub sees_server: bool,
}

impl Store {
    /// Takes the lease if it is free or has run out.
    pub async fn acquire_relay_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        let row = sqlx::query!(
            r#"update stream set lease_holder = $1, lease_term = lease_term + 1,
                      lease_until = clock_timestamp() + make_interval(secs => $2)
               where lease_until < clock_timestamp()
               returning lease_term,
                         has_function_privilege('pg_control_system()', 'execute')
                         and has_function_privilege('pg_control_checkpoint()', 'execute')
                         and has_function_privilege('pg_control_recovery()', 'execute') as "sees_server!""#,
            holder,
            ttl.as_secs_f64(),
        )
        .fetch_optional(self.pool())
        .await?;
        Ok(row.map(|row| Lease {
            holder: holder.to_owned(),
            term: row.lease_term,
            sees_server: row.sees_server,
        }))
    }

    /// Answers false when somebody else has taken over. Begins the stream anew where PostgreSQL is another server, or has
    /// another history, than the one that numbered it: also while nothing happens, for who resumes from a position that
    /// was lost would wait for it.
    pub async fn renew_relay_lease(&self, lease: &Lease, ttl: Duration) -> Result<bool> {
        renew_on_another_server(&mut *self.pool().acquire().await?, lease).await?;
        let renewed = sqlx::query!(
            "update stream set lease_until = clock_timestamp() + make_interval(secs => $3)
             where lease_holder = $1 and lease_term = $2",
            lease.holder,
            lease.term,
            ttl.as_secs_f64(),
        )
        .execute(self.pool())
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Lets the next one take over without waiting.
    pub async fn release_relay_lease(&self, lease: &Lease) -> Result<()> {
        sqlx::query!(
            "update stream set lease_until = '-infinity' where lease_holder = $1 and lease_term = $2",
            lease.holder,
            lease.term,
        )
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Who relays now, if anybody.
    pub async fn relay_holder(&self) -> Result<Option<(String, DateTime<Utc>)>> {
        let row = sqlx::query!(
            r#"select lease_holder as "holder!", lease_until from stream
               where lease_holder is not null and lease_until > clock_timestamp()"#
        )
        .fetch_optional(self.pool())
        .await?;
        Ok(row.map(|row| (row.holder, row.lease_until)))
    }
}
