//! The model: which one is asked and how, how its answer is read, when it or another is asked again, and what it costs.

pub mod answer;
pub mod breaker;
pub mod call;
pub mod candidate;
pub mod embedding;
pub mod listen;
pub mod pace;
pub mod price;
pub mod request;
pub mod retry;
pub mod usage;
