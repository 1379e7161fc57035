//! Content of one chunk of a completion, whichever API it comes from.

use serde_json::{Map, Value};
use wire_text::WirePiece;

use super::finish::WireFinish;
use super::model_error::ModelError;
use super::reported_usage::ReportedUsage;
use super::requested_call::CallDelta;

/// Content of one chunk.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Pieces of the answer and of thoughts, in their order.
    pub(super) pieces: Vec<Piece>,
    /// True if thoughts stand in `reasoning_content`.
    pub(super) has_thought_field: bool,
    /// True if the model refuses.
    pub(super) is_refusal: bool,
    /// Thoughts in the provider's own form, whole or in pieces.
    pub(super) details: Vec<Map<String, Value>>,
    /// Pieces of tool calls.
    pub(super) calls: Vec<CallDelta>,
    /// Finish reason of the choice.
    pub(super) finish: Option<WireFinish>,
    /// Usage of the request.
    pub(super) usage: Option<ReportedUsage>,
    /// Error that it reports.
    pub(super) error: Option<ModelError>,
    /// True for an object with choices, which no other API has.
    pub(super) is_completion: bool,
}

/// A piece of a text.
#[derive(Debug)]
pub(super) enum Piece {
    /// Of the answer.
    Answer(WirePiece),
    /// Of thoughts beside the answer.
    Thought(WirePiece),
}

impl Chunk {
    /// Takes a refusal, which is the answer.
    pub(super) fn take_refusal(&mut self, refusal: WirePiece) {
        if !refusal.is_empty() {
            self.is_refusal = true;
            self.pieces.push(Piece::Answer(refusal));
        }
    }
}
