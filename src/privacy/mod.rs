//! Personal data: found, replaced by tokens before anything leaves, kept in a vault, and put back for its owner.

pub mod detect;
pub mod json;
pub mod mask;
pub mod policy;
pub mod seal;
pub mod token;
pub mod unmask;
pub mod vault;
