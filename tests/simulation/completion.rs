//! A completion of the mock model: text with placeholders as models spell them, tool calls, in chunks, and its end.

use std::collections::VecDeque;
use std::rc::Rc;

use frontdesk::ports::HttpError;
use frontdesk::time::Millis;

use super::oracle::IssuedCall;
use super::rng::Rng;
use super::values::{invented, word};

/// The only tag around thoughts with which a text can begin here.
const THOUGHT_TAG: &str = "[THINK]";

/// A piece of a completion's text, and the user's view of it.
#[derive(Debug)]
struct Piece {
    raw: String,
    clear: String,
    /// Whether only the whole piece is seen as `clear`; a part of it is seen as that part.
    is_placeholder: bool,
    /// Whether the vault may have no value for it: an interrupted answer is stored without it.
    is_odd: bool,
}

/// A part of the response's body, in order.
#[derive(Debug)]
pub enum Item {
    /// Bytes, and the length of the text that is complete with them.
    Bytes(String, usize),
    /// Bytes of tool calls.
    Calls(String),
    /// The finish reason.
    Finish(&'static str),
    /// Tokens that it used.
    Usage(u32),
    Done,
    /// Bytes that are no chunk, or an error in its place.
    Garbage(&'static str),
    Cut,
    /// Nothing more comes.
    Stall,
    /// The body ends.
    Close,
}

/// A tool call that a completion requests.
#[derive(Debug)]
pub struct PlannedCall {
    pub name: String,
    /// Arguments as the model writes them.
    pub arguments: String,
    /// The oracle's entry, for a call that changes something.
    pub issued: Option<Rc<IssuedCall>>,
}

/// One completion, and the part of it that was received.
#[derive(Debug, Default)]
pub struct MockCompletion {
    pieces: Vec<Piece>,
    pub raw: String,
    pub calls: Vec<PlannedCall>,
    pub items: VecDeque<(Millis, Item)>,
    /// Length of the part of `raw` that the object has to pass on.
    pub received: usize,
    /// Length of the part of `raw` that arrived.
    arrived: usize,
    /// Whether text or a call was received.
    pub has_begun: bool,
    pub has_finished: bool,
    /// Whether it does not end well.
    pub is_broken: bool,
    pub usage: Option<u32>,
    /// Moment since which there is nothing more to receive.
    pub over_at: Option<Millis>,
}

/// End of a completion.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    Whole,
    /// Without usage, `[DONE]` or both.
    Terse {
        has_usage: bool,
        has_done: bool,
    },
    /// It breaks off, perhaps after its finish reason.
    Broken,
}

/// What a completion is made of.
pub struct Plan<'a> {
    /// Placeholders in the prompt, with their values.
    pub placeholders: &'a [(String, String)],
    pub calls: Vec<PlannedCall>,
    pub tail: Tail,
    /// Moment of the first chunk.
    pub from: Millis,
}

impl MockCompletion {
    pub fn new(plan: Plan<'_>, rng: &Rng) -> Self {
        let Plan { placeholders, calls, tail, from } = plan;
        let mut completion = Self { is_broken: tail == Tail::Broken, calls, ..Self::default() };
        for _ in 0..rng.below(7) {
            completion.pieces.extend(pieces(placeholders, rng));
        }
        completion.raw = completion.pieces.iter().map(|piece| piece.raw.as_str()).collect();
        completion.write(tail, from, rng);
        completion
    }

    /// True if it has neither text nor calls, which is no answer.
    pub const fn says_nothing(&self) -> bool {
        self.raw.is_empty() && self.calls.is_empty()
    }

    /// No completion at all.
    pub fn refusal(at: Millis) -> Self {
        Self { is_broken: true, over_at: Some(at), ..Self::default() }
    }

