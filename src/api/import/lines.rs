//! The body of an import: NDJSON, read while it arrives.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;
use wire_text::WireText;

use crate::api::client_id;
use crate::chat::message::Role;
use crate::error::{Abort, Code, Error, abort, abort_field};
use crate::memory::import::{ImportedMessage, ImportedParent, MAX_TITLE_CHARS, Order};

/// Longest line, in bytes.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// Longest import, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Messages of a batch at most.
const BATCH_MESSAGES: usize = 200;

/// Bytes of text after which a batch is full: they are masked without a pause.
const BATCH_BYTES: usize = 256 * 1024;

/// Sessions whose titles are kept until their first message comes.
const MAX_TITLES: usize = 10_000;

/// One line. The output of `GET /api/me/export` can be imported: of its lines, those of sessions and messages are read.
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
    #[serde(default)]
    parent_id: LineParent,
    #[serde(default)]
    title: Option<WireText>,
}

/// The field `parent_id` of a line.
#[derive(Default, Deserialize)]
#[serde(from = "Option<String>")]
enum LineParent {
    /// There is no such field.
    #[default]
    Missing,
    /// It is `null`: the message begins its session.
    Null,
    /// It has the id of a message.
    Named(String),
}

impl From<Option<String>> for LineParent {
    fn from(field: Option<String>) -> Self {
        field.map_or(Self::Null, Self::Named)
    }
}

/// Reader of an import: bytes go in, batches of messages come out.
#[derive(Debug)]
pub(super) struct LineReader {
    /// The user's namespace of names of sessions.
    names: Uuid,
    /// Beginning of a line whose end has not arrived.
    rest: Vec<u8>,
    lines: u64,
    bytes: usize,
    /// Of these, bytes that were counted against the limit of the day.
    taken_bytes: usize,
    order: Order,
    /// Number of messages without an id that are alike.
    alike: BTreeMap<Uuid, u32>,
    /// Titles of sessions without a message so far.
    titles: BTreeMap<Uuid, String>,
    batch: Vec<ImportedMessage>,
    batch_bytes: usize,
    /// Lines without a message.
    pub(super) skipped: u64,
}

impl LineReader {
    /// A reader of an import of the user whose namespace is `names`.
    pub(super) fn new(names: Uuid) -> Self {
        Self {
            names,
            rest: Vec::new(),
            lines: 0,
            bytes: 0,
            taken_bytes: 0,
            order: Order::default(),
            alike: BTreeMap::new(),
            titles: BTreeMap::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            skipped: 0,
        }
    }

