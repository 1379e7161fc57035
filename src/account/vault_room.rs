//! Room in a vault: a user may have so many values.

use pii::vault::Vault;

use super::UserCtx;
use super::vault::VaultError;
use crate::ports::Platform;

impl<P: Platform> UserCtx<'_, P> {
    /// Refuses values beyond those that a vault may have. The caller locks the vault, which knows them already.
    ///
    /// # Errors
    /// [`VaultError::Full`].
    pub(super) fn check_values(&self) -> Result<(), VaultError> {
        let limit = self.config.storage.values;
        let open = self.account.vault.open.borrow();
        let count = open.as_ref().map_or(0, Vault::stored_values);
        if u32::try_from(count).unwrap_or(u32::MAX) > limit { Err(VaultError::Full(limit)) } else { Ok(()) }
    }
}
