//! A platform for native tests: the real SQL, and everything outside of the object scripted.
//!
//! Time stands still until nothing can go on; then it jumps to the next timer.

#![allow(unreachable_pub)] // a module of a test is a root and a private module at once
#![allow(dead_code, unused_imports)] // each test file uses a part of it
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // a deviation from the script fails the test

pub mod api;
pub mod blobs;
pub mod clock;
pub mod conversation;
pub mod fixtures;
pub mod host;
pub mod http;
pub mod platform;
pub mod postgrest;
pub mod readers;
pub mod sqlite;

pub use self::api::ApiReply;
pub use self::conversation::{Seen, TestConversation};
pub use self::fixtures::*;
pub use self::http::{EmbeddingForm, Reply, Step};
pub use self::platform::TestPlatform;
pub use self::postgrest::SessionRow;
