//! The deployment's variables, read once per isolate and checked together.

use std::collections::BTreeMap;
use std::str::FromStr;

use mcp_client::server::Bearers;
use pii::detect::{Addresses, Names, Patterns, People, is_kind};
use pii::seal::MasterKeys;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::origin::AllowedOrigin;
use crate::time::Millis;
use crate::wire_form::DialectSettings;

/// Configuration of a deployment. Names of variables are those of `wrangler.toml` and docs/configuration.md.
#[derive(Clone, Debug)]
pub struct Config {
    /// `SUPABASE_URL`, without a trailing slash.
    pub supabase_url: String,
    /// `SUPABASE_ANON_KEY`: public, goes with every read.
    pub anon_key: String,
    /// `SUPABASE_SERVICE_ROLE_KEY`: calls `commit_turn` and nothing else.
    pub service_key: String,
    /// `SUPABASE_JWT_SECRET`: set only if the project still signs with HS256.
    pub jwt_secret: Option<String>,
    /// `OPENAI_BASE_URL`, without a trailing slash; up to and including `/v1`.
    pub model_url: String,
    /// Value of `OPENAI_API_KEY`.
    pub model_key: String,
    /// `OPENAI_DIALECTS`: forms of requests that the models of that API take.
    pub dialects: DialectSettings,
    /// `OPENAI_FALLBACK_BASE_URL` and `OPENAI_FALLBACK_API_KEY`: second provider, for requests that the first does not answer.
    pub fallback: Option<Fallback>,
    /// `OPENAI_MODEL`: for employees that name none.
    pub default_model: String,
    /// `OPENAI_EMBEDDING_MODEL`: model for the vectors of memories.
    pub embedding_model: String,
    /// `OPENAI_MEMORY_MODEL`: model that extracts facts and writes summaries; the default model if unset.
    pub memory_model: String,
    /// `DEFAULT_TOP_K`: memories that are looked for, at least.
    pub top_k: u32,
    /// `RECALL_DEADLINE_MS`: milliseconds that a turn waits for the vector of its message.
    pub recall_deadline: Millis,
    /// `BACKGROUND_REST_SECONDS`: time without a message after which messages get their vectors and are read for facts, in milliseconds.
    pub background_rest: Millis,
    /// `DEFAULT_EMPLOYEE_SLUG`: employee for requests that name none.
    pub default_employee: String,
    /// `DEFAULT_TOKEN_BUDGET`: prompt tokens per turn, for employees that set none.
    pub token_budget: u32,
    /// `PII_MASTER_KEY`: wraps the keys that users' values are sealed with.
    pub pii_master_keys: MasterKeys,
    /// `PII_PATTERNS`: patterns for personal data of this deployment, in addition to the built-in ones.
    pub pii_patterns: Patterns,
    /// `PII_IGNORED_KINDS`: names or addresses are not looked for, and texts of all employees keep them.
    pub pii_people: People,
    /// `PII_MODEL_URL`, `PII_MODEL_KEY` and `PII_MODEL_OPTIONS`: the deployment's recognizer.
    pub recognizer: Option<RecognizerSettings>,
    /// `MCP_TOKENS`: bearer tokens for remote servers, by the names that profiles use.
    pub mcp_tokens: Bearers,
    /// `USER_LIMITS`: limits of a user by plan.
    pub plans: Plans,
    /// `STORAGE_LIMITS`: what one user may store.
    pub storage: StorageLimits,
    /// `DEPLOYMENT_DAILY_TOKENS` and `DEPLOYMENT_DAILY_USD`: what all users together may spend in a day.
    pub ceiling: Ceiling,
    /// `USER_DELETED_SECRET`: what Supabase's webhook for deleted users sends; without it there is no such hook.
    pub user_deleted_secret: Option<String>,
    /// `ALLOWED_ORIGINS`: pages of other origins that may call the API.
    pub allowed_origins: Vec<AllowedOrigin>,
}

/// Spending limits of a day for all users together; an absent limit allows everything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ceiling {
    /// LLM tokens, read and written.
    pub daily_tokens: Option<u64>,
    /// US dollars of a day.
    pub daily_usd: Option<f64>,
}

