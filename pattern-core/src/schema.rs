//! JSON Schema and AsyncAPI, generated from the types. What is checked in under `docs/` is the output of
//! these functions; a test fails when they drift apart.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::domain::{
    CloudEvent, ClusterData, DATAPOINT_PARTITIONS, EVENT_PARTITIONS, EVENT_TOPICS, Entity, EventType,
    PatternData, PendingCountData, SampleBatch, SuggestionData, TOPIC_DATAPOINTS, TOPIC_RETENTION_MS, Word,
};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

#[derive(OpenApi)]
#[openapi(components(schemas(
    CloudEvent,
    SuggestionData,
    PatternData,
    ClusterData,
    PendingCountData,
    SampleBatch
)))]
struct Messages;

/// The type of `data` in an event.
fn data_type(r#type: EventType) -> &'static str {
    match r#type.entity() {
        Entity::Suggestion => "SuggestionData",
        Entity::DataSource => "PendingCountData",
        Entity::Pattern => "PatternData",
        Entity::Cluster => "ClusterData",
    }
}

/// Every type of a message, by name, with references under `root`.
fn definitions(root: &str) -> Map<String, Value> {
    let document = serde_json::to_value(Messages::openapi()).expect("a document is plain data");
    let text = document["components"]["schemas"].to_string().replace("#/components/schemas/", root);
    serde_json::from_str(&text).expect("references are all that changed")
}

/// JSON Schema of a value of the event topics.
pub fn event_schema() -> Value {
    let by_type: Vec<Value> = EventType::ALL
        .iter()
        .map(|r#type| {
            json!({
                "if": { "properties": { "type": { "const": r#type.as_str() } } },
                "then": { "properties": { "data": { "$ref": format!("#/$defs/{}", data_type(*r#type)) } } },
            })
        })
        .collect();
    json!({
        "$schema": DIALECT,
        "$id": "urn:naia:event:1",
        "title": "An event of Naia Patterns",
        "$ref": "#/$defs/CloudEvent",
        "allOf": by_type,
        "$defs": definitions("#/$defs/"),
    })
}

/// AsyncAPI 3 of everything that travels over Kafka.
pub fn asyncapi() -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    let mut messages = Map::new();
    for topic in EVENT_TOPICS {
        let types: Vec<EventType> =
            EventType::ALL.iter().copied().filter(|t| t.entity().topic() == topic).collect();
        let mut references = Map::new();
        for r#type in types {
            let name = r#type.as_str();
            references.insert(name.into(), json!({ "$ref": format!("#/components/messages/{name}") }));
            let data = json!({ "$ref": format!("#/components/schemas/{}", data_type(r#type)) });
            messages.insert(
                name.into(),
                json!({
                    "name": name,
                    "contentType": "application/cloudevents+json",
                    "bindings": { "kafka": { "key": { "type": "string", "format": "uuid" } } },
                    "payload": { "allOf": [
                        { "$ref": "#/components/schemas/CloudEvent" },
                        { "properties": { "type": { "const": name }, "data": data } },
                    ]},
                }),
            );
        }
        channels.insert(topic.into(), channel(topic, EVENT_PARTITIONS, references));
        operations.insert(
            format!("publish {topic}"),
            json!({ "action": "send", "channel": { "$ref": format!("#/channels/{topic}") } }),
        );
    }
    let batch = json!({ "SampleBatch": { "$ref": "#/components/messages/SampleBatch" } });
    let batch = batch.as_object().cloned().unwrap_or_default();
    channels.insert(TOPIC_DATAPOINTS.into(), channel(TOPIC_DATAPOINTS, DATAPOINT_PARTITIONS, batch));
    operations.insert(
        format!("ingest {TOPIC_DATAPOINTS}"),
        json!({ "action": "receive", "channel": { "$ref": format!("#/channels/{TOPIC_DATAPOINTS}") } }),
    );
    messages.insert(
        "SampleBatch".into(),
        json!({
            "name": "SampleBatch",
            "contentType": "application/json",
            "payload": { "$ref": "#/components/schemas/SampleBatch" },
        }),
    );
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": "Naia Patterns over Kafka", "version": "1" },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": definitions("#/components/schemas/") },
    })
}

fn channel(topic: &str, partitions: i32, messages: Map<String, Value>) -> Value {
    json!({
        "address": topic,
        "messages": messages,
        "bindings": { "kafka": {
            "topic": topic,
            "partitions": partitions,
            "topicConfiguration": { "cleanup.policy": ["delete"], "retention.ms": TOPIC_RETENTION_MS },
        }},
    })
}
