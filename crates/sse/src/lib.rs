//! Server-sent events from bytes, without I/O (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! In scope: `data` fields in chunks of any size, and the `error` field of llama.cpp's server. Out of scope: `event`, `id`, `retry`
//! and a lone CR as a line end, which no model's API uses.

/// Longest line, in bytes: far above any chunk of a completion, far below the memory of an isolate.
const MAX_LINE_BYTES: usize = 1024 * 1024;

/// A parser of an event stream.
#[derive(Debug, Default)]
pub struct EventStream {
    /// The start of an incomplete line.
    partial: Vec<u8>,
    /// The data of an incomplete event.
    data: Option<String>,
}

/// One event of a stream. Bytes that are not UTF-8 are replaced by U+FFFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Its `data` lines, joined by line ends.
    Data(&'a str),
    /// An `error` line, which ends with its line
    /// (<https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>).
    Error(&'a str),
}

/// The error for a line or an event that exceeds the size limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl EventStream {
    /// Takes the next bytes and calls `on_event` with each event that they complete.
    ///
    /// # Errors
    /// [`Malformed`]. The stream must not be used after an error.
    pub fn feed(&mut self, bytes: &[u8], mut on_event: impl FnMut(Event<'_>)) -> Result<(), Malformed> {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        for piece in &mut lines {
            let Some(end) = piece.strip_suffix(b"\n") else {
                if self.partial.len() + piece.len() > MAX_LINE_BYTES {
                    return Err(Malformed);
                }
                self.partial.extend_from_slice(piece);
                return Ok(());
            };
            if self.partial.is_empty() {
                self.line(end, &mut on_event)?;
            } else {
                let mut line = std::mem::take(&mut self.partial);
                line.extend_from_slice(end);
                self.line(&line, &mut on_event)?;
            }
        }
        Ok(())
    }

    /// Ends the stream. An event without its closing empty line still counts.
    ///
    /// # Errors
    /// [`Malformed`] as for [`EventStream::feed`].
    pub fn end(&mut self, mut on_event: impl FnMut(Event<'_>)) -> Result<(), Malformed> {
        let rest = std::mem::take(&mut self.partial);
        self.line(&rest, &mut on_event)?;
        self.line(b"", &mut on_event)
    }

    fn line(&mut self, line: &[u8], on_event: &mut impl FnMut(Event<'_>)) -> Result<(), Malformed> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if let Some(data) = self.data.take() {
                on_event(Event::Data(&data));
            }
            return Ok(());
        }
        // A byte order mark may precede the first field. No other line that starts with one is a field.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let value =
            |name: &[u8]| line.strip_prefix(name).map(|value| value.strip_prefix(b" ").unwrap_or(value));
        if let Some(error) = value(b"error:") {
            on_event(Event::Error(&String::from_utf8_lossy(error)));
            return Ok(());
        }
        let Some(value) = value(b"data:").map(String::from_utf8_lossy) else { return Ok(()) };
        match &mut self.data {
            None => self.data = Some(value.into_owned()),
            Some(data) if data.len() + value.len() < MAX_LINE_BYTES => {
                data.push('\n');
                data.push_str(&value);
            }
            Some(_) => return Err(Malformed),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let mut stream = EventStream::default();
        let mut events = Vec::new();
        let mut push = |event: Event<'_>| {
            events.push(match event {
                Event::Data(data) => data.to_owned(),
                Event::Error(error) => format!("error {error}"),
            });
        };
        for piece in pieces {
            stream.feed(piece, &mut push).unwrap();
        }
        stream.end(push).unwrap();
        events
    }

    #[test]
    fn comments_other_fields_and_empty_events_are_skipped() {
        let got = events(&[
            b"\xef\xbb\xbfdata: 1\n\n: ping\n\nevent: x\nid: 7\ndata:2\r\n\r\n\n\ndata: a\ndata: b\n\n",
        ]);
        assert_eq!(got, ["1", "2", "a\nb"]);
    }

    #[test]
    fn an_event_without_its_last_line_end_still_counts() {
        assert_eq!(events(&[b"data: [DONE]"]), ["[DONE]"]);
    }

    #[test]
    fn long_lines_are_malformed() {
        let long = vec![b'x'; MAX_LINE_BYTES + 1];
        assert_eq!(EventStream::default().feed(&long, |_| ()), Err(Malformed));
    }

    #[test]
    fn bytes_that_are_not_utf8_cost_no_more_than_themselves() {
        assert_eq!(events(&[b"data: a\xffb\n\ndata: c\n\n"]), ["a\u{fffd}b", "c"]);
    }

    #[test]
    fn an_error_line_is_an_event_of_its_own() {
        assert_eq!(events(&[b"error: {\"code\":400}\n\ndata: 1\n\n"]), ["error {\"code\":400}", "1"]);
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same_events(
            texts in prop::collection::vec("[^\r\n\0]{0,20}", 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let stream: String = texts.iter().map(|text| format!("data: {text}\n\n")).collect();
            let bytes = stream.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(events(&pieces), texts);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut stream = EventStream::default();
            let _ = stream.feed(&bytes, |_| ());
            let _ = stream.end(|_| ());
        }
    }
}
