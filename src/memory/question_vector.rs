//! The vector of a question: it joins where it comes within the deadline, since a turn never waits long for help.

use std::pin::pin;

use futures::future::{Either, select};
use pii::masked_text::MaskedText;

use super::vector::SmallVector;
use crate::account::UserCtx;
use crate::model::client::client;
use crate::model::embedding;
use crate::model::vector_breaker::VectorUse;
use crate::ports::{Clock, Platform};

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
    let body = embedding::body(&ctx.config.embedding_model, &[question]).ok()?;
    let answer = client(ctx.ports, ctx.config).embed(&body).await.ok()?;
    let vectors = embedding::read(&answer, 1).ok()?;
    SmallVector::new(vectors.first()?.numbers())
}