    /// Reads more of the body; returns whether the batch is full.
    ///
    /// # Errors
    /// `invalid_json`, `invalid_field`, `body_too_large`, with the number of the line at fault.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<bool, Error> {
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
            self.read_line(line)?;
        }
        if open.len() > MAX_LINE_BYTES {
            self.lines += 1;
            return Err(self.at_line(line_too_long()));
        }
        self.rest = open;
        Ok(self.batch.len() >= BATCH_MESSAGES || self.batch_bytes >= BATCH_BYTES)
    }

    /// Reads the last line, which needs no line break.
    ///
    /// # Errors
    /// As [`LineReader::feed`].
    pub(super) fn end(&mut self) -> Result<(), Error> {
        let rest = std::mem::take(&mut self.rest);
        self.read_line(&rest)
    }

    /// Bytes that were read since they were taken last.
    pub(super) fn take_bytes(&mut self) -> u64 {
        let read = self.bytes - std::mem::replace(&mut self.taken_bytes, self.bytes);
        u64::try_from(read).unwrap_or(u64::MAX)
    }

    /// Takes the batch.
    pub(super) fn take(&mut self) -> Vec<ImportedMessage> {
        self.batch_bytes = 0;
        std::mem::take(&mut self.batch)
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), Error> {
        self.lines += 1;
        // Editors on Windows begin a file with a byte order mark.
        let line = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| self.lines == 1).unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        match self.message(line) {
            Ok(Some(message)) => {
                self.batch_bytes += message.content.len();
                self.batch.push(message);
                Ok(())
            }
            Ok(None) => {
                self.skipped += 1;
                Ok(())
            }
            Err(error) => Err(self.at_line(error)),
        }
    }

    fn message(&mut self, line: &[u8]) -> Result<Option<ImportedMessage>, Error> {
        if line.len() > MAX_LINE_BYTES {
            return Err(line_too_long());
        }
        let line: Line = serde_json::from_slice(line).map_err(|error| malformed(&error))?;
        match line.kind.as_deref() {
            None | Some("message") => {}
            Some("session") => {
                self.keep_title(line);
                return Ok(None);
            }
            Some(_) => return Ok(None),
        }
        let missing = |field| move || abort_field(Code::InvalidField, field, format!("{field} is missing."));
        let session_id = client_id::session(&line.session.ok_or_else(missing("session"))?, self.names)?;
        let role = line.role.ok_or_else(missing("role"))?;
        if !matches!(role, Role::User | Role::Assistant) {
            return Err(abort_field(Code::InvalidField, "role", "role must be 'user' or 'assistant'."));
        }
        let created_at = line.created_at.ok_or_else(missing("created_at"))?;
        let WireText(content) = line.content.ok_or_else(missing("content"))?;
        if content.trim().is_empty() {
            return Ok(None);
        }
        let parent = match line.parent_id {
            LineParent::Missing => ImportedParent::Before,
            LineParent::Null => ImportedParent::Absent,
            LineParent::Named(parent) => ImportedParent::Message(message_id(session_id, &parent)),
        };
        let title = self.titles.remove(&session_id);
        let id = Uuid::nil();
        let message =
            ImportedMessage { id, session_id, role, content, created_at, name: line.id, parent, title };
        Ok(Some(self.identified(message)))
    }

    /// Keeps the title of a session for its first message: there is no session without one.
    fn keep_title(&mut self, line: Line) {
        let session = line.id.and_then(|id| Uuid::try_parse(&id).ok());
        if let (Some(session), Some(WireText(title))) = (session, line.title) {
            let is_title = !title.trim().is_empty() && title.chars().count() <= MAX_TITLE_CHARS;
            if is_title && self.titles.len() < MAX_TITLES {
                self.titles.insert(session, title);
            }
        }
    }

    /// Gives a message its id, and its place in time.
    fn identified(&mut self, mut message: ImportedMessage) -> ImportedMessage {
        let session = message.session_id;
        message.id = match message.name.as_deref() {
            None => self.unnamed_id(&message),
            Some(name) => message_id(session, name),
        };
        message.name = message.name.filter(|name| Uuid::try_parse(name).is_err());
        message.created_at = self.order.place(session, message.created_at);
        message
    }

    /// Id of a message without a name: the same each time that the same file is sent.
    fn unnamed_id(&mut self, message: &ImportedMessage) -> Uuid {
        let ImportedMessage { session_id, role, created_at, content, .. } = message;
        let whole = format!("{role:?} {} {content}", created_at.timestamp_micros());
        let whole = Uuid::new_v5(session_id, whole.as_bytes());
        let times = self.alike.entry(whole).or_insert(0);
        *times += 1;
        Uuid::new_v5(&whole, &times.to_be_bytes())
    }

    /// Adds the number of the line to an error.
    fn at_line(&self, error: Error) -> Error {
        match error {
            Error::Abort(abort) => {
                let detail = format!("Line {}: {}", self.lines, abort.detail);
                Abort { detail, ..abort }.into()
            }
            Error::Fault(fault) => fault.into(),
        }
    }
}

/// Id of a message: a UUID, or a name, which stands for one message of its session.
fn message_id(session: Uuid, name: &str) -> Uuid {
    Uuid::try_parse(name).unwrap_or_else(|_| Uuid::new_v5(&session, format!("id {name}").as_bytes()))
}

fn line_too_long() -> Error {
    abort(Code::BodyTooLarge, format!("A line may have {} KiB.", MAX_LINE_BYTES >> 10))
}

