//! The prompt of a turn, and the turn as it is stored.

use pii::masked_text::MaskedText;
use pii::unmask::placeholders;

use super::TurnCtx;
use super::plain_values::WithValues;
use super::request::TurnRequest;
use crate::error::{Code, Error, abort_field};
use crate::ids;
use crate::memory::recall::Recalled;
use crate::model::request::ChatBody;
use crate::ports::Platform;
use crate::prompt::assemble::{Material, MessageTooLong, RecalledAt, Window, assemble};
use crate::session::branch::BranchPoint;
use crate::session::cache::SessionCache;
use crate::session::in_flight::{InFlightTurn, KeptPart};
use crate::time::Millis;
use crate::tools::tool_set::ToolSet;

/// Everything that a prompt is made of.
pub(super) struct TurnInput<'a> {
    pub(super) cache: &'a SessionCache,
    pub(super) point: BranchPoint<'a>,
    pub(super) recalled: Option<Recalled>,
    pub(super) tools: &'a ToolSet,
    pub(super) request: TurnRequest,
    /// The request's message, masked.
    pub(super) message: MaskedText,
    pub(super) admitted_at: Millis,
}

/// A prompt within its budget.
pub(super) struct PreparedPrompt {
    /// The turn, about to be stored.
    pub(super) turn: InFlightTurn,
    /// Body of the request to the model.
    pub(super) body: ChatBody,
    /// Recent messages in the prompt.
    pub(super) window: Option<Window>,
    /// Recalled memories in the prompt.
    pub(super) recalled_at: Option<RecalledAt>,
}

impl<P: Platform> TurnCtx<'_, P> {
    /// Assembles the prompt.
    ///
    /// # Errors
    /// `message_too_long`, `internal`.
    pub(super) fn assemble(&self, input: TurnInput<'_>) -> Result<PreparedPrompt, Error> {
        let TurnInput { cache, point, recalled, tools, request, message, admitted_at } = input;
        let (config, clock) = (self.session.user.config, &self.session.user.ports.clock);
        let employee = cache.employee();
        let message = point.question.map_or(message, |question| question.content.clone());
        let message_tokens = tokens::count(&message);
        let material = |budget| Material {
            persona: &employee.system_prompt,
            session: request.session_id,
            path: point.path,
            before: cache.window.as_ref(),
            recalled: recalled.as_ref(),
            message: &message,
            message_tokens,
            tools: tools.weight(),
            budget,
        };
        let (assembled, weight) = self.assemble_with_values(employee, |budget| {
            let prompt = assemble(&material(budget)).map_err(too_long)?;
            let body = ChatBody::new(employee, &prompt.messages, tools.json())?;
            // The persona's own brackets are examples, not placeholders.
            let texts = prompt.messages.iter().skip(1).map(|message| message.content.as_str());
            let visible_placeholders = placeholders(texts);
            Ok(WithValues { body, visible_placeholders, counted: prompt.receipt.counted, prompt })
        })?;
        let WithValues { prompt, body, visible_placeholders, .. } = assembled;
        let receipt = prompt.receipt.with_values(weight.count, weight.tokens, employee.token_budget(config));
        let id = || ids::time_ordered(clock, admitted_at);
        let (window, recalled_at) = (prompt.window, prompt.memory);
        let turn = InFlightTurn {
            turn_id: id(),
            user_id: self.session.user.user.id,
            session_id: request.session_id,
            client_message_id: request.client_message_id,
            user_message_id: point.question.map_or_else(id, |question| question.id),
            answer_id: id(),
            message_tokens,
            admitted_at,
            employee: employee.slug.clone(),
            employee_version: employee.version,
            model: employee.model(config).to_owned(),
            price: cache.employee.price,
            parent_id: point.parent_id,
            prompt_tokens: receipt.counted,
            history_tokens: prompt.history_tokens,
            visible_placeholders,
            unmasked_kinds: employee.unmasked_kinds.clone(),
            is_regeneration: point.question.is_some(),
            remember: request.remember,
            offers_forget: tools.can_forget(),
            receipt,
            sources: prompt.sources,
            resumed: None,
            kept: KeptPart::All,
            withdrawn: Vec::new(),
            message,
        };
        Ok(PreparedPrompt { turn, body, window, recalled_at })
    }
}

pub(super) fn too_long(MessageTooLong { tokens, most }: MessageTooLong) -> Error {
    let detail = format!(
        "The message has {tokens} tokens, attachments and all; {most} fit beside what this employee is told to be. \
         Send it in parts, or ask the operator for a larger token_budget."
    );
    abort_field(Code::MessageTooLong, "message", detail)
}
