//! The agent loop: the model answers, its tool calls run side by side, and it goes on with their results until it calls no more.

use pii::json;
use pii::mask::{Author, redact};
use pii::masked_text::MaskedText;
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::placeholders;
use serde_json::Value;
use uuid::Uuid;

use super::TurnCtx;
use super::agent_config::AgentConfig;
use super::log_writer::LogWriter;
use super::progress::{StepCost, TurnProgress};
use super::reserve::{NextStep, keep_affordable};
use super::url_guards::UrlGuards;
use crate::account::ledger;
use crate::account::lost_attempts::LostAttempts;
use crate::account::paid_call::{BilledAccount, CallBill, Purpose};
use crate::chat::employee::Employee;
use crate::chat::tool_call::{CallFailure, CallOutcome, ToolCall};
use crate::chat::usage::Usage;
use crate::error::Fault;
use crate::ids;
use crate::model::body_message::{CallEcho, StepEcho};
use crate::model::candidate::candidates;
use crate::model::completion::{
    Completion, CompletionObserver, CompletionRequest, DeltaFrom, LostAttempt, ModelDelta, stream_completion,
};
use crate::model::finish::Finish;
use crate::model::pace::Readers;
use crate::model::requested_call::RequestedCall;
use crate::ports::{Clock, Platform};
use crate::session::approval::{APPROVAL_TIMEOUT, PendingApproval};
use crate::session::in_flight::InFlightTurn;
use crate::session::store::SessionStore;
use crate::stream::client_event::ClientEvent;
use crate::stream::turn_event::TurnEvent;
use crate::stream::unmasker::EventUnmasker;
use crate::time::timestamp;
use crate::tools::definition::Reach;
use crate::tools::run::{check_arguments, needs_approval, parse, unknown};
use crate::tools::tool_set::ToolSet;
use tokens::chat::PER_MESSAGE;
use tokens::count;

/// Steps that an answer may have. In the last one the model must answer with text.
const MAX_STEPS: u32 = 8;

/// The loop over the steps of one answer.
pub(super) struct AgentLoop<'a, P: Platform, F> {
    pub(super) ctx: TurnCtx<'a, P>,
    pub(super) turn: &'a mut InFlightTurn,
    pub(super) agent: &'a mut AgentConfig,
    pub(super) request: &'a mut CompletionRequest,
    /// Part of each value that the user sees: that of the employee that answers now.
    pub(super) policy: Policy,
    pub(super) log: LogWriter<'a, P>,
    pub(super) events: EventUnmasker<F>,
    /// Placeholders that the model has seen.
    pub(super) visible_placeholders: Vec<Placeholder>,
    /// Tokens by which values in the prompt are longer than their placeholders.
    pub(super) value_tokens: u32,
    /// Guards of the URLs that a model writes which reads values as they are.
    pub(super) guards: UrlGuards,
}

