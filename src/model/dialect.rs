//! Dialects: the form in which a candidate takes requests. Known for some servers by their URL, for some models by their name,
//! set by a deployment, and learned from refusals.

use std::collections::BTreeMap;

use super::candidate::Provider;
use crate::wire_form::{
    AnswerEnd, CallIds, DialectSetting, EmptyContent, LimitName, Order, OutputFormat, Parameter, Protocol,
};

/// Form of requests that a candidate takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// API through which it is asked.
    pub protocol: Protocol,
    /// Name of the limit on the completion's tokens.
    pub token_limit: TokenLimit,
    /// Form of a structured answer.
    pub format: OutputFormat,
    /// Place of system texts and messages of one role.
    pub order: Order,
    /// Form of the ids of tool calls that are made here.
    pub call_ids: CallIds,
    /// Form of a message with calls and no text.
    pub empty_content: EmptyContent,
    /// Sign by which an answer is complete.
    pub end: AnswerEnd,
    /// Parameters that are left out.
    pub left_out: LeftOut,
}

/// Name of the limit on the completion's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_completion_tokens`; the other name has been refused or not.
    MaxCompletionTokens {
        /// True if the other name has been refused.
        is_second: bool,
    },
    /// The older name, `max_tokens`.
    MaxTokens {
        /// True if the other name has been refused.
        is_second: bool,
    },
    /// Both names are refused.
    None,
}

/// Parameters that a candidate does not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut(u32);

impl LeftOut {
    /// True if a parameter is left out.
    #[must_use]
    pub const fn has(self, parameter: Parameter) -> bool {
        self.0 & (1 << parameter as u16) != 0
    }

    const fn with(self, parameter: Parameter) -> Self {
        Self(self.0 | (1 << parameter as u16))
    }
}

/// Families of models, by the parameters that they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Thinks first: refuses `max_tokens` and any `temperature` but the default, and is slow to its first token
    /// (<https://platform.openai.com/docs/guides/reasoning>).
    Reasoning,
    /// OpenAI's other chat models: `max_tokens` is deprecated for them.
    OpenAi,
    /// Mistral's models, wherever they are served.
    Mistral,
    /// Everything else speaks the older dialect: Ollama, vLLM, llama.cpp.
    Other,
}

impl Family {
    /// By the model's name, with or without a router's prefix (`openai/o3`).
    pub(super) fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        let is_o = name.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if is_o || (name.starts_with("gpt-5") && !name.contains("-chat")) {
            Self::Reasoning
        } else if ["gpt-3", "gpt-4", "gpt-5", "chatgpt-"].iter().any(|prefix| name.starts_with(prefix)) {
            Self::OpenAi
        } else if ["mistral", "mixtral", "magistral", "codestral", "devstral", "pixtral"]
            .iter()
            .any(|part| name.contains(part))
            || name.starts_with("ministral")
        {
            Self::Mistral
        } else {
            Self::Other
        }
    }
}

impl Dialect {
    /// The dialect of a model that is known by its name alone.
    fn of_family(family: Family) -> Self {
        let (token_limit, left_out) = match family {
            Family::Reasoning => (
                TokenLimit::MaxCompletionTokens { is_second: false },
                LeftOut::default().with(Parameter::Temperature),
            ),
            Family::OpenAi => (TokenLimit::MaxCompletionTokens { is_second: false }, LeftOut::default()),
            Family::Mistral | Family::Other => {
                (TokenLimit::MaxTokens { is_second: false }, LeftOut::default())
            }
        };
        let is_openai = matches!(family, Family::Reasoning | Family::OpenAi);
        Self {
            protocol: Protocol::ChatCompletions,
            token_limit,
            format: OutputFormat::JsonSchema,
            order: if is_openai { Order::Free } else { Order::Alternating },
            call_ids: if family == Family::Mistral { CallIds::Nine } else { CallIds::Uuid },
            empty_content: EmptyContent::Text,
            end: AnswerEnd::FinishReason,
            left_out,
        }
    }

