//! What kinds of jobs there are. A job type is declared once, here or by whoever brings one of its own; what it does is
//! bound to its name by the worker.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{fmt, time::Duration};
use utoipa::{PartialSchema, ToSchema};

use super::Scope;

/// Name of a job type, under which runs of it wait in a queue of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct JobName(&'static str);

impl JobName {
    pub const BEHAVIORAL_ANALYSIS: Self = Self("behavioral-analysis");
    pub const CORRELATION_ANALYSIS: Self = Self("correlation-analysis");
    pub const CORRELATION_TILE: Self = Self("correlation-tile");
    pub const CLUSTER_DETECTION: Self = Self("cluster-detection");
    pub const PATTERN_MATCHING: Self = Self("pattern-matching");
    pub const PATTERN_LEARNING: Self = Self("pattern-learning");
    pub const MAINTENANCE: Self = Self("maintenance");
    pub const SEALING: Self = Self("sealing");

    /// The stages of the flywheel, in order.
    pub const FLYWHEEL: [Self; 4] = [
        Self::BEHAVIORAL_ANALYSIS,
        Self::CORRELATION_ANALYSIS,
        Self::CLUSTER_DETECTION,
        Self::PATTERN_MATCHING,
    ];

    /// What a decision sets off: the evidence is folded, and the very next grouping and match use it.
    pub const LEARNING: [Self; 3] = [Self::PATTERN_LEARNING, Self::CLUSTER_DETECTION, Self::PATTERN_MATCHING];

    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What must not run twice at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// One run at a time for each data source; one over all data sources runs alone.
    DataSource,
    /// Any number at once.
    Free,
}

/// Who starts runs of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedBy {
    /// A schedule, another stage, or an operator who has this scope as well.
    Anybody(Scope),
    /// Only a run of this job, as a part of it.
    Run(JobName),
}

/// A job type.
#[derive(Debug, Clone, Copy)]
pub struct JobType {
    pub name: JobName,
    /// What it does, for people.
    pub description: &'static str,
    pub lane: Lane,
    /// Of a run that asks for none; 1 to 10, 10 is the most urgent.
    pub priority: i16,
    /// A run is dead after so many failed attempts.
    pub max_attempts: i32,
    /// An attempt that takes longer is stopped and tried again.
    pub timeout: Duration,
    pub started_by: StartedBy,
    /// It deletes, expires or closes by the time: a worker whose clock is wrong leaves it to others.
    pub needs_right_clock: bool,
    /// It takes all cores and much memory: a worker does one at a time.
    pub fills_a_worker: bool,
    pub arguments: ArgumentType,
}

/// What runs of a job are told, as a type.
#[derive(Debug, Clone, Copy)]
pub struct ArgumentType {
    check: fn(&Value) -> Result<(), String>,
    schema: fn() -> Value,
}

/// The lowest and the highest priority.
pub const PRIORITIES: std::ops::RangeInclusive<i16> = 1..=10;

const USUAL_PRIORITY: i16 = 5;
const USUAL_ATTEMPTS: i32 = 5;
const USUAL_TIMEOUT: Duration = Duration::from_secs(3600);

/// A job that needs to be told nothing.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArguments {}

impl JobType {
    /// With what most jobs have: one run at a time for each data source, started by operators.
    pub const fn new<Arguments>(name: JobName, description: &'static str) -> Self
    where
        Arguments: DeserializeOwned + ToSchema,
    {
        Self {
            name,
            description,
            lane: Lane::DataSource,
            priority: USUAL_PRIORITY,
            max_attempts: USUAL_ATTEMPTS,
            timeout: USUAL_TIMEOUT,
            started_by: StartedBy::Anybody(Scope::Operator),
            needs_right_clock: false,
            fills_a_worker: false,
            arguments: ArgumentType { check: check::<Arguments>, schema: schema::<Arguments> },
        }
    }

    /// Whether a run may have these arguments, or what is wrong with them.
    pub fn check(&self, arguments: &Value) -> Result<(), String> {
        (self.arguments.check)(arguments)
    }

    /// JSON Schema of its arguments.
    pub fn schema(&self) -> Value {
        (self.arguments.schema)()
    }

    /// Whether runs of it are only ever parts of another run.
    pub fn is_part(&self) -> bool {
        matches!(self.started_by, StartedBy::Run(_))
    }
}

fn check<Arguments: DeserializeOwned>(arguments: &Value) -> Result<(), String> {
    if !arguments.is_object() {
        return Err("have to be an object".into());
    }
    Arguments::deserialize(arguments).map(drop).map_err(|e| e.to_string())
}

fn schema<Arguments: ToSchema>() -> Value {
    let mut schema = serde_json::to_value(<Arguments as PartialSchema>::schema()).unwrap_or_default();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema
}

/// What a correlation-tile is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TileArguments {
    /// Tells the tiles of a data source apart.
    pub tile: i32,
}

/// The job types of an installation.
#[derive(Debug, Clone)]
pub struct JobTypes(Vec<JobType>);

impl JobTypes {
    /// Those that the product brings.
    pub fn shipped() -> Self {
        let usual = JobType::new::<NoArguments>;
        let by_the_clock = |name, description| JobType {
            priority: 3,
            needs_right_clock: true,
            ..JobType::new::<NoArguments>(name, description)
        };
        Self(vec![
            usual(JobName::BEHAVIORAL_ANALYSIS, "Describes how each point behaved lately"),
            usual(JobName::CORRELATION_ANALYSIS, "Finds the pairs of points that move together"),
            JobType {
                lane: Lane::Free,
                started_by: StartedBy::Run(JobName::CORRELATION_ANALYSIS),
                fills_a_worker: true,
                ..JobType::new::<TileArguments>(
                    JobName::CORRELATION_TILE,
                    "A part of a large correlation-analysis",
                )
            },
            usual(
                JobName::CLUSTER_DETECTION,
                "Finds which points belong together, and when many changed at once",
            ),
            usual(JobName::PATTERN_MATCHING, "Proposes what each group of points is, and what happened"),
            JobType {
                priority: 7,
                ..usual(JobName::PATTERN_LEARNING, "Moves the confidences of patterns by the evidence")
            },
            by_the_clock(
                JobName::MAINTENANCE,
                "Expires what nobody answered, and deletes what is kept no longer",
            ),
            by_the_clock(JobName::SEALING, "Packs the samples of days that are over"),
        ])
    }

    /// With one more; of equal names the later one counts.
    pub fn with(mut self, job: JobType) -> Self {
        self.0.retain(|known| known.name != job.name);
        self.0.push(job);
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = &JobType> {
        self.0.iter()
    }

    /// The job of this name, or which there are.
    pub fn named(&self, text: &str) -> Result<&JobType, String> {
        self.0.iter().find(|job| job.name.as_str() == text).ok_or_else(|| {
            let known: Vec<_> =
                self.0.iter().filter(|job| !job.is_part()).map(|job| job.name.as_str()).collect();
            format!("job '{text}' does not exist; known are flywheel, {}", known.join(", "))
        })
    }

    /// Those of these names, or all where none is named.
    pub fn chosen(&self, names: &[String]) -> Result<Vec<JobType>, String> {
        if names.is_empty() {
            return Ok(self.0.clone());
        }
        let job = |name: &String| self.0.iter().find(|job| job.name.as_str() == name).copied();
        names
            .iter()
            .map(|name| {
                job(name).ok_or_else(|| {
                    let known: Vec<_> = self.0.iter().map(|job| job.name.as_str()).collect();
                    format!("'{name}' is no job that a worker does; those are {}", known.join(", "))
                })
            })
            .collect()
    }
}
