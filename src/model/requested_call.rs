//! Tool calls that a model requests, gathered from the pieces in which it streams them.

use serde::Deserialize;

use wire_text::WireText;

/// RequestedCalls that one completion may request; further ones are dropped. Twenty at once have been seen.
pub const MAX_CALLS: usize = 32;

/// Longest name of a tool that is kept, in bytes: more than any tool has
/// (<https://platform.openai.com/docs/api-reference/chat/create>, `tools`: 64).
const MAX_NAME_BYTES: usize = 128;

/// A tool call as the model requested it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedCall {
    /// The tool's name, as the model spells it.
    pub name: String,
    /// Text that should be a JSON object.
    pub arguments: String,
}

/// A piece of a call.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct CallDelta {
    #[serde(default)]
    index: Option<u32>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<FunctionDelta>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct FunctionDelta {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<WireText>,
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

    /// Takes a piece. Returns the index of a call if its name came with it.
    pub fn take(&mut self, delta: CallDelta) -> Option<usize> {
        let at = self.place(&delta)?;
        let one = self.0.get_mut(at)?;
        let function = delta.function.unwrap_or_default();
        if let Some(arguments) = function.arguments {
            one.call.arguments.push_str(&arguments.0);
        }
        // Some providers repeat it with every piece.
        let name = function.name.filter(|name| one.call.name.is_empty() && !name.is_empty())?;
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
        self.0.into_iter().map(|one| one.call).collect()
    }

    /// Finds the call that a piece belongs to: the one of its index, unless its id differs; without either, the last one.
    fn place(&mut self, delta: &CallDelta) -> Option<usize> {
        let is_another =
            |one: &Gathered| matches!((&one.id, &delta.id), (Some(a), Some(b)) if a != b && !b.is_empty());
        let known = match delta.index {
            Some(_) => self.0.iter().rposition(|one| one.index == delta.index),
            None => self.0.len().checked_sub(1),
        };
        if let Some(at) = known.filter(|at| self.0.get(*at).is_some_and(|one| !is_another(one))) {
            return Some(at);
        }
        if self.0.len() >= MAX_CALLS {
            return None;
        }
        let id = delta.id.clone().filter(|id| !id.is_empty());
        self.0.push(Gathered { index: delta.index, id, call: RequestedCall::default() });
        Some(self.0.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(deltas: &[&str]) -> Vec<(String, String)> {
        let mut calls = RequestedCalls::default();
        for delta in deltas {
            calls.take(serde_json::from_str(delta).unwrap());
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
    fn there_is_an_end_to_calls() {
        let mut calls = RequestedCalls::default();
        for index in 0..100 {
            let delta = format!(r#"{{"index":{index},"id":"{index}","function":{{"name":"x"}}}}"#);
            let began = calls.take(serde_json::from_str(&delta).unwrap());
            assert_eq!(began, (index < MAX_CALLS).then_some(index));
        }
        assert_eq!(calls.into_calls().len(), MAX_CALLS);
    }
}
