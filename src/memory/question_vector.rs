//! The vector of a question: it joins where it comes within the deadline, since a turn never waits long for help.

use std::pin::pin;

use futures::future::{Either, select};
use pii::masked_text::MaskedText;

use super::paid_vectors::VectorRequest;
use super::vector::SmallVector;
use crate::account::UserCtx;
use crate::account::paid_call::CallBill;
use crate::log;
use crate::model::embedding::Embedding;
use crate::model::vector_use::VectorUse;
use crate::ports::{Clock, Platform};
use crate::time::Millis;

/// Longest time of a request, in milliseconds. A turn waits for its deadline only.
const TIMEOUT: Millis = 3000;

/// The vector of a question, waiting no longer than the configured deadline. It is absent where the budget does not suffice.
pub async fn question_vector<P: Platform>(
    ctx: &UserCtx<'_, P>,
    bill: CallBill,
    question: &MaskedText,
) -> (Option<SmallVector>, VectorUse) {
    let (clock, breaker) = (&ctx.ports.clock, &ctx.account.vectors);
    if breaker.is_out(clock.now()) {
        return (None, VectorUse::Absent);
    }
    let texts = [question];
    let Ok(request) = VectorRequest::reserve(ctx, bill, &texts) else { return (None, VectorUse::Absent) };
    let asked = pin!(request.send(ctx, TIMEOUT));
    let deadline = pin!(clock.sleep(ctx.config.recall_deadline));
    let (vector, outcome) = match select(asked, deadline).await {
        Either::Left((vectors, _)) => match vectors.ok().as_deref().and_then(first) {
            Some(vector) => (Some(vector), VectorUse::Used),
            None => (None, VectorUse::Absent),
        },
        Either::Right(_) => {
            if let Err(fault) = request.book_unanswered(ctx) {
                log::fault(&ctx.ports.host, &fault);
            }
            (None, VectorUse::Late)
        }
    };
    breaker.note(outcome == VectorUse::Used, clock.now());
    (vector, outcome)
}

fn first(vectors: &[Embedding]) -> Option<SmallVector> {
    SmallVector::new(vectors.first()?.numbers())
}
