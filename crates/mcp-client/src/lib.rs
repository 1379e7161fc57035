//! A client for the tools of remote MCP servers over streamable HTTP
//! (<https://modelcontextprotocol.io/specification/2025-11-25/basic/transports>).
//!
//! The crate does no I/O: the caller implements [`transport::Transport`].
//!
//! In scope: tools, with and without sessions, responses as JSON and as events, and the stateless revision of 2026-07-28 for
//! servers without an older one. Out of scope: resources, prompts, sampling, elicitation, OAuth, resuming a broken event stream.

pub mod client;
pub mod error;
pub mod server;
pub mod session;
pub mod tool;
pub mod transport;
mod wire;
