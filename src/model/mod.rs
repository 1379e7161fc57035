//! Models: candidates and their health, requests, streamed completions, retries and failover, embeddings.

pub mod body_message;
pub mod breaker;
pub mod candidate;
mod chunk;
pub mod client;
pub mod completion;
pub mod decoder;
pub mod dialect;
pub mod embedding;
pub mod finish;
pub mod json_output;
pub mod known_models;
mod lenient;
pub mod model_error;
pub mod options;
pub mod pace;
pub mod parameter;
pub mod prompt_message;
mod provider_error;
pub mod reported_usage;
pub mod request;
pub mod requested_call;
pub mod retry;
mod thoughts;
pub mod vector_breaker;
