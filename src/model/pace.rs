//! Pace of reading from the model. Each wake-up has a cost, so all bytes that arrive within
//! a frame are taken in one read. A slower stream is read as it arrives, without a timer.

use crate::time::Millis;

/// One frame: about thirty a second, smoother than people read.
pub const FRAME: Millis = 33;

/// Milliseconds to gather before the next read, given the milliseconds since the last frame. After a
/// slow frame the read itself waits for the next one; after a quick frame, more arrives within one frame.
#[must_use]
pub const fn gather(since_last_frame: Millis) -> Millis {
    if since_last_frame > 2 * FRAME { 0 } else { FRAME }
}
