//! The vector of a question: it joins where it comes within the deadline, since a turn never waits long for help.

use std::pin::pin;

use futures::future::{Either, select};
use pii::masked_text::MaskedText;

use super::vector::SmallVector;
use crate::account::UserCtx;
use crate::model::vector_breaker::VectorUse;
use crate::ports::{Clock, Platform};
use crate::time::Millis;

/// Longest time of a request, in milliseconds. A turn waits for its deadline only.
const TIMEOUT: Millis = 3000;

/// The vector of a question, waiting no longer than the configured deadline.
pub async fn question_vector<P: Platform>(
    ctx: &UserCtx<'_, P>,
    question: &MaskedText,
) -> (Option<SmallVector>, VectorUse) {
    let (clock, breaker) = (&ctx.ports.clock, &ctx.account.vectors);
    if breaker.is_out(clock.now()) {
        return (None, VectorUse::Absent);
    }
    let asked = pin!(ask(ctx, question));
    let deadline = pin!(clock.sleep(ctx.config.recall_deadline));
    let (vector, outcome) = match select(asked, deadline).await {
        Either::Left((Some(vector), _)) => (Some(vector), VectorUse::Used),
        Either::Left((None, _)) => (None, VectorUse::Absent),
        Either::Right(_) => (None, VectorUse::Late),
    };
    breaker.note(outcome, clock.now());
    (vector, outcome)
}

async fn ask<P: Platform>(ctx: &UserCtx<'_, P>, question: &MaskedText) -> Option<SmallVector> {
    let vectors = ctx.model_client().embed(&[question], TIMEOUT).await.ok()?;
    SmallVector::new(vectors.first()?.numbers())
}
