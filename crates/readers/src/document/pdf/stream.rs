//! Content of streams: its place in the file, and its bytes without filters.

use std::ops::Range;

use lopdf::{DecompressError, Stream};

use super::budget::{Budget, Stop};
use super::lexer::Lexeme;
use super::parse::Parser;

/// Work for each stream in addition to its content, so that many empty streams are bounded too.
const STREAM_WORK: usize = 1024;

/// Finds the content after a stream's dictionary; `None` where the object is no stream. A length that does not lead to
/// `endstream` is replaced by the distance to the next one.
pub(crate) fn content(
    parser: &mut Parser<'_, '_>,
    length: Option<usize>,
    budget: &Budget,
) -> Result<Option<Range<usize>>, Stop> {
    let lexer = &mut parser.lexer;
    if lexer.next() != Some(Lexeme::Word(b"stream")) {
        return Ok(None);
    }
    let line_end = match lexer.rest() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    };
    lexer.advance(line_end);
    let start = lexer.at();
    let rest = lexer.rest();
    let is_end = |length: &usize| {
        rest.get(*length..).is_some_and(|after| after.trim_ascii_start().starts_with(b"endstream"))
    };
    if let Some(length) = length.filter(is_end) {
        return Ok(Some(start..start + length));
    }
    let word = b"endstream";
    let length = rest.windows(word.len()).position(|window| window == word).unwrap_or(rest.len());
    budget.work(length)?;
    let length = rest.get(..length).map_or(0, |content| content.trim_ascii_end().len());
    Ok(Some(start..start + length))
}

/// Takes the filters off a stream. A stream that cannot be read counts as empty.
pub(crate) fn inflate(stream: Stream, most: usize, budget: &Budget) -> Result<Vec<u8>, Stop> {
    budget.work(STREAM_WORK + stream.content.len())?;
    if stream.dict.get(b"Filter").is_err() {
        return if stream.content.len() > most { Err(Stop::Stream) } else { Ok(stream.content) };
    }
    let content = match stream.get_plain_content_with_limit(most) {
        Ok(content) => content,
        Err(lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
            return Err(Stop::Stream);
        }
        Err(_) => Vec::new(),
    };
    budget.work(content.len())?;
    Ok(content)
}
