//! The first state of a turn: everything that can still be answered with an HTTP status.

use futures::channel::oneshot;
use futures::future::{OptionFuture, join};
use pii::masked_text::MaskedText;
use uuid::Uuid;

use super::agent_config::AgentConfig;
use super::load::{Wanted, no_cache};
use super::mask_client::{MaskedSettings, mask_settings};
use super::prompt::{PreparedPrompt, TurnInput};
use super::request::{ClientSettings, TurnRequest};
use super::{MAX_TURN, TurnCtx, WATCH_EVERY, reserve};
use crate::account::ledger;
use crate::account::paid_call::{BilledAccount, CallBill, Purpose};
use crate::account::rate::RateQuotas;
use crate::error::{Code, Error, Fault, abort_field};
use crate::limit::status::LimitStatus;
use crate::log;
use crate::memory::question_vector::question_vector;
use crate::memory::recall::{RecallRequest, Recalled, recall};
use crate::memory::vector::SmallVector;
use crate::model::candidate::candidates;
use crate::model::completion::CompletionRequest;
use crate::model::options::ModelOptions;
use crate::model::vector_use::VectorUse;
use crate::ports::{Clock, Platform};
use crate::prompt::assemble::Window;
use crate::session::cache::SessionCache;
use crate::session::in_flight::InFlightTurn;
use crate::session::log::TurnLog;
use crate::session::path::InsertAt;
use crate::session::state::Admission;
use crate::session::store::SessionStore;
use crate::stream::turn_event::TurnHead;
use crate::time::{Millis, timestamp};
use crate::tools::tool_set::ToolSet;

/// A turn that is durable and can be answered.
#[derive(Debug)]
pub struct PreparedTurn {
    pub(super) admission: Admission,
    pub(super) turn: InFlightTurn,
    pub(super) head: TurnHead,
    pub(super) request: CompletionRequest,
    pub(super) agent: AgentConfig,
    pub(super) stopped: oneshot::Receiver<()>,
    limits: LimitStatus,
}

impl PreparedTurn {
    /// State of the limits that hold.
    #[must_use]
    pub const fn limits(&self) -> LimitStatus {
        self.limits
    }

    /// The turn, with the state of the limits that hold.
    pub(super) fn with_limits(self, limits: LimitStatus) -> Self {
        Self { limits, ..self }
    }

    /// True if of the turn its usage alone is kept.
    #[must_use]
    pub const fn is_usage_only(&self) -> bool {
        !self.turn.kept.is_all()
    }

    /// Id of the turn.
    #[must_use]
    pub const fn turn_id(&self) -> Uuid {
        self.turn.turn_id
    }
}

/// Everything that a turn is built from, after the last network call.
struct Loaded {
    admission: Admission,
    request: TurnRequest,
    message: MaskedText,
    insert_at: InsertAt,
    recalled: Option<Recalled>,
    tools: ToolSet,
    options: ModelOptions,
    admitted_at: Millis,
}

/// A turn that is about to become durable.
pub(super) struct NewTurn {
    pub(super) admission: Admission,
    pub(super) turn: InFlightTurn,
    pub(super) request: CompletionRequest,
    pub(super) agent: AgentConfig,
    pub(super) head: TurnHead,
}

