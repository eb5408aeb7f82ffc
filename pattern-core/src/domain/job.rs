use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Word;

/// The job types. A worker's capabilities are the names it pulls.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum JobName {
    BehavioralAnalysis,
    CorrelationAnalysis,
    /// A part of a large correlation-analysis.
    CorrelationTile,
    ClusterDetection,
    PatternMatching,
    PatternLearning,
    Maintenance,
    Sealing,
}

impl JobName {
    /// The stages of the flywheel, in order.
    pub const FLYWHEEL: [Self; 4] =
        [Self::BehavioralAnalysis, Self::CorrelationAnalysis, Self::ClusterDetection, Self::PatternMatching];

    /// What a decision sets off: the evidence is folded, and the very next grouping and match use it.
    pub const LEARNING: [Self; 3] = [Self::PatternLearning, Self::ClusterDetection, Self::PatternMatching];

    /// The job of this name, or which there are.
    pub fn named(text: &str) -> Result<Self, String> {
        Self::read(text).map_err(|_| {
            let known: Vec<_> = Self::ALL.iter().filter(|j| !j.is_part()).map(|j| j.as_str()).collect();
            format!("job '{text}' does not exist; known are flywheel, {}", known.join(", "))
        })
    }

    /// Whether runs of it are only ever parts of another run: nobody starts one by itself.
    pub fn is_part(self) -> bool {
        self == Self::CorrelationTile
    }

    /// Whether it deletes, expires or closes by the time: a worker whose clock is wrong leaves it to others.
    pub fn needs_right_clock(self) -> bool {
        matches!(self, Self::Maintenance | Self::Sealing)
    }
}

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