    fn write(&mut self, tail: Tail, from: Millis, rng: &Rng) {
        let pace = rng.pick(&[3, 20, 90, 700]);
        let mut at = from;
        let mut sent = 0;
        if rng.one_in(8) {
            // Some providers report with every chunk what was used so far.
            self.items.push_back((at, Item::Usage(900)));
            at += 1 + rng.below(pace);
        }
        let breaks_in_text = tail == Tail::Broken && (self.calls.is_empty() || rng.one_in(2));
        let until = if breaks_in_text { rng.index(self.raw.len() + 1) } else { self.raw.len() };
        while sent < until {
            let end = self.raw.floor_char_boundary((sent + 1 + rng.index(12)).min(until)).max(sent + 1);
            let Some(text) = self.raw.get(sent..end) else { break };
            let chunk = chunk(text);
            if rng.one_in(8) {
                let (head, rest) = chunk.split_at(chunk.floor_char_boundary(rng.index(chunk.len())));
                self.items.push_back((at, Item::Bytes(head.to_owned(), sent)));
                at += 1 + rng.below(pace);
                self.items.push_back((at, Item::Bytes(rest.to_owned(), end)));
            } else {
                self.items.push_back((at, Item::Bytes(chunk, end)));
            }
            sent = end;
            at += 1 + rng.below(pace);
        }
        if !breaks_in_text {
            let mut chunks = call_chunks(&self.calls, rng);
            if tail == Tail::Broken {
                chunks.truncate(rng.index(chunks.len() + 1));
            }
            for chunk in chunks {
                self.items.push_back((at, Item::Calls(chunk)));
                at += 1 + rng.below(pace);
            }
        }
        self.finish(tail, at, rng);
    }

    fn finish(&mut self, tail: Tail, at: Millis, rng: &Rng) {
        let reason = if self.calls.is_empty() { "stop" } else { "tool_calls" };
        let (has_usage, has_done) = match tail {
            Tail::Whole => (true, true),
            Tail::Terse { has_usage, has_done } => (has_usage, has_done),
            Tail::Broken => {
                // Only text can be whole without its end: a call that lacks a part of its arguments must not look finished.
                if self.calls.is_empty() && rng.one_in(5) {
                    self.items.push_back((at, Item::Finish(reason)));
                }
                let breaks = match rng.below(5) {
                    0 => Item::Cut,
                    1 => Item::Stall,
                    2 => Item::Close,
                    3 => Item::Garbage("data: {\"choices\":[{\"del\n\n"),
                    _ => Item::Garbage("data: {\"error\":{\"code\":529}}\n\n"),
                };
                self.items.push_back((at + 1, breaks));
                // A reader that goes on behind garbage comes to the end of the body.
                self.items.push_back((at + 2, Item::Close));
                return;
            }
        };
        self.items.push_back((at, Item::Finish(reason)));
        if has_usage {
            self.items.push_back((at, Item::Usage(1 + u32::try_from(rng.below(500)).expect("small"))));
        }
        if has_done {
            self.items.push_back((at, Item::Done));
        }
        self.items.push_back((at + 1, Item::Close));
    }

