//! Whatever pieces of calls come: there is an end to them, no argument is made up, and a call keeps its name.
#![no_main]

use frontdesk::model::decoder::CompletionDecoder;
use frontdesk::model::requested_call::{MAX_CALLS, RequestedCalls};
use libfuzzer_sys::fuzz_target;

/// A piece: index, id, name and arguments, each absent for zero or an empty text.
type Piece = (u8, u8, u8, String);

fn json(piece: &Piece) -> String {
    let (index, id, name, arguments) = piece;
    let mut fields = Vec::new();
    if let Some(index) = index.checked_sub(1) {
        fields.push(format!("\"index\":{}", index % 4));
    }
    if let Some(id) = id.checked_sub(1) {
        fields.push(format!("\"id\":\"id{}\"", id % 4));
    }
    let name = name.checked_sub(1).map_or_else(String::new, |name| format!("\"name\":\"tool{}\",", name % 3));
    let escape = |c: char| format!("\\u{:04x}", u32::from(c).min(0xd7ff));
    let arguments: String = arguments.chars().map(escape).collect();
    fields.push(format!("\"function\":{{{name}\"arguments\":\"{arguments}\"}}"));
    format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{{}}}]}}}}]}}\n\n", fields.join(","))
}

fuzz_target!(|pieces: Vec<Piece>| {
    let (mut decoder, mut calls) = (CompletionDecoder::default(), RequestedCalls::default());
    let mut names: Vec<Option<String>> = Vec::new();
    let mut most = 0;
    for piece in &pieces {
        most += piece.3.chars().count() * 3;
        for delta in decoder.feed(json(piece).as_bytes()).calls {
            if let Some(at) = calls.take(delta) {
                names.resize(names.len().max(at + 1), None);
                assert_eq!(names[at], None, "a call is named once");
                names[at] = Some(calls.name(at).to_owned());
            }
        }
    }
    let calls = calls.into_calls();
    assert!(calls.len() <= MAX_CALLS);
    assert!(calls.iter().map(|call| call.arguments.len()).sum::<usize>() <= most);
    for (call, name) in calls.iter().zip(names.into_iter().chain(std::iter::repeat(None))) {
        assert_eq!(call.name, name.unwrap_or_default());
    }
});