/// Limits of what one user may store: `STORAGE_LIMITS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageLimits {
    /// Personal values in the vault.
    pub values: u32,
    /// Memories: messages and passages of documents.
    pub memories: u32,
    /// Bytes of a day, imported and uploaded.
    pub daily_bytes: u64,
    /// Files of a day that tools export.
    pub daily_exports: u32,
}

impl Default for StorageLimits {
    fn default() -> Self {
        Self { values: 50_000, memories: 200_000, daily_bytes: 256 << 20, daily_exports: 200 }
    }
}

/// A recognizer of the deployment's own, which is asked about texts before they are masked.
#[derive(Clone, Debug)]
pub struct RecognizerSettings {
    /// Endpoint that takes a text and answers with spans, as `/analyze` of Presidio does.
    pub url: String,
    /// Sent as bearer token, if it is set.
    pub key: Option<String>,
    /// Details of its requests.
    pub options: RecognizerOptions,
}

/// Details of the requests to the deployment's recognizer: `PII_MODEL_OPTIONS`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecognizerOptions {
    /// Kinds that are asked for and masked.
    pub kinds: Vec<String>,
    /// Language of the texts, as the recognizer names it.
    pub language: String,
    /// Longest time of a request, in milliseconds.
    pub deadline_ms: Millis,
    /// True if no text is masked without it: where it does not answer in time, the text is refused.
    pub required: bool,
}

impl Default for RecognizerOptions {
    fn default() -> Self {
        let kinds = vec!["PERSON".to_owned(), "ADDRESS".to_owned()];
        Self { kinds, language: "en".into(), deadline_ms: 1000, required: true }
    }
}

/// A second provider of models.
#[derive(Clone, Debug)]
pub struct Fallback {
    /// Without a trailing slash; up to and including `/v1`.
    pub url: String,
    /// Key of this provider; it never receives the first provider's key.
    pub key: String,
    /// `OPENAI_FALLBACK_DIALECTS`: forms of requests that its models take.
    pub dialects: DialectSettings,
}

/// Plan of users without one, and of those whose plan has no limits of its own.
const DEFAULT_PLAN: &str = "default";

/// Limits of each plan.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Plans(BTreeMap<String, Plan>);

/// Limits of the users of a plan, over all sessions of one user; an absent limit allows everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Messages a minute.
    pub messages_per_minute: Option<u32>,
    /// LLM tokens of a day, read and written.
    pub daily_tokens: Option<u64>,
    /// US dollars of a day.
    pub daily_usd: Option<f64>,
}

impl Default for Plans {
    /// Limits of a deployment that sets none: generous for a person, and a bound for a script. Dollars are not limited, because a
    /// model without a price could not be asked then.
    fn default() -> Self {
        let plan = |messages, tokens| Plan {
            messages_per_minute: Some(messages),
            daily_tokens: Some(tokens),
            daily_usd: None,
        };
        let plans = [(DEFAULT_PLAN, plan(20, 1_000_000)), ("anonymous", plan(6, 100_000))];
        Self(plans.map(|(name, plan)| (name.to_owned(), plan)).into())
    }
}

impl Plans {
    /// The plan of that name, else the default one.
    #[must_use]
    pub fn get(&self, name: Option<&str>) -> Plan {
        let named = name.and_then(|name| self.0.get(name));
        named.or_else(|| self.0.get(DEFAULT_PLAN)).copied().unwrap_or_default()
    }
}

/// The smallest token budget that leaves room for a persona and a question.
const MIN_TOKEN_BUDGET: u32 = 256;

/// Shortest secret of a hook, in bytes.
const MIN_SECRET_BYTES: usize = 24;

