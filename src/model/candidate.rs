//! Models that may answer a turn, in the order in which they are asked.

use serde::{Deserialize, Serialize};

use crate::chat::employee::PricedEmployee;
use crate::chat::price::Price;
use crate::config::Config;

/// Provider of the API that serves a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Provider at `OPENAI_BASE_URL`.
    Primary,
    /// Provider at `OPENAI_FALLBACK_BASE_URL`.
    Fallback,
}

/// A model that may answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Name of the model.
    pub model: String,
    /// Provider that it is asked through.
    pub provider: Provider,
    /// Its price, if it is known.
    pub price: Option<Price>,
}

/// The employee's own model first, then its `fallback_models`: each through the primary provider, then through the fallback
/// one, if configured: the same model at another provider is a closer substitute than another model.
#[must_use]
pub fn candidates(priced: &PricedEmployee, config: &Config) -> Vec<Candidate> {
    let employee = &priced.employee;
    let own = employee.model(config);
    let others = employee.fallback_models.iter().map(String::as_str).filter(|model| *model != own);
    let providers: &[Provider] = match config.fallback {
        Some(_) => &[Provider::Primary, Provider::Fallback],
        None => &[Provider::Primary],
    };
    let candidate = |model: &str, provider: Provider| Candidate {
        model: model.to_owned(),
        provider,
        price: if model == own { priced.price } else { priced.prices.get(model).copied() },
    };
    std::iter::once(own)
        .chain(others)
        .flat_map(|model| providers.iter().map(move |provider| candidate(model, *provider)))
        .collect()
}
