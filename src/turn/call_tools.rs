//! The tool calls of one step, run side by side within the room that the budget leaves for their results.

use futures::stream::{self, StreamExt};
use pii::masked_text::MaskedText;
use pii::unmask::placeholders;
use tokens::chat::PER_MESSAGE;

use super::agent_loop::AgentLoop;
use super::progress::TurnProgress;
use crate::account::paid_call::BilledAccount;
use crate::chat::message::Message;
use crate::chat::tool_call::{CallFailure, CallOutcome, ToolCall};
use crate::log;
use crate::ports::{Clock, Platform};
use crate::prompt::assemble::RecalledAt;
use crate::stream::client_event::ClientEvent;
use crate::tools::run::{run, unknown};
use crate::tools::tool::ToolContext;

/// Calls that run at the same time: the number of connections that a Worker may have
/// (<https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections>).
const MAX_CONCURRENT_CALLS: usize = 6;

/// Tokens that a result must have room for: otherwise its call does not run.
const MIN_ROOM: u32 = 40;

/// Tokens for each result below which recalled memories give way: the model has read them.
const ENOUGH_ROOM: u32 = 600;

/// Tokens that are kept free for the end of the answer.
const RESERVED_FOR_ANSWER: u32 = 100;

impl<P: Platform, F: FnMut(&ClientEvent<'_>)> AgentLoop<'_, P, F> {
    /// Runs the calls from `first` on that may run, and emits each result as it comes.
    pub(super) async fn run_calls(&mut self, progress: &mut TurnProgress, first: usize) {
        let calls = progress.answer.calls.get(first..).unwrap_or_default().to_vec();
        self.emit_decided(&calls, first);
        let open: Vec<_> = calls.into_iter().filter(ToolCall::is_open).collect();
        let room = self.make_room(progress, first, open.len());
        let user = self.ctx.session.user;
        let clock = &user.ports.clock;
        let (employee, tools) = (self.agent.employee.employee.clone(), self.agent.tools.clone());
        for call in open.iter().filter(|call| tools.get(&call.name).is_some()) {
            if let Err(fault) = self.ctx.toolbox.note_use(&call.name, &user) {
                log::fault(&user.ports.host, &fault);
            }
        }
        let message = self.turn.message.clone();
        let read = self.read_texts(progress, first);
        let account = BilledAccount::new(&employee, &self.agent.limits, self.turn.price);
        let context = ToolContext {
            user,
            session: self.turn.session_id,
            question: self.turn.user_message_id,
            message: &message,
            read: &read,
            asked_at: self.turn.admitted_at,
            remember: self.turn.remember,
            mcp: &self.ctx.toolbox.mcp,
            employee: &employee,
            account: &account,
            embedding_price: self.agent.employee.embedding_price,
            effects: &progress.effects,
        };
        let running = open.into_iter().map(|call| async {
            let began = clock.now();
            let outcome = match tools.get(&call.name) {
                None => unknown(&call.name, &tools),
                Some(_) if room < MIN_ROOM => no_room(),
                Some(tool) => run(&call, tool, room.min(tool.spec.max_result_tokens), &context).await,
            };
            let latency = clock.now().saturating_sub(began);
            ToolCall { outcome, latency_ms: Some(latency), ..call }
        });
        let mut running = stream::iter(running).buffer_unordered(MAX_CONCURRENT_CALLS);
        while let Some(call) = running.next().await {
            let placeholders = placeholders([call.result().as_str()]);
            self.emit_result(&call, placeholders);
            // At once: if the answer is stopped, a call that ran has run.
            if let Some(known) = progress.answer.call(call.id) {
                *known = call;
            }
        }
    }

    /// Texts that the model has read and its user did not write: what was recalled, results of earlier steps and turns, and attachments of
    /// earlier messages.
    fn read_texts(&self, progress: &TurnProgress, first: usize) -> String {
        let recalled = self.agent.recalled_at.and_then(|recalled| self.request.body.text(recalled.at));
        let calls = progress.answer.calls.get(..first).unwrap_or_default();
        let results = calls.iter().map(|call| call.result().to_string());
        let cache = self.ctx.session.session.cache.borrow();
        let earlier = cache.iter().flat_map(|cache| &cache.messages).flat_map(Message::texts_of_others);
        recalled.into_iter().chain(results).chain(earlier).collect::<Vec<_>>().join("\n")
    }

    /// Emits the outcomes that are decided without running. Of a resumed answer everything but the denials was emitted before.
    fn emit_decided(&mut self, calls: &[ToolCall], first: usize) {
        let is_resumed = first == self.agent.earlier_calls && self.agent.steps > 0;
        let is_new = |call: &&ToolCall| {
            if is_resumed { matches!(call.outcome, CallOutcome::Denied { .. }) } else { !call.is_open() }
        };
        for call in calls.iter().filter(is_new) {
            self.emit_result(call, placeholders([call.result().as_str()]));
        }
    }

    /// Tokens for each of `results` results. Recalled memories leave the prompt where that is too little.
    fn make_room(&mut self, progress: &mut TurnProgress, first: usize, results: usize) -> u32 {
        let room = self.room(progress, first, results);
        if room >= ENOUGH_ROOM {
            return room;
        }
        let Some(RecalledAt { at, tokens }) = self.agent.recalled_at.take() else { return room };
        self.request.body.remove(at);
        progress.prompt_tokens = progress.prompt_tokens.saturating_sub(tokens);
        self.room(progress, first, results)
    }

    fn room(&self, progress: &TurnProgress, first: usize, results: usize) -> u32 {
        let calls = progress.answer.calls.get(first..).unwrap_or_default();
        let used: u32 = calls.iter().map(ToolCall::tokens_now).fold(PER_MESSAGE, u32::saturating_add);
        let budget = self.agent.employee.employee.token_budget(self.ctx.session.user.config);
        let taken = progress.prompt_tokens.saturating_add(used).saturating_add(RESERVED_FOR_ANSWER);
        budget.saturating_sub(taken) / u32::try_from(results.max(1)).unwrap_or(u32::MAX)
    }
}

fn no_room() -> CallOutcome {
    let error =
        MaskedText::fixed("There is no room left in this answer for what it returns. Say what you have.");
    CallOutcome::Failed { code: CallFailure::NoRoom, error }
}