impl Config {
    /// Reads every variable through `get` and reports all errors together, by name and never by value.
    ///
    /// # Errors
    /// One sentence per variable at fault.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        let vars = Vars { get, problems: Vec::new().into() };
        let default_model = vars.optional("OPENAI_MODEL").unwrap_or_else(|| "gpt-4o-mini".into());
        let config = Self {
            supabase_url: vars.url("SUPABASE_URL", None),
            anon_key: vars.required("SUPABASE_ANON_KEY"),
            service_key: vars.required("SUPABASE_SERVICE_ROLE_KEY"),
            jwt_secret: vars.optional("SUPABASE_JWT_SECRET"),
            model_url: vars.url("OPENAI_BASE_URL", Some("https://api.openai.com/v1")),
            model_key: vars.required("OPENAI_API_KEY"),
            dialects: vars.dialects("OPENAI_DIALECTS"),
            fallback: vars.fallback(),
            embedding_model: vars
                .optional("OPENAI_EMBEDDING_MODEL")
                .unwrap_or_else(|| "text-embedding-3-small".into()),
            memory_model: vars.optional("OPENAI_MEMORY_MODEL").unwrap_or_else(|| default_model.clone()),
            default_model,
            top_k: vars.number("DEFAULT_TOP_K", 5, 1),
            recall_deadline: vars.number("RECALL_DEADLINE_MS", 150, 0).into(),
            background_rest: Millis::from(vars.number("BACKGROUND_REST_SECONDS", 60, 1)) * 1000,
            default_employee: vars.optional("DEFAULT_EMPLOYEE_SLUG").unwrap_or_else(|| "prime-boss".into()),
            token_budget: vars.number("DEFAULT_TOKEN_BUDGET", 6000, MIN_TOKEN_BUDGET),
            pii_master_keys: vars.master_keys("PII_MASTER_KEY"),
            pii_patterns: vars.patterns("PII_PATTERNS"),
            pii_people: vars.people("PII_IGNORED_KINDS"),
            recognizer: vars.recognizer(),
            mcp_tokens: vars.bearers("MCP_TOKENS"),
            plans: vars.plans("USER_LIMITS"),
            storage: vars.storage_limits("STORAGE_LIMITS"),
            ceiling: Ceiling {
                daily_tokens: vars.positive("DEPLOYMENT_DAILY_TOKENS"),
                daily_usd: vars.positive("DEPLOYMENT_DAILY_USD"),
            },
            user_deleted_secret: vars.secret("USER_DELETED_SECRET"),
            allowed_origins: vars.origins("ALLOWED_ORIGINS"),
        };
        let problems = vars.problems.into_inner();
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// Issuer that Supabase Auth writes into `iss`.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/auth/v1", self.supabase_url)
    }

    /// URL of the project's public keys.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{}/auth/v1/.well-known/jwks.json", self.supabase_url)
    }
}

struct Vars<F> {
    get: F,
    problems: std::cell::RefCell<Vec<String>>,
}

impl<F: Fn(&str) -> Option<String>> Vars<F> {
    fn complain(&self, problem: String) {
        self.problems.borrow_mut().push(problem);
    }

