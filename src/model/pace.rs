//! Pace of reading from the model. Each wake-up has a cost, so all bytes that arrive within
//! a frame are taken in one read. A slower stream is read as it arrives, without a timer.

use crate::time::Millis;

/// Readers of an answer while it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// At least one client is sent the answer piece by piece.
    Live,
    /// The answer is used when it is complete. A client may still resume it at any moment.
    Absent,
}

impl Readers {
    /// Milliseconds of a frame.
    const fn frame(self) -> Millis {
        match self {
            // About thirty a second, smoother than people read.
            Self::Live => 33,
            // Short enough for a client that resumes, and for the text that a stop keeps.
            Self::Absent => 250,
        }
    }
}

/// Milliseconds to gather before the next read, given the milliseconds since the last frame. After a
/// slow frame the read itself waits for the next one; after a quick frame, more arrives within one frame.
#[must_use]
pub const fn gather(since_last_frame: Millis, readers: Readers) -> Millis {
    let frame = readers.frame();
    if since_last_frame > 2 * frame { 0 } else { frame }
}
