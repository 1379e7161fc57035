//! The host of an object: its tasks, the streams of its responses, and its log.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use frontdesk::ports::{FrameWriter, Host};
use futures::future::LocalBoxFuture;
use serde_json::Value;

use super::sqlite::SqliteStorage;

/// One object's host. Clones are handles of the same host.
#[derive(Clone)]
pub struct ScriptedHost(Rc<Inner>);

struct Inner {
    storage: SqliteStorage,
    /// Tasks that were spawned and not taken by the executor yet.
    spawned: RefCell<Vec<LocalBoxFuture<'static, ()>>>,
    lines: RefCell<Vec<Value>>,
}

impl ScriptedHost {
    /// The host of an object over that storage.
    pub fn new(storage: SqliteStorage) -> Self {
        Self(Rc::new(Inner { storage, spawned: RefCell::default(), lines: RefCell::default() }))
    }

    /// Tasks that were spawned since the last call.
    pub fn spawned(&self) -> Vec<LocalBoxFuture<'static, ()>> {
        self.0.spawned.take()
    }

    /// Lines of the log, as JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.0.lines.borrow().clone()
    }

    /// Codes of the faults in the log, the newest last.
    pub fn faults(&self) -> Vec<String> {
        let lines = self.0.lines.borrow();
        let faults = lines.iter().filter(|line| line["event"] == "fault");
        faults.map(|line| line["code"].as_str().unwrap().to_owned()).collect()
    }
}

impl Host for ScriptedHost {
    type Writer = StreamWriter;
    type Readable = StreamReader;

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.spawned.borrow_mut().push(Box::pin(task));
    }

    fn open_stream(&self) -> (StreamWriter, StreamReader) {
        let stream = Rc::new(Stream::default());
        (StreamWriter { stream: Rc::clone(&stream), storage: self.0.storage.clone() }, StreamReader(stream))
    }

    fn log(&self, line: &str) {
        self.0.lines.borrow_mut().push(serde_json::from_str(line).unwrap());
    }
}

/// A stream holds all that was written: writing never waits for its reader.
#[derive(Debug, Default)]
struct Stream {
    text: RefCell<String>,
    is_closed: Cell<bool>,
    is_aborted: Cell<bool>,
}

/// The writing end.
pub struct StreamWriter {
    stream: Rc<Stream>,
    storage: SqliteStorage,
}

impl FrameWriter for StreamWriter {
    fn write(&self, bytes: &[u8]) {
        assert!(!self.stream.is_closed.get(), "nothing is written after the end");
        // The output gate: earlier writes are durable before this leaves.
        self.storage.confirm();
        self.stream.text.borrow_mut().push_str(std::str::from_utf8(bytes).unwrap());
    }

    fn close(&self) {
        self.storage.confirm();
        self.stream.is_closed.set(true);
    }

    fn abort(&self) {
        self.stream.is_aborted.set(true);
    }
}

/// The reading end.
#[derive(Debug)]
pub struct StreamReader(Rc<Stream>);

impl StreamReader {
    /// Everything that was written so far.
    pub fn text(&self) -> String {
        self.0.text.borrow().clone()
    }

    /// `true` once the stream has its end.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed.get()
    }

    /// The data of its frames, without heartbeats and `[DONE]`.
    pub fn frames(&self) -> Vec<Value> {
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    /// The text of the answer.
    pub fn answer(&self) -> String {
        self.frames().iter().filter_map(|frame| frame["delta"].as_str()).collect()
    }

    /// Id of the last frame.
    pub fn last_id(&self) -> Option<String> {
        let text = self.text();
        text.lines().rev().find_map(|line| line.strip_prefix("id: ")).map(ToOwned::to_owned)
    }
}
