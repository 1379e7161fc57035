//! `POST /api/chat/{session}/approvals`: decisions on pending tool calls, and the AI SDK's approval parts.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::error::{Code, Error, abort, abort_field};
use crate::session::approval::{Decision, MAX_REASON_BYTES};
use crate::turn::request::AnswerForm;

/// Decisions that one request may have: an answer has no more pending calls.
const MAX_DECISIONS: usize = 32;

/// A validated request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRequest {
    /// The session with the pending calls.
    pub session_id: Uuid,
    /// The user's decisions.
    pub decisions: Vec<Decision>,
    /// Form of the rest of the answer.
    pub form: AnswerForm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    approvals: Vec<Decision>,
    #[serde(default = "yes")]
    stream: bool,
}

const fn yes() -> bool {
    true
}

impl ApprovalRequest {
    /// Reads `{"approvals": [{"id", "approved", "reason"?, "input"?}], "stream"?}`.
    ///
    /// # Errors
    /// `invalid_json`, `invalid_field`.
    pub fn parse(body: &[u8], session_id: Uuid) -> Result<Self, Error> {
        let body: Body = serde_json::from_slice(body).map_err(|error| {
            let rule =
                "approvals must be an array of {id, approved, reason?, input?}, and stream true or false.";
            if error.is_data() {
                abort_field(Code::InvalidField, "approvals", rule)
            } else {
                abort(Code::InvalidJson, "The body must be a JSON object in UTF-8.")
            }
        })?;
        let form = if body.stream { AnswerForm::Stream } else { AnswerForm::Json };
        Ok(Self { session_id, decisions: checked(body.approvals)?, form })
    }
}

/// Checks the number of decisions and the length of their reasons.
fn checked(decisions: Vec<Decision>) -> Result<Vec<Decision>, Error> {
    let rule = |detail: String| abort_field(Code::InvalidField, "approvals", detail);
    if !(1..=MAX_DECISIONS).contains(&decisions.len()) {
        return Err(rule(format!("approvals must have 1 to {MAX_DECISIONS} decisions.")));
    }
    let is_fine = |reason: &String| reason.len() <= MAX_REASON_BYTES && !reason.contains('\0');
    if !decisions.iter().filter_map(|decision| decision.reason.as_ref()).all(is_fine) {
        return Err(rule(format!("A reason may have {MAX_REASON_BYTES} bytes and no NUL.")));
    }
    Ok(decisions)
}

/// A part of an AI SDK message, as far as a decision stands in it
/// (<https://ai-sdk.dev/docs/ai-sdk-ui/chatbot-tool-usage>).
#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    input: Option<Value>,
    #[serde(default)]
    approval: Option<PartApproval>,
}

#[derive(Deserialize)]
struct PartApproval {
    id: String,
    #[serde(default)]
    approved: Option<bool>,
    #[serde(default)]
    reason: Option<String>,
}

/// Reads the decisions in the parts of an answer that the AI SDK sends back. Decisions that took effect before are left out.
///
/// # Errors
/// `invalid_field`.
pub(super) fn decisions_in_parts<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Vec<Decision>, Error> {
    let decision = |part: Part| {
        let approval = part.approval.filter(|_| part.state.as_deref() == Some("approval-responded"))?;
        let id = Uuid::try_parse(&approval.id).unwrap_or_default();
        Some(Decision { id, approved: approval.approved?, reason: approval.reason, input: part.input })
    };
    let parts = parts.filter_map(|part| serde_json::from_str::<Part>(part).ok());
    checked(parts.filter_map(decision).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00000000-0000-4000-8000-000000000001";

    #[test]
    fn decisions_are_read_and_bounded() {
        let session = Uuid::nil();
        let body = format!(
            r#"{{"approvals":[{{"id":"{ID}","approved":false,"reason":"Not now"}}],"stream":false}}"#
        );
        let request = ApprovalRequest::parse(body.as_bytes(), session).unwrap();
        assert_eq!((request.decisions.len(), request.form), (1, AnswerForm::Json));
        assert_eq!(request.decisions[0].reason.as_deref(), Some("Not now"));
        let long =
            format!(r#"{{"approvals":[{{"id":"{ID}","approved":true,"reason":"{}"}}]}}"#, "x".repeat(1001));
        let many = format!(
            r#"{{"approvals":[{}]}}"#,
            vec![format!(r#"{{"id":"{ID}","approved":true}}"#); 33].join(",")
        );
        for body in
            [r#"{"approvals":[]}"#, r#"{"approvals":[{"id":"x","approved":true}]}"#, "{}", "[]", &long, &many]
        {
            assert_eq!(
                ApprovalRequest::parse(body.as_bytes(), session).unwrap_err().field(),
                Some("approvals"),
                "{body:.60}"
            );
        }
        assert_eq!(ApprovalRequest::parse(b"{", session).unwrap_err().code(), Code::InvalidJson);
    }

    #[test]
    fn decisions_stand_in_the_parts_of_an_answer() {
        let parts = [
            r#"{"type":"text","text":"I will."}"#.to_owned(),
            format!(
                r#"{{"type":"tool-a","state":"output-available","input":{{}},"approval":{{"id":"{ID}","approved":true}}}}"#
            ),
            format!(
                r#"{{"type":"tool-a","state":"approval-responded","input":{{"a":1}},"approval":{{"id":"{ID}","approved":true}}}}"#
            ),
        ];
        let decisions = decisions_in_parts(parts.iter().map(String::as_str)).unwrap();
        assert_eq!(decisions.len(), 1);
        assert_eq!(decisions[0].input, Some(serde_json::json!({"a": 1})));
        let none = decisions_in_parts(std::iter::once(parts[0].as_str()));
        assert_eq!(none.unwrap_err().field(), Some("approvals"));
    }
}
