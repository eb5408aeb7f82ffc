use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a run stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RunStatus {
    Queued,
    Running,
    Succeeded,
    Failed,
    Dead,
    Cancelled,
}

/// One run of a job, or of a chain of jobs, as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobRun {
    pub id: Uuid,
    /// A job name, or `flywheel` for a chain.
    pub job: String,
    pub chain_id: Option<Uuid>,
    /// The run that this one is a tile of.
    pub parent_id: Option<Uuid>,
    pub data_source: Option<String>,
    pub status: RunStatus,
    pub triggered_by: String,
    /// What it was asked to do, as its job declares.
    #[schema(value_type = Object)]
    pub arguments: Value,
    /// 1 to 10; of runs that wait, a worker takes the highest first.
    pub priority: i16,
    /// When it is too late: what has not ended by then is dead.
    pub deadline: Option<DateTime<Utc>>,
    /// Who stopped it, where somebody did.
    pub cancelled_by: Option<String>,
    /// Who ran it again after it was dead or cancelled.
    pub redriven_by: Option<String>,
    pub attempts: i32,
    pub max_attempts: i32,
    pub worker_id: Option<String>,
    pub created_at: DateTime<Utc>,
    pub run_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
    /// What the run found, by data source; `{"skipped": true}` where the input was unchanged, `{"tiles": n}`
    /// while other workers do parts of it.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
}
