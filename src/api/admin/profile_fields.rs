//! Fields of an employee's profile, checked by the rules that the columns of `employee_profiles` have.

use mcp_client::server::Server;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::error::{Code, Error, abort, abort_field};
use crate::tools::toolbox::tool_names;

/// Largest number that JSON and a column of type `bigint` share exactly.
const MAX_BIG: i64 = 1 << 53;

/// A field with its rule, which ends the sentence of an error.
struct Rule {
    name: &'static str,
    is_valid: fn(&Value) -> bool,
    text: &'static str,
}

const fn rule(name: &'static str, is_valid: fn(&Value) -> bool, text: &'static str) -> Rule {
    Rule { name, is_valid, text }
}

/// Fields that a request may have.
const RULES: [Rule; 22] = [
    rule("slug", is_slug, "must be 1 to 63 of a-z and 0-9, in words with - between them"),
    rule("title", |value| has_chars(value, 1, 100), "must have 1 to 100 characters"),
    rule("description", |value| has_chars(value, 0, 500), "must have at most 500 characters"),
    rule("system_prompt", |value| has_chars(value, 1, 32_000), "must have 1 to 32,000 characters"),
    rule("model", |value| value.is_null() || has_chars(value, 1, 100), "must be null or 1 to 100 characters"),
    rule(
        "fallback_models",
        |value| is_list(value, |model| has_chars(model, 1, 100)),
        "must be a list of names of models",
    ),
    rule("temperature", |value| value.is_null() || is_within(value, 0.0, 2.0), "must be null or 0 to 2"),
    rule("max_output_tokens", is_count_or_null, "must be null or a whole number above 0"),
    rule("reasoning_effort", is_word_or_null, "must be null or 1 to 20 of a-z"),
    rule("verbosity", is_word_or_null, "must be null or 1 to 20 of a-z"),
    rule("token_budget", is_count_or_null, "must be null or a whole number above 0"),
    rule("top_k", |value| value.is_null() || is_integer(value, 1, 100), "must be null or 1 to 100"),
    rule("tools", are_tools, "must be a list of tools that GET /api/admin/employees names, each once"),
    rule(
        "mcp_servers",
        are_servers,
        "must be a list of at most 16 servers, each with a name of its own, an https url and tools; POST /api/admin/mcp-check says more",
    ),
    rule("unmask_policy", is_policy, "must be an object of kinds, or default, to full, partial or none"),
    rule("unmasked_kinds", |value| is_list(value, is_kind), "must be a list of kinds such as PERSON"),
    rule("messages_per_minute", is_count_or_null, "must be null or a whole number above 0"),
    rule("daily_tokens", is_tokens_or_null, "must be null or a whole number above 0"),
    rule("daily_usd", is_usd_or_null, "must be null or 0.000001 to 999,999"),
    rule("learns", Value::is_boolean, "must be true or false"),
    rule("is_active", Value::is_boolean, "must be true or false"),
    rule(
        "version",
        |value| value.is_null() || is_integer(value, 1, i64::from(i32::MAX)),
        "must be a version",
    ),
];

/// Checked fields of a profile.
#[derive(Debug)]
pub(super) struct ProfileFields(Map<String, Value>);

impl ProfileFields {
    /// Reads the fields of a body.
    ///
    /// # Errors
    /// `invalid_json`, `invalid_field`.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        let fields: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|_| abort(Code::InvalidJson, "The body must be a JSON object in UTF-8."))?;
        for (name, value) in &fields {
            let Some(Rule { name, is_valid, text }) = RULES.iter().find(|rule| rule.name == name) else {
                let names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
                let detail = format!("A profile has the fields {} alone.", names.join(", "));
                return Err(abort(Code::InvalidField, detail));
            };
            if !is_valid(value) {
                return Err(abort_field(Code::InvalidField, name, format!("{name} {text}.")));
            }
        }
        Ok(Self(fields))
    }

    /// Refuses a profile without one of these fields.
    ///
    /// # Errors
    /// `invalid_field`.
    pub(super) fn require(&self, names: &[&'static str]) -> Result<(), Error> {
        names
            .iter()
            .find(|name| !self.0.contains_key(**name))
            .map_or(Ok(()), |name| Err(abort_field(Code::InvalidField, name, format!("{name} is missing."))))
    }

    /// The value of a field that was sent.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Takes a field out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// The fields as JSON.
    pub(super) fn into_json(self) -> Value {
        Value::Object(self.0)
    }
}

/// True for a text that Postgres can store, with so many characters.
fn has_chars(value: &Value, least: usize, most: usize) -> bool {
    value.as_str().is_some_and(|text| (least..=most).contains(&text.chars().count()) && !text.contains('\0'))
}

fn is_list(value: &Value, is_valid: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|all| all.len() <= 100 && all.iter().all(is_valid))
}

fn is_integer(value: &Value, least: i64, most: i64) -> bool {
    value.as_i64().is_some_and(|number| (least..=most).contains(&number))
}

fn is_within(value: &Value, least: f64, most: f64) -> bool {
    value.as_f64().is_some_and(|number| (least..=most).contains(&number))
}

/// Limits of messages and tokens, also of users.
pub(super) fn is_count_or_null(value: &Value) -> bool {
    value.is_null() || is_integer(value, 1, i64::from(i32::MAX))
}

/// Limits of a day's tokens, also of users.
pub(super) fn is_tokens_or_null(value: &Value) -> bool {
    value.is_null() || is_integer(value, 1, MAX_BIG)
}

