//! Vectors of texts, paid by an account.

use pii::masked_text::MaskedText;

use crate::account::UserCtx;
use crate::account::ledger::LimitError;
use crate::account::paid_call::{CallBill, ReservedCall};
use crate::chat::usage::{Usage, UsageSource};
use crate::error::Fault;
use crate::model::client::EmbedError;
use crate::model::embedding::{Embedding, tokens};
use crate::ports::Platform;
use crate::time::Millis;

/// Texts whose vectors are reserved.
#[derive(Debug)]
pub(super) struct VectorRequest<'a> {
    texts: &'a [&'a MaskedText],
    counted: Usage,
    reserved: ReservedCall,
}

impl<'a> VectorRequest<'a> {
    /// Reserves the tokens of the texts.
    ///
    /// # Errors
    /// [`EmbedError::OverBudget`]; [`EmbedError::Fault`], when the storage refuses.
    pub(super) fn reserve<P: Platform>(
        ctx: &UserCtx<'_, P>,
        bill: CallBill,
        texts: &'a [&'a MaskedText],
    ) -> Result<Self, EmbedError> {
        let counted = Usage::estimated(tokens(texts), 0);
        let reserved = bill.reserve(ctx, &counted).map_err(|error| match error {
            LimitError::Exceeded { .. } | LimitError::Unpriced => EmbedError::OverBudget,
            LimitError::Storage(fault) => EmbedError::Fault(fault),
        })?;
        Ok(Self { texts, counted, reserved })
    }

    /// Asks for the vectors within `timeout` milliseconds, and books them. A request that fails is free.
    ///
    /// # Errors
    /// [`EmbedError`].
    pub(super) async fn send<P: Platform>(
        &self,
        ctx: &UserCtx<'_, P>,
        timeout: Millis,
    ) -> Result<Vec<Embedding>, EmbedError> {
        match ctx.model_client().embed(self.texts, timeout).await {
            Ok(embeddings) => {
                let reported =
                    |prompt_tokens| Usage { prompt_tokens, source: UsageSource::Provider, ..self.counted };
                let usage = embeddings.tokens.map_or(self.counted, reported);
                self.reserved.book(ctx, &usage).map_err(EmbedError::Fault)?;
                Ok(embeddings.vectors)
            }
            Err(error) => {
                self.reserved.release(&ctx.ports.sql).map_err(EmbedError::Fault)?;
                Err(error)
            }
        }
    }

    /// Books a request whose answer was not waited for: the provider reads the texts all the same.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub(super) fn book_unanswered<P: Platform>(&self, ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
        self.reserved.book(ctx, &self.counted)
    }
}
