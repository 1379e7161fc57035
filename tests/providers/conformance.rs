//! Each provider as a stand-in: it streams in the provider's form and refuses what the provider refuses. The results are the table in
//! docs/providers.md.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Outcome::{Failed, Finished};
use super::background::{FISH, fish, known, learned, read_facts};
use super::rules::refusal;
use super::*;

/// A provider: forms of its streams, in which `$TEXT` and `$ARGUMENTS` are JSON strings, and the requests that it refuses.
#[derive(Deserialize)]
struct Server {
    name: String,
    url: String,
    model: String,
    rules: Vec<String>,
    embeddings: String,
    open: String,
    text: String,
    thought: String,
    call: String,
    stop: String,
    calls: String,
    length: String,
    close: String,
    usage: [u32; 2],
    refusal: RefusedAnswer,
    error: String,
    rate_limit: RateLimit,
}

#[derive(Deserialize)]
struct RefusedAnswer {
    stream: String,
    reason: String,
}

#[derive(Deserialize)]
struct RateLimit {
    status: u16,
    header: Option<[String; 2]>,
    body: String,
}

macro_rules! servers {
    ($($file:literal)*) => {
        [$(include_str!(concat!("servers/", $file, ".json"))),*]
    };
}

fn servers() -> Vec<Server> {
    let files = servers! {
        "openai" "openai-responses" "azure" "anthropic" "gemini" "mistral" "deepseek" "groq" "xai" "openrouter" "vllm" "llamacpp"
        "ollama" "lmstudio" "bedrock" "workersai"
    };
    files.iter().map(|file| serde_json::from_str(file).unwrap()).collect()
}

impl Server {
    /// A conversation with an employee of the provider, who has a memory to recall.
    fn conversation(&self) -> TestConversation {
        let vars = [("OPENAI_BASE_URL", self.url.as_str()), ("OPENAI_MODEL", self.model.as_str())];
        let conversation = conversation_with(&vars);
        let rules = self.rules.clone();
        conversation.platform.http.refuses(move |request| {
            rules.iter().find_map(|rule| Some((400, refusal(rule, request)?.to_owned())))
        });
        conversation.platform.remember(&[json!({
            "message_id": uuid::Uuid::from_u128(7), "role": "user", "content": "My cat is called Mo",
            "content_tokens": 10, "occurred_at": "1970-01-01T00:00:00Z",
        })]);
        conversation
    }

    fn texts(&self, texts: &[&str]) -> String {
        texts.iter().map(|text| self.text.replace("$TEXT", &json!(text).to_string())).collect()
    }

    fn answer(&self, texts: &[&str]) -> String {
        [&self.open, &self.thought, &self.texts(texts), &self.stop, &self.close].map(String::as_str).concat()
    }

    fn calling(&self, calls: &[(&str, Value)]) -> String {
        let call = |(index, (name, arguments)): (usize, &(&str, Value))| {
            let arguments = json!(arguments.to_string()).to_string();
            let call =
                self.call.replace("$INDEX", &index.to_string()).replace("$N", "$M").replace("$MAME", name);
            call.replace("$M", &(index + 1).to_string()).replace("$ARGUMENTS", &arguments)
        };
        let calls: String = calls.iter().enumerate().map(call).collect();
        [&self.open, &self.thought, &calls, &self.calls, &self.close].map(String::as_str).concat()
    }

    /// The end of a turn whose requests get these streams, and its text.
    fn turn(&self, streams: &[String], is_slow: bool) -> (TestConversation, Outcome, String, Booked) {
        let conversation = self.conversation();
        for stream in streams {
            conversation.model_says(if is_slow { with_gaps(stream) } else { at_once(stream) });
        }
        let (_, finished) = conversation.turn("What is my cat called?").unwrap();
        let text = finished.record.messages[1].content.as_str().to_owned();
        let (outcome, booked) = (outcome(&finished), booked(&finished));
        (conversation, outcome, text, booked)
    }
}

fn check_answer(server: &Server, streams: &[String], expected: &(Outcome, &str)) {
    for is_slow in [false, true] {
        let (_, outcome, text, _) = server.turn(streams, is_slow);
        assert_eq!((&outcome, text.as_str()), (&expected.0, expected.1), "{}: {streams:?}", server.name);
    }
}

fn greeting(server: &Server) {
    check_answer(server, &[server.answer(&["Good ", "day"])], &(Finished("stop"), "Good day"));
}

fn tools(server: &Server) {
    let calls = [("calculator", json!({ "expression": "2+3" }))];
    check_answer(server, &[server.calling(&calls), server.answer(&["5"])], &(Finished("stop"), "5"));
}

fn parallel_tools(server: &Server) {
    let calls = [("calculator", json!({ "expression": "2+3" })), ("recall", json!({ "query": "cat" }))];
    let streams = [server.calling(&calls), server.answer(&["5"])];
    let (conversation, ..) = server.turn(&streams, false);
    let request = conversation.platform.http.requests().last().unwrap().to_string();
    assert!(request.contains("2+3") && request.contains("\\\"cat\\\""), "{}: {request}", server.name);
    check_answer(server, &streams, &(Finished("stop"), "5"));
}

