//! Runs that somebody asks for.

use chrono::{DateTime, Utc};
use pattern_core::domain::{AuditAction, Principal, StartedBy, Word};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::time::Duration;
use uuid::Uuid;

use super::{
    NewRun,
    enqueue::{Chain, Terms, start_chain},
};
use crate::{AuditRecord, DecideError, Idempotency, Result, Store, StoreError, access::audit};

/// A run that is asked for by name.
#[derive(Debug, Clone)]
pub struct Order {
    /// A job, or the chain `flywheel`.
    pub job: String,
    /// `None` means every data source.
    pub data_source_id: Option<Uuid>,
    pub arguments: Option<Value>,
    pub priority: Option<i16>,
    pub deadline: Option<DateTime<Utc>>,
}

impl Store {
    /// Queues the run and answers its id. What its job does not take, and whoever may not start it, is refused.
    pub async fn order_run(
        &self,
        order: &Order,
        by: &Principal,
        idempotency: Option<&Idempotency>,
    ) -> Result<Uuid, DecideError> {
        let mut tx = self.pool().begin().await?;
        if let Some(key) = idempotency
            && let Some(run) = key.claim(&mut tx, &by.name).await?
        {
            return Ok(run);
        }
        let run = match order.job.as_str() {
            "flywheel" => start_flywheel(&mut tx, order, by).await?,
            _ => self.start_job(&mut tx, order, by).await?,
        };
        let record = AuditRecord {
            detail: json!({ "job": order.job, "data_source_id": order.data_source_id, "arguments": order.arguments }),
            ..AuditRecord::new(&by.name, AuditAction::RunStarted, run.to_string())
        };
        audit::record(&mut tx, &record).await?;
        if let Some(key) = idempotency {
            key.keep(&mut tx, &by.name, &run).await?;
        }
        tx.commit().await?;
        Ok(run)
    }

    async fn start_job(&self, conn: &mut PgConnection, order: &Order, by: &Principal) -> Result<Uuid> {
        let job = self.job_type(&order.job)?;
        let scope = match job.started_by {
            StartedBy::Anybody(scope) => scope,
            StartedBy::Run(whole) => {
                let what = format!("job '{}' is only ever a part of another one; run {whole}", job.name);
                return Err(StoreError::Invalid(what));
            }
        };
        if !by.may(scope) {
            return Err(StoreError::Forbidden(format!(
                "{} may not start '{}': that needs the scope {}",
                by.name,
                job.name,
                scope.as_str()
            )));
        }
        let mut run = NewRun::new(job, &by.name);
        run.data_source_id = order.data_source_id;
        run.terms = terms(run.terms, order);
        job.check(&run.terms.arguments)
            .map_err(|problem| StoreError::Invalid(format!("arguments of '{}': {problem}", job.name)))?;
        let queued = Store::enqueue_run(conn, &run).await?;
        queued.ok_or_else(|| {
            StoreError::Corrupt(format!("a run of '{}' without a key was there already", job.name))
        })
    }
}

async fn start_flywheel(conn: &mut PgConnection, order: &Order, by: &Principal) -> Result<Uuid> {
    if order
        .arguments
        .as_ref()
        .is_some_and(|arguments| arguments.as_object().is_none_or(|all| !all.is_empty()))
    {
        return Err(StoreError::Invalid("arguments: the flywheel takes none; leave them out".into()));
    }
    let terms = terms(Chain::Flywheel.usual_terms(), order);
    start_chain(conn, Chain::Flywheel, &terms, order.data_source_id, &by.name, Duration::ZERO).await
}

fn terms(usual: Terms, order: &Order) -> Terms {
    Terms {
        arguments: order.arguments.clone().unwrap_or(usual.arguments),
        priority: order.priority.unwrap_or(usual.priority),
        deadline: order.deadline,
        traceparent: usual.traceparent,
    }
}
