use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Cluster, Pattern, Suggestion, Word, stable_id, text};

pub const TOPIC_SUGGESTIONS: &str = "naia.patterns.suggestions";
pub const TOPIC_UPDATED: &str = "naia.patterns.updated";
pub const TOPIC_CLUSTERS: &str = "naia.patterns.clusters";
pub const TOPIC_DATAPOINTS: &str = "naia.datapoints";

pub const EVENT_PARTITIONS: i32 = 3;
pub const DATAPOINT_PARTITIONS: i32 = 12;
/// How long a topic keeps a record: 7 days.
pub const TOPIC_RETENTION_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// The topics that carry the one stream of events.
pub const EVENT_TOPICS: [&str; 3] = [TOPIC_SUGGESTIONS, TOPIC_UPDATED, TOPIC_CLUSTERS];

/// Where records of `topic` that cannot be understood go.
pub fn dead_letter_topic(topic: &str) -> String {
    format!("{topic}.dlq")
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
pub enum EventType {
    SuggestionCreated,
    /// An open suggestion got other scores, points or roles.
    SuggestionChanged,
    SuggestionApproved,
    SuggestionRejected,
    SuggestionDeferred,
    SuggestionReopened,
    SuggestionExpired,
    PendingCountChanged,
    PatternCreated,
    PatternUpdated,
    PatternRetired,
    ClusterDetected,
    ClusterChanged,
    ClusterDissolved,
}

impl EventType {
    /// What it is about.
    pub fn entity(self) -> Entity {
        match self {
            Self::SuggestionCreated
            | Self::SuggestionChanged
            | Self::SuggestionApproved
            | Self::SuggestionRejected
            | Self::SuggestionDeferred
            | Self::SuggestionReopened
            | Self::SuggestionExpired => Entity::Suggestion,
            Self::PendingCountChanged => Entity::DataSource,
            Self::PatternCreated | Self::PatternUpdated | Self::PatternRetired => Entity::Pattern,
            Self::ClusterDetected | Self::ClusterChanged | Self::ClusterDissolved => Entity::Cluster,
        }
    }
}

/// What events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Entity {
    Suggestion,
    DataSource,
    Pattern,
    Cluster,
}

impl Entity {
    pub fn topic(self) -> &'static str {
        match self {
            Self::Suggestion | Self::DataSource => TOPIC_SUGGESTIONS,
            Self::Pattern => TOPIC_UPDATED,
            Self::Cluster => TOPIC_CLUSTERS,
        }
    }
}

/// What happened, as published: CloudEvents 1.0, structured JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CloudEvent {
    pub specversion: String,
    pub id: Uuid,
    pub source: String,
    pub r#type: EventType,
    /// Id of the entity.
    pub subject: Uuid,
    pub time: DateTime<Utc>,
    pub dataschema: String,
    /// Decimal position in the stream; set by the relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// One of the `…Data` types of this module, by event type.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Who did it, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cause {
    /// A reviewer's name, or `engine`.
    pub actor: String,
    /// Why, in words.
    pub cause: String,
}

impl Cause {
    pub fn engine(cause: impl Into<String>) -> Self {
        Self { actor: "engine".into(), cause: bounded(cause.into()) }
    }

    pub fn reviewer(name: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { actor: name.into(), cause: bounded(cause.into()) }
    }
}

/// It goes to every browser, and may name thousands of roles.
fn bounded(cause: String) -> String {
    text::cut(cause, text::CAUSE_CHARACTERS)
}

/// `data` of the suggestion events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SuggestionData {
    #[serde(flatten)]
    pub suggestion: Suggestion,
    #[serde(flatten)]
    pub cause: Cause,
}

/// `data` of PatternCreated, PatternUpdated and PatternRetired. `cause` says what changed and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PatternData {
    #[serde(flatten)]
    pub pattern: Pattern,
    /// Null: a pattern belongs to the whole library. Set where a data source's decision changed it.
    pub data_source: Option<String>,
    pub previous_confidence: Option<f64>,
    #[serde(flatten)]
    pub cause: Cause,
}

/// `data` of ClusterDetected, ClusterChanged and ClusterDissolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClusterData {
    #[serde(flatten)]
    pub cluster: Cluster,
    #[serde(flatten)]
    pub cause: Cause,
}

/// `data` of PendingCountChanged; its entity is the data source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PendingCountData {
    pub id: Uuid,
    pub version: i64,
    pub data_source: String,
    pub pending_count: i64,
    #[serde(flatten)]
    pub cause: Cause,
}

/// An event before it has a place in the stream: one row of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    pub event: CloudEvent,
    /// Name of the data source it concerns; `None` for the whole library.
    pub data_source: Option<String>,
}

impl NewEvent {
    /// `version` is the entity's version after the change: the id is made from (entity, version,
    /// type), so running the same change again cannot publish it twice.
    pub fn new(
        r#type: EventType,
        subject: Uuid,
        version: i64,
        data_source: Option<&str>,
        time: DateTime<Utc>,
        data: &impl Serialize,
    ) -> Self {
        let id = stable_id(&[&subject.to_string(), &version.to_string(), r#type.as_str()]);
        let data = serde_json::to_value(data).expect("event data has string keys and finite numbers");
        let event = CloudEvent {
            specversion: "1.0".into(),
            id,
            source: "/naia/patterns".into(),
            r#type,
            subject,
            time,
            dataschema: format!("urn:naia:event:{}:1", r#type.as_str()),
            sequence: None,
            data,
        };
        Self { event, data_source: data_source.map(str::to_owned) }
    }
}
