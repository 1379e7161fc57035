//! Employees: personas with their models, tools and limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use mcp_client::server::Server;
use pii::masked_text::MaskedText;
use pii::policy::Policy;
use tokens::margin_percent;

use super::limits::{Budget, UserLimits};
use super::price::Price;
use crate::config::Config;

/// An employee as `load_terms` returns it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Employee {
    /// Name in requests and rows.
    pub slug: String,
    /// Version of the profile; absent in what was stored before profiles had versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The persona: the first message of every prompt.
    #[serde(deserialize_with = "persona")]
    pub system_prompt: MaskedText,
    /// Its model; the deployment's default when absent.
    pub model: Option<String>,
    /// The tools that it may use.
    #[serde(default)]
    pub tools: Vec<String>,
    /// MCP servers with tools for the employee. Malformed entries are left out.
    #[serde(default)]
    pub mcp_servers: McpProfile,
    /// Employees that it may hand a session over to.
    #[serde(default)]
    pub colleagues: Vec<Colleague>,
    /// Models that answer in its place when it does not, in this order.
    #[serde(default)]
    pub fallback_models: Vec<String>,
    /// Sampling temperature, where the model takes one.
    pub temperature: Option<f64>,
    /// Most tokens an answer may have.
    pub max_output_tokens: Option<u32>,
    /// Effort of thinking, as the model names it, where it takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// Length of answers in a word, as the model names it, where it takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<String>,
    /// Prompt tokens per turn; the deployment's default when absent.
    pub token_budget: Option<u32>,
    /// Part of each masked value that the user sees.
    #[serde(default)]
    pub unmask_policy: Policy,
    /// Kinds of values that its model reads as they are. Stored texts stay masked.
    #[serde(default)]
    pub unmasked_kinds: Vec<String>,
    /// Messages a minute in one session; unlimited when absent.
    #[serde(default)]
    pub messages_per_minute: Option<u32>,
    /// Spending limits of one user with this employee in a day.
    #[serde(flatten)]
    pub budget: Budget,
}

/// An employee with the prices of its models.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct PricedEmployee {
    /// Profile of the employee.
    pub employee: Employee,
    /// Price of its model, if it is known.
    pub price: Option<Price>,
    /// Prices of its fallback models, as far as they are known.
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    /// Price of the model that makes vectors, if it is known.
    #[serde(default)]
    pub embedding_price: Option<Price>,
}

/// An employee, and the limits that hold for its user.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The employee and the prices of its models.
    pub employee: PricedEmployee,
    /// Limits of the user over all sessions.
    pub limits: UserLimits,
}

/// Another employee, to hand a session over to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Colleague {
    /// The name in requests.
    pub slug: String,
    /// Title for people.
    pub title: String,
    /// Purpose, for the model that decides.
    #[serde(default)]
    pub description: Option<String>,
}

fn persona<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MaskedText, D::Error> {
    String::deserialize(deserializer).map(MaskedText::of_operator)
}

/// Remote servers of a profile. One that an operator misspelled must not take its employee away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct McpProfile {
    /// Servers that can be asked.
    pub servers: Vec<Server>,
    /// Number of the others, which are told to operators.
    pub unusable: usize,
}

impl Serialize for McpProfile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.servers.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for McpProfile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let profile = Vec::<serde_json::Value>::deserialize(deserializer)?;
        let all = profile.len();
        let servers = profile.into_iter().filter_map(|server| serde_json::from_value::<Server>(server).ok());
        let servers: Vec<_> = servers.filter(|server| server.check().is_ok()).collect();
        let unusable = all.saturating_sub(servers.len());
        Ok(Self { servers, unusable })
    }
}

impl Employee {
    /// Name of the employee's model.
    #[must_use]
    pub fn model<'a>(&'a self, config: &'a Config) -> &'a str {
        self.model.as_deref().unwrap_or(&config.default_model)
    }

    /// Tokens that a prompt may have, counted in o200k_base: fewer for a model whose own vocabulary may count more.
    #[must_use]
    pub fn token_budget(&self, config: &Config) -> u32 {
        let budget = self.token_budget.unwrap_or(config.token_budget);
        let margin = margin_percent(self.model(config));
        u32::try_from(u64::from(budget) * 100 / u64::from(100 + margin)).unwrap_or(budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_server_is_counted_and_takes_no_other_away() {
        let good = r#"{"name":"crm","url":"https://crm.example.com/mcp","tools":["*"]}"#;
        let profile: McpProfile =
            serde_json::from_str(&format!(r#"[{good},{{"name":7}},{{"nmae":"x"}}]"#)).unwrap();
        assert_eq!((profile.servers.len(), profile.unusable), (1, 2));
    }
}