    /// Everything that has arrived by now, or the failure in its place.
    pub fn read(&mut self, now: Millis) -> Result<Option<Vec<u8>>, HttpError> {
        let mut bytes = String::new();
        while self.items.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, item)) = self.items.pop_front() else { break };
            match item {
                Item::Bytes(more, received) => {
                    bytes.push_str(&more);
                    self.arrived = received;
                    self.pass_on(false);
                }
                Item::Calls(more) => {
                    bytes.push_str(&more);
                    self.has_begun = true;
                }
                Item::Finish(reason) => {
                    bytes.push_str(&format!(
                        "data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]}}\n\n"
                    ));
                    self.has_finished = true;
                }
                Item::Usage(tokens) => {
                    bytes.push_str(&usage(tokens));
                    self.usage = Some(tokens);
                }
                Item::Done => {
                    bytes.push_str("data: [DONE]\n\n");
                    self.pass_on(true);
                    self.over_at.get_or_insert(now);
                }
                // These come alone: one read is taken as a whole or not at all.
                alone if !bytes.is_empty() => {
                    self.items.push_front((now, alone));
                    break;
                }
                Item::Garbage(garbage) => {
                    self.over_at.get_or_insert(now);
                    return Ok(Some(garbage.as_bytes().to_vec()));
                }
                Item::Cut => return self.over(now, Err(HttpError::Cut)),
                Item::Stall => return self.over(now, Err(HttpError::Timeout)),
                Item::Close => {
                    self.pass_on(true);
                    return self.over(now, Ok(None));
                }
            }
        }
        Ok(Some(bytes.into_bytes()))
    }

    /// Counts what arrived as received, unless it may be the beginning of the tag around thoughts: then the end of the body decides.
    fn pass_on(&mut self, is_end: bool) {
        let text = self.raw.get(..self.arrived).unwrap_or_default();
        if is_end || !THOUGHT_TAG.starts_with(text) {
            self.received = self.arrived;
            self.has_begun |= self.received > 0;
        }
    }

    fn over<T>(&mut self, now: Millis, outcome: T) -> T {
        self.over_at.get_or_insert(now);
        outcome
    }

    /// The text as a user sees it when that much of it was received and nothing more comes.
    pub fn clear(&self, received: usize) -> String {
        let mut clear = String::new();
        let mut at = 0;
        for piece in &self.pieces {
            let part = piece.raw.get(..received.saturating_sub(at).min(piece.raw.len())).unwrap_or_default();
            clear.push_str(if piece.is_placeholder && part == piece.raw { &piece.clear } else { part });
            at += piece.raw.len();
        }
        clear
    }

    /// The text as a user sees it now.
    pub fn clear_now(&self) -> String {
        self.clear(self.received)
    }

    /// Whether something in it is stored as something else when it can have no placeholder.
    pub fn is_odd(&self) -> bool {
        self.pieces.iter().any(|piece| piece.is_odd)
    }
}

fn usage(tokens: u32) -> String {
    format!("data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":20,\"completion_tokens\":{tokens}}}}}\n\n")
}

fn pieces(placeholders: &[(String, String)], rng: &Rng) -> Vec<Piece> {
    let plain = |raw: &str| Piece {
        raw: raw.to_owned(),
        clear: raw.to_owned(),
        is_placeholder: false,
        is_odd: false,
    };
    let odd = |raw: &str| Piece { is_odd: true, ..plain(raw) };
    match rng.below(8) {
        0 if rng.one_in(3) => vec![plain("to "), odd(&invented(rng)), plain(" - ")],
        1 if rng.one_in(3) => vec![odd(&format!("[NOTE_{}]", 1 + rng.below(9))), plain(" ")],
        2..=4 if !placeholders.is_empty() => {
            let (placeholder, value) = &placeholders[rng.index(placeholders.len())];
            let raw = match rng.below(4) {
                0 => placeholder.to_lowercase(),
                1 => placeholder.replace('[', "\\[").replace('_', "\\_").replace(']', "\\]"),
                _ => placeholder.clone(),
            };
            let placeholder = Piece { raw, clear: value.clone(), is_placeholder: true, is_odd: false };
            let (before, after) = rng.pick(&[("", " "), ("", ", "), ("**", "** ")]);
            vec![plain(before), placeholder, plain(after)]
        }
        _ => vec![plain(word(rng)), plain(" ")],
    }
}

fn chunk(text: &str) -> String {
    let text = serde_json::to_string(text).expect("a string");
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\n")
}

/// Chunks of tool calls: the name with the id first, the arguments in parts.
fn call_chunks(calls: &[PlannedCall], rng: &Rng) -> Vec<String> {
    let mut chunks = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        // Some models give every call the same id.
        let id = if rng.one_in(4) { "call".to_owned() } else { format!("call_{index}") };
        let name = &call.name;
        chunks.push(call_chunk(&format!(
            r#"{{"index":{index},"id":"{id}","type":"function","function":{{"name":"{name}","arguments":""}}}}"#
        )));
        let mut rest = call.arguments.as_str();
        while !rest.is_empty() {
            let end = rest.floor_char_boundary((1 + rng.index(40)).min(rest.len())).max(1);
            let (part, later) = rest.split_at(end);
            rest = later;
            let part = serde_json::to_string(part).expect("a string");
            chunks.push(call_chunk(&format!(r#"{{"index":{index},"function":{{"arguments":{part}}}}}"#)));
        }
    }
    chunks
}

fn call_chunk(call: &str) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{call}]}}}}]}}\n\n")
}
