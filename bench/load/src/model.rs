//! Stand-in of an OpenAI-compatible API: chat completions, streamed or whole, and embeddings.

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::http::{BodyLength, Head, read_more};

/// Numbers of a vector.
const DIMENSIONS: usize = 1536;

/// Texts of the chunks, by turns: LiteLLM ends a stream that repeats itself. The load generator counts the first character.
const CHUNK_TEXTS: [&str; 2] = ["~word ", "~text "];

/// Behaviour of the next answers; `PUT /settings` replaces it.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    chunks: usize,
    /// Milliseconds between two chunks; at 0 all are sent at once.
    interval_ms: u64,
    /// Milliseconds until vectors are sent; `null` for never.
    embeddings_ms: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { chunks: 5, interval_ms: 0, embeddings_ms: Some(0) }
    }
}

#[derive(Default)]
struct Model {
    settings: RefCell<Settings>,
    /// Arrivals of completion requests, in microseconds since 1970.
    arrivals: RefCell<Vec<u64>>,
    vectors: Vectors,
}

/// A vector in both encodings of the API, written as JSON once.
struct Vectors {
    numbers: String,
    base64: String,
}

impl Default for Vectors {
    fn default() -> Self {
        let vector = [(DIMENSIONS as f32).sqrt().recip(); DIMENSIONS];
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        Self { numbers: json!(&vector[..]).to_string(), base64: json!(encode_base64(&bytes)).to_string() }
    }
}

/// The parts of a request's body that decide the answer.
#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    input: Value,
    encoding_format: Option<String>,
}

/// Serves until the process is ended.
pub async fn serve(port: &str) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let model = Rc::new(Model::default());
    let accept = async {
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let model = Rc::clone(&model);
            // A client that disconnects ends its connection, nothing else.
            tokio::task::spawn_local(async move { model.serve_connection(socket).await.ok() });
        }
    };
    LocalSet::new().run_until(accept).await
}

impl Model {
    async fn serve_connection(&self, mut socket: TcpStream) -> Result<(), Box<dyn Error>> {
        let mut rest = Vec::new();
        while let Some(mut head) = Head::read(&mut socket, rest).await? {
            let mut input = std::mem::take(&mut head.rest);
            let mut body = Vec::new();
            let mut length: BodyLength = head.body();
            while !length.take(&mut input, &mut body)? {
                if !read_more(&mut socket, &mut input).await? {
                    return Ok(());
                }
            }
            rest = input;
            let path = head.word(1).to_owned();
            self.answer(&mut socket, &path, &body).await?;
        }
        Ok(())
    }

    async fn answer(&self, socket: &mut TcpStream, path: &str, body: &[u8]) -> Result<(), Box<dyn Error>> {
        if path.ends_with("/settings") {
            self.settings.replace(serde_json::from_slice(body)?);
            return send_json(socket, "{}").await;
        }
        if path.ends_with("/arrivals") {
            let arrivals = self.arrivals.take();
            return send_json(socket, &json!(arrivals).to_string()).await;
        }
        let settings = self.settings.borrow().clone();
        let question: Question = serde_json::from_slice(body)?;
        if path.ends_with("/embeddings") {
            return self.embed(socket, &settings, &question).await;
        }
        self.arrivals.borrow_mut().push(now_us());
        if question.stream {
            stream_completion(socket, &settings).await
        } else {
            send_completion(socket, &settings).await
        }
    }

    async fn embed(
        &self,
        socket: &mut TcpStream,
        settings: &Settings,
        question: &Question,
    ) -> Result<(), Box<dyn Error>> {
        match settings.embeddings_ms {
            Some(delay) => sleep(Duration::from_millis(delay)).await,
            None => std::future::pending().await,
        }
        let count = question.input.as_array().map_or(1, Vec::len);
        let is_base64 = question.encoding_format.as_deref() == Some("base64");
        let vector = if is_base64 { &self.vectors.base64 } else { &self.vectors.numbers };
        let data: Vec<String> = (0..count)
            .map(|index| format!(r#"{{"object":"embedding","index":{index},"embedding":{vector}}}"#))
            .collect();
        let usage = r#"{"prompt_tokens":1,"total_tokens":1}"#;
        send_json(
            socket,
            &format!(r#"{{"object":"list","model":"bench","data":[{}],"usage":{usage}}}"#, data.join(",")),
        )
        .await
    }
}

async fn send_completion(socket: &mut TcpStream, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let content: String = CHUNK_TEXTS.into_iter().cycle().take(settings.chunks).collect();
    let choice = json!({ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": "stop" });
    let completion = json!({
        "id": "bench", "object": "chat.completion", "created": 0, "model": "bench", "choices": [choice], "usage": usage(settings),
    });
    send_json(socket, &completion.to_string()).await
}

async fn stream_completion(socket: &mut TcpStream, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let chunks = CHUNK_TEXTS.map(|text| {
        event(&json!([{ "index": 0, "delta": { "content": text }, "finish_reason": null }]), &Value::Null)
    });
    let mut chunks = chunks.iter().map(String::as_str).cycle().take(settings.chunks);
    let last = [
        event(&json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]), &Value::Null),
        event(&json!([]), &usage(settings)),
        chunked("data: [DONE]\n\n"),
        "0\r\n\r\n".to_owned(),
    ]
    .concat();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    if settings.interval_ms == 0 {
        socket.write_all([head, &chunks.collect::<String>(), &last].concat().as_bytes()).await?;
        return Ok(());
    }
    let mut due = Instant::now();
    socket.write_all([head, chunks.next().unwrap_or_default()].concat().as_bytes()).await?;
    for chunk in chunks {
        due += Duration::from_millis(settings.interval_ms);
        sleep_until(due).await;
        socket.write_all(chunk.as_bytes()).await?;
    }
    socket.write_all(last.as_bytes()).await?;
    Ok(())
}

/// One server-sent event in an HTTP chunk of its own.
fn event(choices: &Value, usage: &Value) -> String {
    let data = json!({
        "id": "bench", "object": "chat.completion.chunk", "created": 0, "model": "bench", "choices": choices, "usage": usage,
    });
    chunked(&format!("data: {data}\n\n"))
}

fn chunked(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}

fn usage(settings: &Settings) -> Value {
    json!({ "prompt_tokens": 100, "completion_tokens": settings.chunks, "total_tokens": 100 + settings.chunks })
}

async fn send_json(socket: &mut TcpStream, body: &str) -> Result<(), Box<dyn Error>> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all([&head, body].concat().as_bytes()).await?;
    Ok(())
}

/// Microseconds since 1970: the clock that all processes of a benchmark share.
pub fn now_us() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    elapsed.as_secs() * 1_000_000 + u64::from(elapsed.subsec_micros())
}

fn encode_base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let bits = (0..3).fold(0_u32, |bits, i| (bits << 8) | u32::from(chunk.get(i).copied().unwrap_or(0)));
        (0..4).map(move |i| {
            if i <= chunk.len() { char::from(DIGITS[(bits >> (18 - 6 * i)) as usize & 63]) } else { '=' }
        })
    });
    digits.collect()
}
