//! Who answers: a persona with its model and limits.

use mcp_client::server::Server;
use pii::policy::Policy;
use serde::{Deserialize, Deserializer, Serialize};
use tokens::margin_percent;

use crate::config::Config;
use crate::limit::quota::Budget;

/// An employee as `load_session` returns it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Employee {
    /// The name in requests and rows.
    pub slug: String,
    /// The persona: what the model is told before anything else.
    pub system_prompt: String,
    /// Its model; the deployment's default when absent.
    pub model: Option<String>,
    /// The tools that it may use.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Remote servers whose tools it may use. Those that are not as they must be are left out.
    #[serde(default, deserialize_with = "usable")]
    pub mcp_servers: Vec<Server>,
    /// To whom it may hand over.
    #[serde(default)]
    pub colleagues: Vec<Colleague>,
    /// Models that answer in its place when it does not, in this order.
    #[serde(default)]
    pub fallback_models: Vec<String>,
    /// Sampling temperature, where the model takes one.
    pub temperature: Option<f64>,
    /// Most tokens an answer may have.
    pub max_output_tokens: Option<u32>,
    /// Prompt tokens per turn; the deployment's default when absent.
    pub token_budget: Option<u32>,
    /// How much of hidden values the user sees again.
    #[serde(default)]
    pub unmask_policy: Policy,
    /// Messages a minute in one session; nothing bounds them when absent.
    #[serde(default)]
    pub messages_per_minute: Option<u32>,
    /// What one user may spend with this employee in a day.
    #[serde(flatten)]
    pub budget: Budget,
}

/// Another employee.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Colleague {
    /// The name in requests.
    pub slug: String,
    /// What it is called.
    pub title: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
}

/// One server that an operator misspelled must not take its employee away.
fn usable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Server>, D::Error> {
    let servers = Vec::<serde_json::Value>::deserialize(deserializer)?;
    let servers = servers.into_iter().filter_map(|server| serde_json::from_value::<Server>(server).ok());
    Ok(servers.filter(|server| server.check().is_ok()).collect())
}

impl Employee {
    /// The model this employee thinks with.
    #[must_use]
    pub fn model<'a>(&'a self, config: &'a Config) -> &'a str {
        self.model.as_deref().unwrap_or(&config.default_model)
    }

    /// How many tokens its prompts may have, as they are counted here: fewer for a model that may count more.
    #[must_use]
    pub fn token_budget(&self, config: &Config) -> u32 {
        let budget = self.token_budget.unwrap_or(config.token_budget);
        let margin = margin_percent(self.model(config));
        u32::try_from(u64::from(budget) * 100 / u64::from(100 + margin)).unwrap_or(budget)
    }
}
