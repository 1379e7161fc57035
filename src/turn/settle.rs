//! The end of a turn: its record, whatever happened.

use super::Outcome;
use crate::auth::User;
use crate::config::Config;
use crate::context::tokens;
use crate::error::{Code, Fault};
use crate::model::listen::Heard;
use crate::model::usage::{Usage, UsageSource};
use crate::ports::{Clock, Journal, Ports, UserObject, World};
use crate::privacy::mask::{Author, blank};
use crate::session::log::LogEnding;
use crate::session::record::{Ending, OpenTurn, Status, TurnRecord};
use crate::time::Millis;
use crate::user::record::Refused;

/// Closes a turn: its record is in the outbox and its log has an end when this returns.
pub(super) fn settle(
    turn: OpenTurn,
    heard: Heard,
    outcome: Outcome,
    journal: &impl Journal,
    now: Millis,
) -> (TurnRecord, LogEnding, Option<Fault>) {
    let reason = heard.finish.unwrap_or("other").to_owned();
    let ending = ending(heard, &turn, &outcome, now);
    let record = turn.into_record(ending);
    let summary = record.usage.summary();
    let (ending, mut fault) = match outcome {
        Outcome::Whole => (LogEnding::Finished { reason, summary }, None),
        Outcome::Stopped => (LogEnding::Stopped { summary }, None),
        Outcome::Failed(fault) => (LogEnding::Failed { code: fault.code }, Some(fault)),
    };
    let closed = journal.close(&record, &ending, now);
    let ending = match closed {
        Ok(()) => ending,
        Err(refused) => LogEnding::Failed { code: fault.insert(refused).code },
    };
    (record, ending, fault)
}

/// Makes an answer what is kept of it: with the tokens that the model was shown in their one spelling, and with tokens for
/// what else is personal in it. When no tokens can be had, what is personal is left out, for the answer must be kept and
/// not raw; then it returns why.
pub(super) async fn mask_answer(
    text: &mut String,
    turn: &OpenTurn,
    user: &User,
    config: &Config,
    ports: &Ports<impl World>,
) -> Option<Refused> {
    if text.is_empty() {
        return None;
    }
    let author = Author::Model(&turn.shown);
    match ports.user.mask(user, text, author).await {
        Ok(hidden) => {
            *text = hidden.text;
            None
        }
        Err(refused) => {
            *text = blank(text, author, &config.pii_patterns);
            Some(refused)
        }
    }
}

fn ending(heard: Heard, turn: &OpenTurn, outcome: &Outcome, ended_at: Millis) -> Ending {
    let text_tokens = tokens::count(&heard.text);
    let fault = if let Outcome::Failed(fault) = outcome { Some(fault) } else { None };
    // A model that refused or was never reached read nothing, and nothing is owed.
    let nothing = fault.is_some() && heard.text.is_empty();
    let estimated = Usage {
        prompt_tokens: if nothing { 0 } else { turn.prompt_tokens },
        cached_tokens: 0,
        completion_tokens: text_tokens,
        source: UsageSource::Estimated,
    };
    Ending {
        text: heard.text,
        text_tokens,
        status: match outcome {
            Outcome::Whole => Status::Complete,
            Outcome::Stopped => Status::Stopped,
            Outcome::Failed(_) => Status::Failed,
        },
        finish_reason: heard.finish,
        error: fault.map(|fault| fault.code),
        usage: heard.usage.unwrap_or(estimated),
        first_token_at: heard.first_token_at,
        ended_at,
    }
}

/// Closes the turn that a dead object left open: to be called once, before anything else, when an object wakes.
pub fn recover(journal: &impl Journal, clock: &impl Clock, config: &Config) -> Option<TurnRecord> {
    let turn = journal.left_open()?;
    let text = journal.log(turn.turn_id).map(|log| log.text()).unwrap_or_default();
    let text = blank(&text, Author::Model(&turn.shown), &config.pii_patterns);
    let text_tokens = tokens::count(&text);
    let now = clock.now();
    let ending = turn.interruption(text, text_tokens, now);
    let record = turn.into_record(ending);
    let told = LogEnding::Failed { code: Code::Interrupted };
    journal.close(&record, &told, now).ok()?;
    if let Some(mut memory) = journal.recollect() {
        memory.add(&record);
        journal.remember(&memory);
    }
    Some(record)
}
