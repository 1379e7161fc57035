//! Models: candidates and their health, requests, streamed completions, retries and failover, embeddings.

pub mod breaker;
pub mod candidate;
pub mod client;
pub mod completion;
pub mod decoder;
pub mod embedding;
pub mod pace;
pub mod prompt_message;
pub mod request;
pub mod requested_call;
pub mod retry;
pub mod vector_breaker;
