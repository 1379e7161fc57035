//! `/api/facts`: what is known of the caller, theirs to see, to correct and to have forgotten.

use pii::unmask::{Escape, unmask};
use serde::Deserialize;
use uuid::Uuid;
use wire_text::WireText;

use super::reads::Revealed;
use crate::error::{Code, Error, abort, abort_field};
use crate::text::one_line;

/// Longest fact that a user may write, in characters.
const MOST_CHARS: usize = 500;

/// What holds now, the newest first. As many as a prompt never has.
pub const FACTS: &str = "user_memory_facts?select=id,category,key,fact,confidence,source_message_id,valid_from,expires_at\
                         &valid_to=is.null&or=(expires_at.is.null,expires_at.gt.now)&order=valid_from.desc,id&limit=500";

#[derive(Deserialize)]
struct Correction {
    fact: WireText,
}

/// What a user says instead of a fact: one line.
///
/// # Errors
/// `invalid_json`, `invalid_field`.
pub fn correction(body: &[u8]) -> Result<String, Error> {
    let rule = || format!("fact must be a text of 1 to {MOST_CHARS} characters.");
    let correction: Correction = match serde_json::from_slice(body) {
        Ok(correction) => correction,
        Err(error) if error.is_data() => return Err(abort_field(Code::InvalidField, "fact", rule())),
        Err(_) => return Err(abort(Code::InvalidJson, "The body must be a JSON object in UTF-8.")),
    };
    let fact = one_line(&correction.fact.0);
    if (1..=MOST_CHARS).contains(&fact.chars().count()) {
        Ok(fact)
    } else {
        Err(abort_field(Code::InvalidField, "fact", rule()))
    }
}

/// Rows as they came, with the caller's own values.
#[must_use]
pub fn shown(rows: &str, revealed: &Revealed) -> String {
    unmask(rows, &revealed.shown_to_owner(), Escape::Json)
}

/// The rows of a fact that was to be corrected.
///
/// # Errors
/// `fact_not_found`, when there is none.
pub fn corrected(id: Uuid, row: &str) -> Result<&str, Error> {
    if row == "null" { Err(not_found(id)) } else { Ok(row) }
}

/// How many rows `forget_facts` took away.
///
/// # Errors
/// `fact_not_found`, when nothing was there to forget.
pub fn forgotten(id: Uuid, rows: u64) -> Result<String, Error> {
    if rows == 0 { Err(not_found(id)) } else { Ok(serde_json::json!({ "forgotten": rows }).to_string()) }
}

fn not_found(id: Uuid) -> Error {
    abort(
        Code::FactNotFound,
        format!("{id} is not a fact of yours. GET /api/facts lists those that there are."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_is_one_line_of_bounded_length() {
        assert_eq!(correction(br#"{"fact":" Lives\nin Bern "}"#).unwrap(), "Lives in Bern");
        let long = format!(r#"{{"fact":"{}"}}"#, "é".repeat(MOST_CHARS + 1));
        for body in [r#"{"fact":" "}"#, r#"{"fact":7}"#, "{}", "[]", &long] {
            assert_eq!(correction(body.as_bytes()).unwrap_err().field(), Some("fact"), "{body:.30}");
        }
        assert_eq!(correction(b"{").unwrap_err().code(), Code::InvalidJson);
    }

    #[test]
    fn what_is_not_there_says_so() {
        let id = Uuid::nil();
        assert_eq!(corrected(id, "null").unwrap_err().code(), Code::FactNotFound);
        assert_eq!(forgotten(id, 0).unwrap_err().code(), Code::FactNotFound);
        assert_eq!(forgotten(id, 2).unwrap(), r#"{"forgotten":2}"#);
    }
}
