//! The last state of a turn: its record, for every outcome.

use pii::mask::{Author, redact};
use pii::masked_text::MaskedText;
use pii::placeholder::Placeholder;
use serde::Serialize;
use tokens::count;
use uuid::Uuid;

use super::TurnCtx;
use super::progress::{StepCost, TurnProgress};
use crate::account::vault::VaultError;
use crate::account::{UserCtx, ledger};
use crate::chat::tool_call::{CallFailure, ToolCall};
use crate::chat::usage::{Usage, UsageSource};
use crate::config::Config;
use crate::error::{Code, Fault};
use crate::model::finish::Finish;
use crate::ports::{Clock, Host, Platform, Sql};
use crate::session::approval::PendingApproval;
use crate::session::in_flight::{InFlightTurn, TurnResult};
use crate::session::log::TurnLog;
use crate::session::record::{Status, TurnRecord};
use crate::session::store::SessionStore;
use crate::stream::turn_event::TurnEnding;
use crate::time::Millis;

/// End of the agent loop.
pub(super) enum Outcome {
    /// The model ended the answer.
    Complete,
    /// The user stopped the answer.
    Stopped,
    /// A fault ended the answer.
    Failed(Fault),
}

/// A turn that has ended, well or not.
#[derive(Debug)]
pub struct FinishedTurn {
    /// The record in the outbox.
    pub record: TurnRecord,
    /// The end as clients are told.
    pub ending: TurnEnding,
    /// The failure, where the answer is not complete for one.
    pub fault: Option<Fault>,
    /// Requests to models.
    pub attempts: u32,
    /// The reason why personal values were redacted from the stored answer instead of masked, if they were.
    pub redacted: Option<VaultError>,
}

impl<P: Platform> TurnCtx<'_, P> {
    /// Masks the answer and closes the turn: when this returns, the record is in the outbox, the ledger has its cost, and the log
    /// has its end.
    pub(super) fn finish(
        &self,
        turn: InFlightTurn,
        mut progress: TurnProgress,
        outcome: Outcome,
        visible: &[Placeholder],
    ) -> FinishedTurn {
        let user = self.session.user;
        let (text, redacted) = mask_answer(&user, &progress.completion.text, visible);
        for (call, usage) in std::mem::take(&mut progress.effects.get_mut().running_calls) {
            if let Err(fault) = call.book(&user, &usage) {
                crate::log::fault(&user.ports.host, &fault);
            }
        }
        let attempts = progress.attempts + progress.completion.attempts;
        let successor = progress.effects.get_mut().hand_off.take();
        let pending = progress.pending_approval.take();
        let is_all_kept = turn.kept.is_all();
        let now = user.ports.clock.now();
        let reason = match &pending {
            Some(_) => "tool-calls",
            None => progress.completion.finish.map_or("other", Finish::as_str),
        };
        let result = result(progress, &turn, &outcome, &Ended { text, reason, at: now });
        let record = turn.into_record(result);
        let (ending, mut fault) = ending(outcome, reason, &record);
        let ending = match self.close(&record, &ending, pending.as_ref().filter(|_| is_all_kept)) {
            Ok(()) => ending,
            Err(refused) => TurnEnding::Failed { code: fault.insert(refused).code },
        };
        let session = self.session.session;
        if let Some(log) = session.log.borrow_mut().as_mut() {
            log.ending = Some(ending.clone());
        }
        if let Some(cache) = session.cache.borrow_mut().as_mut() {
            cache.add(&record);
            if let Some(successor) = successor {
                cache.hand_off(successor, now);
            }
            if let Err(refused) = SessionStore::new(&user.ports.sql, session.id).save_snapshot(cache, now) {
                crate::log::fault(&user.ports.host, &refused);
            }
        }
        FinishedTurn { record, ending, fault, attempts, redacted }
    }

    fn close(
        &self,
        record: &TurnRecord,
        ending: &TurnEnding,
        pending: Option<&PendingApproval>,
    ) -> Result<(), Fault> {
        let (sql, now) = (&self.session.user.ports.sql, self.session.user.ports.clock.now());
        let store = SessionStore::new(sql, record.session_id);
        store.close_turn(record, ending, now)?;
        record.remember_in(sql)?;
        ledger::settle(sql, &record.ledger_entry())?;
        pending.map_or(Ok(()), |pending| store.save_approval(pending))
    }
}

fn ending(outcome: Outcome, reason: &str, record: &TurnRecord) -> (TurnEnding, Option<Fault>) {
    let summary = (&record.usage).into();
    match outcome {
        Outcome::Complete => (TurnEnding::Finished { reason: reason.to_owned(), summary }, None),
        Outcome::Stopped => (TurnEnding::Stopped { summary }, None),
        Outcome::Failed(fault) => (TurnEnding::Failed { code: fault.code }, Some(fault)),
    }
}

/// Masks the final text before it is stored: placeholders that the model saw in their one spelling, and new ones for
/// other personal data. Where masking fails, personal values are redacted, since the answer must be stored and never raw; then
/// the reason is returned.
fn mask_answer<P: Platform>(
    user: &UserCtx<'_, P>,
    text: &str,
    visible: &[Placeholder],
) -> (MaskedText, Option<VaultError>) {
    if text.is_empty() {
        return (MaskedText::default(), None);
    }
    match user.mask_answer(text, visible) {
        Ok(masked) => (masked, None),
        Err(error) => (redact(text, Author::Model(visible), &user.config.pii_patterns), Some(error)),
    }
}

/// Masked text of the last step, finish reason and moment of the end.
struct Ended {
    text: MaskedText,
    reason: &'static str,
    at: Millis,
}

