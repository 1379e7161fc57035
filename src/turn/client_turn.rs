//! A turn of a conversation that its client keeps: prepared from the messages of the request alone, and answered like any other. Nothing
//! of it is kept but its usage.

use pii::masked_text::MaskedText;
use uuid::Uuid;

use super::agent_config::AgentConfig;
use super::load::{Wanted, no_cache};
use super::mask_client::{MaskedSettings, mask_conversation};
use super::plain_values::WithValues;
use super::prepare::{NewTurn, PreparedTurn};
use super::prompt::too_long;
use super::request::ClientConversation;
use super::{MAX_TURN, TurnCtx, reserve};
use crate::account::rate::RateQuotas;
use crate::chat::employee::{Employee, PricedEmployee, Profile};
use crate::error::{Code, Error, abort_field};
use crate::ids;
use crate::limit::status::LimitStatus;
use crate::model::candidate::candidates;
use crate::model::completion::CompletionRequest;
use crate::model::request::ChatBody;
use crate::ports::{Clock, Platform};
use crate::prompt::client_messages::{ClientMaterial, ClientPrompt, SaidMessage, assemble_client};
use crate::session::in_flight::{InFlightTurn, KeptPart};
use crate::session::path::InsertAt;
use crate::session::state::Admission;
use crate::stream::turn_event::TurnHead;
use crate::time::Millis;
use crate::tools::tool_set::ToolSet;

/// Name of the tool that shows a model pictures. They cannot be masked, so an operator decides on it.
const SEES_PICTURES: &str = "ocr";

/// Everything that such a turn is built from.
struct ClientInput {
    admission: Admission,
    profile: Profile,
    said: Vec<SaidMessage>,
    settings: MaskedSettings,
    own_tools: ToolSet,
    admitted_at: Millis,
}

