//! Limits: arithmetic only, `now` comes in.

pub mod bucket;
pub mod deployment;
pub mod gate;
pub mod plan;
pub mod quota;
pub mod status;
