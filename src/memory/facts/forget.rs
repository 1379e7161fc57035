//! Forgetting: facts with the messages that they come from, and messages by their words.

use serde::Serialize;
use uuid::Uuid;

use crate::account::UserCtx;
use crate::database;
use crate::error::Fault;
use crate::memory::change::change;
use crate::memory::forget::{Forgotten, forget as forget_messages, forget_with_facts};
use crate::memory::known_facts;
use crate::ports::{Caller, Platform};

/// Facts and messages to forget.
#[derive(Clone, Copy, Debug)]
pub struct Forgettable<'a> {
    /// Ids of facts. Facts of the same subject go with them.
    pub facts: &'a [Uuid],
    /// Words of messages: each message with any of them goes.
    pub words: &'a [&'a str],
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct ForgetFacts<'a> {
    p_user: Uuid,
    p_facts: &'a [Uuid],
    p_words: &'a [&'a str],
}

/// Forgets facts and messages of the user. Memories that were embedded with a forgotten message are embedded again.
///
/// # Errors
/// `database_unavailable`, `database_refused`.
pub async fn forget<P: Platform>(ctx: &UserCtx<'_, P>, what: Forgettable<'_>) -> Result<Forgotten, Fault> {
    let arguments = ForgetFacts { p_user: ctx.user.id, p_facts: what.facts, p_words: what.words };
    let call = database::call(&ctx.ports.postgrest, Caller::Service, "forget_facts", &arguments);
    let forgotten: Forgotten = change(ctx, call).await?;
    if forgotten.too_many {
        return Ok(forgotten);
    }
    if what.words.is_empty() {
        forget_with_facts(ctx, what.facts, &forgotten).await?;
    } else {
        // Facts go with the messages, and Postgres knows which.
        forget_messages(ctx, &forgotten)?;
        change(ctx, known_facts::reload(ctx)).await?;
    }
    Ok(forgotten)
}