/// serde's own text is left out, since it quotes the line.
fn malformed(error: &serde_json::Error) -> Error {
    let kind = if error.is_data() { "a field is of the wrong type" } else { "this is no JSON" };
    let detail = format!("It must be {{\"session\", \"role\", \"content\", \"created_at\"}}: {kind}.");
    abort(Code::InvalidJson, detail)
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

    fn import(body: &str) -> Result<(Vec<ImportedMessage>, u64), Error> {
        let mut reader = LineReader::new(USER);
        reader.feed(body.as_bytes())?;
        reader.end()?;
        Ok((reader.take(), reader.skipped))
    }

    #[test]
    fn a_byte_order_mark_before_the_first_line_is_no_part_of_it() {
        let (messages, _) = import(&format!("\u{feff}{}\n{}", line("a", ""), line("b", ""))).unwrap();
        assert_eq!(messages.len(), 2);
        assert_eq!(import("\u{feff}").unwrap().0, []);
        assert!(import(&format!("{}\n\u{feff}{}", line("a", ""), line("b", ""))).is_err());
    }

    #[test]
    fn messages_of_one_moment_keep_their_order_and_are_the_same_again() {
        let body = [line("a", ""), line("b", ""), line("a", ""), String::new()].join("\n");
        let (first, _) = import(&body).unwrap();
        let times: Vec<_> =
            first.iter().map(|message| message.created_at.timestamp_subsec_millis()).collect();
        assert_eq!(times, [0, 1, 2]);
        assert_ne!(first[0].id, first[2].id, "said twice");
        assert_eq!(import(&body).unwrap().0, first);
        assert_eq!(first[0].session_id, Uuid::new_v5(&USER, b"s"));
    }

    #[test]
    fn a_name_of_the_callers_is_kept_and_a_uuid_is_the_id() {
        let id = "00000000-0000-4000-8000-000000000001";
        let body = [line("a", r#","id":"m-1""#), line("b", &format!(r#","id":"{id}""#))].join("\n");
        let (messages, _) = import(&body).unwrap();
        assert_eq!((messages[0].name.as_deref(), messages[1].name.as_deref()), (Some("m-1"), None));
        assert_eq!(messages[0].id, Uuid::new_v5(&Uuid::new_v5(&USER, b"s"), b"id m-1"));
        assert_eq!(messages[1].id.to_string(), id);
    }

    #[test]
    fn a_parent_is_named_absent_or_the_message_before() {
        let id = "00000000-0000-4000-8000-000000000001";
        let more = [
            String::new(),
            r#","parent_id":null"#.into(),
            format!(r#","parent_id":"{id}""#),
            r#","parent_id":"m-1""#.into(),
        ];
        let body: Vec<_> = more.iter().map(|more| line("a", more)).collect();
        let parents: Vec<_> =
            import(&body.join("\n")).unwrap().0.iter().map(|message| message.parent).collect();
        let named = Uuid::new_v5(&Uuid::new_v5(&USER, b"s"), b"id m-1");
        assert_eq!(
            parents,
            [
                ImportedParent::Before,
                ImportedParent::Absent,
                ImportedParent::Message(Uuid::try_parse(id).unwrap()),
                ImportedParent::Message(named)
            ]
        );
    }

    #[test]
    fn the_title_of_a_session_comes_with_its_first_message() {
        let session = "00000000-0000-4000-8000-000000000002";
        let of_session = |content: &str| line(content, "").replace("\"s\"", &format!("\"{session}\""));
        let first_line = format!(r#"{{"kind":"session","id":"{session}","title":"Boats"}}"#);
        let body = [first_line, line("other", ""), of_session("a"), of_session("b")].join("\n");
        let (messages, skipped) = import(&body).unwrap();
        let titles: Vec<_> = messages.iter().map(|message| message.title.as_deref()).collect();
        assert_eq!((titles, skipped), (vec![None, Some("Boats"), None], 1));
    }

    #[test]
    fn lines_without_a_message_are_skipped() {
        let body =
            [r#"{"kind":"usage","model":"x"}"#.to_owned(), line(" ", ""), String::new(), line("a", "")];
        let (messages, skipped) = import(&body.join("\r\n")).unwrap();
        assert_eq!((messages.len(), skipped), (1, 2));
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
            (line(&"x".repeat(MAX_LINE_BYTES), ""), Code::BodyTooLarge, None),
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
            let mut reader = LineReader::new(USER);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for cut in cuts.into_iter().chain([body.len()]) {
                reader.feed(&body[from..cut]).unwrap();
                from = cut;
            }
            reader.end().unwrap();
            let contents: Vec<_> = reader.take().into_iter().map(|message| message.content).collect();
            prop_assert_eq!(contents, ["é", "b", "😀"]);
        }

        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut reader = LineReader::new(USER);
            let _ = reader.feed(&body).and_then(|_| reader.end());
        }
    }
}
