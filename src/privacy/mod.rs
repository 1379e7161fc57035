//! Personal data in text.

pub mod detect;
