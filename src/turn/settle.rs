//! The end of a turn: its record, whatever happened.

use pii::mask::{Author, redact};
use pii::placeholder::Placeholder;
use tokens::count;

use super::Outcome;
use super::steps::Progress;
use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Fault};
use crate::model::usage::{Usage, UsageSource};
use crate::ports::{Clock, Journal, Ports, UserObject, World};
use crate::session::log::{LogEnding, TurnLog};
use crate::session::record::{Ending, OpenTurn, Status, TurnRecord};
use crate::time::Millis;
use crate::tools::call::{CallRecord, Failure};
use crate::user::record::Refused;

/// Closes a turn: its record is in the outbox and its log has an end when this returns. `progress` is masked.
pub(super) fn settle(
    turn: OpenTurn,
    mut progress: Progress,
    outcome: Outcome,
    journal: &impl Journal,
    now: Millis,
) -> (TurnRecord, LogEnding, Option<Fault>) {
    progress.spend_on_tools();
    let suspended = progress.suspended.take();
    let reason = if suspended.is_some() { "tool-calls" } else { progress.heard.finish.unwrap_or("other") };
    let ending = ending(progress, &turn, &outcome, reason, now);
    let record = turn.into_record(ending);
    let summary = record.usage.summary();
    let (ending, mut fault) = match outcome {
        Outcome::Whole => (LogEnding::Finished { reason: reason.to_owned(), summary }, None),
        Outcome::Stopped => (LogEnding::Stopped { summary }, None),
        Outcome::Failed(fault) => (LogEnding::Failed { code: fault.code }, Some(fault)),
    };
    let closed = journal.close(&record, &ending, now);
    let waits = suspended.map_or(Ok(()), |suspended| journal.suspend(&suspended));
    let ending = match closed.and(waits) {
        Ok(()) => ending,
        Err(refused) => LogEnding::Failed { code: fault.insert(refused).code },
    };
    (record, ending, fault)
}

/// Makes the end of an answer what is kept of it: with the tokens that the model was shown in their one spelling, and with
/// tokens for what else is personal in it. When no tokens can be had, what is personal is left out, for the answer must be kept
/// and not raw; then it returns why.
pub(super) async fn mask_answer(
    text: &mut String,
    shown: &[Placeholder],
    user: &User,
    config: &Config,
    ports: &Ports<impl World>,
) -> Option<Refused> {
    if text.is_empty() {
        return None;
    }
    let author = Author::Model(shown);
    match ports.user.mask(user, text, author).await {
        Ok(hidden) => {
            *text = hidden.text;
            None
        }
        Err(refused) => {
            *text = redact(text, author, &config.pii_patterns).into_string();
            Some(refused)
        }
    }
}

fn ending(
    progress: Progress,
    turn: &OpenTurn,
    outcome: &Outcome,
    reason: &'static str,
    ended_at: Millis,
) -> Ending {
    let Progress { mut answer, heard, spent, first_token_at, effects, .. } = progress;
    let fault = if let Outcome::Failed(fault) = outcome { Some(fault) } else { None };
    // A model that refused or was never reached read nothing, and nothing is owed.
    let nothing = !heard.has_begun() && (fault.is_some() || spent.is_some());
    let said = count(&heard.text);
    let estimated = Usage {
        prompt_tokens: if nothing { 0 } else { turn.prompt_tokens },
        cached_tokens: 0,
        completion_tokens: said,
        source: UsageSource::Estimated,
    };
    let last = match heard.usage {
        Some(usage) => usage,
        None if nothing && spent.is_some() => Usage::NONE,
        None => estimated,
    };
    let (mut usage, before) = spent.unwrap_or((Usage::NONE, Some(0.0)));
    usage.add(&last);
    let cost_usd = before.zip(turn.price).map(|(before, price)| before + price.of(&last));
    answer.say(&heard.text);
    match outcome {
        Outcome::Whole => {}
        Outcome::Stopped => answer.give_up(Failure::Stopped, "The user stopped the answer."),
        Outcome::Failed(_) => answer.give_up(Failure::Interrupted, "The answer broke off."),
    }
    answer.calls.iter_mut().filter(|call| call.tokens == 0).for_each(CallRecord::count_tokens);
    Ending {
        text_tokens: if answer.text == heard.text { said } else { count(&answer.text) },
        answer,
        effects: effects.into_inner(),
        status: match outcome {
            Outcome::Whole => Status::Complete,
            Outcome::Stopped => Status::Stopped,
            Outcome::Failed(_) => Status::Failed,
        },
        finish_reason: fault
            .is_none()
            .then_some(reason)
            .filter(|_| heard.finish.is_some() || reason == "tool-calls"),
        error: fault.map(|fault| fault.code),
        usage,
        cost_usd,
        first_token_at: first_token_at.or(heard.first_token_at),
        ended_at,
    }
}

/// Closes the turn that a dead object left open: to be called once, before anything else, when an object wakes.
pub fn recover(journal: &impl Journal, clock: &impl Clock, config: &Config) -> Option<TurnRecord> {
    let turn = journal.left_open()?;
    let log = journal.log(turn.turn_id);
    let shown = log.as_ref().map_or_else(|| turn.shown.clone(), TurnLog::shown);
    let mut answer = turn.so_far.clone().unwrap_or_default();
    let said = log.map_or_else(String::new, |log| log.retrace(&mut answer));
    answer.say(&redact(&said, Author::Model(&shown), &config.pii_patterns));
    answer.give_up(Failure::Interrupted, "The server restarted; nobody knows how far it came.");
    let text_tokens = count(&answer.text);
    let now = clock.now();
    let ending = turn.interruption(answer, text_tokens, now);
    let record = turn.into_record(ending);
    let told = LogEnding::Failed { code: Code::Interrupted };
    journal.close(&record, &told, now).ok()?;
    if let Some(mut memory) = journal.recollect() {
        memory.add(&record);
        journal.remember(&memory);
    }
    Some(record)
}
