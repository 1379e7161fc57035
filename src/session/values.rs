//! What a session knows of its user's values: what stands behind the tokens that it has seen.

use std::collections::BTreeMap;

use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::PlaceholderMap;
use uuid::Uuid;

use crate::user::record::Hidden;

/// Values in memory, of one key of the user's.
#[derive(Default)]
pub struct Values {
    key_id: Option<Uuid>,
    values: BTreeMap<Placeholder, String>,
}

// By hand, so that no log line can ever hold a value.
impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Values({})", self.values.len())
    }
}

impl Values {
    /// Takes in what came with a masked text. Whether the user was erased since the last one: then nothing that this
    /// session remembers is theirs any more.
    #[must_use]
    pub fn learn(&mut self, hidden: &Hidden) -> bool {
        let before = self.key_id.replace(hidden.key_id);
        let is_another = before.is_some_and(|before| before != hidden.key_id);
        if is_another {
            self.values.clear();
        }
        self.add(hidden.values.iter().cloned());
        is_another
    }

    /// Takes in what was revealed.
    pub fn add(&mut self, values: impl IntoIterator<Item = (Placeholder, String)>) {
        self.values.extend(values);
    }

    /// Those of `tokens` whose values are not here.
    #[must_use]
    pub fn missing(&self, tokens: &[Placeholder]) -> Vec<Placeholder> {
        tokens.iter().filter(|token| !self.values.contains_key(token)).cloned().collect()
    }

    /// What a policy shows of those of `tokens` that are here.
    #[must_use]
    pub fn shown(&self, tokens: &[Placeholder], policy: &Policy) -> PlaceholderMap {
        let known = tokens.iter().filter_map(|token| Some((token, self.values.get(token)?.as_str())));
        PlaceholderMap::new(known, policy)
    }
}