fn long_answer(server: &Server) {
    let words: Vec<_> = (0..500).map(|n| format!("word{n} ")).collect();
    let texts = server.texts(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let stream = [&server.open, &texts, &server.length, &server.close].map(String::as_str).concat();
    let reason = if server.length.is_empty() { "stop" } else { "length" };
    check_answer(server, &[stream], &(Finished(reason), words.concat().as_str()));
}

fn refused_answer(server: &Server) {
    let stream = [&server.open, &server.refusal.stream, &server.close].map(String::as_str).concat();
    let reason = Box::leak(server.refusal.reason.clone().into_boxed_str());
    check_answer(server, &[stream], &(Finished(reason), "I cannot"));
}

fn error_in_mid_stream(server: &Server) {
    let stream = [&server.open, &server.texts(&["Half a"]), &server.error].map(String::as_str).concat();
    check_answer(server, &[stream], &(Failed(Code::ModelTruncated), "Half a"));
}

fn rate_limit(server: &Server) {
    let conversation = server.conversation();
    let RateLimit { status, header, body } = &server.rate_limit;
    let header = header.as_ref().map(|[name, value]| (name.as_str(), value.as_str()));
    conversation.platform.http.refuse(*status, header, body);
    conversation.model_says(at_once(&server.answer(&["Good"])));
    let before = conversation.now();
    let (_, finished) = conversation.turn("hi").unwrap();
    assert_eq!(outcome(&finished), Finished("stop"), "{}", server.name);
    let waited = conversation.now() - before;
    assert!((250..=2000).contains(&waited), "{} waited {waited} ms", server.name);
}

fn usage(server: &Server) {
    let (_, _, _, booked) = server.turn(&[server.answer(&["Good"])], true);
    let [prompt, completion] = server.usage;
    assert_eq!(booked, Booked::Provider(prompt, completion), "{}", server.name);
}

fn embeddings(server: &Server) {
    let form = match server.embeddings.as_str() {
        "open_ai" => EmbeddingForm::OpenAi,
        "without_dimensions" => EmbeddingForm::WithoutDimensions,
        "without_encoding" => EmbeddingForm::WithoutEncoding,
        "without_index" => EmbeddingForm::WithoutIndex,
        other => panic!("no form {other}"),
    };
    let conversation = known(server.conversation(), FISH);
    conversation.platform.postgrest.set_unread(Value::Null);
    let pending = vec![json!({ "id": uuid::Uuid::from_u128(1), "text": "text" })];
    conversation.platform.postgrest.set_pending(pending);
    conversation.platform.http.embeds_as(form);
    conversation.object.plan_background().unwrap();
    conversation.platform.clock.advance(60_000);
    assert_eq!(conversation.deliver(), [""; 0], "{}", server.name);
    assert_eq!(conversation.platform.postgrest.embedded().len(), 1, "{}", server.name);
}

fn facts(server: &Server) {
    let conversation = known(server.conversation(), FISH);
    conversation.model_says(with_gaps(&server.answer(&[&fish()])));
    assert_eq!(read_facts(&conversation), [""; 0], "{}", server.name);
    assert_eq!(learned(&conversation), ["Has a fish called Bubbles"], "{}", server.name);
}

fn summary(server: &Server) {
    let conversation = server.conversation();
    let output = json!({ "overview": "A trip.", "details": [], "decisions": [], "open_questions": [] });
    conversation.model_says(at_once(&server.answer(&["Noted"])));
    conversation.model_says(at_once(&server.answer(&[&output.to_string()])));
    conversation.turn("I plan a trip").unwrap();
    let message =
        |n: u128, role: &str| json!({ "id": uuid::Uuid::from_u128(n), "role": role, "text": "A trip" });
    conversation.platform.postgrest.set_unsummarised(json!({
        "messages": [message(1, "user"), message(2, "assistant")], "covers": uuid::Uuid::from_u128(2), "summary": null,
        "replaces": null, "employee": "prime-boss", "budgets": { "user": {}, "employee": {} }, "price": null,
    }));
    assert_eq!(conversation.deliver(), [""; 0], "{}", server.name);
    conversation.platform.clock.advance(60_000);
    assert_eq!(conversation.deliver(), [""; 0], "{}", server.name);
    assert_eq!(conversation.platform.postgrest.saved()[0]["summary"], "A trip.", "{}", server.name);
}

/// A check of one row of the table, and its heading.
type Check = (&'static str, fn(&Server));

const CHECKS: [Check; 11] = [
    ("greeting", greeting),
    ("tools", tools),
    ("parallel tools", parallel_tools),
    ("long answer", long_answer),
    ("refusal", refused_answer),
    ("error in mid-stream", error_in_mid_stream),
    ("rate limit", rate_limit),
    ("usage", usage),
    ("embeddings", embeddings),
    ("facts", facts),
    ("summary", summary),
];

fn table() -> String {
    let mut table = String::from("| provider |");
    for (name, _) in CHECKS {
        write!(table, " {name} |").unwrap();
    }
    table.push_str(" refuses |\n| --- |");
    table.push_str(&" :-: |".repeat(CHECKS.len()));
    table.push_str(" --- |\n");
    for server in servers() {
        write!(table, "| {} |", server.name).unwrap();
        for (name, check) in CHECKS {
            let has_none = name == "embeddings" && server.embeddings == "none";
            if !has_none {
                check(&server);
            }
            table.push_str(if has_none { " – |" } else { " ✓ |" });
        }
        let rules: Vec<_> = server.rules.iter().map(|rule| rules::title(rule)).collect();
        writeln!(table, " {} |", rules.join("; ")).unwrap();
    }
    table
}

#[test]
fn the_table_in_the_documentation_is_what_the_providers_do() {
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers.md");
    const MARKS: [&str; 2] =
        ["<!-- table of tests/providers: begin -->\n", "<!-- table of tests/providers: end -->"];
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(MARKS[0]).unwrap();
    let (written, after) = rest.split_once(MARKS[1]).unwrap();
    let table = table();
    if std::env::var_os("WRITE_PROVIDERS").is_some() {
        std::fs::write(PAGE, [before, MARKS[0], &table, MARKS[1], after].concat()).unwrap();
        return;
    }
    assert_eq!(written, table, "WRITE_PROVIDERS=1 cargo test --test providers writes it");
}
