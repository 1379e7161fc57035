//! The vocabulary that every other module shares: roles, messages, tool calls, usage, prices, employees and limits.

pub mod employee;
pub mod limits;
pub mod message;
pub mod price;
pub mod tool_call;
pub mod usage;
