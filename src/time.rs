//! Moments and spans. Nothing in the core reads a clock: the present comes in as a value.

/// A moment as milliseconds since 1970, or a span of them.
pub type Millis = u64;
