//! Forms of requests that model servers take: parameters, places of texts, ends of answers; and the forms that a deployment sets for its
//! models.

use std::collections::BTreeMap;

use serde::Deserialize;

/// API through which a model is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// `POST /chat/completions`, as most servers have it.
    #[default]
    ChatCompletions,
    /// `POST /responses` (<https://platform.openai.com/docs/api-reference/responses>).
    Responses,
}

/// Form of a structured answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// JSON of a schema.
    JsonSchema,
    /// Any JSON object.
    JsonObject,
    /// Only the instructions ask for JSON.
    Prose,
}

/// Place of system texts and of messages of one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As the prompt has them.
    Free,
    /// A system text at the beginning only, and no two neighbours with one role: later system texts become text of the user, and
    /// neighbours are joined.
    Alternating,
}

/// Form of the ids of tool calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallIds {
    /// A UUID, as here.
    Uuid,
    /// Nine letters and digits (<https://docs.mistral.ai/capabilities/function_calling/>).
    Nine,
}

/// Form of an assistant's message that has calls and no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyContent {
    /// An empty text.
    Text,
    /// No content at all.
    Absent,
}

/// Sign by which an answer is complete. A finish reason always is one, and an answer in which nothing was said never is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerEnd {
    /// A finish reason alone.
    FinishReason,
    /// `[DONE]` as well.
    Done,
    /// The usage of the request as well, or `[DONE]`.
    Usage,
}

/// Name of the limit on an answer's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitName {
    /// The newer name.
    MaxCompletionTokens,
    /// The older name.
    MaxTokens,
    /// The server takes none.
    None,
}

/// A parameter of a request that not every server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parameter {
    /// The older name of the limit on the completion's tokens.
    MaxTokens,
    /// Its newer name.
    MaxCompletionTokens,
    /// Asks for the usage of a stream.
    StreamOptions,
    /// Randomness of the answer.
    Temperature,
    /// Forbids tool calls.
    ToolChoice,
    /// Strict mode of a tool's schema.
    Strict,
    /// Schema of the answer.
    ResponseFormat,
    /// Number of an embedding's dimensions.
    Dimensions,
    /// Encoding of embeddings.
    EncodingFormat,
    /// Share of the likeliest tokens that are drawn from.
    TopP,
    /// Penalty of tokens that occurred.
    PresencePenalty,
    /// Penalty of tokens by how often they occurred.
    FrequencyPenalty,
    /// Seed of the sampling.
    Seed,
    /// Name of the end user.
    User,
    /// Effort of thinking.
    ReasoningEffort,
    /// Length of the answer in a word.
    Verbosity,
    /// Permission of several calls in one step.
    ParallelToolCalls,
    /// Summaries of thoughts in the Responses API.
    ReasoningSummary,
    /// Encrypted thoughts in the Responses API.
    Include,
    /// The chat completions API itself.
    ChatCompletions,
}

/// Names of parameters in refusals.
pub(crate) const NAMES: [(&str, Parameter); 18] = [
    ("v1/responses", Parameter::ChatCompletions),
    ("max_tokens", Parameter::MaxTokens),
    ("max_completion_tokens", Parameter::MaxCompletionTokens),
    ("stream_options", Parameter::StreamOptions),
    ("temperature", Parameter::Temperature),
    ("tool_choice", Parameter::ToolChoice),
    ("strict", Parameter::Strict),
    ("response_format", Parameter::ResponseFormat),
    ("json_schema", Parameter::ResponseFormat),
    ("dimensions", Parameter::Dimensions),
    ("encoding_format", Parameter::EncodingFormat),
    ("top_p", Parameter::TopP),
    ("presence_penalty", Parameter::PresencePenalty),
    ("frequency_penalty", Parameter::FrequencyPenalty),
    ("reasoning_effort", Parameter::ReasoningEffort),
    ("parallel_tool_calls", Parameter::ParallelToolCalls),
    ("reasoning.summary", Parameter::ReasoningSummary),
    ("reasoning.encrypted_content", Parameter::Include),
];

/// Names that are words as well: a refusal names them in its field only.
pub(crate) const WORDS: [(&str, Parameter); 6] = [
    ("seed", Parameter::Seed),
    ("user", Parameter::User),
    ("verbosity", Parameter::Verbosity),
    ("effort", Parameter::ReasoningEffort),
    ("summary", Parameter::ReasoningSummary),
    ("include", Parameter::Include),
];

impl Parameter {
    /// The parameter of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        NAMES.iter().chain(&WORDS).find(|(known, _)| *known == name).map(|(_, parameter)| *parameter)
    }
}

/// The form that a deployment sets for a model; what is absent is as it is known for the model and its server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialectSetting {
    /// API through which it is asked.
    #[serde(default)]
    pub protocol: Option<Protocol>,
    /// Name of the limit on the answer's tokens.
    #[serde(default)]
    pub token_limit: Option<LimitName>,
    /// Form of a structured answer.
    #[serde(default)]
    pub format: Option<OutputFormat>,
    /// Place of system texts and messages of one role.
    #[serde(default)]
    pub order: Option<Order>,
    /// Form of the ids of tool calls.
    #[serde(default)]
    pub call_ids: Option<CallIds>,
    /// Form of a message with calls and no text.
    #[serde(default)]
    pub empty_content: Option<EmptyContent>,
    /// Sign by which an answer is complete.
    #[serde(default)]
    pub end: Option<AnswerEnd>,
    /// Parameters that are left out.
    #[serde(default)]
    pub left_out: Vec<Parameter>,
}

/// The forms that a deployment sets for the models of one provider, by their names; `*` is for all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct DialectSettings(BTreeMap<String, DialectSetting>);

impl DialectSettings {
    /// The setting for a model.
    #[must_use]
    pub fn get(&self, model: &str) -> Option<&DialectSetting> {
        self.0.get(model).or_else(|| self.0.get("*"))
    }
}
