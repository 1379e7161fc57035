//! Values of the kinds that an employee's model reads as they are.

use pii::mask::LITERAL;
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::PlaceholderMap;

use super::UserCtx;
use crate::ports::Platform;

impl<P: Platform> UserCtx<'_, P> {
    /// Values of these kinds in place of placeholders, in full. A literal stays a placeholder: it stands for none.
    #[must_use]
    pub fn values_of_kinds(&self, placeholders: &[Placeholder], kinds: &[String]) -> PlaceholderMap {
        let has_kind = |placeholder: &&Placeholder| {
            placeholder.kind() != LITERAL && kinds.iter().any(|kind| kind == placeholder.kind())
        };
        let wanted: Vec<_> = placeholders.iter().filter(has_kind).cloned().collect();
        self.placeholder_map(&wanted, &Policy::full())
    }
}
