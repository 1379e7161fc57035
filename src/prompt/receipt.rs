//! Receipt of a prompt: tokens by section, items kept, and items left out with the reason.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chat::usage::{Usage, UsageSource};
use crate::model::vector_use::VectorUse;

/// The receipt of a turn. Kept as JSON and sent to clients, so its shape is pinned by a snapshot test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The model that answered, when it has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// Tokens that the prompt may have.
    pub budget: u32,
    /// Tokens that it has, counted here.
    pub counted: u32,
    /// Of these, tokens at its beginning that the prompt before began with too: a provider's cache may have them.
    #[serde(default)]
    pub prefix: u32,
    /// Tokens that the provider read, when it has said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub billed: Option<u32>,
    /// Of these, tokens that it had in its cache.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cached: Option<u32>,
    /// Part of the message's vector in what was recalled, if anything was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vector: Option<VectorUse>,
    /// Its sections, in the order in which the model reads them.
    pub sections: Vec<Section>,
}

/// A part of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Name of the section.
    pub name: SectionName,
    /// Its tokens, with their framing.
    pub tokens: u32,
    /// Items in it.
    pub kept: u32,
    /// Memories in it, best first, where they are messages.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ids: Vec<Uuid>,
    /// Items that were left out, by the reason.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub dropped: Vec<Dropped>,
}

/// Items that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Reason for leaving them out.
    pub reason: Reason,
    /// Number of items.
    pub count: u32,
}

/// Sections of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionName {
    /// System prompt of the employee.
    Persona,
    /// Definitions of the tools.
    Tools,
    /// The newest messages of the path.
    Recent,
    /// Summary of the messages before the recent ones.
    Summary,
    /// Facts about the user.
    Facts,
    /// Recalled memories of any session.
    Memories,
    /// Message of the user.
    Message,
    /// Values that the model reads in place of placeholders: the tokens by which they are longer.
    Values,
}

/// Reason for leaving an item out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It does not fit into the rest of the budget.
    Budget,
    /// It stands there already.
    Duplicate,
    /// It has no text.
    Empty,
    /// It was said on another branch of the session.
    OtherBranch,
    /// Memory did not answer, so the items are not known.
    Unavailable,
}

impl Receipt {
    /// The receipt of a prompt with so many values, whose texts grow by so many tokens, within the budget that holds.
    #[must_use]
    pub fn with_values(mut self, count: usize, tokens: u32, budget: u32) -> Self {
        if count > 0 {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            self.sections.push(Section::new(SectionName::Values, tokens, count));
        }
        let counted = self.counted.saturating_add(tokens);
        Self { budget, counted, ..self }
    }

    /// The receipt with the usage that the provider reported.
    #[must_use]
    pub fn billed(&self, model: &str, usage: &Usage) -> Self {
        let is_known = usage.source == UsageSource::Provider;
        let (billed, cached) =
            (is_known.then_some(usage.prompt_tokens), is_known.then_some(usage.cached_tokens));
        Self { model: Some(model.to_owned()), billed, cached, ..self.clone() }
    }
}

impl Section {
    /// A section of so many items.
    #[must_use]
    pub const fn new(name: SectionName, tokens: u32, kept: u32) -> Self {
        Self { name, tokens, kept, ids: Vec::new(), dropped: Vec::new() }
    }

    /// With so many items left out.
    #[must_use]
    pub fn without(mut self, reason: Reason, count: usize) -> Self {
        if count > 0 {
            self.dropped.push(Dropped { reason, count: u32::try_from(count).unwrap_or(u32::MAX) });
        }
        self
    }
}
