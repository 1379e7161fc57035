//! The steps of an answer: the model is asked, what it calls is run side by side, and it is asked again with what came of that,
//! until it calls nothing more.

use std::cell::RefCell;

use futures::stream::{self, StreamExt};
use pii::json;
use pii::mask::{Author, redact};
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::placeholders;
use serde_json::Value;
use tokens::chat::PER_MESSAGE;
use tokens::count;
use uuid::Uuid;

use super::keeper::Keeper;
use super::open::new_id;
use super::reserve::reserve_step;
use crate::auth::User;
use crate::config::Config;
use crate::context::assemble::Recollected;
use crate::employee::Employee;
use crate::error::Fault;
use crate::model::call::ToolCall;
use crate::model::candidate::candidates;
use crate::model::listen::{Asking, Heard, Said, listen};
use crate::model::usage::{Usage, UsageSource};
use crate::ports::{Clock, Journal, Ports, UserObject, World};
use crate::session::load::UserLimits;
use crate::session::log::{Deed, Told};
use crate::session::memory::Memory;
use crate::session::record::{OpenTurn, SoFar};
use crate::session::state::SessionState;
use crate::stream::event::Event;
use crate::stream::teller::Teller;
use crate::time::{Millis, timestamp};
use crate::tools::Bench;
use crate::tools::approval::{APPROVAL_FOR, Suspended};
use crate::tools::call::{CallRecord, Failure, Outcome};
use crate::tools::effects::Effects;
use crate::tools::run::{check_arguments, parse, run, unknown};
use crate::tools::toolbox::Toolbox;

/// Steps that an answer may have: in the last one the model must talk.
const MAX_STEPS: u32 = 8;

/// Calls that run at the same time: so many connections a Worker may have
/// (<https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections>).
const AT_ONCE: usize = 6;

/// Tokens that a result must have room for, at least: otherwise its call does not run.
const LEAST_ROOM: u32 = 40;

/// With less room for each result what is recalled gives way to them, in tokens.
const ENOUGH_ROOM: u32 = 600;

/// Tokens that are left for the answer's own end when results are fitted in.
const SPARE: u32 = 100;

/// Who answers, and what with.
#[derive(Debug)]
pub(super) struct Work {
    /// Who answers.
    pub(super) employee: Employee,
    /// What it may call.
    pub(super) toolbox: Toolbox,
    /// What the user may spend.
    pub(super) limits: UserLimits,
    /// Steps that the answer had before.
    pub(super) steps: u32,
    /// Its calls before the step that it goes on with.
    pub(super) earlier_calls: usize,
    /// What is recalled in the prompt, as long as it stands there.
    pub(super) memory: Option<Recollected>,
}

impl Work {
    /// What a new answer begins with.
    pub(super) fn new(memory: &Memory, toolbox: Toolbox) -> Self {
        let employee = memory.employee.clone();
        Self { employee, toolbox, limits: memory.limits, steps: 0, earlier_calls: 0, memory: None }
    }
}

/// What an answer has come to, at any moment: whoever stops it finds it here.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// What it says and called, but for the running step.
    pub(super) answer: SoFar,
    /// What is heard of the running step.
    pub(super) heard: Heard,
    /// What the steps before took.
    pub(super) spent: Option<(Usage, Option<f64>)>,
    /// Requests of the steps before.
    pub(super) attempts: u32,
    /// When the first token came.
    pub(super) first_token_at: Option<Millis>,
    /// What tools left to do.
    pub(super) effects: RefCell<Effects>,
    /// The answer waits for its user.
    pub(super) suspended: Option<Suspended>,
}

impl Progress {
    /// Takes down what tools took.
    pub(super) fn spend_on_tools(&mut self) {
        let spent = std::mem::take(&mut self.effects.get_mut().spent);
        for (usage, cost) in spent {
            self.spend(usage, cost);
        }
    }

    /// Takes down what a step took.
    fn spend(&mut self, usage: Usage, cost: Option<f64>) {
        let (mut all, before) = self.spent.take().unwrap_or((Usage::NONE, Some(0.0)));
        all.add(&usage);
        self.spent = Some((all, before.zip(cost).map(|(before, cost)| before + cost)));
    }
}