impl<'a, P: Platform, F: FnMut(&ClientEvent<'_>)> AgentLoop<'a, P, F> {
    /// Runs to the end of the answer, or to an approval that it waits for.
    ///
    /// # Errors
    /// Failure of the model; `budget_exceeded` when another step is not affordable.
    pub(super) async fn run(&mut self, progress: &mut TurnProgress) -> Result<(), Fault> {
        let mut first = self.agent.earlier_calls;
        let mut step = self.agent.steps;
        self.value_tokens = self.put_values()?;
        loop {
            if first < progress.answer.calls.len() {
                self.run_calls(progress, first).await;
                if progress.answer.calls.iter().any(ToolCall::is_waiting) {
                    progress.pending_approval = Some(self.pending_approval(progress, first, step));
                    return Ok(());
                }
                self.finish_step(progress, first).await?;
            }
            step += 1;
            if step >= MAX_STEPS {
                self.request.body.forbid_calls();
            }
            let ids = self.complete(progress).await?;
            if progress.completion.calls.is_empty() {
                return Ok(());
            }
            first = progress.answer.calls.len();
            self.record_step(progress, &ids);
            if step >= MAX_STEPS {
                let error = format!("An answer may have {MAX_STEPS} steps, which it had.");
                progress.answer.fail_open_calls(CallFailure::TooManySteps, &MaskedText::composed(error));
                self.emit_results(progress, first);
                return Ok(());
            }
        }
    }

    /// Asks the model once. Returns the ids of the calls that it began.
    async fn complete(&mut self, progress: &mut TurnProgress) -> Result<Vec<Uuid>, Fault> {
        let user = self.ctx.session.user;
        let lost = self.lost_attempts(progress.prompt_tokens);
        let Self { ctx, turn, request, log, events, guards, .. } = self;
        progress.completion = Completion::default();
        let mut step = RunningStep { ctx: *ctx, turn, log, events, lost, guards, ids: Vec::new() };
        let streamed =
            stream_completion(&user.model_client(), request, &mut progress.completion, &mut step).await;
        step.end_guarded();
        let ids = step.ids;
        streamed?;
        progress.first_token_at = progress.first_token_at.or(progress.completion.first_token_at);
        Ok(ids)
    }

    /// Attempts of a step: they are billed apart from the turn, to the employee that answers.
    fn lost_attempts(&self, prompt_tokens: u32) -> LostAttempts<'a, P> {
        let prompt = Usage::estimated(prompt_tokens, 0);
        LostAttempts::new(self.ctx.session.user, self.step_bill(), self.turn.turn_id, prompt)
    }

    /// The bill of steps that are booked apart from the turn.
    fn step_bill(&self) -> CallBill {
        CallBill {
            purpose: Purpose::Step,
            session: self.turn.kept.is_all().then_some(self.turn.session_id),
            account: BilledAccount::new(&self.agent.employee.employee, &self.agent.limits, self.turn.price),
            model: self.turn.model.clone(),
        }
    }

    /// Moves the finished completion into the answer, masked. Only the masked form is used from here on.
    fn record_step(&mut self, progress: &mut TurnProgress, ids: &[Uuid]) {
        let mut completion = std::mem::take(&mut progress.completion);
        let was_cut = completion.finish == Some(Finish::Length);
        let calls = std::mem::take(&mut completion.calls).into_calls();
        let call_tokens = calls.iter().map(|call| count(&call.name) + count(&call.arguments)).sum::<u32>();
        let written = count(&completion.text) + count(&completion.thoughts) + call_tokens;
        let usage = completion.usage_or(Usage::estimated(progress.prompt_tokens, written));
        progress.add_cost(&usage, self.turn.price.map(|price| price.of(&usage)));
        progress.attempts += completion.attempts;
        let parsed: Vec<_> = calls.iter().map(|call| parse(&call.arguments, was_cut)).collect();
        let thoughts = if completion.has_thought_field { completion.thoughts } else { String::new() };
        let masked = self.mask_step([completion.text, thoughts], &calls, &parsed);
        let details = self.unmasked_details(completion.details.into_values());
        let mut echo =
            completion.sender.map(|sender| StepEcho { details, ..StepEcho::new(sender, masked.thoughts) });
        let clock = &self.ctx.session.user.ports.clock;
        let now = clock.now();
        for (at, ((call, parsed), arguments)) in
            calls.into_iter().zip(parsed).zip(masked.arguments).enumerate()
        {
            let outcome = match (parsed, &arguments) {
                (_, None) => privacy_failed(),
                (Err((code, error)), _) => CallOutcome::Failed { code, error: MaskedText::composed(error) },
                (Ok(_), Some(arguments)) => self.admit_call(&call.name, arguments),
            };
            let id = ids.get(at).copied().unwrap_or_else(|| ids::time_ordered(clock, now));
            if let Some(echo) = &mut echo {
                echo.calls.push(CallEcho { id, own_id: call.own_id, extra_content: call.extra_content });
            }
            let call = ToolCall {
                id,
                name: if call.name.is_empty() { "unnamed".to_owned() } else { call.name },
                arguments: arguments.unwrap_or_default(),
                before: if at == 0 { masked.text.clone() } else { MaskedText::default() },
                created_at: timestamp(now),
                latency_ms: None,
                tokens: 0,
                is_approved: false,
                outcome,
            };
            // The next step's prompt has the masked text: what the model made up in it has a placeholder there.
            let placeholders = placeholders([call.before.as_str(), call.arguments_json().as_str()]);
            self.show(&placeholders);
            self.emit(&TurnEvent::ToolCall { call: call.clone(), placeholders });
            progress.answer.calls.push(call);
        }
        progress.answer.push_step(&masked.text);
        self.agent.echo = echo.filter(|echo| !echo.is_empty());
    }

    /// Decides whether a call may run, must wait for its user or its client, or fails.
    fn admit_call(&self, name: &str, arguments: &Value) -> CallOutcome {
        let Some(tool) = self.agent.tools.get(name) else { return unknown(name, &self.agent.tools) };
        let is_of_client = tool.spec.reach == Reach::Client;
        if !is_of_client && let Err(outcome) = check_arguments(tool, arguments) {
            return outcome;
        }
        if !is_of_client && !needs_approval(tool, arguments) {
            return CallOutcome::Running;
        }
        let clock = &self.ctx.session.user.ports.clock;
        let expires_at = timestamp(clock.now() + APPROVAL_TIMEOUT);
        CallOutcome::Waiting { approval_id: ids::random(clock), expires_at }
    }

    /// Details of thoughts that have nothing to mask. Others go back nowhere: a signature holds for the unchanged text alone.
    fn unmasked_details(&self, details: Vec<Value>) -> Vec<Value> {
        let text = details.iter().map(readable).collect::<Vec<_>>().join("\n");
        if text.trim().is_empty() {
            return details;
        }
        let masked = self.ctx.session.user.mask_answer(&text, &self.visible_placeholders);
        if masked.is_ok_and(|masked| masked.as_str() == text) { details } else { Vec::new() }
    }

    /// Masks the text, the thoughts and the arguments of a step in one go, so that each is searched beside the others.
    fn mask_step(
        &self,
        texts: [String; 2],
        calls: &[RequestedCall],
        parsed: &[Result<Value, (CallFailure, String)>],
    ) -> MaskedStep {
        let arguments = calls.iter().zip(parsed).map(|(call, parsed)| match parsed {
            Ok(value) => value.clone(),
            Err(_) => Value::String(call.arguments.clone()),
        });
        let all: Value = texts.into_iter().map(Value::String).chain(arguments).collect();
        let user = self.ctx.session.user;
        let masked = user.mask_answer(&json::text(&all), &self.visible_placeholders).ok();
        let masked = masked.and_then(|masked| json::masked(&all, masked.as_str()).ok());
        let Some(Value::Array(masked)) = masked else {
            let text = all.get(0).and_then(Value::as_str).unwrap_or_default();
            let text = redact(text, Author::Model(&self.visible_placeholders), &user.config.pii_patterns);
            let arguments = calls.iter().map(|_| None).collect();
            return MaskedStep { text, thoughts: MaskedText::default(), arguments };
        };
        let mut masked = masked.into_iter();
        let mut text = || match masked.next() {
            Some(Value::String(text)) => MaskedText::composed(text),
            _ => MaskedText::default(),
        };
        let (text, thoughts) = (text(), text());
        MaskedStep { text, thoughts, arguments: masked.map(Some).collect() }
    }

    /// Ends a step after its calls have run: the model reads their results, another employee may take over, and the next step is
    /// reserved.
    async fn finish_step(&mut self, progress: &mut TurnProgress, first: usize) -> Result<(), Fault> {
        let calls = progress.answer.calls.get_mut(first..).unwrap_or_default();
        calls.iter_mut().for_each(ToolCall::count_tokens);
        let text = calls.first().map_or(MaskedText::EMPTY, |call| &call.before);
        self.request.body.add_step(text, calls, self.agent.echo.take())?;
        let read =
            calls.iter().map(ToolCall::tokens_now).fold(count(text) + PER_MESSAGE, u32::saturating_add);
        progress.prompt_tokens = progress.prompt_tokens.saturating_add(read);
        // The model that began goes on, if it can.
        let model = &self.turn.model;
        self.request.candidates.sort_by_key(|candidate| candidate.model != *model);
        self.hand_off(progress).await?;
        let without = progress.prompt_tokens.saturating_sub(self.value_tokens);
        self.value_tokens = self.put_values()?;
        progress.prompt_tokens = without.saturating_add(self.value_tokens);
        let spent = progress.spent.unwrap_or(StepCost::NONE);
        let prompt_tokens = progress.prompt_tokens;
        self.ctx.reserve_step(&NextStep { turn: self.turn, agent: self.agent, spent, prompt_tokens })?;
        self.emit(&TurnEvent::StepFinished);
        Ok(())
    }

    /// Puts the values into the request that its employee's model reads as they are. Returns the tokens that the prompt grows by.
    fn put_values(&mut self) -> Result<u32, Fault> {
        let employee = &self.agent.employee.employee;
        let values = self.ctx.plain_values(employee, &self.visible_placeholders);
        self.guards.set_values(&values);
        self.request.body.set_values(values)
    }

    /// Puts another employee in charge of the answer, if a tool asked for it, the prompt has room for its persona, its models
    /// have the price that a budget in dollars needs, and its own budget suffices. Otherwise it takes over with the next message.
    /// Its steps are its own: they are billed to it, and values are shown as its policy allows.
    async fn hand_off(&mut self, progress: &mut TurnProgress) -> Result<(), Fault> {
        let Some(successor) = progress.effects.borrow().hand_off.clone() else { return Ok(()) };
        let employee = &successor.employee;
        progress.answer.handed_to = Some(employee.slug.clone());
        if employee.slug == self.agent.employee.employee.slug {
            return Ok(());
        }
        let user = self.ctx.session.user;
        let tools = self.ctx.toolbox.tools_of(employee, &user).await?;
        let persona_tokens =
            |employee: &Employee, tools: &ToolSet| count(&employee.system_prompt) + tools.weight().tokens;
        let before = persona_tokens(&self.agent.employee.employee, &self.agent.tools);
        let prompt_tokens = progress.prompt_tokens.saturating_sub(before) + persona_tokens(employee, &tools);
        let mut candidates = candidates(&successor, user.config);
        let is_affordable = keep_affordable(&mut candidates, &self.agent.limits, employee).is_ok();
        if !is_affordable || prompt_tokens > employee.token_budget(user.config) {
            return Ok(());
        }
        let spent = progress.spent.unwrap_or(StepCost::NONE);
        let next = NextStep { turn: self.turn, agent: self.agent, spent, prompt_tokens };
        if !self.ctx.has_budget_for(&next, &successor)? {
            return Ok(());
        }
        self.book_segment(progress)?;
        progress.prompt_tokens = prompt_tokens;
        self.request.body.hand_off(employee, tools.json())?;
        self.request.candidates = candidates;
        let (slug, model) = (employee.slug.clone(), employee.model(user.config).to_owned());
        (self.turn.price, self.turn.model) = (successor.price, model.clone());
        (self.turn.employee, self.turn.employee_version) = (slug.clone(), employee.version);
        self.turn.prompt_tokens = prompt_tokens;
        let unmasked_kinds = employee.unmasked_kinds.clone();
        self.turn.unmasked_kinds.extend_from_slice(&unmasked_kinds);
        // An interruption bills the employee that answers, for what it reads.
        SessionStore::new(&user.ports.sql, self.turn.session_id).update_turn(self.turn)?;
        self.policy = employee.unmask_policy.clone();
        self.agent.employee = successor;
        self.agent.tools = tools;
        self.events.take_over(user.placeholder_map(&self.visible_placeholders, &self.policy));
        let policy = self.policy.clone();
        self.emit(&TurnEvent::HandedOff { employee: slug, model, policy, unmasked_kinds });
        Ok(())
    }

    /// Books the steps of the employee that hands over, apart from the rest of the turn.
    fn book_segment(&self, progress: &mut TurnProgress) -> Result<(), Fault> {
        let Some(spent) = progress.spent.replace(StepCost::NONE) else { return Ok(()) };
        let user = self.ctx.session.user;
        self.step_bill().begun_at(&user, self.turn.admitted_at).book(&user, &spent.usage)?;
        ledger::release(&user.ports.sql, self.turn.turn_id)
    }

    fn pending_approval(&self, progress: &TurnProgress, first: usize, steps: u32) -> PendingApproval {
        PendingApproval {
            turn: InFlightTurn { resumed: None, ..self.turn.clone() },
            answer: progress.answer.clone(),
            earlier_calls: first,
            employee: self.agent.employee.employee.slug.clone(),
            messages: self.request.body.messages().to_vec(),
            echo: self.agent.echo.clone(),
            steps,
            prompt_tokens: progress.prompt_tokens,
            visible_placeholders: self.visible_placeholders.clone(),
            policy: self.policy.clone(),
        }
    }

    /// Emits the results of the calls from `first` on.
    pub(super) fn emit_results(&mut self, progress: &TurnProgress, first: usize) {
        for call in progress.answer.calls.get(first..).unwrap_or_default() {
            self.emit_result(call, Vec::new());
        }
    }

    /// Emits the result of a call, with the placeholders that the model sees in it.
    pub(super) fn emit_result(&mut self, call: &ToolCall, placeholders: Vec<Placeholder>) {
        self.show(&placeholders);
        let outcome = call.outcome.clone();
        self.emit(&TurnEvent::ToolResult { id: call.id, outcome, placeholders });
    }

    /// Adds placeholders that the model sees, or wrote, from here on.
    pub(super) fn show(&mut self, placeholders: &[Placeholder]) {
        if placeholders.is_empty() {
            return;
        }
        self.events.add_known(self.ctx.session.user.placeholder_map(placeholders, &self.policy));
        self.visible_placeholders.extend_from_slice(placeholders);
        self.visible_placeholders.sort_unstable();
        self.visible_placeholders.dedup();
    }

    pub(super) fn emit(&mut self, event: &TurnEvent) {
        self.log.write(event);
        self.events.push(event);
    }
}

