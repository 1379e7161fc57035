//! The object of a user, natively: real SQL, and a scripted world around it. One file for each state of a turn.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // a deviation from the script fails the test

mod agent_loop;
mod alarm;
mod approve;
mod background;
mod branches;
mod ceilings;
mod completion;
mod deletion;
mod dialogues;
mod documents;
mod erasure;
mod export;
mod feedback;
mod finish;
mod grammar;
mod index;
mod limits;
mod memory;
mod models;
mod ocr;
mod openai;
mod outbox;
mod poison;
mod prepare;
mod privacy;
mod recognizer;
mod recovery;
mod replay;
mod search;
mod sessions;
mod storage;

#[path = "../harness/mod.rs"]
mod harness;
