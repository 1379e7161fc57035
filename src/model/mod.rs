//! The model: how it is asked, how its answer is read, when it is asked again, and what it costs.

pub mod answer;
pub mod listen;
pub mod pace;
pub mod price;
pub mod request;
pub mod retry;
pub mod sse;
pub mod usage;
