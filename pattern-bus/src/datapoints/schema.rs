//! The form of a record of `naia.datapoints`, for those who write them.

use pattern_core::domain::{SampleBatch, TOPIC_DATAPOINTS};
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::{BusError, Result};

const COMPONENTS: &str = "#/components/schemas/";
const DEFINITIONS: &str = "#/$defs/";

/// JSON Schema of the record value.
///
/// # Errors
/// The types' schema cannot be written as JSON.
pub fn record_schema() -> Result<Value> {
    let mut referenced = Vec::new();
    SampleBatch::schemas(&mut referenced);
    let definitions: serde_json::Map<String, Value> =
        referenced.into_iter().map(|(name, schema)| Ok((name, to_value(&schema)?))).collect::<Result<_>>()?;
    let mut schema = to_value(&SampleBatch::schema())?;
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(format!("Record value of {TOPIC_DATAPOINTS}"));
    schema["$defs"] = Value::Object(definitions);
    point_to_definitions(&mut schema);
    Ok(schema)
}

fn to_value(schema: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(schema).map_err(|e| BusError::Settings(format!("schema cannot be written: {e}")))
}

/// OpenAPI keeps shared types in another place than JSON Schema does.
fn point_to_definitions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref") {
                *target = target.replace(COMPONENTS, DEFINITIONS);
            }
            fields.values_mut().for_each(point_to_definitions);
        }
        Value::Array(items) => items.iter_mut().for_each(point_to_definitions),
        _ => {}
    }
}
