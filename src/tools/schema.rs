//! The JSON Schema of a tool's arguments, made of their type: strict, as OpenAI wants it
//! (<https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>).

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The schema of `T`: every field is required, those that may be absent take `null`, and there are no others.
#[must_use]
pub fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tighten(&mut schema);
    schema
}

/// Annotations that OpenAI's strict mode refuses or that say nothing to a model.
const DROPPED: [&str; 6] = ["title", "format", "default", "minimum", "maximum", "$schema"];

fn tighten(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(tighten),
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get_mut("properties") {
                // By name, not as keywords: a field may be called `title`.
                properties.values_mut().for_each(tighten);
                let names: Vec<Value> = properties.keys().cloned().map(Value::String).collect();
                fields.insert("required".into(), Value::Array(names));
            }
            if fields.get("type").is_some_and(|kind| kind == "object") {
                fields.insert("additionalProperties".into(), Value::Bool(false));
            }
            for name in DROPPED {
                fields.remove(name);
            }
            for (name, inner) in fields.iter_mut() {
                if name != "properties" && name != "enum" && name != "const" {
                    tighten(inner);
                }
            }
        }
        _ => {}
    }
}

/// Completes the schema of another server for models whose APIs ask for more than JSON Schema does: `properties` of an object and
/// `items` of an array
/// (<https://platform.openai.com/docs/guides/function-calling>).
#[must_use]
pub fn complete(mut schema: Value) -> Value {
    fill(&mut schema);
    schema
}

fn fill(schema: &mut Value) {
    let fields = match schema {
        Value::Array(schemas) => return schemas.iter_mut().for_each(fill),
        Value::Object(fields) => fields,
        _ => return,
    };
    let has_type = |name: &str| match fields.get("type") {
        Some(Value::String(kind)) => kind == name,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
        _ => false,
    };
    let (is_object, is_array) = (has_type("object"), has_type("array"));
    if is_object && !fields.get("properties").is_some_and(Value::is_object) {
        fields.insert("properties".into(), Value::Object(serde_json::Map::new()));
    }
    if is_array && fields.get("items").is_none_or(Value::is_null) {
        fields.insert("items".into(), Value::Object(serde_json::Map::new()));
    }
    for (name, inner) in fields.iter_mut() {
        match (name.as_str(), inner) {
            // By name, not as keywords: a field may be called `enum`.
            ("properties" | "$defs" | "definitions", Value::Object(named)) => {
                named.values_mut().for_each(fill);
            }
            ("enum" | "const" | "default" | "examples", _) => {}
            (_, inner) => fill(inner),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // only its shape is looked at
    struct Arguments {
        /// Title of the item.
        title: String,
        /// Number of items; all when absent.
        limit: Option<u32>,
        cells: Vec<Cell>,
        order: Order,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(untagged)]
    #[allow(dead_code)]
    enum Cell {
        Text(String),
        Number(f64),
        Empty(()),
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)]
    enum Order {
        Up,
        Down,
    }

    #[test]
    fn a_schema_of_another_server_is_completed() {
        let schema = serde_json::json!({
            "type": "object",
            "properties": { "type": { "type": ["array", "null"] }, "of": { "anyOf": [{ "type": "object" }] } },
            "default": { "type": "object" },
        });
        let completed = serde_json::json!({
            "type": "object",
            "properties": {
                "type": { "type": ["array", "null"], "items": {} },
                "of": { "anyOf": [{ "type": "object", "properties": {} }] },
            },
            "default": { "type": "object" },
        });
        assert_eq!(complete(schema), completed);
        assert_eq!(
            complete(serde_json::json!({ "type": "object" })),
            serde_json::json!({ "type": "object", "properties": {} })
        );
    }

    #[test]
    fn a_type_becomes_a_strict_schema() {
        insta::assert_json_snapshot!(of::<Arguments>());
    }
}
