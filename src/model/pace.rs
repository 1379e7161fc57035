//! How often to look for what the model has written. Wake-ups are what streaming costs, so what arrives within
//! a frame is taken in one read; a stream slower than that is read as it comes, without a timer.

use crate::time::Millis;

/// One frame: about thirty a second, smoother than people read.
pub const FRAME: Millis = 33;

/// How long to gather before the next read, given how long after the last frame this one came. Right after a
/// slow frame the next is awaited by the read itself; after a quick one there will be more within a frame.
#[must_use]
pub const fn gather(since_last_frame: Millis) -> Millis {
    if since_last_frame > 2 * FRAME { 0 } else { FRAME }
}
