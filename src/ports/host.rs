//! The object's host: tasks that outlive their request, response streams, and the log.

/// The runtime around an object.
pub trait Host {
    /// The writing end of a response stream.
    type Writer: FrameWriter;
    /// The reading end, which goes into a response.
    type Readable;

    /// Runs a task to its end, whether or not the request that began it is still there.
    fn spawn(&self, task: impl Future<Output = ()> + 'static);

    /// Opens a response stream.
    fn open_stream(&self) -> (Self::Writer, Self::Readable);

    /// Writes one line of JSON to the deployment's log.
    fn log(&self, line: &str);
}

/// The writing end of a response stream. Writing never waits for the reader, and a reader that is gone is no error.
pub trait FrameWriter {
    /// Writes bytes to the client.
    fn write(&self, bytes: &[u8]);

    /// Waits until the reader has taken everything; returns whether it is still there. For long bodies, which must not pile up in
    /// memory. A platform whose readers never fall behind need not wait.
    async fn drained(&self) -> bool {
        true
    }

    /// Ends the stream: the reader got everything.
    fn close(&self);

    /// Breaks the stream off: the reader sees an error, not an end.
    fn abort(&self);
}
