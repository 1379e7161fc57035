//! Tool calls that a model requests, gathered from the pieces in which it streams them.

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use wire_text::WireText;

use super::lenient::{read, wire_object};

/// Calls that one completion may request; further ones are dropped. Twenty at once have been seen.
pub const MAX_CALLS: usize = 32;

/// Longest name of a tool that is kept, in bytes: more than any tool has
/// (<https://platform.openai.com/docs/api-reference/chat/create>, `tools`: 64).
const MAX_NAME_BYTES: usize = 128;

/// Longest fields of a provider that are kept, in bytes.
const MAX_EXTRA_BYTES: usize = 64 * 1024;

/// A tool call as the model requested it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedCall {
    /// The tool's name, as the model spells it.
    pub name: String,
    /// Text that should be a JSON object.
    pub arguments: String,
    /// Id that the provider gave it.
    pub own_id: Option<String>,
    /// Fields of the provider beside it, which go back with it.
    pub extra_content: Option<Value>,
}

/// A piece of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallDelta {
    index: Option<u32>,
    id: Option<String>,
    extra_content: Option<Value>,
    name: Option<String>,
    arguments: String,
}

wire_object! {
    struct WireCall {
        index: Option<&'a RawValue> = "index",
        id: Option<&'a RawValue> = "id",
        function: Option<&'a RawValue> = "function",
        extra_content: Option<&'a RawValue> = "extra_content",
    }
}

wire_object! {
    struct WireFunction {
        name: Option<&'a RawValue> = "name",
        arguments: Option<&'a RawValue> = "arguments",
    }
}

impl CallDelta {
    /// Reads a piece. A field of another shape than expected is absent.
    pub(super) fn read(raw: &RawValue) -> Option<Self> {
        let wire: WireCall<'_> = read(Some(raw))?;
        let function = read(wire.function).unwrap_or_default();
        // A number, also as a string; a fraction or a negative one places nothing.
        let index = wire.index.and_then(|raw| raw.get().trim_matches('"').parse().ok());
        let extra = wire.extra_content.filter(|raw| raw.get().len() <= MAX_EXTRA_BYTES);
        Some(Self { extra_content: read(extra), ..Self::new(index, read(wire.id), &function) })
    }

    /// Reads a piece in the form before `tool_calls`, which had no index and no id.
    pub(super) fn of_function(raw: &RawValue) -> Option<Self> {
        Some(Self::new(None, None, &read(Some(raw))?))
    }

    /// Reads an item of the Responses API, or a piece of one: its id, its name and its arguments.
    pub(super) fn of_item(index: Option<&RawValue>, item: [Option<&RawValue>; 3]) -> Self {
        let [id, name, arguments] = item;
        Self::new(read(index), read(id), &WireFunction { name, arguments })
    }

    fn new(index: Option<u32>, id: Option<WireText>, function: &WireFunction<'_>) -> Self {
        let filled = |text: WireText| Some(text.0).filter(|text| !text.is_empty());
        let name = read(function.name).and_then(filled);
        let arguments = match read::<WireText>(function.arguments) {
            Some(text) => text.0,
            // Some servers send the object itself.
            None => function
                .arguments
                .map(RawValue::get)
                .filter(|raw| raw.starts_with('{'))
                .unwrap_or_default()
                .to_owned(),
        };
        let id = id.and_then(filled).filter(|id| id.len() <= MAX_NAME_BYTES);
        Self { index, id, extra_content: None, name, arguments }
    }
}

/// The requested calls of a completion, as far as they have come.
#[derive(Debug, Default)]
pub struct RequestedCalls(Vec<Gathered>);

#[derive(Debug)]
struct Gathered {
    index: Option<u32>,
    id: Option<String>,
    call: RequestedCall,
}

