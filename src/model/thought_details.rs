//! Details of thoughts in a provider's own form, which it wants back unchanged: they are signed or encrypted.

use serde_json::{Map, Value};

/// Field of OpenRouter for them (<https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks>).
pub(super) const FIELD: &str = "reasoning_details";

/// Most bytes of them that are kept.
const MAX_BYTES: usize = 256 * 1024;

/// Most entries that are kept.
const MAX_ENTRIES: usize = 64;

/// Texts that come in pieces.
const TEXTS: [&str; 3] = ["text", "summary", "data"];

/// Details that are put together from the pieces in which they are streamed.
#[derive(Debug, Default)]
pub struct ThoughtDetails {
    entries: Vec<Map<String, Value>>,
    bytes: usize,
    is_too_large: bool,
}

impl ThoughtDetails {
    /// Takes an entry, or a piece of one. A piece has the index and the type of its entry.
    pub fn take(&mut self, entry: Map<String, Value>) {
        self.bytes += entry.values().map(|value| value.as_str().map_or(16, str::len)).sum::<usize>();
        let place = |entry: &Map<String, Value>| (entry.get("index").cloned(), entry.get("type").cloned());
        let own = place(&entry);
        let known = own
            .0
            .as_ref()
            .filter(|index| index.is_number())
            .and_then(|_| self.entries.iter_mut().find(|known| place(known) == own));
        match known {
            Some(known) => merge(known, entry),
            None => self.entries.push(entry),
        }
        self.is_too_large |= self.bytes > MAX_BYTES || self.entries.len() > MAX_ENTRIES;
        if self.is_too_large {
            self.entries.clear();
        }
    }

    /// The whole entries, in their order; none if they were too large.
    #[must_use]
    pub fn into_values(self) -> Vec<Value> {
        self.entries.into_iter().map(Value::Object).collect()
    }
}

/// Appends the texts of a piece, and takes the other fields that it has.
fn merge(known: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (name, value) in piece {
        match (known.get_mut(&name), value) {
            (_, Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) if TEXTS.contains(&name.as_str()) => {
                text.push_str(&more);
            }
            (_, value) => {
                known.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn gathered(pieces: &[Value]) -> Vec<Value> {
        let mut details = ThoughtDetails::default();
        for piece in pieces {
            details.take(piece.as_object().unwrap().clone());
        }
        details.into_values()
    }

    #[test]
    fn pieces_of_one_index_are_one_entry() {
        let pieces = [
            json!({ "type": "reasoning.text", "text": "Let", "format": "anthropic-claude-v1", "index": 0, "signature": null }),
            json!({ "type": "reasoning.text", "text": " me", "index": 0 }),
            json!({ "type": "reasoning.text", "signature": "c2ln", "index": 0 }),
            json!({ "type": "reasoning.encrypted", "data": "eA==", "index": 1 }),
            json!({ "type": "reasoning.encrypted", "data": "eQ==" }),
        ];
        assert_eq!(
            gathered(&pieces),
            [
                json!({ "type": "reasoning.text", "text": "Let me", "format": "anthropic-claude-v1", "index": 0, "signature": "c2ln" }),
                json!({ "type": "reasoning.encrypted", "data": "eA==", "index": 1 }),
                json!({ "type": "reasoning.encrypted", "data": "eQ==" }),
            ]
        );
    }

    #[test]
    fn details_that_are_too_large_are_none() {
        let large = json!({ "type": "reasoning.text", "text": "x".repeat(MAX_BYTES + 1) });
        assert_eq!(gathered(&[large, json!({ "type": "reasoning.text", "text": "x" })]), [json!(null); 0]);
        let many: Vec<_> = (0..=MAX_ENTRIES).map(|index| json!({ "index": index })).collect();
        assert_eq!(gathered(&many), [json!(null); 0]);
    }
}