    /// The dialect of a candidate before anything was set or learned.
    #[must_use]
    pub fn known(url: &str, model: &str) -> Self {
        let dialect = Self::of_family(Family::of(model));
        let host = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        match host {
            "api.openai.com" if needs_responses(model) => Self { protocol: Protocol::Responses, ..dialect },
            _ if host.ends_with(".openai.azure.com") && needs_responses(model) => {
                Self { protocol: Protocol::Responses, ..dialect }
            }
            // It sends its usage unasked, and refuses what it does not know.
            "api.mistral.ai" => Self {
                call_ids: CallIds::Nine,
                left_out: dialect.left_out.with(Parameter::StreamOptions),
                ..dialect
            },
            "api.deepseek.com" => Self { format: OutputFormat::JsonObject, ..dialect },
            // Some of its models end without a finish reason (<https://github.com/cloudflare/ai/pull/390>).
            "api.cloudflare.com" | "gateway.ai.cloudflare.com" => Self { end: AnswerEnd::Done, ..dialect },
            _ => dialect,
        }
    }

    /// The dialect with the forms that a deployment sets.
    #[must_use]
    pub fn with(self, setting: &DialectSetting) -> Self {
        let token_limit = setting.token_limit.map(|name| match name {
            LimitName::MaxCompletionTokens => TokenLimit::MaxCompletionTokens { is_second: false },
            LimitName::MaxTokens => TokenLimit::MaxTokens { is_second: false },
            LimitName::None => TokenLimit::None,
        });
        Self {
            protocol: setting.protocol.unwrap_or(self.protocol),
            token_limit: token_limit.unwrap_or(self.token_limit),
            format: setting.format.unwrap_or(self.format),
            order: setting.order.unwrap_or(self.order),
            call_ids: setting.call_ids.unwrap_or(self.call_ids),
            empty_content: setting.empty_content.unwrap_or(self.empty_content),
            end: setting.end.unwrap_or(self.end),
            left_out: setting.left_out.iter().fold(self.left_out, |all, one| all.with(*one)),
        }
    }

    /// The dialect without a parameter that was refused. `None` if that changes nothing.
    #[must_use]
    pub fn without(self, parameter: Parameter) -> Option<Self> {
        let changed = match (parameter, self.token_limit, self.format) {
            (Parameter::ChatCompletions, ..) => Self { protocol: Protocol::Responses, ..self },
            (Parameter::MaxTokens, TokenLimit::MaxTokens { is_second }, _) => {
                let other = TokenLimit::MaxCompletionTokens { is_second: true };
                Self { token_limit: if is_second { TokenLimit::None } else { other }, ..self }
            }
            (Parameter::MaxCompletionTokens, TokenLimit::MaxCompletionTokens { is_second }, _) => {
                let other = TokenLimit::MaxTokens { is_second: true };
                Self { token_limit: if is_second { TokenLimit::None } else { other }, ..self }
            }
            (Parameter::ResponseFormat, _, OutputFormat::JsonSchema) => {
                Self { format: OutputFormat::JsonObject, ..self }
            }
            (Parameter::ResponseFormat, _, OutputFormat::JsonObject) => {
                Self { format: OutputFormat::Prose, ..self }
            }
            (Parameter::MaxTokens | Parameter::MaxCompletionTokens | Parameter::ResponseFormat, ..) => self,
            (other, ..) => Self { left_out: self.left_out.with(other), ..self },
        };
        (changed != self).then_some(changed)
    }

    /// The dialect that the strictest servers take, for a refusal that names no parameter. `None` if it is that already.
    #[must_use]
    pub fn strictest(self) -> Option<Self> {
        let strictest = Self {
            order: Order::Alternating,
            call_ids: CallIds::Nine,
            empty_content: EmptyContent::Absent,
            ..self
        };
        (strictest != self).then_some(strictest)
    }
}

/// Dialects that were learned: in memory only, shared by all objects of an isolate.
#[derive(Debug, Default)]
pub struct Dialects(BTreeMap<(Provider, String), Dialect>);

impl Dialects {
    /// The dialect that was learned for a model of a provider.
    #[must_use]
    pub fn learned(&self, provider: Provider, model: &str) -> Option<Dialect> {
        let learned = self.0.iter().find(|((at, name), _)| *at == provider && name == model);
        learned.map(|(_, dialect)| *dialect)
    }