impl<P: Platform> TurnCtx<'_, P> {
    /// Admits, masks, loads, recalls, assembles, reserves and stores a turn. Where the session is hot, the only network
    /// call is the one for the message's vector, and it has a deadline.
    ///
    /// # Errors
    /// `turn_in_progress`, `session_not_found`, `message_not_found`, `message_too_long`, `unknown_employee`,
    /// `database_unavailable`, `too_many_values`, `privacy_unavailable`, `rate_limited`, `budget_exceeded`, `unpriced_model`, `internal`: then
    /// nothing is stored, and no model was asked to answer.
    pub async fn prepare(&self, mut request: TurnRequest) -> Result<PreparedTurn, Error> {
        let (user, session) = (self.session.user, self.session.session);
        let admission = session.admit()?;
        let admitted_at = user.ports.clock.now();
        let message = self.mask_message(&request.message).await?;
        let insert_at = std::mem::take(&mut request.insert_at);
        let wanted = Wanted { employee: request.employee.as_deref(), insert_at: &insert_at };
        if !self.is_cached(wanted) {
            self.load(wanted).await?;
        }
        let bill = self.admitted_bill()?;
        let regenerated = self.regenerated_question(&insert_at);
        let question = regenerated.as_ref().unwrap_or(&message);
        let vector =
            OptionFuture::from((!question.is_empty()).then(|| question_vector(&user, bill, question)));
        let (vector, ()) = join(vector, user.await_deployment_spending()).await;
        let recalled = self.recall(question, vector);
        let (tools, options) = self.tools_and_options(request.settings.take()).await?;
        let loaded = Loaded { admission, request, message, insert_at, recalled, tools, options, admitted_at };
        let (prepared, window) = self.build(loaded)?;
        if let Some(cache) = session.cache.borrow_mut().as_mut() {
            cache.window = window;
        }
        Ok(prepared)
    }

    /// The account that pays for the vector of a message, which is not asked for where messages come too fast.
    fn admitted_bill(&self) -> Result<CallBill, Error> {
        let (user, session) = (self.session.user, self.session.session);
        let cache = session.cache.borrow();
        let cache = cache.as_ref().ok_or_else(no_cache)?;
        user.account.rates.take(session.id, quotas(cache), user.ports.clock.now())?;
        let price = cache.employee.embedding_price;
        let account = BilledAccount::new(cache.employee(), &cache.limits, price);
        let model = user.config.embedding_model.clone();
        Ok(CallBill { purpose: Purpose::Recall, session: Some(session.id), account, model })
    }

    /// Builds the turn from the loaded session, and stores it: one local step without an `await`.
    fn build(&self, loaded: Loaded) -> Result<(PreparedTurn, Option<Window>), Error> {
        let Loaded { admission, request, message, insert_at, recalled, tools, options, admitted_at } = loaded;
        let (user, session) = (self.session.user, self.session.session);
        let cache = session.cache.borrow();
        let cache = cache.as_ref().ok_or_else(no_cache)?;
        let mut candidates = candidates(&cache.employee, user.config);
        reserve::keep_affordable(&mut candidates, &cache.limits, cache.employee())?;
        user.account.models.borrow_mut().breaker.arrange(&mut candidates, admitted_at);
        let point = cache.branch_point(&insert_at)?.ok_or_else(no_such_message)?;
        let input = TurnInput { cache, point, recalled, tools: &tools, request, message, admitted_at };
        let PreparedPrompt { mut turn, body, window, recalled_at } = self.assemble(input)?;
        turn.visible_placeholders.extend_from_slice(&options.placeholders);
        if let Some(first) = candidates.first() {
            turn.set_model(first);
        }
        let head =
            TurnHead { is_json: options.format.is_some(), ..turn.head(&cache.employee().unmask_policy) };
        let taken = user.account.rates.take(session.id, quotas(cache), user.ports.clock.now())?;
        let agent = AgentConfig { recalled_at, ..AgentConfig::new(cache, tools).within(&options) };
        let budget = self.reserve(&reserve::for_turn(&turn, &agent, &candidates))?;
        turn.withdrawn = self.withdrawn_calls()?;
        let body = body.with_options(options);
        let request = CompletionRequest { body, candidates, deadline: admitted_at + MAX_TURN };
        let prepared = self.keep(NewTurn { admission, turn, request, agent, head })?;
        // A message that a budget refuses does not count.
        user.account.rates.count(&taken, admitted_at);
        let limits = LimitStatus { messages: taken.status, budget };
        Ok((prepared.with_limits(limits), window))
    }

    /// Masks the user's message.
    async fn mask_message(&self, message: &str) -> Result<MaskedText, Error> {
        let user = self.session.user;
        if !user.account.vault.is_open() {
            user.unlock().await.map_err(|error| error.into_error("message"))?;
        }
        user.mask_outside(message).await.map_err(|error| error.into_error("message"))
    }

    /// Recalls memories for a masked message. A turn never fails for want of them.
    fn recall(
        &self,
        message: &MaskedText,
        vector: Option<(Option<SmallVector>, VectorUse)>,
    ) -> Option<Recalled> {
        let (user, session) = (self.session.user, self.session.session);
        let cache = session.cache.borrow();
        let cache = cache.as_ref()?;
        let (vector, vector_use) = vector.map_or((None, None), |(vector, used)| (vector, Some(used)));
        let budget = cache.employee().token_budget(user.config);
        let least = user.config.top_k;
        let request = RecallRequest { text: message, vector: vector.as_ref(), budget, least };
        let recalled = recall(&user.ports.sql, &request, timestamp(user.ports.clock.now()));
        let recalled = recalled.inspect_err(|fault| log::fault(&user.ports.host, fault)).ok()?;
        Some(Recalled { summary: cache.summary.clone(), vector: vector_use, ..recalled })
    }

    /// The tools of the session's employee. Only a list of an MCP server that has grown old needs the network.
    pub(super) async fn tools(&self) -> Result<ToolSet, Fault> {
        let employee = self.session.session.cache.borrow().as_ref().map(|cache| cache.employee().clone());
        let employee = employee.ok_or_else(no_cache)?;
        self.toolbox.tools_of(&employee, &self.session.user).await
    }

    /// The tools of the session's employee beside those of a client, and the client's options.
    pub(super) async fn tools_and_options(
        &self,
        settings: Option<Box<ClientSettings>>,
    ) -> Result<(ToolSet, ModelOptions), Error> {
        let own = self.tools().await?;
        let Some(settings) = settings else { return Ok((own, ModelOptions::default())) };
        let MaskedSettings { tools, options } = mask_settings(&self.session.user, &settings).await?;
        let cache = self.session.session.cache.borrow();
        let employee = cache.as_ref().ok_or_else(no_cache)?.employee();
        Ok((own.beside(&tools, employee)?, options))
    }

    /// Stores the turn and begins its log: the message is durable from here on. A turn that cannot be stored gives its reservation
    /// back.
    pub(super) fn keep(&self, new: NewTurn) -> Result<PreparedTurn, Fault> {
        let NewTurn { admission, turn, request, agent, head } = new;
        let (user, session) = (self.session.user, self.session.session);
        let sql = &user.ports.sql;
        let store = SessionStore::new(sql, session.id);
        let stored =
            if turn.kept.is_all() { store.open_turn(&turn, &head) } else { store.open_usage_only(&turn) };
        if stored.is_err() {
            ledger::release(sql, turn.turn_id)?;
        }
        stored?;
        user.account.agenda.wake_by(turn.admitted_at + WATCH_EVERY, sql);
        session.log.replace(turn.kept.is_all().then(|| TurnLog::new(head.clone())));
        let stopped = session.arm_stop();
        Ok(PreparedTurn { admission, turn, head, request, agent, stopped, limits: LimitStatus::default() })
    }
}

fn quotas(cache: &SessionCache) -> RateQuotas {
    RateQuotas { session: cache.employee().messages_per_minute, user: cache.limits.messages_per_minute }
}

fn no_such_message() -> Error {
    let detail = "There is no such message in this session. GET /api/sessions/{id}/messages lists those that there are.";
    abort_field(Code::MessageNotFound, "parent_id", detail)
}
