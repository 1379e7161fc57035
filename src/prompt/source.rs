//! Sources of an answer: documents with a passage in its prompt.

use pii::unmask::{Escape, PlaceholderMap, restore};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::memory::recalled_memory::RecalledMemory;

/// A document. Kept as JSON, and with the answer for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Id of the document.
    pub id: Uuid,
    /// Name of the document; masked until it is sent to the user.
    pub name: String,
    /// Media type of the upload.
    pub media_type: String,
    /// Ids of the passages that were in the prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passages: Vec<Uuid>,
}

impl Source {
    /// The documents of memories, each once, in their order.
    #[must_use]
    pub fn of(memories: &[&RecalledMemory]) -> Vec<Self> {
        let mut sources: Vec<Self> = Vec::new();
        for memory in memories {
            let (Some(id), Some(name)) = (memory.document_id, &memory.document) else { continue };
            if let Some(source) = sources.iter_mut().find(|source| source.id == id) {
                source.passages.push(memory.id);
                continue;
            }
            let media_type = memory.media_type.clone().unwrap_or_else(|| "text/plain".into());
            sources.push(Self { id, name: name.clone(), media_type, passages: vec![memory.id] });
        }
        sources
    }

    /// The document with its name as the user may see it.
    #[must_use]
    pub fn unmasked(&self, placeholders: &PlaceholderMap) -> Self {
        Self { name: restore(&self.name, placeholders, Escape::None), ..self.clone() }
    }
}