    /// Keeps a dialect that was accepted.
    pub fn learn(&mut self, provider: Provider, model: &str, dialect: Dialect) {
        if self.0.len() < MAX_LEARNED {
            self.0.insert((provider, model.to_owned()), dialect);
        }
    }
}

/// True for models that OpenAI serves through the Responses API alone (<https://platform.openai.com/docs/models>).
fn needs_responses(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let is_kind = |kind: &str| name.split('-').any(|part| part == kind);
    (Family::of(model) == Family::Reasoning && (is_kind("pro") || is_kind("codex")))
        || name.starts_with("codex-")
        || name.contains("-deep-research")
        || name.starts_with("computer-use")
}

/// Candidates of which something is learned. Names come from profiles, which are few.
const MAX_LEARNED: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_and_model_has_its_dialect() {
        let of = Dialect::known;
        assert_eq!(of("https://api.openai.com/v1", "gpt-4o-mini").order, Order::Free);
        assert_eq!(of("http://localhost:11434/v1", "llama3.3").order, Order::Alternating);
        assert_eq!(of("https://api.mistral.ai/v1", "own-model").call_ids, CallIds::Nine);
        assert!(of("https://api.mistral.ai/v1", "own-model").left_out.has(Parameter::StreamOptions));
        assert_eq!(of("https://openrouter.ai/api/v1", "mistralai/mistral-large").call_ids, CallIds::Nine);
        assert_eq!(of("https://api.deepseek.com", "deepseek-chat").format, OutputFormat::JsonObject);
        assert!(of("https://api.openai.com/v1", "o4-mini").left_out.has(Parameter::Temperature));
        let responses = ["o3-pro", "gpt-5-pro-2025-10-06", "gpt-5.1-codex-mini", "codex-mini-latest"];
        for model in responses {
            assert_eq!(of("https://api.openai.com/v1", model).protocol, Protocol::Responses, "{model}");
            assert_eq!(of("https://own.openai.azure.com/openai/v1", model).protocol, Protocol::Responses);
            assert_eq!(of("http://localhost:11434/v1", model).protocol, Protocol::ChatCompletions);
        }
        for model in ["gpt-5-mini", "gpt-4o", "o4-mini"] {
            assert_eq!(of("https://api.openai.com/v1", model).protocol, Protocol::ChatCompletions);
        }
        assert_eq!(of("https://api.cloudflare.com/client/v4/accounts/1/ai/v1", "@cf/x").end, AnswerEnd::Done);
    }

    #[test]
    fn a_deployment_sets_what_it_knows_better() {
        let setting = r#"{"protocol":"responses","token_limit":"none","order":"free","end":"usage","left_out":["stream_options"]}"#;
        let setting: DialectSetting = serde_json::from_str(setting).unwrap();
        let known = Dialect::known("", "own");
        let dialect = known.with(&setting);
        assert_eq!((dialect.protocol, dialect.token_limit), (Protocol::Responses, TokenLimit::None));
        assert_eq!((dialect.order, dialect.end), (Order::Free, AnswerEnd::Usage));
        assert!(dialect.left_out.has(Parameter::StreamOptions));
        assert_eq!((dialect.format, dialect.call_ids), (known.format, known.call_ids));
        assert_eq!(known.with(&DialectSetting::default()), known);
    }

    #[test]
    fn every_refusal_is_learned_from_once() {
        let mut dialect = Dialect::known("", "prod-chat");
        let mut without = |parameter| {
            let next = dialect.without(parameter);
            dialect = next.unwrap_or(dialect);
            next.is_some()
        };
        assert!(without(Parameter::MaxTokens) && without(Parameter::MaxCompletionTokens));
        assert!(!without(Parameter::MaxTokens) && !without(Parameter::MaxCompletionTokens));
        assert!(without(Parameter::ResponseFormat) && without(Parameter::ResponseFormat));
        assert!(!without(Parameter::ResponseFormat));
        assert!(without(Parameter::ChatCompletions) && !without(Parameter::ChatCompletions));
        assert!(without(Parameter::StreamOptions) && !without(Parameter::StreamOptions));
        assert_eq!((dialect.token_limit, dialect.format), (TokenLimit::None, OutputFormat::Prose));
        let strictest = dialect.strictest().unwrap();
        assert_eq!(strictest.strictest(), None);
    }
}
