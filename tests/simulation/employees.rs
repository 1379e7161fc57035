//! The employees of the simulated deployment.

use serde_json::{Value, json};

/// The employee of sessions that name none. It has no tools.
pub const DEFAULT: &str = "prime-boss";

/// An employee with tools: its own, and those of two MCP servers.
pub const WITH_TOOLS: &str = "tool-clerk";

/// MCP server whose tools get placeholders. Only its tool `update` changes something.
pub const CRM: &str = "https://crm.example.org/mcp";

/// MCP server whose tools get the user's values, each call approved.
pub const MAILER: &str = "https://mailer.example.org/mcp";

/// An employee's profile, as `load_terms` returns it.
pub fn profile(slug: &str) -> Option<Value> {
    let profile = json!({
        "slug": slug, "title": slug, "system_prompt": "You run the desk.", "model": null, "fallback_models": ["gpt-4o"],
        "temperature": 0.5, "max_output_tokens": 400, "token_budget": 300, "unmask_policy": {},
    });
    match slug {
        DEFAULT => Some(profile),
        WITH_TOOLS => {
            let mut profile = profile;
            profile["token_budget"] = json!(4000);
            profile["tools"] = json!(["calculator", "forget"]);
            profile["mcp_servers"] = json!([
                { "name": "crm", "url": CRM, "tools": ["*"], "approval": "writes", "read_only": ["lookup"], "unmask": false },
                { "name": "mailer", "url": MAILER, "tools": ["*"], "approval": "always", "unmask": true },
            ]);
            Some(profile)
        }
        _ => None,
    }
}

/// Price of every model, in US dollars for a million tokens.
pub fn price() -> Value {
    json!({ "input": 0.15, "cached_input": 0.075, "output": 0.6 })
}
