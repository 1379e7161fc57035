//! `POST /api/import`: conversations from elsewhere, one message a line, read as they arrive.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire_text::WireText;

use super::chat::session_named;
use crate::error::{Abort, Code, Error, abort, abort_field};
use crate::memory::import::{Imported, Order, Said};
use crate::session::load::Role;

/// Longest line, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// Longest import, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Messages handed on at a time, and their text in bytes: what the User object masks in one go.
const BATCH: usize = 200;
const BATCH_BYTES: usize = 256 * 1024;

/// One line. What `GET /api/me/export` writes is read too: of its lines those of messages count.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    kind: Option<String>,
    #[serde(alias = "session_id", default)]
    session: Option<String>,
    #[serde(default)]
    role: Option<Role>,
    #[serde(default)]
    content: Option<WireText>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    id: Option<String>,
}

/// Takes bytes in and hands messages on in batches.
#[derive(Debug)]
pub struct Import {
    user: Uuid,
    rest: Vec<u8>,
    lines: u64,
    bytes: usize,
    order: Order,
    seen: BTreeMap<Uuid, u32>,
    batch: Vec<Said>,
    batch_bytes: usize,
    /// Lines that hold no message.
    pub skipped: u64,
}

/// What became of an import, so far or in all.
#[derive(Debug, Default, Serialize)]
pub struct Progress {
    /// Messages that are new.
    pub imported: u64,
    /// Messages that were there before.
    pub known: u64,
    /// Lines without a message.
    pub skipped: u64,
    /// Whether that is all.
    pub done: bool,
}

impl Progress {
    /// Counts a batch in.
    ///
    /// # Errors
    /// `session_not_found`, when there are sessions of others in it.
    pub fn add(&mut self, batch: &Imported) -> Result<(), Error> {
        if let Some(foreign) = batch.foreign.first() {
            let detail = format!("{foreign} is not a session of yours. What came before it is imported.");
            return Err(abort_field(Code::SessionNotFound, "session", detail));
        }
        self.imported += batch.imported;
        self.known += batch.known;
        Ok(())
    }

    /// A line of the answer.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

impl Import {
    /// An import of that user's.
    #[must_use]
    pub fn new(user: Uuid) -> Self {
        Self {
            user,
            rest: Vec::new(),
            lines: 0,
            bytes: 0,
            order: Order::default(),
            seen: BTreeMap::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            skipped: 0,
        }
    }

    /// Takes more of the body in; whether there is a batch to [`Import::take`] now.
    ///
    /// # Errors
    /// `invalid_json`, `invalid_field`, `body_too_large`, each with the line that is at fault.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        self.bytes += bytes.len();
        if self.bytes > MAX_BYTES {
            let detail = format!("An import may have {} MiB. Send the rest in another one.", MAX_BYTES >> 20);
            return Err(abort(Code::BodyTooLarge, detail));
        }
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(bytes);
        let mut lines = rest.split(|byte| *byte == b'\n');
        let open = lines.next_back().unwrap_or_default().to_vec();
        for line in lines {
            self.line(line)?;
        }
        if open.len() > MAX_LINE {
            self.lines += 1;
            return Err(self.at_fault(abort(Code::BodyTooLarge, too_long())));
        }
        self.rest = open;
        Ok(self.batch.len() >= BATCH || self.batch_bytes >= BATCH_BYTES)
    }

    /// The body is over: what stands on its last line counts.
    ///
    /// # Errors
    /// As [`Import::feed`].
    pub fn end(&mut self) -> Result<(), Error> {
        let rest = std::mem::take(&mut self.rest);
        self.line(&rest)
    }

