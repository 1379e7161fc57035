//! Remote MCP servers over streamable HTTP, whose tools an employee may use
//! (<https://modelcontextprotocol.io/specification/2025-11-25/basic/transports>).
//!
//! The crate does no I/O: the caller brings a [`transport::Transport`].
//!
//! In scope: tools, with and without sessions, answers as JSON and as events, and the stateless revision of 2026-07-28 where a
//! server speaks nothing older. Out of scope: resources, prompts, sampling, elicitation, OAuth, resuming a broken stream of events.

pub mod client;
pub mod error;
pub mod server;
pub mod session;
pub mod tool;
pub mod transport;
mod wire;
