//! Readers of a running turn. The turn waits for none of them.

use std::cell::RefCell;

use futures::channel::oneshot;

use crate::error::Error;
use crate::model::pace::Readers;
use crate::ports::FrameWriter;
use crate::stream::client_event::ClientEvent;
use crate::stream::openai_chunks::{ChunkEncoder, CompletionCollector};
use crate::stream::turn_event::TurnEnding;

/// Response streams of a running turn, and requests that wait for its end.
#[derive(Debug)]
pub struct Subscribers<W> {
    streams: RefCell<Vec<W>>,
    completion: RefCell<Option<CompletionReader<W>>>,
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

/// The reader of a turn in the form of OpenAI's API: the request that began it.
#[derive(Debug)]
pub enum CompletionReader<W> {
    /// Chunks as they come.
    Chunks(W, ChunkEncoder),
    /// One JSON object at the end, or the failure of the turn.
    Whole(oneshot::Sender<Result<String, Error>>, CompletionCollector),
}

impl<W> Default for Subscribers<W> {
    fn default() -> Self {
        Self { streams: RefCell::default(), completion: RefCell::default(), waiting: RefCell::default() }
    }
}

impl<W: FrameWriter> Subscribers<W> {
    /// Adds a stream that gets every frame from now on.
    pub fn add(&self, stream: W) {
        self.streams.borrow_mut().push(stream);
    }

    /// Adds the reader of the turn that begins.
    pub fn add_completion(&self, reader: CompletionReader<W>) {
        self.completion.replace(Some(reader));
    }

    /// The readers of the answer at this moment.
    pub fn readers(&self) -> Readers {
        let is_streamed = matches!(*self.completion.borrow(), Some(CompletionReader::Chunks(..)));
        if is_streamed || !self.streams.borrow().is_empty() { Readers::Live } else { Readers::Absent }
    }

    /// Resolves when the turn has ended.
    pub fn end(&self) -> oneshot::Receiver<()> {
        let (ended, is_ended) = oneshot::channel();
        self.waiting.borrow_mut().push(ended);
        is_ended
    }

    /// Writes to every stream, and an event to the reader of the completion.
    pub fn write_event(&self, event: &ClientEvent<'_>, frames: &str) {
        for stream in self.streams.borrow().iter() {
            stream.write(frames.as_bytes());
        }
        match &mut *self.completion.borrow_mut() {
            Some(CompletionReader::Chunks(stream, encoder)) => {
                let chunks = encoder.encode(event);
                if !chunks.is_empty() {
                    stream.write(chunks.as_bytes());
                }
            }
            Some(CompletionReader::Whole(_, collector)) => collector.take(event),
            None => {}
        }
    }

    /// Writes a comment to every stream.
    pub fn write_comment(&self, comment: &str) {
        for stream in self.streams.borrow().iter() {
            stream.write(comment.as_bytes());
        }
        if let Some(CompletionReader::Chunks(stream, _)) = &*self.completion.borrow() {
            stream.write(comment.as_bytes());
        }
    }

    /// Ends the completion, and closes every stream: the turn has ended.
    pub fn conclude(&self, ending: &TurnEnding) {
        match self.completion.take() {
            Some(CompletionReader::Chunks(stream, encoder)) => {
                stream.write(encoder.end(ending).as_bytes());
                stream.close();
            }
            Some(CompletionReader::Whole(whole, collector)) => {
                // The request may be gone.
                let _ = whole.send(collector.end(ending));
            }
            None => {}
        }
        self.close();
    }

    /// Closes every stream.
    pub fn close(&self) {
        for stream in self.streams.take() {
            stream.close();
        }
        for ended in self.waiting.take() {
            // The request may be gone.
            let _ = ended.send(());
        }
    }
}
