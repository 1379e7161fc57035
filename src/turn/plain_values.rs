//! Values that an employee's model reads as they are, by its profile. Stored texts stay masked, so other employees read placeholders.

use pii::placeholder::Placeholder;
use pii::unmask::PlaceholderMap;

use super::TurnCtx;
use crate::chat::employee::Employee;
use crate::error::{Error, Fault};
use crate::model::request::ChatBody;
use crate::ports::Platform;

/// Tries to leave room for the values of a prompt. Each drops as much as the one before lacked, so a few are enough.
const MAX_TRIES: u32 = 8;

/// A prompt with its values.
pub(super) struct WithValues<T> {
    /// The assembled prompt.
    pub(super) prompt: T,
    /// Body of the request to the model.
    pub(super) body: ChatBody,
    /// Placeholders in the prompt, also those whose values it has.
    pub(super) visible_placeholders: Vec<Placeholder>,
    /// Tokens of the prompt without values.
    pub(super) counted: u32,
}

/// Values in a prompt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ValueWeight {
    /// Number of values.
    pub(super) count: usize,
    /// Tokens by which they are longer than their placeholders.
    pub(super) tokens: u32,
}

impl<P: Platform> TurnCtx<'_, P> {
    /// The values that the employee's model reads in place of these placeholders.
    pub(super) fn plain_values(&self, employee: &Employee, visible: &[Placeholder]) -> PlaceholderMap {
        self.session.user.values_of_kinds(visible, &employee.unmasked_kinds)
    }

    /// Assembles a prompt that is within the employee's budget with its values: in a smaller one, as long as it is not.
    pub(super) fn assemble_with_values<T>(
        &self,
        employee: &Employee,
        mut assemble: impl FnMut(u32) -> Result<WithValues<T>, Error>,
    ) -> Result<(WithValues<T>, ValueWeight), Error> {
        let budget = employee.token_budget(self.session.user.config);
        let (mut least, mut tries) = (budget, 0);
        loop {
            let mut assembled = assemble(least)?;
            let weight = self.put_values(employee, &mut assembled)?;
            let excess = assembled.counted.saturating_add(weight.tokens).saturating_sub(budget);
            if excess == 0 {
                return Ok((assembled, weight));
            }
            tries += 1;
            least = if tries < MAX_TRIES { least.saturating_sub(excess) } else { 0 };
        }
    }

    fn put_values<T>(&self, employee: &Employee, prompt: &mut WithValues<T>) -> Result<ValueWeight, Fault> {
        let values = self.plain_values(employee, &prompt.visible_placeholders);
        let count = values.len();
        Ok(ValueWeight { count, tokens: prompt.body.set_values(values)? })
    }
}
