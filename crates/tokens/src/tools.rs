//! Tokens of tool definitions. The API passes them to a model as declarations in the style of TypeScript, not as JSON Schema.
//! The form is from <https://github.com/hmarr/openai-chat-tokens>; its counts equal those of OpenAI's cookbook.

use serde_json::{Map, Value};

use super::count;

/// Tokens that frame all definitions.
const FRAME: u32 = 9;

/// A function that the model may call.
#[derive(Clone, Copy, Debug)]
pub struct Tool<'a> {
    /// Name of the function.
    pub name: &'a str,
    /// Description for the model.
    pub description: Option<&'a str>,
    /// JSON Schema of the parameters.
    pub parameters: &'a Value,
}

/// Counts the tokens of all definitions together.
pub(crate) fn definitions(tools: &[Tool<'_>]) -> u32 {
    let tools: String = tools.iter().map(definition).collect();
    count(&format!("namespace functions {{\n\n{tools}}} // namespace functions")).saturating_add(FRAME)
}

fn definition(tool: &Tool<'_>) -> String {
    let comment = tool.description.filter(|text| !text.is_empty()).map(|text| format!("// {text}\n"));
    let takes = match properties(tool.parameters) {
        Some(all) if !all.is_empty() => format!("_: {{\n{}\n}}", fields(tool.parameters, all, 0)),
        _ => String::new(),
    };
    format!("{}type {} = ({takes}) => any;\n\n", comment.unwrap_or_default(), tool.name)
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

/// Writes a line per property, after a line with its description. Nested properties have none below the first level.
fn fields(schema: &Value, properties: &Map<String, Value>, indent: usize) -> String {
    let space = " ".repeat(indent);
    let required = schema.get("required").and_then(Value::as_array);
    let field = |(name, schema): (&String, &Value)| {
        let text =
            schema.get("description").and_then(Value::as_str).filter(|text| indent < 2 && !text.is_empty());
        let comment = text.map(|text| format!("{space}// {text}\n")).unwrap_or_default();
        let optional = if required.is_some_and(|all| all.iter().any(|one| one == name)) { "" } else { "?" };
        format!("{comment}{space}{name}{optional}: {},", type_of(schema, indent))
    };
    properties.iter().map(field).collect::<Vec<_>>().join("\n")
}

fn type_of(schema: &Value, indent: usize) -> String {
    let values = || schema.get("enum").and_then(Value::as_array);
    let any_of = |values: &Vec<Value>| values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => values().map_or_else(|| "string".into(), any_of),
        Some("integer" | "number") => values().map_or_else(|| "number".into(), any_of),
        Some(plain @ ("boolean" | "null")) => plain.into(),
        Some("array") => {
            format!("{}[]", schema.get("items").map_or_else(|| "any".into(), |items| type_of(items, indent)))
        }
        Some("object") => {
            let inner = properties(schema).map(|all| fields(schema, all, indent + 2)).unwrap_or_default();
            format!("{{\n{inner}\n{}}}", " ".repeat(indent))
        }
        _ => "any".into(),
    }
}
