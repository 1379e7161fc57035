//! The deployment, the user and the pieces that scripts are made of.

use std::collections::BTreeMap;

use frontdesk::auth::User;
use frontdesk::chat::employee::Employee;
use frontdesk::chat::message::{Message, Role};
use frontdesk::config::Config;
use frontdesk::session::path::InsertAt;
use frontdesk::time::Millis;
use frontdesk::turn::request::{AnswerForm, TurnRequest};
use pii::identity::Identity;
use pii::masked_text::MaskedText;
use serde_json::json;
use uuid::Uuid;

use super::http::{Reply, Step};
use super::postgrest::SessionRow;

/// The user of every test.
pub const USER: Uuid = Uuid::from_u128(0xaaaa);
/// The session of most tests.
pub const SESSION: Uuid = Uuid::from_u128(0x5e55);
/// Another session of the same user.
pub const OTHER_SESSION: Uuid = Uuid::from_u128(0x5e56);
/// Moment at which every test begins: 23 November 2026, 8:00 UTC.
pub const START: Millis = 1_795_420_800_000;

/// The signed-in user.
pub fn user() -> User {
    let identity =
        Identity { email: Some("ada@example.com".into()), phone: None, name: Some("Ada Lovelace".into()) };
    User { token: "token".into(), identity, ..User::absent(USER) }
}

/// A request for a turn at the end of [`SESSION`].
pub fn request(message: &str) -> TurnRequest {
    TurnRequest {
        session_id: SESSION,
        message: message.into(),
        insert_at: InsertAt::Newest,
        employee: None,
        form: AnswerForm::Stream,
        client_message_id: Some("mine-1".into()),
        remember: true,
        settings: None,
    }
}

/// A deployment with every optional variable at its default, but without limits.
pub fn config() -> Config {
    config_with(&[])
}

/// That deployment with further variables.
pub fn config_with(more: &[(&str, &str)]) -> Config {
    let vars = [
        ("SUPABASE_URL", "https://project.supabase.co"),
        ("SUPABASE_ANON_KEY", "anon"),
        ("SUPABASE_SERVICE_ROLE_KEY", "service"),
        ("OPENAI_API_KEY", "sk-1"),
        ("PII_MASTER_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
        ("USER_LIMITS", "{}"),
    ];
    let all = || more.iter().chain(&vars);
    Config::read(|name| all().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())).unwrap()
}

/// The employee of most tests, without tools and limits.
pub fn employee() -> Employee {
    Employee {
        slug: "prime-boss".into(),
        system_prompt: MaskedText::fixed("You run the desk."),
        temperature: Some(0.5),
        max_output_tokens: Some(800),
        ..Employee::default()
    }
}

/// A new session with that employee.
pub fn session_row() -> SessionRow {
    SessionRow {
        foreign: false,
        employee: Some(employee()),
        price: None,
        prices: BTreeMap::new(),
        limits: None,
        messages: Vec::new(),
    }
}

/// The n-th message of a session, after the one before it.
pub fn message(n: u128, role: Role, content: &str) -> Message {
    let parent_id = (n > 1).then(|| Uuid::from_u128(n - 1));
    Message {
        id: Uuid::from_u128(n),
        parent_id,
        name: None,
        role,
        content: MaskedText::from_storage(content.into()),
        content_tokens: 2,
        tool_calls: None,
    }
}

/// A chunk of a chat completion with that text.
pub fn chunk(text: &str) -> String {
    format!("data: {}\n\n", json!({"choices": [{"delta": {"content": text}}]}))
}

/// The end of a chat completion: finish reason, usage, `[DONE]`.
pub fn end() -> String {
    concat!(
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":4}}\n\n",
        "data: [DONE]\n\n"
    )
    .into()
}

/// A whole answer in one piece.
#[allow(clippy::unnecessary_wraps)] // as every reply
pub fn whole(text: &str) -> Reply {
    Ok(vec![Step::Bytes(100, chunk(text) + &end())])
}

/// Forty chunks, one every 100 ms: "0 1 2 …".
#[allow(clippy::unnecessary_wraps)]
pub fn counting() -> Reply {
    Ok((0..40).map(|n| Step::Bytes(100, chunk(&format!("{n} ")))).collect())
}

/// An answer with a text and tool calls: names and arguments.
#[allow(clippy::unnecessary_wraps)]
pub fn calling(text: &str, calls: &[(&str, &str)]) -> Reply {
    calling_ending("tool_calls", text, calls)
}

/// An answer with a text and tool calls, and that finish reason.
#[allow(clippy::unnecessary_wraps)]
pub fn calling_ending(reason: &str, text: &str, calls: &[(&str, &str)]) -> Reply {
    let deltas: String = calls
        .iter()
        .enumerate()
        .map(|(index, (name, arguments))| {
            let call = json!({
                "index": index, "id": "call_1", "type": "function",
                "function": { "name": name, "arguments": arguments },
            });
            let call = json!({"choices": [{"delta": {"tool_calls": [call]}}]});
            format!("data: {call}\n\n")
        })
        .collect();
    Ok(vec![Step::Bytes(100, chunk(text) + &deltas + &end().replace("\"stop\"", &format!("{reason:?}")))])
}
