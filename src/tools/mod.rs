//! Tools that employees can call.
#![doc = include_str!("../../docs/tools.md")]
#![allow(async_fn_in_trait)] // every caller is generic and single-threaded: no future needs to be `Send`

pub mod definition;
pub mod effects;
pub mod error;
pub mod mcp;
pub mod ocr;
pub mod run;
pub mod schema;
pub mod tool;
pub mod tool_set;
pub mod toolbox;

mod calculator;
mod forget;
mod hand_over;
mod mcp_pins;
mod recall;
mod registry;
mod remember;
mod sheet_export;
