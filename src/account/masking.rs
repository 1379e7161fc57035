//! Masking with the user's vault: every new value is durable before its placeholder is used.

use pii::detect::{Names, People, Recognized};
use pii::mask::Author;
use pii::masked_text::MaskedText;
use pii::placeholder::Placeholder;
use pii::vault::{MaskRequest, Masked};

use super::UserCtx;
use super::vault::VaultError;
use crate::ports::{Clock, Platform};

impl<P: Platform> UserCtx<'_, P> {
    /// Masks a text of a model that has seen placeholders. No recognizer is asked: the model has read nothing that was not masked.
    ///
    /// # Errors
    /// As [`UserCtx::mask_with`].
    pub fn mask_answer(&self, text: &str, visible: &[Placeholder]) -> Result<MaskedText, VaultError> {
        self.mask_with(text, Author::Model(visible), &[])
    }

    /// Replaces every personal value of a text by its placeholder, also those that the deployment's recognizer has found in it. New
    /// placeholders are durable when this returns.
    ///
    /// # Errors
    /// [`VaultError`]: then nothing of the text may be used. In an object that stores no vault, call [`UserCtx::unlock`] first.
    pub fn mask_with(
        &self,
        text: &str,
        author: Author<'_>,
        recognized: &[Recognized],
    ) -> Result<MaskedText, VaultError> {
        let request = self.mask_request(text, author, self.config.pii_people, recognized);
        let masked = self.mask_open(request);
        if masked.is_err() {
            // The open vault may know values that were not stored.
            self.account.vault.lock();
        }
        masked
    }

    const fn mask_request<'t>(
        &'t self,
        text: &'t str,
        author: Author<'t>,
        people: People,
        recognized: &'t [Recognized],
    ) -> MaskRequest<'t> {
        let (identity, patterns) = (&self.user.identity, &self.config.pii_patterns);
        MaskRequest { text, author, identity, patterns, people, recognized }
    }

    /// Masks a text without storing its new values.
    fn draft_open(&self, request: MaskRequest<'_>) -> Result<Masked, VaultError> {
        self.reopen()?;
        let mut open = self.account.vault.open.borrow_mut();
        let vault = open.as_mut().ok_or_else(|| VaultError::Failed("the vault is locked".into()))?;
        Ok(vault.mask(request, || self.ports.clock.secret())?)
    }

    fn mask_open(&self, request: MaskRequest<'_>) -> Result<MaskedText, VaultError> {
        let masked = self.draft_open(request)?;
        if !masked.new.is_empty() {
            self.check_values()?;
            self.keep_values(masked.new)?;
        }
        Ok(masked.text)
    }

    /// Masks a text that is only compared with stored ones; `None` if it has a value that no stored text can have. No value is
    /// stored for it. In an object that stores no vault, call [`UserCtx::unlock`] first.
    ///
    /// # Errors
    /// As [`UserCtx::mask_with`].
    pub fn mask_known(&self, text: &str) -> Result<Option<MaskedText>, VaultError> {
        // A word of a search is no name because it looks like one: only known names and told ones are.
        let people = self.config.pii_people;
        let names = if people.names == Names::All { Names::Told } else { people.names };
        let people = People { names, ..people };
        let masked = self.draft_open(self.mask_request(text, Author::Outside, people, &[]));
        if masked.as_ref().is_ok_and(|masked| masked.new.is_empty()) {
            return Ok(masked.ok().map(|masked| masked.text));
        }
        // The open vault knows values that are not stored.
        self.account.vault.lock();
        masked.map(|_| None)
    }
}