    fn optional(&self, name: &str) -> Option<String> {
        let value =
            (self.get)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())?;
        if value.chars().any(char::is_control) {
            // It may become a header, where a line break would begin another.
            self.complain(format!("{name} must be one line"));
        }
        Some(value)
    }

    /// A secret that others send: it must be too long to be guessed.
    fn secret(&self, name: &str) -> Option<String> {
        let secret = self.optional(name)?;
        if secret.len() < MIN_SECRET_BYTES {
            self.complain(format!("{name} must have {MIN_SECRET_BYTES} bytes at least"));
        }
        Some(secret)
    }

    fn required(&self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.complain(format!("{name} is not set"));
            String::new()
        })
    }

    fn url(&self, name: &str, default: Option<&str>) -> String {
        let value = match default {
            Some(default) => self.optional(name).unwrap_or_else(|| default.into()),
            None => self.required(name),
        };
        if !value.is_empty() && !value.starts_with("https://") && !value.starts_with("http://") {
            self.complain(format!("{name} must start with https:// or http://"));
        }
        value.trim_end_matches('/').to_owned()
    }

    fn fallback(&self) -> Option<Fallback> {
        const URL: &str = "OPENAI_FALLBACK_BASE_URL";
        self.optional(URL)?;
        Some(Fallback {
            url: self.url(URL, None),
            key: self.required("OPENAI_FALLBACK_API_KEY"),
            dialects: self.dialects("OPENAI_FALLBACK_DIALECTS"),
        })
    }

    fn recognizer(&self) -> Option<RecognizerSettings> {
        const URL: &str = "PII_MODEL_URL";
        self.optional(URL)?;
        let form =
            r#"with kinds, language, deadline_ms or required, such as {"kinds":["PERSON"],"required":false}"#;
        let (url, key) = (self.url(URL, None), self.optional("PII_MODEL_KEY"));
        let options: RecognizerOptions = self.json("PII_MODEL_OPTIONS", form);
        // A placeholder has the name of its kind.
        if options.kinds.is_empty() || !options.kinds.iter().all(|kind| is_kind(kind)) {
            self.complain(
                "PII_MODEL_OPTIONS: kinds must be names of capital letters, digits and underscores".into(),
            );
        }
        Some(RecognizerSettings { url, key, options })
    }

    /// A setting in JSON of that `form`; its default where it is not set.
    fn json<T: DeserializeOwned + Default>(&self, name: &str, form: &str) -> T {
        let Some(value) = self.optional(name) else { return T::default() };
        serde_json::from_str(&value).unwrap_or_else(|_| {
            self.complain(format!("{name} must be a JSON object {form}"));
            T::default()
        })
    }

    fn dialects(&self, name: &str) -> DialectSettings {
        self.json(name, r#"of models and their forms such as {"own-model":{"protocol":"responses"}}"#)
    }

    fn number(&self, name: &str, default: u32, least: u32) -> u32 {
        let Some(value) = self.optional(name) else { return default };
        match value.parse() {
            Ok(number) if number >= least => number,
            _ => {
                self.complain(format!("{name} must be a whole number of at least {least}"));
                default
            }
        }
    }

    /// A limit, if it is set: a number above zero.
    fn positive<T: FromStr + PartialOrd + Default>(&self, name: &str) -> Option<T> {
        let value = self.optional(name)?;
        let number = value.parse().ok().filter(|number| *number > T::default());
        if number.is_none() {
            self.complain(format!("{name} must be a number above 0"));
        }
        number
    }

    fn storage_limits(&self, name: &str) -> StorageLimits {
        self.json(name, r#"with values, memories, daily_bytes or daily_exports, such as {"values":50000}"#)
    }

    fn master_keys(&self, name: &str) -> MasterKeys {
        let value = self.required(name);
        MasterKeys::parse(&value).unwrap_or_else(|rule| {
            if !value.is_empty() {
                self.complain(format!("{name} {rule}"));
            }
            MasterKeys::none()
        })
    }

    fn patterns(&self, name: &str) -> Patterns {
        let Some(value) = self.optional(name) else { return Patterns::default() };
        Patterns::parse(&value).unwrap_or_else(|rule| {
            self.complain(format!("{name} {rule}"));
            Patterns::default()
        })
    }

    /// Names and addresses to look for: all but the kinds that are named.
    fn people(&self, name: &str) -> People {
        let mut people = People::default();
        let list = self.optional(name).unwrap_or_default();
        for kind in list.split(',').map(str::trim).filter(|kind| !kind.is_empty()) {
            match kind {
                "PERSON" => people.names = Names::None,
                "ADDRESS" => people.addresses = Addresses::None,
                _ => self.complain(format!("{name} must be PERSON, ADDRESS or both, with a comma between")),
            }
        }
        people
    }

    fn bearers(&self, name: &str) -> Bearers {
        self.json(name, "of names and bearer tokens")
    }

    fn plans(&self, name: &str) -> Plans {
        let form = r#"of plans such as {"default":{"messages_per_minute":20,"daily_tokens":1000000,"daily_usd":2.5}}"#;
        self.json(name, form)
    }

    fn origins(&self, name: &str) -> Vec<AllowedOrigin> {
        let list = self.optional(name).unwrap_or_default();
        let entries = list.split(',').map(|entry| entry.trim().trim_end_matches('/'));
        let read: Result<_, _> =
            entries.filter(|entry| !entry.is_empty()).map(AllowedOrigin::parse).collect();
        read.unwrap_or_else(|rule| {
            self.complain(format!("{name} {rule}"));
            Vec::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(vars: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        Config::read(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()))
    }

    const COMPLETE: [(&str, &str); 5] = [
        ("SUPABASE_URL", "https://project.supabase.co/"),
        ("SUPABASE_ANON_KEY", "anon"),
        ("SUPABASE_SERVICE_ROLE_KEY", "service"),
        ("OPENAI_API_KEY", "sk-1"),
        ("PII_MASTER_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
    ];

    #[test]
    fn defaults_fill_what_is_optional() {
        let config = with(&COMPLETE).unwrap();
        assert_eq!(config.issuer(), "https://project.supabase.co/auth/v1");
        assert_eq!((config.token_budget, config.default_employee.as_str()), (6000, "prime-boss"));
        assert_eq!(config.model_url, "https://api.openai.com/v1");
        assert_eq!(config.jwt_secret, None);
    }

    #[test]
    fn a_fresh_deployment_is_limited_and_anonymous_users_more_so() {
        let plans = with(&COMPLETE).unwrap().plans;
        let (user, anonymous) = (plans.get(None), plans.get(Some("anonymous")));
        assert!(anonymous.messages_per_minute < user.messages_per_minute);
        assert!(anonymous.daily_tokens < user.daily_tokens && user.daily_tokens.is_some());
        assert_eq!(plans.get(Some("unknown")), user);
    }

    #[test]
    fn a_misspelled_limit_is_reported() {
        for wrong in [
            r#"{"default":{"daily_token":1}}"#,
            r#"{"default":{"daily_tokens":-1}}"#,
            r#"{"default":5}"#,
            "[]",
        ] {
            let problems = with(&[&COMPLETE[..], &[("USER_LIMITS", wrong)]].concat()).unwrap_err();
            assert!(problems[0].starts_with("USER_LIMITS must be"), "{wrong}: {problems:?}");
        }
    }

    #[test]
    fn all_problems_are_reported_at_once_and_no_value_is_shown() {
        let problems = with(&[
            ("SUPABASE_URL", "secret-host"),
            ("DEFAULT_TOKEN_BUDGET", "many"),
            ("ALLOWED_ORIGINS", "app.example.com"),
            ("OPENAI_FALLBACK_BASE_URL", "https://second.example.com/v1"),
            ("PII_MASTER_KEY", "c2hvcnQ="),
            ("PII_PATTERNS", "[{\"name\":\"A\",\"pattern\":\"(\"}]"),
            ("USER_LIMITS", "{\"default\":{\"many\":1}}"),
            ("STORAGE_LIMITS", "{\"many\":1}"),
            ("DEPLOYMENT_DAILY_TOKENS", "many"),
            ("PII_MODEL_URL", "https://pii.example.com/analyze"),
            ("PII_MODEL_OPTIONS", "{\"kinds\":[\"many\"]}"),
            ("DEPLOYMENT_DAILY_USD", "-1"),
            ("OPENAI_DIALECTS", "{\"*\":{\"many\":1}}"),
            ("OPENAI_FALLBACK_DIALECTS", "{\"*\":{\"left_out\":[\"many\"]}}"),
        ])
        .unwrap_err();
        let text = problems.join("\n");
        for name in ["SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "OPENAI_API_KEY"] {
            assert!(text.contains(name), "{name} is missing from {text}");
        }
        assert!(text.contains("OPENAI_FALLBACK_API_KEY is not set"), "{text}");
        for name in [
            "OPENAI_DIALECTS",
            "OPENAI_FALLBACK_DIALECTS",
            "DEFAULT_TOKEN_BUDGET",
            "ALLOWED_ORIGINS",
            "PII_MASTER_KEY",
            "PII_PATTERNS",
            "USER_LIMITS",
            "STORAGE_LIMITS",
            "DEPLOYMENT_DAILY_TOKENS",
            "DEPLOYMENT_DAILY_USD",
            "PII_MODEL_OPTIONS",
        ] {
            assert!(text.contains(name), "{name} is malformed in {text}");
        }
        assert!(!text.contains("secret-host") && !text.contains("many") && !text.contains("c2hvcnQ"));
    }
}
