//! `calculator`: exact arithmetic, which models are bad at.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ToolError;
use super::tool::{Tool, ToolContext};
use crate::ports::Platform;
use calculator::evaluate;

/// The tool `calculator`.
pub(super) struct Calculator;

/// Arguments of `calculator`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Such as "round(1200 * 1.19 / 3, 2)", "19% of 1200" or "sum(3, 4.5)". Knows + - * / ^ mod %, sum, avg, min, max, round,
    /// floor, ceil, abs, sqrt, ln, log10, exp.
    expression: String,
}

impl Tool for Calculator {
    const NAME: &'static str = "calculator";
    const DESCRIPTION: &'static str =
        "Calculates exactly. Use it for every calculation of more than one step.";
    type Arguments = Arguments;

    async fn run<P: Platform>(arguments: Arguments, _: &ToolContext<'_, P>) -> Result<Value, ToolError> {
        let value = evaluate(&arguments.expression).map_err(|error| ToolError(error.to_string()))?;
        Ok(json!({ "result": value.to_string(), "is_exact": value.is_exact() }))
    }
}
