//! Invariants of tool calls, and of what a model reads.

use std::borrow::Cow;
use std::rc::Rc;

use frontdesk::chat::message::Role;
use frontdesk::chat::tool_call::CallOutcome;
use frontdesk::session::approval::PendingApproval;
use frontdesk::session::record::TurnRecord;
use frontdesk::time::Millis;
use pii::placeholder::Placeholder;
use pii::unmask;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::oracle::{Approval, Decided, IssuedCall};
use super::values::code_of;
use super::world::World;

/// The parts of a request to the model that are looked at.
#[derive(Deserialize)]
pub struct ModelRequest<'a> {
    #[serde(borrow)]
    messages: Vec<Said<'a>>,
    #[serde(default)]
    tools: Vec<Offered>,
    #[serde(default)]
    tool_choice: Option<String>,
    #[serde(default)]
    response_format: Option<Value>,
}

#[derive(Deserialize)]
struct Said<'a> {
    role: Role,
    /// Absent beside calls, where the strictest servers are asked.
    #[serde(borrow, default)]
    content: Cow<'a, str>,
    #[serde(default)]
    tool_calls: Vec<SaidCall>,
    #[serde(default)]
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
struct SaidCall {
    id: String,
}

#[derive(Deserialize)]
struct Offered {
    function: OfferedFunction,
}

#[derive(Deserialize)]
struct OfferedFunction {
    name: String,
}

/// A prompt as the mock model understands it.
pub struct Prompt {
    /// Code of the question.
    pub code: String,
    /// Steps of the answer before this one.
    pub step: usize,
    /// Placeholders with their values.
    pub placeholders: Vec<(String, String)>,
    /// Names of the tools that may be called.
    pub tools: Vec<String>,
    pub user: Uuid,
    pub session: Uuid,
}

impl ModelRequest<'_> {
    /// Name of the background job, if it is one.
    pub fn job(&self) -> Option<&str> {
        self.response_format.as_ref()?["json_schema"]["name"].as_str()
    }

    /// Text of the last message.
    pub fn input(&self) -> &str {
        self.messages.last().map_or("", |last| last.content.as_ref())
    }
}

/// Codes of the questions in a message. Where roles alternate, several stand in one, and notes before them.
fn questions<'a>(said: &'a Said<'_>) -> impl Iterator<Item = &'a str> {
    let is_user = said.role == Role::User;
    said.content.split("\n\n").map(code_of).filter(move |code| is_user && !code.is_empty())
}

impl World {
    /// A model is asked to answer: with nothing raw, with a history that has no gap, and with a result after each call.
    pub fn asked(&self, request: &ModelRequest<'_>) -> Option<Prompt> {
        let codes: Vec<&str> = request.messages.iter().flat_map(questions).collect();
        let code = codes.last().copied().unwrap_or_default().to_owned();
        let asks = self.oracle.asks.borrow();
        let Some(asked) = asks.get(&code) else {
            self.violated(format!("nobody said {code}"));
            return None;
        };
        let all = self.codes(asked.session);
        let tail = &all[all.len().saturating_sub(codes.len())..];
        self.check(tail == codes, || format!("the model reads {codes:?}, of {all:?}"));
        let last = request.messages.iter().rposition(|said| questions(said).next().is_some()).unwrap_or(0);
        let after = &request.messages[last..];
        self.check_results(&request.messages);
        let content = request.messages.iter().filter(|said| said.role != Role::System);
        let vault = self.running_vault(asked.session, asked.user);
        let value = |placeholder: Placeholder| {
            let placeholder = placeholder.to_string();
            let value = self.oracle.value_of(asked.user, vault, &placeholder);
            self.check(value.is_some(), || format!("{placeholder} is in a prompt and not in the vault"));
            Some((placeholder, value?))
        };
        let may_call = request.tool_choice.as_deref() != Some("none");
        let tools = request.tools.iter().filter(|_| may_call).map(|tool| tool.function.name.clone());
        Some(Prompt {
            step: after.iter().filter(|said| said.role == Role::Assistant).count(),
            placeholders: unmask::placeholders(content.map(|said| said.content.as_ref()))
                .into_iter()
                .filter_map(value)
                .collect(),
            tools: tools.collect(),
            user: asked.user,
            session: asked.session,
            code,
        })
    }

    /// Number of the vault of a session's running turn.
    fn running_vault(&self, session: Uuid, user: Uuid) -> usize {
        let running = self.oracle.sessions.borrow().get(&session).and_then(|all| all.last().copied());
        let vault = running.and_then(|turn| self.oracle.turn(turn, |turn| turn.vault));
        vault.unwrap_or_else(|| self.oracle.present_vault(user))
    }