impl RequestedCalls {
    /// True if no call has begun.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Size of the names and arguments so far, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|one| one.call.name.len() + one.call.arguments.len()).sum()
    }

    /// True if the arguments of every call are whole, or absent.
    #[must_use]
    pub fn are_whole(&self) -> bool {
        self.0.iter().all(|one| one.call.arguments.trim().is_empty() || one.call.is_whole())
    }

    /// Takes a piece. Returns the index of a call if its name came with it.
    pub fn take(&mut self, delta: CallDelta) -> Option<usize> {
        let at = self.place(&delta)?;
        let one = self.0.get_mut(at)?;
        one.call.add_arguments(&delta.arguments);
        one.call.extra_content = delta.extra_content.or(one.call.extra_content.take());
        // Some providers repeat it with every piece.
        let name = delta.name.filter(|_| one.call.name.is_empty())?;
        one.call.name = name;
        one.call.name.truncate(one.call.name.floor_char_boundary(MAX_NAME_BYTES));
        Some(at)
    }

    /// Name of the call at an index.
    #[must_use]
    pub fn name(&self, at: usize) -> &str {
        self.0.get(at).map_or("", |one| &one.call.name)
    }

    /// The calls, in the order in which they began.
    #[must_use]
    pub fn into_calls(self) -> Vec<RequestedCall> {
        self.0.into_iter().map(|one| RequestedCall { own_id: one.id, ..one.call }).collect()
    }

    /// Finds the call that a piece belongs to, or begins one.
    fn place(&mut self, delta: &CallDelta) -> Option<usize> {
        let by_index = delta.index.and_then(|_| self.0.iter().rposition(|one| one.index == delta.index));
        let last = self.0.len().checked_sub(1);
        let known = match delta.name {
            // Without a name it continues: the call of its index or its id, or the last one.
            None => by_index.or_else(|| self.by_id(delta)).or(last),
            Some(_) if delta.index.is_some() => by_index,
            Some(_) => self.by_id(delta).or(last),
        };
        if let Some(at) = known.filter(|at| self.0.get(*at).is_some_and(|one| !one.is_before(delta))) {
            return Some(at);
        }
        if self.0.len() >= MAX_CALLS {
            return None;
        }
        self.0.push(Gathered { index: delta.index, id: delta.id.clone(), call: RequestedCall::default() });
        Some(self.0.len() - 1)
    }

    fn by_id(&self, delta: &CallDelta) -> Option<usize> {
        delta.id.as_ref().and_then(|_| self.0.iter().rposition(|one| one.id == delta.id))
    }
}

impl Gathered {
    /// True if a piece with a name begins another call after this one: it has another id, or this one is whole.
    fn is_before(&self, delta: &CallDelta) -> bool {
        let Some(name) = &delta.name else { return false };
        match (&self.id, &delta.id) {
            (Some(own), Some(other)) => own != other,
            _ => {
                !self.call.name.is_empty()
                    && (*name != self.call.name || self.call.is_whole())
                    && delta.index.is_none()
            }
        }
    }
}