/// What walks the steps of an answer.
pub(super) struct Walk<'a, W: World, F> {
    pub(super) turn: &'a mut OpenTurn,
    pub(super) work: &'a mut Work,
    pub(super) asking: &'a mut Asking,
    pub(super) state: &'a SessionState,
    pub(super) user: &'a User,
    pub(super) config: &'a Config,
    pub(super) ports: &'a Ports<W>,
    pub(super) policy: &'a Policy,
    pub(super) keeper: Keeper<'a, W::Journal>,
    pub(super) teller: Teller<F>,
    /// The tokens that the model was shown.
    pub(super) shown: Vec<Placeholder>,
    /// Tokens of what the model reads.
    pub(super) prompt_tokens: u32,
}

impl<W: World, F: FnMut(&Event<'_>)> Walk<'_, W, F> {
    /// Walks to the end, or to where the answer waits for its user.
    ///
    /// # Errors
    /// Why a model did not answer; `budget_exceeded` when there is nothing left for another step.
    pub(super) async fn walk(&mut self, progress: &mut Progress) -> Result<(), Fault> {
        let mut first = self.work.earlier_calls;
        let mut step = self.work.steps;
        loop {
            if first < progress.answer.calls.len() {
                self.run_calls(progress, first).await;
                progress.spend_on_tools();
                if progress.answer.calls.iter().any(CallRecord::is_waiting) {
                    progress.suspended = Some(self.suspend(progress, first, step));
                    return Ok(());
                }
                self.add_step(progress, first)?;
                self.hand_over(progress).await?;
                self.reserve(progress).await?;
                self.tell(&Told::Deed(Deed::Step));
            }
            step += 1;
            if step >= MAX_STEPS {
                self.asking.question.end_calls();
            }
            let ids = self.ask(progress).await?;
            if progress.heard.calls.is_empty() {
                return Ok(());
            }
            first = progress.answer.calls.len();
            self.take_down(progress, &ids).await;
            if step >= MAX_STEPS {
                let error = format!("An answer may have {MAX_STEPS} steps, which it had.");
                progress.answer.give_up(Failure::TooManySteps, &error);
                self.tell_ends(progress, first);
                return Ok(());
            }
        }
    }

    /// Asks the model once; the ids of what it calls.
    async fn ask(&mut self, progress: &mut Progress) -> Result<Vec<Uuid>, Fault> {
        let Self { turn, asking, ports, keeper, teller, .. } = self;
        let mut ids: Vec<Uuid> = Vec::new();
        progress.heard = Heard::default();
        let on_said = |candidate: &_, said: Said<'_>, now| {
            if turn.answered_by(candidate) {
                // Should it be interrupted, its price is known. If not, the end says what it was all the same.
                let _ = ports.journal.amend(turn);
            }
            let told = match said {
                Said::Text(text) => Told::Text(text.to_owned()),
                Said::Call { at, name } => {
                    while ids.len() <= at {
                        ids.push(new_id(&ports.clock, now));
                    }
                    let id = ids.get(at).copied().unwrap_or_default();
                    Told::Deed(Deed::Begins { id, name: name.to_owned() })
                }
            };
            keeper.keep(&told, now);
            teller.tell(&told);
        };
        listen(&ports.model, &ports.clock, asking, &mut progress.heard, on_said).await?;
        progress.first_token_at = progress.first_token_at.or(progress.heard.first_token_at);
        Ok(ids)
    }

    /// Takes down what the model said and calls, masked: from here on nobody sees it otherwise.
    async fn take_down(&mut self, progress: &mut Progress, ids: &[Uuid]) {
        let heard = std::mem::take(&mut progress.heard);
        let was_cut = heard.finish == Some("length");
        let calls = heard.calls.into_calls();
        let tokens_said = calls.iter().map(|call| count(&call.name) + count(&call.arguments)).sum::<u32>();
        let usage = heard.usage.unwrap_or(Usage {
            prompt_tokens: self.prompt_tokens,
            cached_tokens: 0,
            completion_tokens: count(&heard.text) + tokens_said,
            source: UsageSource::Estimated,
        });
        progress.spend(usage, self.turn.price.map(|price| price.of(&usage)));
        progress.attempts += heard.attempts;
        let parsed: Vec<_> = calls.iter().map(|call| parse(&call.arguments, was_cut)).collect();
        let (text, arguments) = self.mask(heard.text, &calls, &parsed).await;
        let now = self.ports.clock.now();
        for (at, ((call, parsed), arguments)) in calls.into_iter().zip(parsed).zip(arguments).enumerate() {
            let outcome = match (parsed, &arguments) {
                (_, None) => privacy_failed(),
                (Err((code, error)), _) => Outcome::Failed { code, error },
                (Ok(_), Some(arguments)) => self.admit(&call.name, arguments),
            };
            let id = ids.get(at).copied().unwrap_or_else(|| new_id(&self.ports.clock, now));
            let record = CallRecord {
                id,
                name: if call.name.is_empty() { "unnamed".to_owned() } else { call.name },
                arguments: arguments.unwrap_or_default(),
                before: if at == 0 { text.clone() } else { String::new() },
                created_at: timestamp(now),
                latency_ms: None,
                tokens: 0,
                is_approved: false,
                outcome,
            };
            self.learn(&record.arguments_json(), None);
            let shown = placeholders([record.arguments_json().as_str()]);
            self.tell(&Told::Deed(Deed::Calls { call: record.clone(), shown }));
            progress.answer.calls.push(record);
        }
        progress.answer.say(&text);
    }

    /// Whether a call may run, must wait for its user, or makes no sense.
    fn admit(&self, name: &str, arguments: &Value) -> Outcome {
        let Some(tool) = self.work.toolbox.get(name) else { return unknown(name, &self.work.toolbox) };
        if let Err(outcome) = check_arguments(tool, arguments) {
            return outcome;
        }
        if !tool.needs.approval {
            return Outcome::Running;
        }
        let now = self.ports.clock.now();
        let approval_id = uuid::Builder::from_random_bytes(self.ports.clock.random()).into_uuid();
        Outcome::Waiting { approval_id, expires_at: timestamp(now + APPROVAL_FOR) }
    }

    /// Masks what a step says and what it calls with; `None` for arguments of which nothing may be used.
    async fn mask(
        &mut self,
        text: String,
        calls: &[ToolCall],
        parsed: &[Result<Value, (Failure, String)>],
    ) -> (String, Vec<Option<Value>>) {
        let arguments = calls.iter().zip(parsed).map(|(call, parsed)| match parsed {
            Ok(value) => value.clone(),
            Err(_) => Value::String(call.arguments.clone()),
        });
        let all: Value = std::iter::once(Value::String(text)).chain(arguments).collect();
        let author = Author::Model(&self.shown);
        let hidden = self.ports.user.mask(self.user, &json::text(&all), author).await;
        let masked = hidden.ok().and_then(|hidden| {
            let masked = json::masked(&all, &hidden.text).ok()?;
            self.state.values.borrow_mut().add(hidden.values);
            Some(masked)
        });
        let Some(Value::Array(masked)) = masked else {
            let text = all.get(0).and_then(Value::as_str).unwrap_or_default();
            let redacted = redact(text, author, &self.config.pii_patterns);
            return (redacted.into_string(), calls.iter().map(|_| None).collect());
        };
        let mut masked = masked.into_iter();
        let text = masked.next().and_then(|text| text.as_str().map(ToOwned::to_owned)).unwrap_or_default();
        (text, masked.map(Some).collect())
    }

    /// Runs what may run, side by side, and tells what comes of it as it comes.
    async fn run_calls(&mut self, progress: &mut Progress, first: usize) {
        let calls = progress.answer.calls.get(first..).unwrap_or_default().to_vec();
        // Of an answer that goes on all was told but what its user did not allow.
        let goes_on = first == self.work.earlier_calls && self.work.steps > 0;
        let is_news = |call: &&CallRecord| {
            if goes_on { matches!(call.outcome, Outcome::Denied { .. }) } else { !call.is_open() }
        };
        for call in calls.iter().filter(is_news) {
            self.tell_end(call, Vec::new());
        }
        let open: Vec<_> = calls.into_iter().filter(CallRecord::is_open).collect();
        let room = self.make_room(progress, first, open.len());
        let (user, config, ports, effects) = (self.user, self.config, self.ports, &progress.effects);
        let employee = self.work.employee.clone();
        let toolbox = self.work.toolbox.clone();
        let message = self.turn.message.clone();
        let bench = Bench {
            user,
            session: self.turn.session_id,
            question: self.turn.user_message_id,
            message: &message,
            asked_at: self.turn.admitted_at,
            remember: self.turn.remember,
            remotes: &self.state.remotes,
            employee: &employee,
            price: self.turn.price,
            config,
            ports,
            effects,
        };
        let running = open.into_iter().map(|call| async {
            let began = ports.clock.now();
            let (outcome, values) = match toolbox.get(&call.name) {
                None => (unknown(&call.name, &toolbox), Vec::new()),
                Some(_) if room < LEAST_ROOM => (no_room(), Vec::new()),
                Some(tool) => {
                    let (outcome, hidden) = run(&call, tool, room.min(tool.needs.most_tokens), &bench).await;
                    (outcome, hidden.map(|hidden| hidden.values).unwrap_or_default())
                }
            };
            let latency = ports.clock.now().saturating_sub(began);
            (CallRecord { outcome, latency_ms: Some(latency), ..call }, values)
        });
        let mut running = stream::iter(running).buffer_unordered(AT_ONCE);
        while let Some((call, values)) = running.next().await {
            self.state.values.borrow_mut().add(values);
            let shown = self.reveal(&call).await;
            self.tell_end(&call, shown);
            // At once: should the answer be stopped, what ran has run.
            if let Some(known) = progress.answer.call(call.id) {
                *known = call;
            }
        }
    }

    /// The tokens that the model is shown by a call, with what its user is shown for them.
    async fn reveal(&mut self, call: &CallRecord) -> Vec<Placeholder> {
        let shown = placeholders([call.result().as_ref()]);
        let missing = self.state.values.borrow().missing(&shown);
        if !missing.is_empty()
            && let Ok(values) = self.ports.user.reveal(self.user, &missing).await
        {
            self.state.values.borrow_mut().add(values);
        }
        shown
    }

    fn tell_ends(&mut self, progress: &Progress, first: usize) {
        for call in progress.answer.calls.get(first..).unwrap_or_default() {
            self.tell_end(call, Vec::new());
        }
    }

    fn tell_end(&mut self, call: &CallRecord, shown: Vec<Placeholder>) {
        self.learn(&call.result(), Some(&shown));
        self.tell(&Told::Deed(Deed::Ends { id: call.id, outcome: call.outcome.clone(), shown }));
    }

    /// The model reads tokens, or wrote them.
    fn learn(&mut self, text: &str, found: Option<&[Placeholder]>) {
        let found = found.map_or_else(|| placeholders([text]), <[Placeholder]>::to_vec);
        if found.is_empty() {
            return;
        }
        self.teller.learn(self.state.values.borrow().shown(&found, self.policy));
        self.shown.extend(found);
        self.shown.sort_unstable();
        self.shown.dedup();
    }

    fn tell(&mut self, told: &Told) {
        self.keeper.keep(told, self.ports.clock.now());
        self.teller.tell(told);
    }

    /// Tokens that each of so many results may have. What is recalled gives way to them: the model has read it.
    fn make_room(&mut self, progress: &Progress, first: usize, results: usize) -> u32 {
        let room = self.room(progress, first, results);
        if room >= ENOUGH_ROOM {
            return room;
        }
        let Some(Recollected { at, tokens }) = self.work.memory.take() else { return room };
        self.asking.question.leave_out(at);
        self.prompt_tokens = self.prompt_tokens.saturating_sub(tokens);
        self.room(progress, first, results)
    }

    /// Tokens that each of so many results may have.
    fn room(&self, progress: &Progress, first: usize, results: usize) -> u32 {
        let calls = progress.answer.calls.get(first..).unwrap_or_default();
        let said: u32 = calls.iter().map(CallRecord::tokens_now).fold(PER_MESSAGE, u32::saturating_add);
        let budget = self.work.employee.token_budget(self.config);
        let left = budget.saturating_sub(self.prompt_tokens.saturating_add(said).saturating_add(SPARE));
        left / u32::try_from(results.max(1)).unwrap_or(u32::MAX)
    }

    /// Adds what was said and called, and what came of it, to what the model reads.
    fn add_step(&mut self, progress: &mut Progress, first: usize) -> Result<(), Fault> {
        let calls = progress.answer.calls.get_mut(first..).unwrap_or_default();
        calls.iter_mut().for_each(CallRecord::count_tokens);
        let text = calls.first().map_or("", |call| &call.before);
        self.asking.question.add_step(text, calls)?;
        let read =
            calls.iter().map(CallRecord::tokens_now).fold(count(text) + PER_MESSAGE, u32::saturating_add);
        self.prompt_tokens = self.prompt_tokens.saturating_add(read);
        // The model that began goes on, if it can.
        let model = &self.turn.model;
        self.asking.candidates.sort_by_key(|candidate| candidate.model != *model);
        Ok(())
    }

    /// Lets another employee go on, if the model wanted it and there is room for its persona.
    async fn hand_over(&mut self, progress: &mut Progress) -> Result<(), Fault> {
        let Some(memory) = progress.effects.borrow().hand_over.clone() else { return Ok(()) };
        let employee = &memory.employee;
        progress.answer.handed_to = Some(employee.slug.clone());
        if employee.slug == self.work.employee.slug {
            return Ok(());
        }
        let toolbox = Toolbox::of(employee, &self.state.remotes, self.config, self.ports).await;
        let tokens_of =
            |employee: &Employee, toolbox: &Toolbox| count(&employee.system_prompt) + toolbox.weight().tokens;
        let before = tokens_of(&self.work.employee, &self.work.toolbox);
        let prompt_tokens = self.prompt_tokens.saturating_sub(before) + tokens_of(employee, &toolbox);
        if prompt_tokens > employee.token_budget(self.config) {
            // From the next message on.
            return Ok(());
        }
        self.prompt_tokens = prompt_tokens;
        self.asking.question.hand_over(employee, toolbox.json()?)?;
        self.asking.candidates = candidates(&memory, self.config);
        self.work.employee = employee.clone();
        self.work.toolbox = toolbox;
        let model = employee.model(self.config).to_owned();
        (self.turn.price, self.turn.model) = (memory.price, model.clone());
        let employee = employee.slug.clone();
        self.tell(&Told::Deed(Deed::HandsOver { employee, model }));
        Ok(())
    }

    /// Reserves another step, where something limits what may be spent.
    async fn reserve(&self, progress: &Progress) -> Result<(), Fault> {
        let spent = progress.spent.unwrap_or((Usage::NONE, None));
        reserve_step(self.turn, self.work, spent, self.prompt_tokens, self.user, self.ports).await
    }

    fn suspend(&self, progress: &Progress, first: usize, steps: u32) -> Suspended {
        Suspended {
            turn: OpenTurn { so_far: None, ..self.turn.clone() },
            answer: progress.answer.clone(),
            earlier_calls: first,
            employee: self.work.employee.slug.clone(),
            messages: self.asking.question.messages().to_vec(),
            steps,
            prompt_tokens: self.prompt_tokens,
            shown: self.shown.clone(),
            policy: self.policy.clone(),
        }
    }
}

fn no_room() -> Outcome {
    let error = "There is no room left in this answer for what it returns. Say what you have.".to_owned();
    Outcome::Failed { code: Failure::NoRoom, error }
}

fn privacy_failed() -> Outcome {
    let error = "Personal data in the arguments could not be hidden, so it did not run.".to_owned();
    Outcome::Failed { code: Failure::PrivacyUnavailable, error }
}