    /// Each call is followed by its result, in order: providers refuse anything else.
    fn check_results(&self, messages: &[Said<'_>]) {
        let mut awaited = Vec::new();
        for said in messages {
            if said.role == Role::Tool {
                let next = (!awaited.is_empty()).then(|| awaited.remove(0));
                self.check(next.is_some() && next == said.tool_call_id.as_deref(), || {
                    "a prompt has a result without its call".into()
                });
                continue;
            }
            self.check(awaited.is_empty(), || "a prompt has a call without its result".into());
            awaited = said.tool_calls.iter().map(|call| call.id.as_str()).collect();
        }
        self.check(awaited.is_empty(), || "a prompt has a call without its result".into());
    }

    /// Questions on the path to the turn that runs.
    fn codes(&self, session: Uuid) -> Vec<String> {
        let (sessions, turns) = (self.oracle.sessions.borrow(), self.oracle.turns.borrow());
        let all = sessions.get(&session).map(Vec::as_slice).unwrap_or_default();
        let mut codes = Vec::new();
        let mut next = all.last().and_then(|turn| turns.get(turn));
        while let Some(turn) = next {
            codes.push(turn.code.clone());
            let mut others = all.iter().filter_map(|turn| turns.get(turn));
            next = turn.parent.and_then(|parent| others.find(|turn| turn.answer == parent));
        }
        codes.reverse();
        codes
    }

    /// The object stored an answer that waits for its user.
    pub fn waiting(&self, pending: &PendingApproval) {
        for call in &pending.answer.calls {
            let CallOutcome::Waiting { approval_id, expires_at } = call.outcome else { continue };
            let Some(issued) = self.oracle.call_of(&call.arguments) else {
                return self.violated(format!("a call waits that no model made: {}", call.arguments));
            };
            self.check(issued.needs_approval, || format!("{} waits without a need", issued.tool));
            let expires_at = Millis::try_from(expires_at.timestamp_millis()).unwrap_or(0);
            let approval = Approval { id: approval_id, expires_at };
            let known = issued.approval.replace(Some(approval));
            self.check(known.is_none_or(|known| known == approval), || {
                format!("call {} waits for two approvals", issued.number)
            });
        }
    }

    /// A session goes on with another message: its waiting calls must not run any more.
    pub fn withdrawn(&self, session: Uuid) {
        for call in self.oracle.calls.borrow().values().filter(|call| call.session == session) {
            if call.approval.get().is_some() && call.runs.get() == 0 {
                call.is_withdrawn.set(true);
            }
        }
    }

    /// A client sends an approval.
    pub fn approving(&self, approval: Uuid) {
        let calls = self.oracle.calls.borrow();
        let is_meant = |call: &&Rc<IssuedCall>| call.approval.get().is_some_and(|one| one.id == approval);
        match calls.values().find(is_meant) {
            Some(call) => call.decision.set(Decided::Approved(self.now())),
            None => self.violated(format!("a client is asked for approval {approval}, which is not stored")),
        }
    }

    /// The object sends a call that changes something: allowed, and with the arguments that the model wrote and the user saw.
    pub fn calling(&self, tool: &str, arguments: &Value, is_clear: bool) -> Option<Rc<IssuedCall>> {
        let Some(call) = self.oracle.call_of(arguments) else {
            self.violated(format!("{tool} is called and no model did so: {arguments}"));
            return None;
        };
        let number = call.number;
        let expected = if is_clear { &call.clear } else { &call.arguments };
        self.check(call.tool == tool && arguments == expected, || {
            format!("call {number} of {} goes out as {tool} with {arguments} and not {expected}", call.tool)
        });
        let is_whole = call.completion.borrow().as_ref().is_some_and(|whole| whole.borrow().has_finished);
        self.check(is_whole, || format!("call {number} of {tool} goes out although it broke off"));
        if call.needs_approval {
            let in_time = match (call.decision.get(), call.approval.get()) {
                (Decided::Approved(at), Some(approval)) => at < approval.expires_at,
                _ => false,
            };
            let decision = call.decision.get();
            self.check(in_time, || format!("call {number} of {tool} goes out unapproved: {decision:?}"));
            let is_withdrawn = call.is_withdrawn.get();
            self.check(!is_withdrawn, || format!("call {number} of {tool} goes out after it was withdrawn"));
        }
        Some(call)
    }

    /// A call took effect: for the first time.
    pub fn ran(&self, call: &IssuedCall) {
        self.note(|| format!("call {} of {} runs", call.number, call.tool));
        let runs = call.runs.replace(call.runs.get() + 1);
        self.check(runs == 0, || format!("call {} of {} runs twice", call.number, call.tool));
    }

    /// The calls of a record: one that succeeded has run, and an interrupted answer has none that may still run.
    pub fn check_calls(&self, record: &TurnRecord, is_recovery: bool) {
        let calls = record.messages.last().map(|answer| answer.tool_calls.as_slice()).unwrap_or_default();
        for call in calls {
            let Some(issued) = self.oracle.call_of(&call.arguments) else { continue };
            if matches!(call.outcome, CallOutcome::Succeeded { .. }) {
                let runs = issued.runs.get();
                self.check(runs == 1, || format!("call {} succeeded and ran {runs} times", issued.number));
            }
            let is_open = call.is_open() || (is_recovery && call.is_waiting());
            self.check(!is_open, || format!("call {} is open in an answer that has ended", issued.number));
        }
    }
}
