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
    fn a_type_becomes_a_strict_schema() {
        insta::assert_json_snapshot!(of::<Arguments>());
    }
}