impl<P: Platform> TurnCtx<'_, P> {
    /// The employee of that slug, as it is cached in this session or read from Postgres.
    ///
    /// # Errors
    /// `unknown_employee`, `database_unavailable`.
    pub async fn profile(&self, slug: &str) -> Result<Profile, Error> {
        let insert_at = InsertAt::Beginning;
        let wanted = Wanted { employee: Some(slug), insert_at: &insert_at };
        if !self.is_cached(wanted) {
            self.load(wanted).await?;
        }
        let cache = self.session.session.cache.borrow();
        let cache = cache.as_ref().ok_or_else(no_cache)?;
        Ok(Profile { employee: cache.employee.clone(), limits: cache.limits })
    }

    /// Masks, assembles and reserves a turn of a conversation that its client keeps.
    ///
    /// # Errors
    /// `message_too_long`, `invalid_field`, `unpriced_model`, `database_unavailable`, `too_many_values`, `privacy_unavailable`, `rate_limited`,
    /// `budget_exceeded`, `internal`: then no model was asked to answer.
    pub async fn prepare_client_turn(
        &self,
        conversation: ClientConversation,
        profile: Profile,
    ) -> Result<PreparedTurn, Error> {
        let user = self.session.user;
        let admission = self.session.session.admit()?;
        let admitted_at = user.ports.clock.now();
        user.unlock().await.map_err(|error| error.into_error("messages"))?;
        user.await_deployment_spending().await;
        let ClientConversation { messages, settings, .. } = conversation;
        let (said, settings) = mask_conversation(&user, messages, &settings).await?;
        refuse_pictures(&said, &profile.employee.employee)?;
        let own_tools = self.toolbox.tools_of(&profile.employee.employee, &user).await?;
        self.build_client_turn(ClientInput { admission, profile, said, settings, own_tools, admitted_at })
    }

    /// Builds the turn: one local step without an `await`.
    fn build_client_turn(&self, input: ClientInput) -> Result<PreparedTurn, Error> {
        let ClientInput { admission, profile, said, settings, own_tools, admitted_at } = input;
        let (user, config) = (self.session.user, self.session.user.config);
        let MaskedSettings { tools, options } = settings;
        let Profile { employee: priced, limits } = profile;
        let employee = &priced.employee;
        let tools = own_tools.beside(&tools, employee)?;
        let mut candidates = candidates(&priced, config);
        reserve::keep_affordable(&mut candidates, &limits, employee)?;
        user.account.models.borrow_mut().breaker.arrange(&mut candidates, admitted_at);
        let material = |budget| ClientMaterial {
            persona: &employee.system_prompt,
            said: &said,
            tools: tools.weight(),
            budget,
        };
        let (assembled, weight) = self.assemble_with_values(employee, |budget| {
            let prompt = assemble_client(&material(budget)).map_err(too_long)?;
            let body = ChatBody::resumed(employee, prompt.messages()?, tools.json());
            let visible_placeholders = prompt.visible_placeholders.clone();
            Ok(WithValues { body, visible_placeholders, counted: prompt.receipt.counted, prompt })
        })?;
        let WithValues { mut prompt, body, .. } = assembled;
        prompt.receipt =
            prompt.receipt.with_values(weight.count, weight.tokens, employee.token_budget(config));
        let mut turn = self.client_turn(&priced, prompt, admitted_at);
        turn.visible_placeholders.extend_from_slice(&options.placeholders);
        if let Some(first) = candidates.first() {
            turn.set_model(first);
        }
        let head = TurnHead { is_json: options.format.is_some(), ..turn.head(&employee.unmask_policy) };
        let quotas = RateQuotas { session: employee.messages_per_minute, user: limits.messages_per_minute };
        // All such conversations together count as one session.
        let taken = user.account.rates.take(Uuid::nil(), quotas, user.ports.clock.now())?;
        let agent = AgentConfig::of_profile(Profile { employee: priced, limits }, tools).within(&options);
        let budget = self.reserve(&reserve::for_turn(&turn, &agent, &candidates))?;
        let body = body.with_options(options);
        let request = CompletionRequest { body, candidates, deadline: admitted_at + MAX_TURN };
        let prepared = self.keep(NewTurn { admission, turn, request, agent, head })?;
        user.account.rates.count(&taken, admitted_at);
        Ok(prepared.with_limits(LimitStatus { messages: taken.status, budget }))
    }

    fn client_turn(
        &self,
        priced: &PricedEmployee,
        prompt: ClientPrompt<'_>,
        admitted_at: Millis,
    ) -> InFlightTurn {
        let user = self.session.user;
        let id = || ids::time_ordered(&user.ports.clock, admitted_at);
        InFlightTurn {
            turn_id: id(),
            user_id: user.user.id,
            session_id: self.session.session.id,
            client_message_id: None,
            user_message_id: id(),
            answer_id: id(),
            message: MaskedText::default(),
            message_tokens: 0,
            admitted_at,
            employee: priced.employee.slug.clone(),
            employee_version: priced.employee.version,
            model: priced.employee.model(user.config).to_owned(),
            price: priced.price,
            parent_id: None,
            prompt_tokens: prompt.receipt.counted,
            history_tokens: prompt.history_tokens,
            visible_placeholders: prompt.visible_placeholders,
            unmasked_kinds: priced.employee.unmasked_kinds.clone(),
            is_regeneration: false,
            remember: false,
            offers_forget: false,
            receipt: prompt.receipt,
            sources: Vec::new(),
            resumed: None,
            kept: KeptPart::Usage,
            withdrawn: Vec::new(),
        }
    }
}

fn refuse_pictures(said: &[SaidMessage], employee: &Employee) -> Result<(), Error> {
    let has_pictures = said.iter().any(|message| !message.pictures.is_empty());
    if !has_pictures || employee.tools.iter().any(|tool| tool == SEES_PICTURES) {
        return Ok(());
    }
    let detail = "This employee sees no pictures, since personal data in them cannot be masked. An operator decides by the tool ocr.";
    Err(abort_field(Code::InvalidField, "messages", detail))
}
