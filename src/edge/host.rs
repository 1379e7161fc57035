//! The host of an object: tasks, response streams, the log.

use worker::web_sys::ReadableStream;
use worker::{State, console_log};

use super::platform::Frames;
use crate::ports::{FrameWriter, Host};

/// The host of one object.
pub(super) struct ObjectHost(pub(super) State);

impl Host for ObjectHost {
    type Writer = Frames;
    type Readable = ReadableStream;

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.wait_until(task);
    }

    fn open_stream(&self) -> (Frames, ReadableStream) {
        let frames = Frames::new();
        let readable = frames.readable();
        (frames, readable)
    }

    fn log(&self, line: &str) {
        console_log!("{line}");
    }
}

impl FrameWriter for Frames {
    fn write(&self, bytes: &[u8]) {
        self.write_bytes(bytes);
    }

    async fn drained(&self) -> bool {
        self.drained_stream().await.as_bool().unwrap_or(false)
    }

    fn close(&self) {
        self.close_stream();
    }

    fn abort(&self) {
        self.abort_stream();
    }
}
