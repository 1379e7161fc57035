//! Limits: arithmetic only, `now` comes in.

pub mod bucket;
pub mod quota;