/// Limits of a day's dollars, also of users: the column has six digits after the point.
pub(super) fn is_usd_or_null(value: &Value) -> bool {
    value.is_null() || is_within(value, 0.000_001, 999_999.0)
}

fn is_slug(value: &Value) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    value.as_str().is_some_and(|slug| slug.len() <= 63 && slug.split('-').all(is_word))
}

fn is_word_or_null(value: &Value) -> bool {
    let is_word =
        |word: &str| (1..=20).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
    value.is_null() || value.as_str().is_some_and(is_word)
}

fn is_kind(value: &Value) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.len() <= 48
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    value.as_str().is_some_and(is_name)
}

fn are_tools(value: &Value) -> bool {
    let known = tool_names();
    let Some(tools) = value.as_array() else { return false };
    let is_known = |tool: &Value| tool.as_str().is_some_and(|tool| known.iter().any(|name| name == tool));
    let is_first = |(at, tool): (usize, &Value)| !tools.iter().take(at).any(|other| other == tool);
    tools.iter().all(is_known) && tools.iter().enumerate().all(is_first)
}

fn are_servers(value: &Value) -> bool {
    let Some(servers) = value.as_array() else { return false };
    // Strings of the whole entry, since Postgres keeps fields that are not known here.
    let has_nul = value.to_string().contains("\\u0000");
    let read = |server: &Value| Server::deserialize(server).ok().filter(|server| server.check().is_ok());
    let names: Option<Vec<_>> = servers.iter().map(|server| read(server).map(|server| server.name)).collect();
    let is_first = |names: &[String], at: usize| {
        names.get(at).is_some_and(|name| !names.iter().take(at).any(|other| other == name))
    };
    servers.len() <= 16
        && !has_nul
        && names.is_some_and(|names| (0..names.len()).all(|at| is_first(&names, at)))
}

fn is_policy(value: &Value) -> bool {
    let is_share = |share: &Value| matches!(share.as_str(), Some("full" | "partial" | "none"));
    let is_entry = |(kind, share): (&String, &Value)| {
        (kind == "default" || is_kind(&Value::String(kind.clone()))) && is_share(share)
    };
    value.as_object().is_some_and(|policy| policy.len() <= 100 && policy.iter().all(is_entry))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &Value) -> Option<&'static str> {
        ProfileFields::parse(body.to_string().as_bytes()).err().map(|error| error.field().unwrap_or("?"))
    }

    #[test]
    fn a_whole_profile_is_accepted() {
        let profile = json!({
            "slug": "tax-clerk-2", "title": "Tax", "description": "", "system_prompt": "x".repeat(32_000), "model": null,
            "fallback_models": ["gpt-4o"], "temperature": 0.5, "max_output_tokens": 10, "reasoning_effort": "low",
            "verbosity": null, "token_budget": 8000, "top_k": 5, "tools": ["calculator", "recall"],
            "mcp_servers": [{ "name": "crm", "url": "https://crm.example.com/mcp", "tools": ["*"] }],
            "unmask_policy": { "default": "full", "US_SSN": "none" }, "unmasked_kinds": ["PERSON"],
            "messages_per_minute": 5, "daily_tokens": 3_000_000_000_u64, "daily_usd": 0.5, "learns": true,
            "is_active": false, "version": 3,
        });
        assert_eq!(profile.as_object().unwrap().len(), RULES.len());
        assert_eq!(refused(&profile), None);
    }

    #[test]
    fn what_a_column_would_refuse_is_refused_by_name() {
        let server = json!({ "name": "crm", "url": "https://crm.example.com/mcp" });
        for (name, values) in [
            (
                "slug",
                vec![json!("Tax"), json!("a--b"), json!("-a"), json!(""), json!("a".repeat(64)), json!(null)],
            ),
            ("title", vec![json!(""), json!("x".repeat(101)), json!("a\u{0}b"), json!(7)]),
            ("system_prompt", vec![json!(""), json!(null), json!("x".repeat(32_001))]),
            ("fallback_models", vec![json!(null), json!([null]), json!([""])]),
            ("temperature", vec![json!(2.1), json!(-0.1), json!("1")]),
            ("token_budget", vec![json!(0), json!(1.5), json!(2_147_483_648_u64)]),
            ("top_k", vec![json!(0), json!(101)]),
            ("tools", vec![json!(["shell"]), json!(["recall", "recall"]), json!([null]), json!("recall")]),
            (
                "mcp_servers",
                vec![
                    json!([server, server]),
                    json!([{ "name": "crm", "url": "http://crm.example.com" }]),
                    json!([{ "name": "crm", "url": "https://crm.example.com", "note": "a\u{0}" }]),
                ],
            ),
            ("unmask_policy", vec![json!({ "default": "all" }), json!({ "email": "full" }), json!([])]),
            ("unmasked_kinds", vec![json!(["person"]), json!(["1A"])]),
            ("daily_tokens", vec![json!(0), json!(1_u64 << 54)]),
            ("daily_usd", vec![json!(0), json!(0.000_000_1), json!(1e6)]),
            ("learns", vec![json!(null), json!("yes")]),
        ] {
            for value in values {
                assert_eq!(refused(&json!({ name: value })), Some(name), "{name}: {value}");
            }
        }
        assert_eq!(refused(&json!({ "created_at": "now" })), Some("?"));
    }

    #[test]
    fn a_new_employee_needs_a_name_and_a_prompt() {
        let fields = ProfileFields::parse(br#"{"slug":"a","title":"A"}"#).unwrap();
        assert_eq!(
            fields.require(&["slug", "title", "system_prompt"]).unwrap_err().field(),
            Some("system_prompt")
        );
    }
}
