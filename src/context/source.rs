//! What an answer is based on: the documents of which something stands in its prompt.

use pii::unmask::{Escape, PlaceholderMap, unmask};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::memory::recall::Recollection;

/// A document. Kept as JSON, and with the answer for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its row.
    pub id: Uuid,
    /// What its user calls it; masked until it is shown.
    pub name: String,
    /// What it was.
    pub media_type: String,
}

impl Source {
    /// The documents of memories, each once, in their order.
    #[must_use]
    pub fn of(memories: &[&Recollection]) -> Vec<Self> {
        let mut sources: Vec<Self> = Vec::new();
        for memory in memories {
            let (Some(id), Some(name)) = (memory.document_id, &memory.document) else { continue };
            if sources.iter().all(|source| source.id != id) {
                let media_type = memory.media_type.clone().unwrap_or_else(|| "text/plain".into());
                sources.push(Self { id, name: name.clone(), media_type });
            }
        }
        sources
    }

    /// As its user is to see it.
    #[must_use]
    pub fn shown(&self, shown: &PlaceholderMap) -> Self {
        Self { name: unmask(&self.name, shown, Escape::None), ..self.clone() }
    }
}