/// A step while the model answers.
struct RunningStep<'s, 'a, P: Platform, F> {
    ctx: TurnCtx<'a, P>,
    turn: &'s mut InFlightTurn,
    log: &'s mut LogWriter<'a, P>,
    events: &'s mut EventUnmasker<F>,
    lost: LostAttempts<'a, P>,
    guards: &'s mut UrlGuards,
    /// Ids of the calls that it began.
    ids: Vec<Uuid>,
}

impl<P: Platform, F: FnMut(&ClientEvent<'_>)> RunningStep<'_, '_, P, F> {
    /// Emits the words that the guards hold back.
    fn end_guarded(&mut self) {
        for event in self.guards.end() {
            self.emit(&event);
        }
    }

    fn emit(&mut self, event: &TurnEvent) {
        self.log.write(event);
        self.events.push(event);
    }
}

impl<P: Platform, F: FnMut(&ClientEvent<'_>)> CompletionObserver for RunningStep<'_, '_, P, F> {
    fn on_delta(&mut self, from: DeltaFrom<'_>) -> Readers {
        let ports = self.ctx.session.user.ports;
        if self.turn.set_model(from.candidate) {
            // Only for an interruption: its record then has the right price. The end of the turn stores the model anyway.
            let _ = SessionStore::new(&ports.sql, self.turn.session_id).update_turn(self.turn);
        }
        let event = match from.delta {
            ModelDelta::Text(text) => TurnEvent::TextDelta(self.guards.text(text)),
            ModelDelta::Thought(text) => TurnEvent::ThoughtDelta(self.guards.thought(text)),
            ModelDelta::Call { index, name } => {
                self.end_guarded();
                while self.ids.len() <= index {
                    self.ids.push(ids::time_ordered(&ports.clock, from.at));
                }
                let id = self.ids.get(index).copied().unwrap_or_default();
                TurnEvent::ToolCallStarted { id, name: name.to_owned() }
            }
        };
        self.emit(&event);
        self.ctx.session.session.subscribers.readers()
    }

    fn on_lost(&mut self, lost: &LostAttempt<'_>) -> Result<(), Fault> {
        self.lost.book(lost)
    }
}

/// A step's text, thoughts and arguments, masked. Arguments that cannot be masked are absent.
struct MaskedStep {
    text: MaskedText,
    thoughts: MaskedText,
    arguments: Vec<Option<Value>>,
}

/// The text of an entry: without what is encrypted or signed.
fn readable(entry: &Value) -> String {
    const OPAQUE: [&str; 4] = ["data", "signature", "encrypted_content", "id"];
    let mut entry = entry.clone();
    if let Some(fields) = entry.as_object_mut() {
        fields.retain(|name, _| !OPAQUE.contains(&name.as_str()));
    }
    json::text(&entry)
}

fn privacy_failed() -> CallOutcome {
    let error = MaskedText::fixed("Personal data in the arguments could not be hidden, so it did not run.");
    CallOutcome::Failed { code: CallFailure::PrivacyUnavailable, error }
}
