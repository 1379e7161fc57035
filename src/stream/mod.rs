//! The answer on its way to the client: events, and how each wire spells them.

pub mod event;
pub mod teller;
pub mod ui;
