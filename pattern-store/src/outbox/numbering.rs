use pattern_core::domain::Position;
use sqlx::PgConnection;

use super::{CHANNEL_POSITION, Lease};
use crate::{Result, Store};

/// What one round of numbering did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    pub count: i64,
    /// The stream's top afterwards.
    pub top: Position,
    /// Where suggestions changed, so that the pending count may have changed.
    pub data_sources: Vec<String>,
}

impl Store {
    /// Gives up to `limit` committed events their positions, in the order they were written, and
    /// announces the new top. `None`: the lease is lost.
    pub async fn number_events(&self, lease: &Lease, limit: i64) -> Result<Option<Numbered>> {
        let mut tx = self.pool().begin().await?;
        renew_on_another_server(&mut tx, lease).await?;
        // The lock comes first, in a statement of its own: the next statement then sees everything
        // that was committed before, and nobody else numbers meanwhile.
        let stream = sqlx::query!(
            "select epoch, next_position from stream where lease_holder = $1 and lease_term = $2 for update",
            lease.holder,
            lease.term,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(stream) = stream else { return Ok(None) };

        let numbered = sqlx::query!(
            r#"with batch as (
                   select ordinal from outbox where position is null order by ordinal limit $2
               ), placed as (
                   select ordinal, $1 + row_number() over (order by ordinal) - 1 as position from batch
               ), done as (
                   update outbox o set position = p.position from placed p where o.ordinal = p.ordinal
                   returning o.aggregatetype, o.data_source
               )
               select count(*) as "count!",
                      coalesce(array_agg(distinct data_source)
                          filter (where aggregatetype = 'suggestion' and data_source is not null),
                          '{}') as "data_sources!: Vec<String>"
               from done"#,
            stream.next_position,
            limit,
        )
        .fetch_one(&mut *tx)
        .await?;
        let next = stream.next_position + numbered.count;
        let top = Position::new(stream.epoch, next - 1);
        if numbered.count > 0 {
            sqlx::query!("update stream set next_position = $1", next).execute(&mut *tx).await?;
            sqlx::query!("select pg_notify($1, $2)", CHANNEL_POSITION, top.to_string())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(Some(Numbered { count: numbered.count, top, data_sources: numbered.data_sources }))
    }

    /// Whether committed events wait for their position; costs next to nothing.
    pub async fn has_unnumbered_events(&self) -> Result<bool> {
        let found =
            sqlx::query_scalar!(r#"select exists (select 1 from outbox where position is null) as "found!""#)
                .fetch_one(self.pool())
                .await?;
        Ok(found)
    }
}

/// A standby that was promoted, and a backup that was restored, may lack the newest positions, and would give them once
/// more to other events: whoever saw them has to read everything again.
pub(super) async fn renew_on_another_server(conn: &mut PgConnection, lease: &Lease) -> Result<()> {
    if !lease.sees_server {
        return Ok(());
    }
    let renewed = sqlx::query!(
        r#"with now as (
               -- The timeline is in the one until the first checkpoint after a promotion, and then in the other.
               select s.system_identifier || '/' || greatest(c.timeline_id, r.min_recovery_end_timeline) as server
               from pg_control_system() s, pg_control_checkpoint() c, pg_control_recovery() r
           ), before as (
               select server from stream
           )
           update stream set server = now.server,
                  epoch = case when stream.server is null then epoch
                               else substr(md5(gen_random_uuid()::text), 1, 8) end
           from now, before
           where stream.server is distinct from now.server
           returning before.server as "before?", epoch, next_position"#
    )
    .fetch_optional(conn)
    .await?;
    if let Some(row) = renewed
        && let Some(before) = row.before
    {
        let position = Position::new(row.epoch, row.next_position - 1);
        tracing::warn!(
            %position,
            before,
            "postgres was promoted or restored since the last event: what it had not got is lost, and the stream of events \
             begins anew"
        );
    }
    Ok(())
}
