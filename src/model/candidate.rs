//! Which models may answer a turn, in the order in which they are asked.

use crate::config::Config;
use crate::model::price::Price;
use crate::session::memory::Memory;

/// Whose API a model is asked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// `OPENAI_BASE_URL`.
    Primary,
    /// `OPENAI_FALLBACK_BASE_URL`.
    Fallback,
}

/// A model that may answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its name.
    pub model: String,
    /// Where it is asked.
    pub provider: Provider,
    /// What it costs, if that is known.
    pub price: Option<Price>,
}

/// The employee's own model first, then its `fallback_models`: each through the primary provider, then through the fallback
/// one if there is one, for the same model elsewhere is nearer to what was asked for than another model.
#[must_use]
pub fn candidates(memory: &Memory, config: &Config) -> Vec<Candidate> {
    let employee = &memory.employee;
    let own = employee.model(config);
    let others = employee.fallback_models.iter().map(String::as_str).filter(|model| *model != own);
    let providers: &[Provider] = match config.fallback {
        Some(_) => &[Provider::Primary, Provider::Fallback],
        None => &[Provider::Primary],
    };
    let candidate = |model: &str, provider: Provider| Candidate {
        model: model.to_owned(),
        provider,
        price: if model == own { memory.price } else { memory.prices.get(model).copied() },
    };
    std::iter::once(own)
        .chain(others)
        .flat_map(|model| providers.iter().map(move |provider| candidate(model, *provider)))
        .collect()
}