fn result(progress: TurnProgress, turn: &InFlightTurn, outcome: &Outcome, ended: &Ended) -> TurnResult {
    let TurnProgress { mut answer, completion, prompt_tokens, spent, first_token_at, effects, .. } = progress;
    let fault = if let Outcome::Failed(fault) = outcome { Some(fault) } else { None };
    // A model that refused or is not asked read nothing, and nothing is owed. One that is stopped before its first token has read.
    let is_free = !completion.is_billed() && (fault.is_some() || !completion.is_asked);
    let text_tokens = count(&ended.text);
    let last = completion.usage_or(match is_free {
        true if spent.is_some() => Usage::NONE,
        true => Usage::estimated(0, text_tokens),
        false => Usage::estimated(prompt_tokens, text_tokens + count(&completion.thoughts)),
    });
    let StepCost { mut usage, cost_usd } = spent.unwrap_or(StepCost::NONE);
    usage.add(&last);
    let cost_usd = cost_usd.zip(turn.price).map(|(before, price)| before + price.of(&last));
    answer.push_step(&ended.text);
    match outcome {
        Outcome::Complete => {}
        Outcome::Stopped => {
            answer.fail_open_calls(CallFailure::Stopped, &MaskedText::fixed("The user stopped the answer."));
        }
        Outcome::Failed(_) => {
            answer.fail_open_calls(CallFailure::Interrupted, &MaskedText::fixed("The answer broke off."));
        }
    }
    answer.calls.iter_mut().filter(|call| call.tokens == 0).for_each(ToolCall::count_tokens);
    let has_reason = completion.finish.is_some() || ended.reason == "tool-calls";
    let effects = effects.into_inner();
    TurnResult {
        text_tokens: if answer.text == ended.text { text_tokens } else { count(&answer.text) },
        answer,
        facts: effects.facts,
        files: effects.files,
        status: match outcome {
            Outcome::Complete => Status::Complete,
            Outcome::Stopped => Status::Stopped,
            Outcome::Failed(_) => Status::Failed,
        },
        finish_reason: (fault.is_none() && has_reason).then_some(ended.reason),
        error: fault.map(|fault| fault.code),
        usage,
        cost_usd,
        first_token_at: first_token_at.or(completion.first_token_at),
        ended_at: ended.at,
    }
}

/// Closes the turn that a dead object left in flight in a session, as interrupted. To be called once for each such session, before
/// anything else, in an object that starts. Returns the record.
///
/// # Errors
/// `internal`, when the storage refuses: the turn stays in flight.
pub fn close_interrupted<S: Sql>(
    store: SessionStore<'_, S>,
    config: &Config,
    now: Millis,
) -> Result<Option<TurnRecord>, Fault> {
    let Some(turn) = store.turn_in_flight()? else { return Ok(None) };
    let log = store.log(turn.turn_id)?;
    let visible =
        log.as_ref().map_or_else(|| turn.visible_placeholders.clone(), TurnLog::visible_placeholders);
    let mut answer = turn.resumed.clone().unwrap_or_default();
    let text = log.map_or_else(String::new, |log| log.rebuild(&mut answer));
    answer.push_step(&redact(&text, Author::Model(&visible), &config.pii_patterns));
    let error = MaskedText::fixed("The server restarted; nobody knows how far it came.");
    answer.fail_open_calls(CallFailure::Interrupted, &error);
    let text_tokens = count(&answer.text);
    let result = turn.interrupted(answer, text_tokens, now);
    let record = turn.into_record(result);
    store.close_turn(&record, &TurnEnding::Failed { code: Code::Interrupted }, now)?;
    record.remember_in(store.sql())?;
    ledger::settle(store.sql(), &record.ledger_entry())?;
    if let Some(mut snapshot) = store.snapshot()? {
        snapshot.add(&record);
        store.save_snapshot(&snapshot, now)?;
    }
    Ok(Some(record))
}

#[derive(Serialize)]
struct TurnLine<'a> {
    event: &'static str,
    turn: Uuid,
    session: Uuid,
    user: Uuid,
    employee: &'a str,
    model: &'a str,
    success: bool,
    error: Option<&'a str>,
    cause: Option<&'a str>,
    attempts: u32,
    calls: usize,
    prompt_tokens: u32,
    cached_tokens: u32,
    completion_tokens: u32,
    usage_source: UsageSource,
    cost_usd: Option<f64>,
    ttft_ms: Option<Millis>,
    latency_ms: Millis,
}

impl FinishedTurn {
    /// Logs the turn, without content.
    pub fn log(&self, host: &impl Host) {
        let record = &self.record;
        if let Some(error) = &self.redacted {
            let cause = format!("turn {} is stored redacted: {error:?}", record.turn_id);
            crate::log::fault(host, &Fault::new(Code::PrivacyUnavailable, cause));
        }
        let usage = &record.usage;
        let line = TurnLine {
            event: "turn",
            turn: record.turn_id,
            session: record.session_id,
            user: record.user_id,
            employee: &record.employee_slug,
            model: &usage.model,
            success: usage.success,
            error: usage.error_code.as_deref(),
            cause: self.fault.as_ref().map(|fault| fault.cause.as_str()),
            attempts: self.attempts,
            calls: record.tool_runs.len(),
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            completion_tokens: usage.completion_tokens,
            usage_source: usage.usage_source,
            cost_usd: usage.cost_usd,
            ttft_ms: usage.ttft_ms,
            latency_ms: usage.latency_ms,
        };
        crate::log::line(host, &line);
    }
}