    /// The messages so far.
    pub fn take(&mut self) -> Vec<Said> {
        self.batch_bytes = 0;
        std::mem::take(&mut self.batch)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Error> {
        self.lines += 1;
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        match self.said(line) {
            Ok(Some(said)) => {
                self.batch_bytes += said.content.len();
                self.batch.push(said);
                Ok(())
            }
            Ok(None) => {
                self.skipped += 1;
                Ok(())
            }
            Err(error) => Err(self.at_fault(error)),
        }
    }

    fn said(&mut self, line: &[u8]) -> Result<Option<Said>, Error> {
        if line.len() > MAX_LINE {
            return Err(abort(Code::BodyTooLarge, too_long()));
        }
        let line: Line = serde_json::from_slice(line).map_err(|error| {
            let detail = format!(
                "It must be {{\"session\", \"role\", \"content\", \"created_at\"}}: {}.",
                kind(&error)
            );
            abort(Code::InvalidJson, detail)
        })?;
        if line.kind.as_deref().is_some_and(|kind| kind != "message") {
            return Ok(None);
        }
        let missing = |field| move || abort_field(Code::InvalidField, field, format!("{field} is missing."));
        let session_id = session_named(&line.session.ok_or_else(missing("session"))?, self.user)?;
        let role = line.role.ok_or_else(missing("role"))?;
        if !matches!(role, Role::User | Role::Assistant) {
            return Err(abort_field(Code::InvalidField, "role", "role must be 'user' or 'assistant'."));
        }
        let at = line.created_at.ok_or_else(missing("created_at"))?;
        let content = line.content.ok_or_else(missing("content"))?.0;
        if content.trim().is_empty() {
            return Ok(None);
        }
        let (id, name) = self.identity(session_id, role, at, &content, line.id);
        let created_at = self.order.place(session_id, at);
        Ok(Some(Said { id, session_id, role, content, created_at, name }))
    }

    /// A UUID is a message's id; another name stands for one in its session; a message without a name is the same when it is the
    /// same in all else, however often the file is sent.
    fn identity(
        &mut self,
        session: Uuid,
        role: Role,
        at: DateTime<Utc>,
        content: &str,
        id: Option<String>,
    ) -> (Uuid, Option<String>) {
        match id.map(|id| (Uuid::try_parse(&id), id)) {
            Some((Ok(id), _)) => (id, None),
            Some((Err(_), name)) => (Uuid::new_v5(&session, format!("id {name}").as_bytes()), Some(name)),
            None => {
                let whole = Uuid::new_v5(
                    &session,
                    format!("{role:?} {} {content}", at.timestamp_micros()).as_bytes(),
                );
                let times = self.seen.entry(whole).or_insert(0);
                *times += 1;
                (Uuid::new_v5(&whole, &times.to_be_bytes()), None)
            }
        }
    }

    fn at_fault(&self, error: Error) -> Error {
        match error {
            Error::Abort(abort) => {
                let detail = format!("Line {}: {}", self.lines, abort.detail);
                Abort { detail, ..abort }.into()
            }
            Error::Fault(fault) => fault.into(),
        }
    }
}

fn too_long() -> String {
    format!("A line may have {} KiB.", MAX_LINE >> 10)
}

/// What is wrong with JSON, without what stands there.
fn kind(error: &serde_json::Error) -> &'static str {
    if error.is_data() { "a field is of the wrong type" } else { "this is no JSON" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USER: Uuid = Uuid::from_u128(0xaaaa);

    fn line(content: &str, more: &str) -> String {
        format!(
            r#"{{"session":"s","role":"user","content":"{content}","created_at":"2023-05-08T13:56:00Z"{more}}}"#
        )
    }

    fn import(body: &str) -> Result<(Vec<Said>, u64), Error> {
        let mut import = Import::new(USER);
        import.feed(body.as_bytes())?;
        import.end()?;
        Ok((import.take(), import.skipped))
    }

    #[test]
    fn messages_of_one_moment_keep_their_order_and_are_the_same_again() {
        let body = [line("a", ""), line("b", ""), line("a", ""), String::new()].join("\n");
        let (first, _) = import(&body).unwrap();
        let times: Vec<_> = first.iter().map(|said| said.created_at.timestamp_subsec_millis()).collect();
        assert_eq!(times, [0, 1, 2]);
        assert_ne!(first[0].id, first[2].id, "said twice");
        assert_eq!(import(&body).unwrap().0, first);
        assert_eq!(first[0].session_id, Uuid::new_v5(&USER, b"s"));
    }

    #[test]
    fn a_name_of_the_callers_is_kept_and_a_uuid_is_the_id() {
        let id = "00000000-0000-4000-8000-000000000001";
        let body = [line("a", r#","id":"m-1""#), line("b", &format!(r#","id":"{id}""#))].join("\n");
        let (said, _) = import(&body).unwrap();
        assert_eq!((said[0].name.as_deref(), said[1].name.as_deref()), (Some("m-1"), None));
        assert_eq!(said[1].id.to_string(), id);
    }

    #[test]
    fn what_holds_no_message_is_passed_over() {
        let body =
            [r#"{"kind":"usage","model":"x"}"#.to_owned(), line(" ", ""), String::new(), line("a", "")];
        let (said, skipped) = import(&body.join("\r\n")).unwrap();
        assert_eq!((said.len(), skipped), (1, 2));
    }

    #[test]
    fn the_line_and_the_field_at_fault_are_named() {
        for (bad, code, field) in [
            ("{".to_owned(), Code::InvalidJson, None),
            ("7".to_owned(), Code::InvalidJson, None),
            (line("a", r#","role":"user""#), Code::InvalidJson, None),
            (
                r#"{"role":"user","content":"a","created_at":"2023-05-08T13:56:00Z"}"#.into(),
                Code::InvalidField,
                Some("session"),
            ),
            (
                r#"{"session":"s","content":"a","created_at":"2023-05-08T13:56:00Z"}"#.into(),
                Code::InvalidField,
                Some("role"),
            ),
            (
                r#"{"session":"s","role":"tool","content":"a","created_at":"2023-05-08T13:56:00Z"}"#.into(),
                Code::InvalidField,
                Some("role"),
            ),
            (r#"{"session":"s","role":"user","content":"a"}"#.into(), Code::InvalidField, Some("created_at")),
            (
                r#"{"session":"s","role":"user","created_at":"2023-05-08T13:56:00Z"}"#.into(),
                Code::InvalidField,
                Some("content"),
            ),
            (line(&"x".repeat(MAX_LINE), ""), Code::BodyTooLarge, None),
        ] {
            let error = import(&[line("a", ""), bad].join("\n")).unwrap_err();
            assert_eq!((error.code(), error.field()), (code, field));
            assert!(error.detail().starts_with("Line 2: "), "{}", error.detail());
        }
    }

    proptest! {
        #[test]
        fn any_split_is_the_same(cuts in prop::collection::vec(0usize..400, 0..6)) {
            let body = [line("é", ""), line("b", ""), line("😀", "")].join("\n").into_bytes();
            let mut import = Import::new(USER);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for cut in cuts.into_iter().chain([body.len()]) {
                import.feed(&body[from..cut]).unwrap();
                from = cut;
            }
            import.end().unwrap();
            let said: Vec<_> = import.take().into_iter().map(|said| said.content).collect();
            prop_assert_eq!(said, ["é", "b", "😀"]);
        }

        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut import = Import::new(USER);
            let _ = import.feed(&body).and_then(|_| import.end());
        }
    }
}
