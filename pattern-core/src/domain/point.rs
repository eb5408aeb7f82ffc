use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{quality, text};
use crate::series::frame::Frame;

/// Where points come from: a plant, a historian, a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DataSource {
    pub id: Uuid,
    pub name: String,
    pub version: i64,
    pub point_count: i64,
    pub created_at: DateTime<Utc>,
    /// What the newest analysis looked at; null where there are no samples yet, or no analysis was.
    #[serde(default)]
    pub analysed: Option<AnalysedWindow>,
    /// Why stages of the newest analysis found nothing; empty where all found something.
    #[serde(default)]
    pub nothing_found: Vec<NothingFound>,
}

/// A stretch of time, and the equal buckets whose means are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnalysedWindow {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub bucket_seconds: i64,
    pub buckets: i64,
    /// As "19 min in 570 buckets of 2 s".
    pub in_words: String,
}

/// Why a stage of the analysis found nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NothingFound {
    pub stage: String,
    /// For people.
    pub reason: String,
}

impl From<Frame> for AnalysedWindow {
    fn from(frame: Frame) -> Self {
        Self {
            start: frame.start,
            end: frame.end(),
            bucket_seconds: frame.bucket_seconds,
            buckets: frame.buckets as i64,
            in_words: frame.to_string(),
        }
    }
}

/// One tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    pub id: Uuid,
    /// Name of the data source.
    pub data_source: String,
    pub name: String,
    /// As the historian spells it; empty where unknown.
    pub unit: String,
    pub description: String,
    /// The controller, meter or machine that it is of, as its export says it; empty where unknown, as are the others.
    pub device: String,
    /// Where it stands in a tree of folders or places.
    pub path: String,
    /// The plant, building or system that it is of.
    pub group: String,
    /// What 0, 1, 2 … mean, where it shows states.
    pub states: Vec<String>,
}

/// One reading of a point. Quality 0 is good, and so are OPC DA's 192 to 219; anything else is the historian's own code.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub at: DateTime<Utc>,
    pub value: f64,
    pub quality: i16,
}

impl Sample {
    pub fn is_good(&self) -> bool {
        quality::is_good(self.quality) && self.value.is_finite()
    }
}

/// A sample as it travels, before its point is known by id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NamedSample {
    /// Name of the point within its data source.
    #[schema(min_length = 1, max_length = 500)]
    pub name: String,
    /// RFC 3339, or milliseconds since 1970 as a number. From 1990 on, at most a day ahead.
    #[serde(deserialize_with = "timestamp::deserialize")]
    #[schema(schema_with = timestamp::schema)]
    pub timestamp: DateTime<Utc>,
    pub value: f64,
    /// As it was said; what is stored of it, `quality::stored` tells.
    #[serde(default = "quality::unsaid", deserialize_with = "quality::deserialize")]
    #[schema(schema_with = quality::schema)]
    pub quality: i16,
}

impl NamedSample {
    /// Why this sample cannot be stored, if it cannot.
    pub fn problem(&self, now: DateTime<Utc>) -> Option<String> {
        name_problem(&self.name).or_else(|| absurd_timestamp(self.timestamp, now)).or_else(|| {
            (!self.value.is_finite()).then(|| format!("value {} is not a finite number", self.value))
        })
    }
}

/// Why this cannot be the name of a point or a data source, if it cannot.
pub fn name_problem(name: &str) -> Option<String> {
    text::NAME.problem(name).map(|problem| format!("name {problem}"))
}

/// The value of one record of `naia.datapoints`: samples of one data source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SampleBatch {
    /// Name of the data source; it and its points are made when they are new.
    #[schema(min_length = 1, max_length = 500)]
    pub data_source: String,
    /// What the numbers of `quality` mean: `zero-is-good` where it is missing, or `opc-da`, where 0 is bad.
    #[serde(default)]
    pub quality_scale: quality::QualityScale,
    pub samples: Vec<NamedSample>,
}

/// The part of `naia.datapoints` that a point's samples go to: all of a point's records share a key,
/// so they share a partition and keep their order.
pub fn sample_batch_key(data_source: &str, point_name: &str) -> String {
    let shard = super::stable_id(&[data_source, point_name]).as_u128() % 64;
    format!("{data_source}/{shard:02}")
}

/// Timestamps as historians write them.
pub mod timestamp {
    use chrono::{DateTime, TimeZone, Utc};
    use serde::{Deserialize, Deserializer, de::Error};
    use utoipa::openapi::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, schema::Type};

    /// RFC 3339 ("2026-03-02T00:00:00Z"), or milliseconds since 1970 ("1772409600000").
    pub fn parse(text: &str) -> Result<DateTime<Utc>, String> {
        let text = text.trim();
        if let Ok(ms) = text.parse::<i64>() {
            return from_millis(ms);
        }
        DateTime::parse_from_rfc3339(text).map(|t| t.with_timezone(&Utc)).map_err(|_| {
            format!("timestamp '{text}' is neither RFC 3339 (2026-03-02T00:00:00Z) nor epoch milliseconds")
        })
    }

    fn from_millis(ms: i64) -> Result<DateTime<Utc>, String> {
        Utc.timestamp_millis_opt(ms).single().ok_or_else(|| format!("timestamp {ms} ms is out of range"))
    }

    /// Both forms, for the published schemas.
    pub(super) fn schema() -> OneOfBuilder {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        let millis = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
        OneOfBuilder::new()
            .description(Some(
                "RFC 3339, or milliseconds since 1970 as a number. From 1990 on, at most a day ahead.",
            ))
            .item(text)
            .item(millis)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<DateTime<Utc>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Millis(i64),
            Text(String),
        }
        match Either::deserialize(d)? {
            Either::Millis(ms) => from_millis(ms),
            Either::Text(text) => parse(&text),
        }
        .map_err(D::Error::custom)
    }
}

/// Why a sample with this time is refused, if it is: before 1990 or more than a day ahead is a broken
/// clock, and would make a partition that nothing ever seals.
pub fn absurd_timestamp(at: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    if at.timestamp() < 631_152_000 {
        return Some(format!("timestamp {} is before 1990", at.to_rfc3339()));
    }
    (at > now + chrono::Duration::days(1))
        .then(|| format!("timestamp {} is more than a day in the future", at.to_rfc3339()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_that_opc_da_calls_good_is_good_whatever_way_it_came() {
        let named: NamedSample =
            serde_json::from_str(r#"{"name":"A","timestamp":1772409600000,"value":1.0,"quality":192}"#)
                .unwrap();
        let sample = Sample { at: named.timestamp, value: named.value, quality: named.quality };
        assert!(sample.is_good());
        assert!(!Sample { quality: 24, ..sample }.is_good());
        assert!(!Sample { value: f64::NAN, ..sample }.is_good());
    }
}
