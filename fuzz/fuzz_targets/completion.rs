//! Whatever a server sends and however it is split: the same answer is read, and its calls are put together alike.
#![no_main]

use frontdesk::model::decoder::{CompletionDecoder, DeltaBatch};
use frontdesk::model::requested_call::{MAX_CALLS, RequestedCalls};
use frontdesk::model::thought_details::ThoughtDetails;
use libfuzzer_sys::fuzz_target;

/// An answer as it was read.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    text: String,
    thoughts: String,
    calls: Vec<String>,
    ending: String,
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Answer {
    let (mut decoder, mut answer, mut calls) = (CompletionDecoder::default(), Answer::default(), RequestedCalls::default());
    let (mut finish, mut usage, mut details) = (None, None, ThoughtDetails::default());
    let mut take = |batch: DeltaBatch| {
        answer.text += &batch.text;
        answer.thoughts += &batch.thoughts;
        batch.calls.into_iter().for_each(|call| drop(calls.take(call)));
        batch.details.into_iter().for_each(|entry| details.take(entry));
        (finish, usage) = (batch.finish.or(finish), batch.usage.or(usage));
        (batch.failure.is_some() || batch.done).then_some((batch.failure, batch.done))
    };
    let early = pieces.into_iter().find_map(|piece| take(decoder.feed(piece)));
    let end = early.or_else(|| take(decoder.end()));
    let is_one = (decoder.is_damaged(), decoder.is_other_api());
    answer.calls = calls.into_calls().into_iter().map(|call| format!("{call:?}")).collect();
    assert!(answer.calls.len() <= MAX_CALLS);
    answer.ending = format!("{end:?} {finish:?} {usage:?} {is_one:?} {:?}", details.into_values());
    answer
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    let whole = read(std::iter::once(bytes.as_slice()));
    let mut rest = bytes.as_slice();
    let mut pieces: Vec<_> = cuts.into_iter().map(|cut| {
        let (head, tail) = rest.split_at(usize::from(cut).min(rest.len()));
        rest = tail;
        head
    }).collect();
    pieces.push(rest);
    assert_eq!(read(pieces.into_iter()), whole);
});