impl RequestedCall {
    /// True if the arguments are a whole JSON object.
    fn is_whole(&self) -> bool {
        let text = self.arguments.trim();
        text.starts_with('{') && text.ends_with('}') && serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    /// Adds a piece of the arguments. One that begins an object behind a whole one takes its place: some servers send `{}` first,
    /// or the whole once more.
    fn add_arguments(&mut self, piece: &str) {
        if piece.trim_start().starts_with('{') && self.is_whole() {
            self.arguments.clear();
        }
        self.arguments.push_str(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(json: &str) -> CallDelta {
        CallDelta::read(&RawValue::from_string(json.to_owned()).unwrap()).unwrap()
    }

    fn gather(deltas: &[&str]) -> Vec<(String, String)> {
        let mut calls = RequestedCalls::default();
        for delta in deltas {
            calls.take(piece(delta));
        }
        calls.into_calls().into_iter().map(|call| (call.name, call.arguments)).collect()
    }

    fn pair(name: &str, arguments: &str) -> (String, String) {
        (name.into(), arguments.into())
    }

    #[test]
    fn pieces_come_together_by_their_index() {
        let calls = gather(&[
            r#"{"index":0,"id":"a","type":"function","function":{"name":"one","arguments":""}}"#,
            r#"{"index":1,"id":"b","function":{"name":"two","arguments":"{\"x\":"}}"#,
            r#"{"index":0,"function":{"arguments":"{}"}}"#,
            r#"{"index":1,"function":{"name":"two","arguments":"2}"}}"#,
        ]);
        assert_eq!(calls, [pair("one", "{}"), pair("two", "{\"x\":2}")]);
    }

    #[test]
    fn providers_that_number_badly_are_understood() {
        let same_index = gather(&[
            r#"{"index":0,"id":"a","function":{"name":"one","arguments":"{}"}}"#,
            r#"{"index":0,"id":"b","function":{"name":"two","arguments":"{}"}}"#,
        ]);
        assert_eq!(same_index, [pair("one", "{}"), pair("two", "{}")]);
        let no_index =
            gather(&[r#"{"id":"a","function":{"name":"one"}}"#, r#"{"function":{"arguments":"{}"}}"#]);
        assert_eq!(no_index, [pair("one", "{}")]);
    }

    #[test]
    fn a_piece_without_a_name_continues_a_call() {
        let other_id = gather(&[
            r#"{"index":0,"id":"k1","function":{"name":"one","arguments":""}}"#,
            r#"{"index":0,"id":"k2","function":{"arguments":"{\"x\":1}"}}"#,
        ]);
        assert_eq!(other_id, [pair("one", "{\"x\":1}")]);
        let unknown_index = gather(&[
            r#"{"index":0,"id":"k1","function":{"name":"one","arguments":"{\"x\":"}}"#,
            r#"{"index":1,"function":{"arguments":"1}"}}"#,
        ]);
        assert_eq!(unknown_index, [pair("one", "{\"x\":1}")]);
        let interleaved = gather(&[
            r#"{"id":"a","function":{"name":"one","arguments":"{\"x\":"}}"#,
            r#"{"id":"b","function":{"name":"two","arguments":"{\"y\":"}}"#,
            r#"{"id":"a","function":{"arguments":"1}"}}"#,
            r#"{"id":"b","function":{"arguments":"2}"}}"#,
        ]);
        assert_eq!(interleaved, [pair("one", "{\"x\":1}"), pair("two", "{\"y\":2}")]);
    }

    #[test]
    fn a_name_after_whole_arguments_begins_another_call() {
        let calls = gather(&[
            r#"{"function":{"name":"one","arguments":"{\"x\":1}"}}"#,
            r#"{"function":{"name":"two","arguments":"{}"}}"#,
            r#"{"function":{"name":"two","arguments":"{}"}}"#,
        ]);
        assert_eq!(calls, [pair("one", "{\"x\":1}"), pair("two", "{}"), pair("two", "{}")]);
        let repeated = gather(&[
            r#"{"function":{"name":"one","arguments":""}}"#,
            r#"{"function":{"name":"one","arguments":"{\"x\":"}}"#,
            r#"{"function":{"name":"one","arguments":"1}"}}"#,
        ]);
        assert_eq!(repeated, [pair("one", "{\"x\":1}")]);
    }

    #[test]
    fn whole_arguments_are_replaced_and_not_continued() {
        let calls = gather(&[
            r#"{"index":0,"id":"k1","function":{"name":"one","arguments":"{}"}}"#,
            r#"{"index":0,"function":{"arguments":"{\"x\":"}}"#,
            r#"{"index":0,"function":{"arguments":"1}"}}"#,
            r#"{"index":0,"function":{"arguments":"{\"x\":1}"}}"#,
        ]);
        assert_eq!(calls, [pair("one", "{\"x\":1}")]);
    }

    #[test]
    fn fields_of_other_shapes_are_absent() {
        let calls = gather(&[
            r#"{"index":"0","id":7,"function":{"name":"one","arguments":{"x":1}}}"#,
            r#"{"index":-1,"function":null}"#,
            r#"{"index":1.5,"function":{"name":null,"arguments":null}}"#,
            r#"{"index":0,"id":"","function":{"name":"","arguments":""}}"#,
        ]);
        assert_eq!(calls, [pair("one", "{\"x\":1}")]);
    }

    #[test]
    fn there_is_an_end_to_calls() {
        let mut calls = RequestedCalls::default();
        for index in 0..100 {
            let delta = format!(r#"{{"index":{index},"id":"{index}","function":{{"name":"x"}}}}"#);
            let began = calls.take(piece(&delta));
            assert_eq!(began, (index < MAX_CALLS).then_some(index));
        }
        assert_eq!(calls.into_calls().len(), MAX_CALLS);
    }
}
